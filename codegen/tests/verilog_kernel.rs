//! Verilog made from files: read by every tool without a word, simulated
//! against the interpreter, and broken on purpose.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Outcome, small_classifier, write};
use trigforge_codegen::circuit::{self, merge_roundings, simplify};
use trigforge_codegen::emit::verilog::{Ports, emit};
use trigforge_codegen::emit::{Kernel, Vectors};
use trigforge_codegen::hardware::{Design, Estimate, Part, ScheduleError, Target, synthesise};
use trigforge_codegen::lower::lower;
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::ports::Execute;
use trigforge_codegen::verify::verilog::{Around, Simulator, VerilogKernel};
use trigforge_codegen::verify::{compare, random_events};

const FAST: Target = Target {
    part: Part::Xcvu9p,
    clock_mhz: 300.0,
    latency: None,
    budget_ns: None,
    effort: 2,
};

/// Whether a program is there; if not, says so. Continuous integration installs
/// it.
fn has(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let found = command.status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: {program} is not there (apt-get install {program})");
    }
    found
}

fn classifier(rename: impl Fn(&str) -> String) -> Result<Model, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &small_classifier(rename))?;
    Ok(load(&path, None)?.0)
}

fn vectors(model: &Model, count: usize) -> Result<Vectors, Box<dyn std::error::Error>> {
    let interpreter = model.interpreter()?;
    let events = random_events(model, count, 23);
    let mut results = Vec::new();
    for event in 0..count {
        results.push(interpreter.run(&events.inputs(event))?.concat());
    }
    Ok(Vectors { events, results })
}

fn rtl(folder: &Path, kernel: &Kernel) -> Vec<PathBuf> {
    let paths = kernel.files.iter().map(|(path, _)| path);
    let sources = paths.filter(|path| path.starts_with("rtl"));
    sources.map(|path| folder.join(path)).collect()
}

fn succeeds(command: &mut Command) -> Result<String, Box<dyn std::error::Error>> {
    let output = command.output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(format!("{command:?}: {text}").into()),
    }
}

#[test]
fn simplified_circuits_give_the_same_integers() -> Outcome {
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/in");
    let (mut compared, mut merged) = (0, 0);
    for entry in std::fs::read_dir(suites)? {
        let text = std::fs::read_to_string(entry?.path())?;
        let Ok(module) = trigforge_codegen::ir::parse(&text) else {
            continue;
        };
        let Ok(lowered) = lower(&module) else {
            continue;
        };
        let simplified = simplify(&lowered)?.circuit;
        let merged_circuit = merge_roundings(&simplified).map_or(simplified.clone(), |new| {
            merged += usize::from(!new.more.is_empty());
            new.simplified.circuit
        });
        let runners = [&lowered, &simplified, &merged_circuit].map(circuit::Interpreter::new);
        let [before, after, last] = runners;
        let (before, after, last) = (before?, after?, last?);
        let events = random_events(&module, 200, 3);
        for event in 0..events.len() {
            let inputs = events.inputs(event);
            let expected = before.run(&inputs)?;
            assert_eq!(after.run(&inputs)?, expected, "{}", module.name);
            assert_eq!(last.run(&inputs)?, expected, "{}", module.name);
        }
        assert!(simplified.definitions().len() <= lowered.definitions().len());
        compared += 1;
    }
    assert!(compared > 20, "{compared} suites");
    assert!(merged > 3, "{merged} suites with roundings to merge");
    Ok(())
}

#[test]
fn no_tool_has_anything_to_say() -> Outcome {
    let model = classifier(str::to_owned)?;
    let folder = tempfile::tempdir()?;
    let design = Design::new(&model, &FAST)?;
    let ports = Ports::of(&design);
    let kernel = emit(&design, Some(&vectors(&model, 16)?));
    kernel.write(folder.path())?;
    let sources = rtl(folder.path(), &kernel);
    if has("verilator", "--version") {
        for top in ["core", "axis", "axil"] {
            let top = format!("{}_{top}", ports.name);
            let mut lint = Command::new("verilator");
            lint.args(["--lint-only", "-Wall", "--top-module", &top]);
            // Modules that this top does not use stand beside it.
            let library = folder.path().join("rtl");
            lint.arg("-y")
                .arg(&library)
                .arg(library.join(format!("{top}.v")));
            assert_eq!(succeeds(&mut lint)?, "", "{top}");
        }
    }
    if has("yosys", "-V") {
        let mut script = String::from("read_verilog");
        for path in &sources {
            script.push_str(&format!(" {}", path.display()));
        }
        for top in ["core", "axis", "axil"] {
            let check = format!(
                "{script}; hierarchy -check -top {}_{top}; proc; check -assert",
                ports.name
            );
            let said = succeeds(Command::new("yosys").args(["-q", "-p", &check]))?;
            assert_eq!(said, "", "{top}");
        }
    }
    Ok(())
}

#[test]
fn core_and_wrappers_give_the_interpreters_bits() -> Outcome {
    if !has("verilator", "--version") {
        return Ok(());
    }
    let model = classifier(str::to_owned)?;
    let interpreter = model.interpreter()?;
    let design = Design::new(&model, &FAST)?;
    assert!(design.schedule.latency > 1, "a pipeline");
    let (ports, kernel) = (Ports::of(&design), emit(&design, None));
    for (around, count) in [
        (Around::Nothing, 3_000),
        (Around::Stream, 3_000),
        (Around::Lite, 100),
    ] {
        let built = VerilogKernel::build(&ports, &kernel, around, Simulator::default())?;
        let events = random_events(&model, count, 29);
        compare(interpreter.as_ref(), &built, &events)
            .map_err(|error| format!("{around:?}: {error}"))?;
    }
    Ok(())
}

/// Runs the test bench; whether it says PASS.
fn bench_passes(kernel: &Kernel) -> Result<bool, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    kernel.write(folder.path())?;
    let program = folder.path().join("simulation");
    let mut compile = Command::new("iverilog");
    compile.args(["-g2005", "-Wall", "-o"]).arg(&program);
    let benches = kernel
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("bench"));
    compile.args(benches.map(|(path, _)| folder.path().join(path)));
    compile.args(rtl(folder.path(), kernel));
    succeeds(&mut compile)?;
    let said = succeeds(Command::new("vvp").arg("-n").arg(&program))?;
    assert!(said.contains("PASS") != said.contains("FAIL"), "{said}");
    Ok(said.contains("PASS"))
}

/// Replaces the first text that fits in a file of the layers.
fn mutated(kernel: &Kernel, change: impl Fn(&str) -> Option<String>) -> Option<Kernel> {
    let mut mutant = kernel.clone();
    let layers = mutant.files.iter_mut().filter(|(path, _)| {
        let path = path.to_string_lossy();
        path.starts_with("rtl/") && path.contains("_l")
    });
    for (_, text) in layers {
        if let Some(changed) = change(text) {
            *text = changed;
            return Some(mutant);
        }
    }
    None
}

#[test]
fn the_test_bench_sees_each_kind_of_fault() -> Outcome {
    if !has("iverilog", "-V") {
        return Ok(());
    }
    let model = classifier(str::to_owned)?;
    let design = Design::new(&model, &FAST)?;
    let kernel = emit(&design, Some(&vectors(&model, 1000)?));
    assert!(bench_passes(&kernel)?, "the kernel itself");
    let sign = mutated(&kernel, |text| {
        let at = text.find(" + ")?;
        Some(format!("{} - {}", &text[..at], &text[at + 3..]))
    });
    let register = mutated(&kernel, |text| {
        // A register becomes a wire: its value comes a cycle too early.
        let at = text.find(" <= ")?;
        let start = text[..at].rfind(char::is_whitespace)? + 1;
        let end = at + text[at..].find(';')?;
        let (name, value) = (&text[start..at], &text[at + 4..end]);
        let declaration = text.lines().find(|line| {
            line.trim_start().starts_with("reg ") && line.ends_with(&format!(" {name};"))
        })?;
        let wire = declaration.replace("reg ", "wire ");
        let wire = wire.trim_end_matches(';').to_owned();
        let moved = format!("{}{}", &text[..start], &text[end + 1..]).replace(declaration, "");
        let assign = moved.find("    assign y")?;
        // Declared where its value is known, in front of the outputs.
        let uses_before = moved[..assign].matches(name).count();
        (uses_before == 0).then(|| {
            format!(
                "{}{wire} = {value};\n{}",
                &moved[..assign],
                &moved[assign..]
            )
        })
    });
    // Half to even clears the last bit of what lay half-way; without that it is half up.
    let rounding = mutated(&kernel, |text| {
        let end = text.find(" : 1'd0;")?;
        let start = text[..end].rfind("= |")? + 2;
        let condition = start + text[start..end].find(" ? ")?;
        Some(format!("{}1'b1{}", &text[..start], &text[condition..]))
    });
    for (what, mutant) in [
        ("an adder's sign", sign),
        ("a dropped register", register),
        ("a rounding", rounding),
    ] {
        let mutant = mutant.ok_or_else(|| format!("{what}: nothing to change"))?;
        assert!(!bench_passes(&mutant)?, "{what} is not seen");
    }
    Ok(())
}

#[test]
fn a_swapped_table_entry_is_seen() -> Outcome {
    if !has("iverilog", "-V") {
        return Ok(());
    }
    let text = r#"
        trigforge-ir 0.2
        module "curve"
        %0 "x" = input {rounding=TRN, overflow=WRAP} : [2] fix(1,3,0)
        %1 "entries" = const {mantissas=[1, 5, 9, 2, 7, 7, 0, 3, 15, 4, 11, 6, 13, 8, 10, 12]} : [16] fix(0,4,0)
        %2 "curve" = table %0, %1 {first=-8}
        output "y" = %2
    "#;
    let model = Model::Graph(trigforge_codegen::ir::parse(text)?);
    let design = Design::new(&model, &FAST)?;
    let kernel = emit(&design, Some(&vectors(&model, 64)?));
    assert!(bench_passes(&kernel)?, "the kernel itself");
    let swapped = mutated(&kernel, |text| {
        let (a, b) = ("4'd8: lookup0 = 4'd1;", "4'd9: lookup0 = 4'd5;");
        let changed = text.replace(a, "4'd8: lookup0 = 4'd5;");
        let changed = changed.replace(b, "4'd9: lookup0 = 4'd1;");
        (changed != text).then_some(changed)
    });
    assert!(!bench_passes(&swapped.ok_or("no table")?)?, "not seen");
    Ok(())
}

#[test]
fn hostile_names_stay_out_of_every_file() -> Outcome {
    let marker = "zq9";
    let poisons = [
        format!("\"{marker}\"); endmodule module evil; initial $system(\"x"),
        format!("{marker}\n`include \"/etc/passwd\"\n*/ //"),
        format!("*/ {marker} {{}} [exec x] $x \\ \0"),
        format!("\u{202e}\u{200f}{marker}\u{2066}"),
        format!("wire reg module begin {marker} endmodule"),
        format!("{marker}{}", "x".repeat(10_000)),
        String::new(),
    ];
    for poison in &poisons {
        let model = classifier(|name| format!("{poison}{name}"))?;
        let design = Design::new(&model, &FAST)?;
        let kernel = emit(&design, Some(&vectors(&model, 8)?));
        for (path, text) in &kernel.files {
            let path = path.to_string_lossy();
            let plain = |c: char| c.is_ascii_alphanumeric() || "_./".contains(c);
            assert!(path.chars().all(plain), "{path}");
            check_text(&path, text, marker);
        }
        if has("iverilog", "-V") {
            assert!(bench_passes(&kernel)?, "{}", poison.escape_debug());
        }
    }
    Ok(())
}

/// The marker may stand in comments without anything that could end one, and
/// inside identifiers.
fn check_text(path: &str, text: &str, marker: &str) {
    assert!(text.is_ascii(), "{path} holds a byte beyond ASCII");
    for line in text.lines() {
        let lower = line.to_ascii_lowercase();
        if !lower.contains(marker) {
            continue;
        }
        if line.starts_with("//") {
            assert!(!line.contains(['{', '"', '\\', '*', '$']), "{path}: {line}");
            continue;
        }
        for (at, _) in lower.match_indices(marker) {
            let before = lower[..at].chars().next_back();
            // An escaped identifier, a macro, a system task or a text would begin so.
            assert!(
                before.is_none_or(|c| !"\\`$\"".contains(c)),
                "{path}: {line}"
            );
        }
    }
}

#[test]
fn time_that_cannot_be_kept_is_refused_with_the_reason() -> Outcome {
    let model = classifier(str::to_owned)?;
    let error = |target: Target| match Design::new(&model, &target) {
        Ok(design) => Err(format!("{} cycles", design.schedule.latency)),
        Err(error) => Ok(error.to_string()),
    };
    let budget = Target {
        budget_ns: Some(4.0),
        ..FAST
    };
    let said = error(budget)?;
    assert!(said.contains("the budget is 4 ns"), "{said}");
    let fast = Target {
        clock_mhz: 2_000.0,
        ..FAST
    };
    assert!(error(fast)?.contains("ask for at most"), "{}", error(fast)?);
    let few = Target {
        latency: Some(1),
        ..FAST
    };
    assert!(error(few)?.contains("1 were asked for"), "{}", error(few)?);
    let nothing = Target {
        clock_mhz: f64::NAN,
        ..FAST
    };
    assert!(error(nothing)?.contains("NaN"));
    let named = ScheduleError::Clock { mhz: -1.0 };
    assert!(named.to_string().contains("-1"));
    // Cycles to spare are used: all outputs come later, none is lost.
    let many = Target {
        latency: Some(12),
        ..FAST
    };
    assert_eq!(Design::new(&model, &many)?.schedule.latency, 12);
    Ok(())
}

/// Two dense layers with random weights and rectified, rounded activations.
fn network(seed: u64) -> Result<Model, Box<dyn std::error::Error>> {
    let mut state = seed;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (inputs, hidden, outputs) = (4 + draw(8), 4 + draw(8), 2 + draw(4));
    let (bits, activation) = (3 + draw(3), 3 + draw(4));
    let mut weights = |count: u64| {
        let one = |_| match draw(3) {
            0 => "0".to_owned(),
            _ => (draw(1 << bits) as i64 - (1 << (bits - 1))).to_string(),
        };
        (0..count).map(one).collect::<Vec<_>>().join(", ")
    };
    let (first, second) = (weights(inputs * hidden), weights(hidden * outputs));
    let integer = bits - 1;
    let text = format!(
        r#"
        trigforge-ir 0.2
        module "network"
        %0 "x" = input {{rounding=TRN, overflow=WRAP}} : [{inputs}] fix(1,2,4)
        %1 "w1" = const {{mantissas=[{first}]}} : [{inputs}, {hidden}] fix(1,{integer},0)
        %2 "dense1" = dense %0, %1
        %3 "relu" = relu %2
        %4 "hidden" = requantize %3 {{rounding=RND_CONV, overflow=SAT}} : [{hidden}] fix(0,4,{activation})
        %5 "w2" = const {{mantissas=[{second}]}} : [{hidden}, {outputs}] fix(1,{integer},0)
        %6 "dense2" = dense %4, %5
        output "y" = %6
        "#
    );
    Ok(Model::Graph(trigforge_codegen::ir::parse(&text)?))
}

#[test]
fn the_estimate_is_near_what_yosys_makes() -> Outcome {
    if !has("yosys", "-V") {
        return Ok(());
    }
    let mut errors = Vec::new();
    let models = (0..3).map(network).chain([classifier(str::to_owned)]);
    for model in models {
        let design = Design::new(&model?, &FAST)?;
        let estimate = Estimate::of(&design);
        let folder = tempfile::tempdir()?;
        let cells = synthesise(&design, folder.path())?;
        eprintln!("{estimate:?}\n{cells:?}");
        assert_eq!((cells.dsps, cells.brams), (0, 0));
        assert_eq!((estimate.dsps, estimate.brams), (0, 0));
        // Yosys finds registers that always hold the same.
        assert!(cells.ffs <= estimate.ffs && 10 * cells.ffs >= 9 * estimate.ffs);
        errors.push(estimate.luts as f64 / cells.luts as f64 - 1.0);
    }
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    eprintln!("{errors:.3?}");
    assert!(errors[1].abs() <= 0.10 && errors[3].abs() <= 0.20);
    Ok(())
}
