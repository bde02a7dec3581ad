//! Every suite on every runner: the textual forms, the interpreters of both
//! levels and the compiled Rust kernel give the same bits.
//!
//! A suite is a file `tests/in/*.ir`. Its comment lines `# run: INPUTS ->
//! OUTPUTS` hold the mantissas that were worked out by hand; the runners are
//! compared on random events besides.

mod support;

use std::path::Path;

use trigforge::{Format, Overflow, Rounding};
use trigforge_codegen::circuit;
use trigforge_codegen::emit::rust::{Options, emit, emit_circuit};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, parse, print};
use trigforge_codegen::lower::lower;
use trigforge_codegen::ports::Execute;
use trigforge_codegen::verify::{BuildOptions, Events, RustKernel, compare, random_events};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const RANDOM_EVENTS: usize = 5_000;

/// The module's circuit on random events: its textual form, its interpreter and
/// its straight-line kernel.
fn check_circuit(interpreter: &Interpreter<'_>, events: &Events, name: &str) -> Outcome {
    let lowered = lower(interpreter.module()).map_err(|error| format!("{name}: {error}"))?;
    assert_eq!(
        circuit::parse(&circuit::print(&lowered))?,
        lowered,
        "{name}: the circuit, printed and read back"
    );
    let gates = circuit::Interpreter::new(&lowered).map_err(|error| format!("{name}: {error}"))?;
    for event in 0..events.len() {
        let inputs = events.inputs(event);
        assert_eq!(
            gates.run(&inputs)?,
            interpreter.run(&inputs)?,
            "{name}: the circuit of {inputs:?}"
        );
    }
    let kernel = emit_circuit(&lowered, gates.info(), Options::default())?;
    let built = RustKernel::build(&lowered, &kernel, &BuildOptions { cpu: None })?;
    compare(&gates, &built, events).map_err(|error| format!("{name}, straight: {error}"))?;
    Ok(())
}

/// All runners on one module.
fn check(module: &Module, name: &str) -> Outcome {
    assert_eq!(
        &parse(&print(module))?,
        module,
        "{name}: printed and read back"
    );
    let interpreter = Interpreter::new(module)?;
    let events = random_events(module, RANDOM_EVENTS, 1);
    check_circuit(&interpreter, &events, name)?;
    let kernel = emit(module, interpreter.info(), Options::default())?;
    let built = RustKernel::build(module, &kernel, &BuildOptions { cpu: None })?;
    compare(&interpreter, &built, &events).map_err(|error| format!("{name}: {error}"))?;
    Ok(())
}

fn suite(path: &Path) -> Outcome {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)?;
    let module = parse(&text).map_err(|error| format!("{name}: {error}"))?;
    let interpreter = Interpreter::new(&module)?;
    let lowered = lower(&module)?;
    let gates = circuit::Interpreter::new(&lowered)?;
    let mut runs = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("# run: ")) {
        let (inputs, expected) = support::run(line).ok_or("a run that does not read")?;
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        assert_eq!(interpreter.run(&inputs)?, expected, "{name}: {line}");
        assert_eq!(gates.run(&inputs)?, expected, "{name}, circuit: {line}");
        runs += 1;
    }
    assert!(runs > 0, "{name} states no run");
    check(&module, &name)
}

#[test]
fn every_suite_gives_its_bits_on_every_runner() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/in");
    let mut suites: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    suites.sort();
    assert!(suites.len() >= 8, "only {} suites", suites.len());
    suites.iter().try_for_each(|path| suite(path))
}

/// All 28 pairs of modes, between formats that lose bits at either end, keep
/// them, gain them, or lie apart.
#[test]
fn every_mode_rounds_alike_on_every_runner() -> Outcome {
    let formats = [
        ("fix(1,3,4)", "fix(1,1,1)"),
        ("fix(1,3,4)", "fix(0,2,2)"),
        ("fix(0,5,3)", "fix(1,2,5)"),
        ("fix(1,2,13)", "fix(1,4,-2)"),
        ("fix(1,6,1)", "fix(0,0,0)"),
        ("fix(1,0,7)", "fix(1,9,-9)"),
        ("fix(1,20,11)", "fix(1,7,8)"),
    ];
    for (from, to) in formats {
        let mut text = format!(
            "trigforge-ir 0.1\nmodule \"modes\"\n\
             %0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [8] {from}\n"
        );
        let mut outputs = String::new();
        let mut index = 0;
        for rounding in ROUNDINGS {
            for overflow in OVERFLOWS {
                index += 1;
                let (r, o) = (rounding.name(), overflow.name());
                text += &format!(
                    "%{index} \"{r}\" = requantize %0 {{rounding={r}, overflow={o}}} : [8] {to}\n"
                );
                outputs += &format!("output \"{r} {o}\" = %{index}\n");
            }
        }
        check(&parse(&(text + &outputs))?, &format!("{from} to {to}"))?;
    }
    Ok(())
}

const ROUNDINGS: [Rounding; 7] = [
    Rounding::Trn,
    Rounding::TrnZero,
    Rounding::Rnd,
    Rounding::RndZero,
    Rounding::RndMinInf,
    Rounding::RndInf,
    Rounding::RndConv,
];

const OVERFLOWS: [Overflow; 4] = [
    Overflow::Sat,
    Overflow::SatSym,
    Overflow::SatZero,
    Overflow::Wrap,
];

/// A module that cannot be computed exactly is refused where it is written.
#[test]
fn broken_modules_are_refused() {
    let head = "trigforge-ir 0.1\nmodule \"m\"\n\
                %0 \"x\" = input {rounding=TRN, overflow=WRAP} : [2] fix(1,31,0)\n";
    let cases = [
        (
            "%1 \"y\" = relu %0 : [2] fix(1,31,0)\n",
            "not the derived one",
        ),
        ("%1 \"y\" = relu %1\n", "not defined before"),
        (
            "%1 \"y\" = mul %0, %0\n%2 \"z\" = mul %1, %1\n",
            "more than 64 bits",
        ),
        (
            "%1 \"t\" = const {mantissas=[1, 2]} : [2] fix(0,2,0)\n%2 \"y\" = table %0, %1 {first=0}\n",
            "the table over",
        ),
        (
            "%1 \"c\" = const {mantissas=[4, 0]} : [2] fix(0,2,0)\n",
            "outside of fix(0,2,0)",
        ),
        (
            "%1 \"y\" = frobnicate %0\n",
            "unknown operation `frobnicate`",
        ),
        ("%1 \"y\" = relu %0 {slope=1}\n", "unknown attribute slope"),
        (
            "%1 \"y\" = relu %0 : [4000000000, 4000000000] fix(1,31,0)\n",
            "elements",
        ),
        ("%2 \"y\" = relu %0\n", "expected %1"),
    ];
    for (line, expected) in cases {
        match parse(&format!("{head}{line}")) {
            Ok(_) => panic!("taken: {line}"),
            Err(error) => assert!(error.to_string().contains(expected), "{line}: {error}"),
        }
    }
    assert_eq!(Format::new(true, 60, 4), None, "65 bits are no format");
}
