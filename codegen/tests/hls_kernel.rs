//! HLS C++ made from files: compiled without a warning, compared with the
//! interpreter, and broken on purpose.
//!
//! What compiles it needs the headers of `ap_fixed`; `cargo xtask test --only hls`
//! fetches them and runs these tests with them.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Outcome, small_classifier, write};
use trigforge_codegen::emit::hls::{Io, Options, Ports, emit};
use trigforge_codegen::emit::{Kernel, Vectors};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, parse};
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::verify::hls::{Headers, HlsKernel, WAIVED};
use trigforge_codegen::verify::{compare, random_events};

type Error = Box<dyn std::error::Error>;

/// The headers, where the environment names them; if not, says so.
fn headers() -> Option<Headers> {
    let found = Headers::find(None);
    if let Err(error) = &found {
        eprintln!("SKIPPED: {error}");
    }
    found.ok()
}

const TIMES_THREE: Options = Options {
    io: Io::Stream,
    reuse: 3,
    part: trigforge_codegen::hardware::Part::Xcvu9p,
    clock_mhz: 200.0,
};

/// A module in C++ against the interpreter.
fn check(module: &Module, options: &Options, headers: &Headers) -> Outcome {
    let interpreter = Interpreter::new(module)?;
    let kernel = emit(module, interpreter.info(), options, None)?;
    let built = HlsKernel::build(&Ports::of(module), &kernel, options.io, headers)?;
    compare(&interpreter, &built, &random_events(module, 1_000, 3))?;
    Ok(())
}

/// Suites whose layers multiply, choose, or are read more than once: as a
/// dataflow with streams, where a multiplier is used three times, too.
const REUSED: [&str; 7] = [
    "attention",
    "conv2d",
    "conv_groups",
    "dense_positions",
    "lstm_step",
    "matmul",
    "top_k",
];

#[test]
fn every_suite_gives_its_bits() -> Outcome {
    let Some(headers) = headers() else {
        return Ok(());
    };
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/in");
    let mut suites: Vec<PathBuf> = std::fs::read_dir(suites)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    suites.sort();
    let mut reused = 0;
    for path in &suites {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let module = parse(&std::fs::read_to_string(path)?)?;
        let place = |error| format!("{name}: {error}");
        check(&module, &Options::default(), &headers).map_err(place)?;
        if REUSED.contains(&name.as_ref()) {
            check(&module, &TIMES_THREE, &headers)
                .map_err(|error| format!("{name}, streams: {error}"))?;
            reused += 1;
        }
    }
    assert_eq!(reused, REUSED.len());
    Ok(())
}

/// All 28 pairs of modes, into one format for all elements and into several.
#[test]
fn every_mode_rounds_as_the_interpreter_does() -> Outcome {
    let Some(headers) = headers() else {
        return Ok(());
    };
    let types = [
        ("fix(1,3,4)", "fix(1,1,1)"),
        ("fix(1,2,13)", "fix(1,4,-2)"),
        (
            "each [4] {fix(1,3,4), fix(0,5,3), fix(1,2,6), fix(1,6,1)}",
            "each [4] {fix(1,1,1), fix(0,2,2), fix(1,4,-2), fix(0,0,0)}",
        ),
        (
            "each [4] {fix(1,0,7), fix(1,3,4), fix(1,3,4), fix(1,3,4)}",
            "each [4] {fix(1,9,-9), fix(1,0,0), fix(1,2,5), fix(0,3,3)}",
        ),
    ];
    for (from, to) in types {
        let mut text = format!(
            "trigforge-ir 0.1\nmodule \"modes\"\n\
             %0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [4] {from}\n"
        );
        let mut outputs = String::new();
        let mut index = 0;
        for rounding in [
            "TRN",
            "TRN_ZERO",
            "RND",
            "RND_ZERO",
            "RND_MIN_INF",
            "RND_INF",
            "RND_CONV",
        ] {
            for overflow in ["SAT", "SAT_SYM", "SAT_ZERO", "WRAP"] {
                index += 1;
                text += &format!(
                    "%{index} \"r\" = requantize %0 {{rounding={rounding}, overflow={overflow}}} : [4] {to}\n"
                );
                outputs += &format!("output \"{rounding} {overflow}\" = %{index}\n");
            }
        }
        let module = parse(&(text + &outputs))?;
        check(&module, &Options::default(), &headers)
            .map_err(|error| format!("{from} to {to}: {error}"))?;
    }
    Ok(())
}

fn classifier(rename: impl Fn(&str) -> String) -> Result<Model, Error> {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &small_classifier(rename))?;
    Ok(load(&path, None)?.0)
}

fn vectors(model: &Model, count: usize) -> Result<Vectors, Error> {
    let interpreter = model.interpreter()?;
    let events = random_events(model, count, 23);
    let mut results = Vec::new();
    for event in 0..count {
        results.push(interpreter.run(&events.inputs(event))?.concat());
    }
    Ok(Vectors { events, results })
}

/// Compiles and runs the test bench; whether it says PASS.
fn bench_passes(ports: &Ports, kernel: &Kernel, headers: &Headers) -> Result<bool, Error> {
    let folder = tempfile::tempdir()?;
    kernel.write(folder.path())?;
    let program = folder.path().join("bench");
    let compiled = Command::new("g++")
        .args(["-std=c++14", "-O1", "-Wall", "-Wextra", "-Werror"])
        .args(WAIVED)
        .arg("-isystem")
        .arg(headers.folder())
        .arg("-o")
        .arg(&program)
        .arg(folder.path().join(format!("{}_test.cpp", ports.name)))
        .arg(folder.path().join(format!("firmware/{}.cpp", ports.name)))
        .output()?;
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let ran = Command::new(&program).output()?;
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("PASS") != said.contains("FAIL"), "{said}");
    assert_eq!(ran.status.success(), said.contains("PASS"));
    Ok(ran.status.success())
}

/// Replaces a text in the first file whose path starts so and that holds it.
fn mutated(kernel: &Kernel, path: &str, from: &str, to: &str) -> Result<Kernel, Error> {
    let mut mutant = kernel.clone();
    let file = mutant
        .files
        .iter_mut()
        .find(|(name, text)| name.starts_with(path) && text.contains(from))
        .ok_or_else(|| format!("no `{from}` in {path}"))?;
    file.1 = file.1.replacen(from, to, 1);
    Ok(mutant)
}

/// The first number of an array, and the same with its sign changed.
fn first_number(kernel: &Kernel, path: &str) -> Result<(String, String), Error> {
    let file = kernel.files.iter().find(|(name, _)| name.starts_with(path));
    let (_, text) = file.ok_or("no such table")?;
    let at = text.find("{\n").ok_or("no array")?;
    let numbers = text[at + 2..].split(',').map(str::trim);
    let number = numbers
        .take_while(|number| number.parse::<i64>().is_ok())
        .find(|number| *number != "0")
        .ok_or("nothing but zeros")?;
    let changed = -number.parse::<i64>()?;
    Ok((format!(" {number},"), format!(" {changed},")))
}

#[test]
fn the_test_bench_sees_each_kind_of_fault() -> Outcome {
    let Some(headers) = headers() else {
        return Ok(());
    };
    let model = classifier(str::to_owned)?;
    let (ports, kernel) = model.hls_kernel(&Options::default(), Some(&vectors(&model, 64)?))?;
    assert!(
        bench_passes(&ports, &kernel, &headers)?,
        "the kernel itself"
    );
    let tables = kernel.files.iter().map(|(path, _)| path.to_string_lossy());
    let tables: Vec<_> = tables
        .filter(|path| path.starts_with("firmware/weights/"))
        .collect();
    let table = |letter: &str| -> Result<String, Error> {
        let start = format!("firmware/weights/{letter}");
        let found = tables.iter().find(|path| path.starts_with(&start));
        Ok(found.ok_or("no such table")?.to_string())
    };
    for letter in ["w", "b"] {
        let path = table(letter)?;
        let (from, to) = first_number(&kernel, &path)?;
        let mutant = mutated(&kernel, &path, &from, &to)?;
        assert!(
            !bench_passes(&ports, &mutant, &headers)?,
            "a sign in {path}"
        );
    }
    let parameters = "firmware/parameters.h";
    let mutant = mutated(&kernel, parameters, "AP_RND_CONV", "AP_TRN")?;
    assert!(!bench_passes(&ports, &mutant, &headers)?, "a rounding");
    let mutant = mutated(
        &kernel,
        "firmware/trigforge/elementwise.h",
        "data[i] > 0",
        "data[i] < 0",
    )?;
    assert!(!bench_passes(&ports, &mutant, &headers)?, "a rectifier");
    Ok(())
}

#[test]
fn a_swapped_table_entry_and_a_lost_overflow_are_seen() -> Outcome {
    let Some(headers) = headers() else {
        return Ok(());
    };
    let text = r#"
        trigforge-ir 0.2
        module "curve"
        %0 "x" = input {rounding=TRN, overflow=WRAP} : [2] fix(1,3,0)
        %1 "entries" = const {mantissas=[1, 5, 9, 2, 7, 7, 0, 3, 15, 4, 11, 6, 13, 8, 10, 12]} : [16] fix(0,4,0)
        %2 "curve" = table %0, %1 {first=-8}
        %3 "cut" = requantize %2 {rounding=TRN, overflow=SAT} : [2] each [2] {fix(0,3,0), fix(0,2,0)}
        output "y" = %3
    "#;
    let model = Model::Graph(parse(text)?);
    let (ports, kernel) = model.hls_kernel(&Options::default(), Some(&vectors(&model, 64)?))?;
    assert!(
        bench_passes(&ports, &kernel, &headers)?,
        "the kernel itself"
    );
    let swapped = mutated(&kernel, "firmware/weights/table1.h", "1, 5,", "5, 1,")?;
    assert!(!bench_passes(&ports, &swapped, &headers)?, "an entry");
    let lost = mutated(
        &kernel,
        "firmware/parameters.h",
        "trigforge::saturate",
        "trigforge::zero_outside",
    )?;
    assert!(!bench_passes(&ports, &lost, &headers)?, "an overflow");
    Ok(())
}

#[test]
fn hostile_names_stay_out_of_every_file() -> Outcome {
    let marker = "zq9";
    let poisons = [
        format!("\"{marker}\"); }} int main() {{ system(\"x"),
        format!("{marker}\n#include \"/etc/passwd\"\n*/ //"),
        format!("*/ {marker} {{}} [exec x] $(shell x) $x \\ \0"),
        format!("{marker} \\\n??/\n int x;"),
        format!("\u{202e}\u{200f}{marker}\u{2066}"),
        format!("class template operator {marker} namespace"),
        format!("{marker}{}", "x".repeat(10_000)),
        "t".to_owned(),
        String::new(),
    ];
    let headers = headers();
    for poison in &poisons {
        let model = classifier(|name| format!("{poison}{name}"))?;
        let (ports, kernel) = model.hls_kernel(&Options::default(), Some(&vectors(&model, 8)?))?;
        for (path, text) in &kernel.files {
            let path = path.to_string_lossy();
            let plain = |c: char| c.is_ascii_alphanumeric() || "_./".contains(c);
            assert!(path.chars().all(plain), "{path}");
            check_text(&path, text, marker);
        }
        // Comments that could continue on the next line, words of C++, one letter.
        let compiled = poison.contains("??/") || poison.contains("class") || poison == "t";
        if let Some(headers) = headers.as_ref().filter(|_| compiled) {
            let passes = bench_passes(&ports, &kernel, headers)?;
            assert!(passes, "{}", poison.escape_debug());
        }
    }
    Ok(())
}

/// The marker may stand in comments without anything that could end one, and
/// inside identifiers; in what a shell, make or Tcl reads, in names of files.
fn check_text(path: &str, text: &str, marker: &str) {
    assert!(text.is_ascii(), "{path} holds a byte beyond ASCII");
    for line in text.lines() {
        let lower = line.to_ascii_lowercase();
        if !lower.contains(marker) {
            continue;
        }
        if let Some(at) = line.find("//") {
            let comment = &line[at..];
            assert!(
                !comment.contains(['{', '"', '\\', '*', '$']),
                "{path}: {line}"
            );
            assert!(
                !line.ends_with('\\') && !line.contains("??/"),
                "{path}: {line}"
            );
        }
        let code = lower.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices(marker) {
            let before = code[..at].chars().next_back();
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
            assert!(before.is_some_and(inside), "{path}: {line}");
        }
    }
}

#[test]
fn everything_that_cannot_be_written_is_refused_at_once() -> Outcome {
    let text = r#"
        trigforge-ir 0.2
        module "wide"
        %0 "x" = input {rounding=TRN, overflow=WRAP} : [2] fix(1,63,0)
        %1 "first" = requantize %0 {rounding=TRN, overflow=WRAP} : [2] each [2] {fix(1,62,1), fix(1,2,0)}
        %2 "fine" = requantize %0 {rounding=TRN, overflow=SAT} : [2] fix(1,3,0)
        %3 "second" = requantize %0 {rounding=TRN, overflow=WRAP} : [2] each [2] {fix(1,61,2), fix(1,2,0)}
        output "a" = %1
        output "b" = %2
        output "c" = %3
    "#;
    let module = parse(text)?;
    let info = trigforge_codegen::validate::validate(&module)?;
    let Err(error) = emit(&module, &info, &Options::default(), None) else {
        return Err("it is written".into());
    };
    let said = error.to_string();
    assert!(
        said.contains("`first`") && said.contains("`second`"),
        "{said}"
    );
    assert!(!said.contains("`fine`"), "{said}");
    Ok(())
}
