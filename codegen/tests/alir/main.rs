//! Circuits of alkaid and da4ml: a program with every operation, whose outputs
//! alkaid 0.8.2 gave, and one test for each thing that is refused.

use std::io::Write;
use std::path::Path;

use trigforge_codegen::circuit::{self, Circuit, Interpreter, print, validate};
use trigforge_codegen::emit::rust::{Options, emit_circuit};
use trigforge_codegen::import::alir::{Refusal, parse, read};
use trigforge_codegen::ports::Execute;
use trigforge_codegen::verify::{BuildOptions, RustKernel, VerifyError, compare, random_events};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Operations -2 to 11 of version 4, each used at least once.
const EVERY: &str = include_str!("every_operation.json");

/// Inputs, some beyond their formats, and what alkaid computes of them.
const EVENTS: [([f64; 2], [f64; 12]); 8] = [
    (
        [0.0, 0.0],
        [
            0.0, 0.0, -2.5, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.5,
        ],
    ),
    (
        [7.75, 15.0],
        [
            53.375, 6.0, -2.5, 0.0, 1.0, 0.0, 0.75, 33.875, 0.0, 0.75, -7.75, 13.75,
        ],
    ),
    (
        [-8.0, 15.0],
        [
            0.0, -4.0, -2.5, 0.0, 1.0, 0.0, -16.0, 26.0, 0.0, -16.0, 8.0, -1.5,
        ],
    ),
    (
        [-0.25, 1.0],
        [
            -1.125, -2.0, 1.25, 28.0, 1.0, 4.0, 8.75, 1.875, 0.0, 8.75, 0.25, -1.25,
        ],
    ),
    (
        [3.5, 7.0],
        [
            -35.0, -1.0, -5.5, 16.0, 1.0, 0.0, -10.5, 15.75, 0.0, 1.5, 8.5, 5.5,
        ],
    ),
    (
        [-5.25, 12.0],
        [
            4.125, -8.0, -2.5, 6.0, 1.0, 0.0, -14.25, 21.375, 0.0, -15.25, 4.25, -0.75,
        ],
    ),
    (
        [9.1, 17.9],
        [
            0.0, 2.0, 1.5, 28.0, 1.0, 0.0, 5.0, -1.5, 0.0, 1.0, 3.0, -1.5,
        ],
    ),
    (
        [-8.3, -1.0],
        [
            45.0, 7.0, -2.5, 0.0, 1.0, 0.0, 1.5, 33.75, 0.0, 1.5, -7.5, 13.5,
        ],
    ),
];

fn taken(text: &str) -> Result<Circuit, Box<dyn std::error::Error>> {
    parse(text, "program").map_err(|refusal| format!("{refusal:?}").into())
}

/// Everything that a refusal says.
fn refused(text: &str) -> Result<String, Box<dyn std::error::Error>> {
    match parse(text, "program") {
        Ok(_) => Err(format!("taken: {text}").into()),
        Err(Refusal::Invalid(reason)) => Ok(reason),
        Err(Refusal::Unsupported(items)) => {
            Ok(items.iter().map(|item| format!("{item}\n")).collect())
        }
    }
}

fn outputs(circuit: &Circuit, x: &[f64]) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let interpreter = Interpreter::new(circuit)?;
    let mantissas = interpreter.ports().encode(0, x)?.mantissas;
    let result = interpreter.run(&[&mantissas])?;
    Ok(interpreter.ports().decode(0, &result[0]))
}

#[test]
fn every_operation_gives_the_values_of_alkaid() -> Outcome {
    let circuit = taken(EVERY)?;
    for (x, expected) in EVENTS {
        assert_eq!(outputs(&circuit, &x)?, expected, "{x:?}");
    }
    assert_eq!(circuit::parse(&print(&circuit))?, circuit);
    Ok(())
}

#[test]
fn the_straight_line_kernel_gives_the_same_bits() -> Outcome {
    let circuit = taken(EVERY)?;
    let info = validate(&circuit)?;
    let interpreter = Interpreter::new(&circuit)?;
    let events = random_events(&circuit, 5_000, 3);
    let options = BuildOptions { cpu: None };
    for single_file in [false, true] {
        let kernel = emit_circuit(&circuit, &info, Options { single_file })?;
        assert_eq!(
            kernel,
            emit_circuit(&circuit, &info, Options { single_file })?
        );
        let built = RustKernel::build(&circuit, &kernel, &options)?;
        compare(&interpreter, &built, &events)?;
    }
    // One entry of the table changed by one bit must be seen.
    let text = print(&circuit);
    let (from, to) = ("[-16, -6, ", "[-16, -5, ");
    assert!(text.contains(from), "{text}");
    let changed = circuit::parse(&text.replace(from, to))?;
    let kernel = emit_circuit(&changed, &validate(&changed)?, Options::default())?;
    let built = RustKernel::build(&circuit, &kernel, &options)?;
    let result = compare(&interpreter, &built, &events);
    assert!(
        matches!(result, Err(VerifyError::Mismatch(_))),
        "{result:?}"
    );
    Ok(())
}

/// A constant added, a ReLU, a rounding that wraps, a choice by the sign.
fn small(version: &str, records: &str) -> String {
    let model = format!("[[1,1],[0],[4],[0],[false],[{records}],-1,-1]");
    match version {
        "" => model,
        _ => format!("{{\"meta\":\"ALIRModel\",\"spec_version\":{version},\"model\":{model}}}"),
    }
}

const SMALL_3: &str = "\
    [[],-1,[0],[-8,7.75,0.25],0,0],[[0],4,[3,2],[-7.25,8.5,0.25],0,0],\
    [[1],2,[],[0,8.5,0.25],0,0],[[2],3,[],[0,7.5,0.5],0,0],\
    [[3,2,1],6,[1],[0,17,0.25],0,0]";
const SMALL_2: &str = "\
    [0,-1,-1,0,[-8,7.75,0.25],0,0],[0,-1,4,8589934595,[-7.25,8.5,0.25],0,0],\
    [1,-1,2,0,[0,8.5,0.25],0,0],[2,-1,3,0,[0,7.5,0.5],0,0],\
    [3,2,6,4294967297,[0,17,0.25],0,0]";

#[test]
fn older_versions_say_the_same() -> Outcome {
    let programs = [
        small("4", &SMALL_3.replace("[[2],3,[]", "[[2],3,[0]")),
        small("3", SMALL_3),
        small("2", SMALL_2),
        small("", &SMALL_2.replace("8589934595", "3")),
    ];
    for text in &programs {
        let circuit = taken(text)?;
        // 1 + 3/4 = 7/4, doubled; -29/4 is negative, and its ReLU 0; 17/2 doubled.
        for (x, y) in [(1.0, 3.5), (-8.0, 0.0), (7.75, 17.0), (-0.75, 0.0)] {
            assert_eq!(outputs(&circuit, &[x])?, [y], "{x} in {text}");
        }
    }
    // Of da4ml alone: a ReLU behind a choice that is negated, and a negated rounding.
    let negated = SMALL_2
        .replace("8589934595", "3")
        .replace("2,6,4294967297", "2,-6,4294967297");
    let circuit = taken(&small("", &negated.replace("[0,17,0.25]", "[-17,0,0.25]")))?;
    assert_eq!(outputs(&circuit, &[1.0])?, [-3.5]);
    let negated = SMALL_2
        .replace("8589934595", "3")
        .replace("-1,3,0,[0,7.5,0.5]", "-1,-3,0,[-8,0,0.5]");
    let circuit = taken(&small("", &negated))?;
    assert_eq!(outputs(&circuit, &[-8.0])?, [0.0]);
    Ok(())
}

#[test]
fn what_is_not_taken_is_refused_by_name() -> Outcome {
    let cases = [
        (
            "\"spec_version\": 4",
            "\"spec_version\": 5",
            "version 5; versions 2, 3, 4 are taken",
        ),
        ("\"spec_version\": 4, ", "", "version none"),
        (
            "ALIRModel",
            "ALIRPipeline",
            "a model of kind `ALIRPipeline`",
        ),
        ("\"model\"", "\"program\"", "there is no `model`"),
        ("[[2], 2, []", "[[2], 12, []", "unknown opcode 12"),
        (
            "[[2], 2, []",
            "[[2], 2, [1]",
            "1 operands and 1 data, expected 1 and 0",
        ),
        (
            "[[2], 2, []",
            "[[4], 2, []",
            "operand 4 is no operation before this one",
        ),
        ("[[2], 2, []", "[[2.5], 2, []", "not whole numbers"),
        (
            "[0, 15.75, 0.25]",
            "[-1, 15.75, 0.25]",
            "a ReLU whose interval holds negative",
        ),
        ("[], -1, [0]", "[], -1, [7]", "there is no input 7"),
        ("[3], 3, [1]", "[3], 3, [5000]", "a shift by 5000"),
        ("[5], 8, [0]", "[5], 8, [1]", "there is no table 1"),
        (
            "[0], [-16, 15, 1]",
            "[0], [-16, 15, 0.5]",
            "1 fractional bits, the table's entries 0",
        ),
        ("[5], 8, [0]", "[6], 8, [0]", "the table over"),
        (
            "[1], 9, [0], [0, 30, 2]",
            "[1], 9, [0], [0, 62, 2]",
            "NOT of 4 bits into 5",
        ),
        ("[5], 9, [1]", "[5], 9, [3]", "unary bitwise operation 3"),
        (
            "[1], [0, 1, 1]",
            "[1], [0, 1, 0.5]",
            "a truth value in fix(0,1,1)",
        ),
        ("10, [1, 2]", "10, [1, 3]", "bitwise operation 3"),
        ("11, [1, 0,", "11, [2, 0,", "the sign 2"),
        (
            "[-100, 100, 0.125]",
            "[-100, 100, 0.5]",
            "the exact result has 3 fractional bits",
        ),
        (
            "[-38, 7.75, 0.25]",
            "[-38, 7.75, 0.3]",
            "not a power of two",
        ),
        (
            "[-38, 7.75, 0.25]",
            "[-38, 7.8, 0.25]",
            "no multiples of its step",
        ),
        ("[-38, 7.75, 0.25]", "[8, 7.75, 0.25]", "or is empty"),
        ("[-38, 7.75, 0.25]", "[-38, 7.75]", "not three numbers"),
        (
            "[-16, -6, ",
            "[-17, -6, ",
            "has entries outside of fix(1,4,0)",
        ),
        ("[2, 12], [0, 1]", "[2, 12], [0]", "the lists have 1 and"),
        ("[9, 10, 8,", "[99, 10, 8,", "an output is operation 99"),
        ("[false, false,", "[false, 2,", "neither true nor false"),
        ("-1, -1,\n", "", "7 parts, expected 8 or 9"),
    ];
    for (from, to, expected) in cases {
        assert!(EVERY.contains(from), "{from} is not in the program");
        let found = refused(&EVERY.replace(from, to))?;
        assert!(found.contains(expected), "{to}: {found}");
    }
    let found = refused("{\"meta\": \"ALIRModel\"")?;
    assert!(found.contains("it is not JSON"), "{found}");
    let found = refused(&format!("[[{EVERY}]]"))?;
    assert!(found.contains("parts"), "{found}");
    let found = refused("[[[[1,1],[0],[0],[0],[false],[],-1,-1]]]")?;
    assert!(found.contains("a pipeline"), "{found}");
    Ok(())
}

#[test]
fn what_older_forms_do_not_say_is_refused() -> Outcome {
    let dais =
        |edit: &dyn Fn(&str) -> String| small("", &edit(&SMALL_2.replace("8589934595", "3")));
    let cases = [
        ("-1,2,0", "-1,-2,0", "the file does not say which"),
        (
            "3,2,6,4294967297",
            "3,2,6,4294967298",
            "which da4ml's own interpreters read in two ways",
        ),
        (
            "3,2,6,4294967297",
            "3,2,10,4294967297",
            "on negated operands",
        ),
        ("3,2,6,4294967297", "3,2,-9,0", "unknown opcode -9"),
    ];
    for (from, to, expected) in cases {
        let found = refused(&dais(&|text| text.replace(from, to)))?;
        assert!(found.contains(expected), "{to}: {found}");
    }
    let found = refused(&small("2", &SMALL_2.replace("-1,3,0", "-1,-3,0")))?;
    assert!(found.contains("unknown opcode -3"), "{found}");
    Ok(())
}

#[test]
fn all_that_is_not_taken_is_named_at_once() -> Outcome {
    let text = EVERY
        .replace("[[2], 2, []", "[[2], 77, []")
        .replace("[5], 9, [1]", "[5], 9, [3]");
    let found = refused(&text)?;
    assert!(found.contains("`operation 4` (opcode 77)"), "{found}");
    assert!(found.contains("`operation 12` (opcode 9)"), "{found}");
    Ok(())
}

#[test]
fn packed_files_are_read_and_bombs_are_not() -> Outcome {
    let folder = tempfile::tempdir()?;
    let pack = |name: &str, bytes: &[u8]| -> Result<std::path::PathBuf, std::io::Error> {
        let path = folder.path().join(name);
        let level = flate2::Compression::fast();
        let mut writer = flate2::write::GzEncoder::new(std::fs::File::create(&path)?, level);
        writer.write_all(bytes)?;
        writer.finish()?;
        Ok(path)
    };
    let packed = read(&pack("program.json.gz", EVERY.as_bytes())?)?;
    let circuit = packed.ok_or("a packed program was not seen")?;
    assert_eq!(circuit.definitions(), taken(EVERY)?.definitions());
    assert!(circuit.source_sha256.is_some());
    let spaces = vec![b' '; 40 << 20];
    let refusal = read(&pack("bomb.json.gz", &spaces)?);
    assert!(refusal.is_err_and(|e| e.to_string().contains("more than the")));
    let truncated = folder.path().join("truncated.json.gz");
    let bytes = std::fs::read(folder.path().join("program.json.gz"))?;
    std::fs::write(&truncated, &bytes[..bytes.len() / 2])?;
    assert!(read(&truncated).is_err_and(|e| e.to_string().contains("cannot be unpacked")));
    let other = folder.path().join("trees.json");
    std::fs::write(&other, "{\"learner\": {}, \"version\": [2, 0, 0]}")?;
    assert_eq!(read(&other)?, None);
    Ok(())
}

/// The figures of equality with the packages' own interpreters are those of
/// `cargo xtask test --only alir`.
#[test]
fn programs_of_others_run() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    if !folder.is_dir() {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return Ok(());
    }
    let mut programs = 0;
    for part in ["alkaid-circuits", "da4ml-golden"] {
        for entry in std::fs::read_dir(folder.join(part))? {
            let path = entry?.path();
            let name = path.to_string_lossy();
            if !name.ends_with(".json.gz") && !name.ends_with("__comb.json") {
                continue;
            }
            let circuit = read(&path)?.ok_or("a program was not seen")?;
            let interpreter = Interpreter::new(&circuit)?;
            let events = random_events(&circuit, 20, 1);
            let first = interpreter.run(&events.inputs(0))?;
            let others = (1..events.len()).map(|event| interpreter.run(&events.inputs(event)));
            let others: Vec<_> = others.collect::<Result<_, _>>()?;
            assert!(
                others.iter().any(|y| *y != first),
                "{name} ignores its inputs"
            );
            assert_eq!(circuit::parse(&print(&circuit))?, circuit, "{name}");
            programs += 1;
        }
    }
    assert!(programs >= 3, "only {programs} programs");
    Ok(())
}
