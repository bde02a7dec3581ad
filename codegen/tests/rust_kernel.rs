//! Kernels made from files, compiled and compared with the interpreter.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{Outcome, small_classifier, write};
use trigforge_codegen::emit::Kernel;
use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::parse;
use trigforge_codegen::quantize::load;
use trigforge_codegen::verify::{
    BuildOptions, RustKernel, VerifyError, compare, random_events, rustc,
};

const BASELINE: BuildOptions = BuildOptions { cpu: None };

fn text_of<'k>(kernel: &'k Kernel, name: &str) -> Option<&'k str> {
    let wanted = PathBuf::from(name);
    let file = kernel.files.iter().find(|(path, _)| *path == wanted)?;
    Some(&file.1)
}

#[test]
fn a_crate_and_a_single_file_give_the_interpreters_bits() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &small_classifier(str::to_owned))?;
    let module = load(&path, None)?;
    let interpreter = Interpreter::new(&module)?;
    let events = random_events(&module, 20_000, 3);
    for single_file in [false, true] {
        let kernel = emit(&module, interpreter.info(), Options { single_file })?;
        let built = RustKernel::build(&module, &kernel, &BASELINE)?;
        compare(&interpreter, &built, &events)?;
        let root = text_of(
            &kernel,
            if single_file {
                "kernel.rs"
            } else {
                "src/lib.rs"
            },
        );
        let root = root.ok_or("no root file")?;
        assert!(root.contains("#![no_std]") && root.contains("forbid(unsafe_code))]"));
    }
    Ok(())
}

#[test]
fn emitted_code_compiles_without_a_warning() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &small_classifier(str::to_owned))?;
    let module = load(&path, None)?;
    let interpreter = Interpreter::new(&module)?;
    for (single_file, root) in [(false, "src/lib.rs"), (true, "kernel.rs")] {
        let kernel = emit(&module, interpreter.info(), Options { single_file })?;
        kernel.write(folder.path())?;
        let output = Command::new(rustc())
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "lib",
                "--emit",
                "metadata",
            ])
            .args(["-D", "warnings", "--out-dir"])
            .arg(folder.path())
            .arg(folder.path().join(root))
            .output()?;
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{root}: {messages}");
    }
    Ok(())
}

#[test]
fn one_flipped_weight_bit_is_found() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &small_classifier(str::to_owned))?;
    let module = load(&path, None)?;
    let interpreter = Interpreter::new(&module)?;
    let events = random_events(&module, 2_000, 5);
    let kernel = emit(&module, interpreter.info(), Options::default())?;
    let tables = text_of(&kernel, "src/tables.rs").ok_or("no tables")?;
    // The first row of the first matrix, without and with its lowest bit flipped.
    let start = tables.find("&[\n        [").ok_or("no matrix")? + "&[\n        [".len();
    let end = start + tables[start..].find([',', ']']).ok_or("no weight")?;
    let weight: i64 = tables[start..end].parse()?;
    let flipped = format!("{}{}{}", &tables[..start], weight ^ 1, &tables[end..]);
    let mut mutant = kernel.clone();
    for (path, text) in &mut mutant.files {
        if path.ends_with("tables.rs") {
            *text = flipped.clone();
        }
    }
    compare(
        &interpreter,
        &RustKernel::build(&module, &kernel, &BASELINE)?,
        &events,
    )?;
    let result = compare(
        &interpreter,
        &RustKernel::build(&module, &mutant, &BASELINE)?,
        &events,
    );
    match result {
        Err(VerifyError::Mismatch(mismatch)) => {
            assert_eq!(mismatch.name, "y");
            assert_ne!(mismatch.expected, mismatch.found);
            Ok(())
        }
        other => Err(format!("the flipped bit was not found: {other:?}").into()),
    }
}

/// Every name of the model is hostile: nothing of it may reach the code, and
/// the code must compute the same.
#[test]
fn hostile_names_stay_out_of_the_code() -> Outcome {
    let marker = "Zq9";
    let poisons = [
        format!("\"{marker}\" ); }} fn evil() {{ \""),
        format!("{marker}\n#![allow(unsafe_code)]\n*/ //"),
        format!("*/ {marker} {{}} {{{{}}}} \\u{{0}} \0 \\"),
        format!("\u{202e}\u{200f}{marker}\u{2066}"),
        format!("fn struct self crate {marker} r#type"),
        format!("{marker}{}", "x".repeat(10_000)),
        String::new(),
    ];
    let folder = tempfile::tempdir()?;
    let plain = load(
        &write(folder.path(), &small_classifier(str::to_owned))?,
        None,
    )?;
    let plain = Interpreter::new(&plain)?.info().clone();
    for poison in &poisons {
        // Names must stay different from each other, inputs and outputs too.
        let hostile = small_classifier(|name| format!("{poison}{name}"));
        let module = load(&write(folder.path(), &hostile)?, None)?;
        let interpreter = Interpreter::new(&module)?;
        assert_eq!(interpreter.info().ranges, plain.ranges, "the same model");
        let events = random_events(&module, 500, 11);
        for single_file in [false, true] {
            let kernel = emit(&module, interpreter.info(), Options { single_file })?;
            for (path, text) in &kernel.files {
                check_text(&path.display().to_string(), text, marker);
            }
            let built = RustKernel::build(&module, &kernel, &BASELINE)?;
            compare(&interpreter, &built, &events)?;
        }
    }
    Ok(())
}

/// The marker may stand in comments, in a line without anything that could end
/// one, and inside identifiers.
fn check_text(path: &str, text: &str, marker: &str) {
    assert!(text.is_ascii(), "{path} holds a byte beyond ASCII");
    let marker = marker.to_ascii_lowercase();
    for line in text.lines() {
        assert!(line.len() < 400, "{path}: a line of {} bytes", line.len());
        if line.trim_start().starts_with("//") {
            let clean = !line.contains(['{', '"', '\\', '#', '*']);
            let hostile = line.to_ascii_lowercase().contains(&marker);
            assert!(clean || !hostile, "{path}: {line}");
            continue;
        }
        for (at, _) in line.to_ascii_lowercase().match_indices(&marker) {
            let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let before = line[..at].chars().next_back();
            assert!(before.is_some_and(identifier), "{path}: {line}");
        }
    }
}

/// A dense layer of `inputs` to `outputs` on `positions`, rounded to bytes, and one more.
fn two_layers(
    input: &str,
    [positions, inputs, hidden]: [usize; 3],
    weights: &[i64],
    weight_formats: &str,
) -> String {
    let bias: Vec<_> = (0..hidden as i64).map(|o| 37 * o - 90).collect();
    let second: Vec<_> = (0..hidden as i64).map(|i| i * 31 % 255 - 127).collect();
    format!(
        "trigforge-ir 0.1\nmodule \"two_layers\"\n\
         %0 \"x\" = input {{rounding=RND_CONV, overflow=SAT}} : [{positions}, {inputs}] {input}\n\
         %1 \"w\" = const {{mantissas={weights:?}}} : [{inputs}, {hidden}] {weight_formats}\n\
         %2 \"b\" = const {{mantissas={bias:?}}} : [{hidden}] fix(1,13,2)\n\
         %3 \"first\" = dense %0, %1, %2\n\
         %4 \"relu\" = relu %3\n\
         %5 \"h\" = requantize %4 {{rounding=RND_CONV, overflow=SAT}} : \
         [{positions}, {hidden}] fix(0,8,0)\n\
         %6 \"v\" = const {{mantissas={second:?}}} : [{hidden}, 1] fix(1,7,0)\n\
         %7 \"y\" = dense %5, %6\n\
         output \"y\" = %7\n"
    )
}

/// Layers of bytes on this processor, which may have an instruction for them, and on any other.
#[test]
fn small_numbers_give_the_interpreters_bits_on_every_processor() -> Outcome {
    let weights = |count: usize, step: i64| -> Vec<i64> {
        (0..count as i64)
            .map(|at| (at * step + 11) % 256 - 128)
            .collect()
    };
    // Columns of other fractional bits: aligned, their weights need more than a byte.
    let columns: Vec<_> = (0..17)
        .map(|o| format!("fix(1,{},{})", 7 - o % 3, o % 3))
        .collect();
    let mixed = format!("each [1, 17] {{{}}}", columns.join(", "));
    let cases = [
        (
            two_layers("fix(0,8,0)", [1, 16, 64], &weights(1024, 77), "fix(1,7,0)"),
            true,
        ),
        (
            two_layers("fix(1,7,0)", [1, 13, 33], &weights(429, 59), "fix(1,5,2)"),
            true,
        ),
        (
            two_layers("fix(1,3,4)", [7, 4, 5], &weights(20, 91), "fix(1,7,0)"),
            true,
        ),
        (
            two_layers("fix(0,8,0)", [3, 19, 17], &weights(323, 45), &mixed),
            true,
        ),
        (
            two_layers("fix(1,9,3)", [2, 21, 70], &weights(1470, 83), "fix(1,7,0)"),
            false,
        ),
    ];
    for (text, small) in cases {
        let module = parse(&text)?;
        let interpreter = Interpreter::new(&module)?;
        let kernel = emit(&module, interpreter.info(), Options::default())?;
        let root = text_of(&kernel, "src/lib.rs").ok_or("no root file")?;
        assert_eq!(
            root.matches("    bytes_into::").count(),
            1 + usize::from(small),
            "{text}"
        );
        let events = random_events(&module, 5_000, 7);
        for cpu in [None, Some("x86-64-v3"), Some("native")] {
            if cpu == Some("x86-64-v3") && !cfg!(target_arch = "x86_64") {
                continue;
            }
            let options = BuildOptions {
                cpu: cpu.map(str::to_owned),
            };
            let built = RustKernel::build(&module, &kernel, &options)?;
            compare(&interpreter, &built, &events)?;
        }
    }
    Ok(())
}
