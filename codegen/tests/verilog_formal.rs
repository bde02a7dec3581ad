//! Proofs of emitted layers: they hold for what is emitted, and fail with
//! numbers for a layer that was changed.

mod support;

use std::process::{Command, Stdio};

use support::{Outcome, small_classifier, write};
use trigforge_codegen::emit::Kernel;
use trigforge_codegen::emit::verilog::emit;
use trigforge_codegen::hardware::{Design, Target};
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::verify::formal::{FormalError, Options, Proof, Verdict, prove};

const OPTIONS: Options = Options {
    most_gates: 10_000,
    seconds: 20,
    workers: 2,
};

/// Whether Yosys is there; if not, says so. Continuous integration installs it.
fn has_yosys() -> bool {
    let mut command = Command::new("yosys");
    command.arg("-V").stdout(Stdio::null());
    let found = command.status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: yosys is not there (apt-get install yosys)");
    }
    found
}

fn classifier() -> Result<(Model, Design), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &small_classifier(str::to_owned))?;
    let model = load(&path, None)?.0;
    let target = Target {
        clock_mhz: 300.0,
        ..Target::default()
    };
    let design = Design::new(&model, &target)?;
    Ok((model, design))
}

fn proofs(model: &Model, design: &Design, kernel: &Kernel) -> Result<Vec<Proof>, FormalError> {
    prove(model, design, kernel, OPTIONS, |proof| {
        eprintln!(
            "{}: {:?}, {:.1} s",
            proof.name, proof.verdict, proof.seconds
        );
    })
}

/// Changes the first text of a kind in the layer of a name.
fn mutated(kernel: &Kernel, layer: &str, from: &str, to: &str) -> Option<Kernel> {
    let mut mutant = kernel.clone();
    let suffix = format!("_{layer}.v");
    let mut files = mutant.files.iter_mut();
    let (_, text) = files.find(|(path, _)| path.to_string_lossy().ends_with(&suffix))?;
    let at = text.find(from)?;
    text.replace_range(at..at + from.len(), to);
    Some(mutant)
}

#[test]
fn every_layer_is_proven_and_a_wrong_sign_is_found_with_numbers() -> Outcome {
    if !has_yosys() {
        return Ok(());
    }
    let (model, design) = classifier()?;
    let kernel = emit(&design, None);
    let found = proofs(&model, &design, &kernel)?;
    assert!(found.iter().all(|proof| proof.verdict == Verdict::Proven));
    let sums: Vec<_> = found.iter().filter(|proof| proof.by_sums > 0).collect();
    assert!(sums.iter().any(|proof| proof.operation == "dense"));
    let layer = &sums[0].name;
    let mutant = mutated(&kernel, layer, " + ", " - ").ok_or("no adder to change")?;
    let found = proofs(&model, &design, &mutant)?;
    let wrong: Vec<_> = found
        .iter()
        .filter(|proof| proof.verdict != Verdict::Proven)
        .collect();
    let [wrong] = wrong[..] else {
        return Err(format!("{} layers are not proven", wrong.len()).into());
    };
    assert_eq!(&wrong.name, layer);
    let Verdict::Differs(counterexample) = &wrong.verdict else {
        return Err(format!("{:?}", wrong.verdict).into());
    };
    assert!(counterexample.element.starts_with(layer.as_str()));
    assert!(!counterexample.given.is_empty());
    assert!(counterexample.expected.is_some() && counterexample.found.is_some());
    assert_ne!(counterexample.expected, counterexample.found);
    let said = counterexample.to_string();
    assert!(said.contains(" in the model, where "), "{said}");
    Ok(())
}

#[test]
fn a_wrong_rounding_is_found() -> Outcome {
    if !has_yosys() {
        return Ok(());
    }
    let text = r#"
        trigforge-ir 0.2
        module "round"
        %0 "x" = input {rounding=TRN, overflow=WRAP} : [2] fix(1,3,4)
        %1 "w" = const {mantissas=[3, -5, 7, 2]} : [2, 2] fix(1,3,0)
        %2 "dense" = dense %0, %1
        %3 "out" = requantize %2 {rounding=RND_CONV, overflow=SAT} : [2] fix(1,3,1)
        output "y" = %3
    "#;
    let model = Model::Graph(trigforge_codegen::ir::parse(text)?);
    let design = Design::new(&model, &Target::default())?;
    let kernel = emit(&design, None);
    let found = proofs(&model, &design, &kernel)?;
    assert!(found.iter().all(|proof| proof.verdict == Verdict::Proven));
    let mutant = mutated(&kernel, "out", "& ((|", "& (~(|").ok_or("no rounding to change")?;
    let found = proofs(&model, &design, &mutant)?;
    let differs = |proof: &&Proof| matches!(proof.verdict, Verdict::Differs(_));
    assert_eq!(found.iter().filter(differs).count(), 1);
    Ok(())
}

#[test]
fn a_layer_above_the_size_is_left_out_and_said_to_be() -> Outcome {
    let (model, design) = classifier()?;
    let options = Options {
        most_gates: 0,
        ..OPTIONS
    };
    let found = prove(&model, &design, &emit(&design, None), options, |_| {})?;
    let large = |proof: &Proof| proof.verdict == Verdict::TooLarge;
    assert!(found.iter().all(|proof| large(proof) || proof.gates == 0));
    assert!(found.iter().any(large));
    Ok(())
}
