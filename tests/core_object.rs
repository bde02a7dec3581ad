//! What the compiler makes of a kernel: no call, no multiplication by halves.
//!
//! Writes [`SOURCES`] out as a code generator does, adds a small network, and
//! reads the assembly that `rustc` gives for it. x86-64 hosts only.
#![cfg(target_arch = "x86_64")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use trigforge::kernel::SOURCES;

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trigforge-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A standalone crate: the kernel files and a network of the given widths.
fn network(folder: &Path, widths: &[usize], activation: &str) -> PathBuf {
    let mut text = String::from("#![no_std]\n#![deny(unsafe_code)]\n");
    for (name, source) in SOURCES {
        std::fs::write(folder.join(name).with_extension("rs"), source).unwrap();
        writeln!(text, "#[allow(dead_code)]\nmod {name};").unwrap();
    }
    text += "use {dense::*, format::Format, mantissa::Mantissa, requantize::*};\n";
    text += "const TO: Format = Format::new(false, 4, 4).unwrap();\n";
    let (first, last) = (widths[0], widths[widths.len() - 1]);
    let mut body = String::from("let h0 = x;\n");
    for (n, pair) in widths.windows(2).enumerate() {
        let (ins, outs) = (pair[0], pair[1]);
        writeln!(
            text,
            "static W{n}: [[[i16; 2]; columns({outs})]; pairs({ins})] = \
             interleave(&[[{n} - 7; {ins}]; {outs}], 0);\n\
             static B{n}: [i32; {outs}] = [{n}; {outs}];"
        )
        .unwrap();
        let m = n + 1;
        writeln!(
            body,
            "let mut h{m}: [{activation}; {outs}] = scratch();\n\
             dense_into(&h{n}, &W{n}, &B{n}, |_, sum: i32| requantize_in(relu::relu(sum), \
             9, TO, Rounding::RndConv, Overflow::Sat).cast(), &mut h{m});\n\
             let h{m} = &h{m};"
        )
        .unwrap();
    }
    writeln!(
        text,
        "#[inline(never)]\npub fn infer(x: &[{activation}; {first}]) -> usize {{\n{body}\
         argmax::argmax::<_, {last}>(h{})\n}}",
        widths.len() - 1
    )
    .unwrap();
    let file = folder.join("lib.rs");
    std::fs::write(&file, text).unwrap();
    file
}

fn assembly(file: &Path, cpu: &str, panic: &str) -> String {
    let output = file.with_file_name(format!("{cpu}-{panic}.s"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let result = Command::new(rustc)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=asm",
            "-Dwarnings",
        ])
        .args(["-Copt-level=3", &format!("-Cpanic={panic}")])
        .arg(format!("-Ctarget-cpu={cpu}"))
        .args(["-Cllvm-args=-x86-asm-syntax=intel", "-o"])
        .arg(&output)
        .arg(file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{errors}");
    std::fs::read_to_string(output).unwrap()
}

/// How often an instruction stands in the text, by the start of its name.
fn count(text: &str, name: &str) -> usize {
    text.lines()
        .filter(|l| l.trim_start().starts_with(name))
        .count()
}

#[test]
fn no_calls_and_whole_multiplications() {
    let folder = Folder::new("calls");
    let nets: [&[usize]; 8] = [
        &[16, 64, 32, 32, 5],
        &[57, 28],
        &[57, 32, 16, 3, 16, 32, 57],
        &[1, 1],
        &[3, 7],
        &[128, 128],
        &[16, 256, 5],
        &[33, 20],
    ];
    for (n, widths) in nets.into_iter().enumerate() {
        let kinds: &[_] = match n {
            0 => &[("i16", "abort"), ("i16", "unwind"), ("i8", "abort")],
            _ => &[("i16", "abort")],
        };
        for (activation, panic) in kinds {
            let file = network(&folder.0, widths, activation);
            for cpu in ["x86-64", "x86-64-v3", "znver5"] {
                let text = assembly(&file, cpu, panic);
                let what = format!("{widths:?} of {activation} on {cpu}, {panic}");
                assert_eq!(count(&text, "call"), 0, "{what}");
                assert!(
                    !text.contains("memcpy") && !text.contains("memset"),
                    "{what}"
                );
                let whole = count(&text, "vpmaddwd") + count(&text, "vpdpwssd");
                if cpu != "x86-64" && widths[1] > 4 {
                    assert!(whole > 0, "{what}");
                }
                assert_eq!(count(&text, "vpmulld"), 0, "{what}");
            }
        }
    }
}

/// The test above can fail: a known call is found.
#[test]
fn a_call_is_seen() {
    let folder = Folder::new("seen");
    let file = folder.0.join("lib.rs");
    let text = "#![no_std]\n#[inline(never)]\npub fn f(x: &mut [u8; 4096]) { *x = [0; 4096]; }\n";
    std::fs::write(&file, text).unwrap();
    let text = assembly(&file, "x86-64", "abort");
    assert!(count(&text, "call") + count(&text, "jmp") > 0, "{text}");
}

/// A rise here means that a loop is no longer what it was: look at it.
#[test]
fn the_code_of_a_known_network_stays_small() {
    let folder = Folder::new("size");
    let file = network(&folder.0, &[16, 64, 32, 32, 5], "i16");
    for (cpu, budget) in [("x86-64-v3", 520), ("znver5", 420)] {
        let text = assembly(&file, cpu, "abort");
        let is_code = |l: &&str| l.starts_with('\t') && !l.starts_with("\t.");
        let instructions = text.lines().filter(is_code).count();
        println!("{cpu}: {instructions} instructions");
        assert!(instructions > 100, "{cpu}: nothing there\n{text}");
        assert!(instructions <= budget, "{cpu}: {instructions} instructions");
    }
}
