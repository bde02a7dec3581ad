//! A sweep as a user runs it, and kills it.

mod tiny;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const SPACE: &str = r#"
method = "random"
trials = 3
seed = 4
objective = "validation.accuracy"
[parameters]
"train.learning_rate" = { log = [1e-3, 1e-1] }
"model.weights.bits" = { int = [3, 8] }
"#;

fn write_problem(dir: &Path) -> Outcome {
    let train = "float_epochs = 12\nquantised_epochs = 8\npatience = 20";
    tiny::write(dir, 900, r#"{ type = "dense", units = 8 }"#, train)?;
    Ok(std::fs::write(dir.join("sweep.toml"), SPACE)?)
}

fn sweep(dir: &Path, out: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trigforge"));
    command
        .arg("sweep")
        .args([dir.join("config.toml"), dir.join("sweep.toml")])
        .arg("--out")
        .arg(dir.join(out))
        .args(more);
    command
}

fn succeed(mut command: Command) -> Result<String, Box<dyn std::error::Error>> {
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The trials of a sweep, without their times.
fn trials(out: &Path) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let state: Value = serde_json::from_slice(&std::fs::read(out.join("sweep.json"))?)?;
    let mut trials = state["trials"].as_array().cloned().unwrap_or_default();
    for trial in &mut trials {
        trial["seconds"] = Value::Null;
    }
    Ok(trials)
}

fn models(out: &Path) -> Result<Vec<Vec<u8>>, std::io::Error> {
    let path = |n: usize| -> PathBuf { out.join(format!("trial-{n:04}/model.onnx")) };
    (0..3).map(|n| std::fs::read(path(n))).collect()
}

#[test]
fn killed_in_the_middle_of_a_trial_and_resumed_gives_the_same_models() -> Outcome {
    let folder = tempfile::tempdir()?;
    let dir = folder.path();
    write_problem(dir)?;
    let printed = succeed(sweep(dir, "whole", &["--quiet"]))?;
    assert!(
        printed.contains("Front of validation accuracy"),
        "{printed}"
    );
    let whole = dir.join("whole");
    let finished = trials(&whole)?;
    assert_eq!(finished.len(), 3);

    let killed = dir.join("killed");
    let mut child = sweep(dir, "killed", &["--quiet"])
        .stdout(Stdio::null())
        .spawn()?;
    let checkpoint = killed.join("trial-0001/checkpoint/state.npz");
    let begun = Instant::now();
    while !checkpoint.exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill()?;
    child.wait()?;
    let left = trials(&killed)?;
    assert_eq!(left[..1], finished[..1]);
    assert_eq!(left[1]["outcome"], "running", "killed too late");
    let first = std::fs::metadata(killed.join("trial-0000/model.onnx"))?.modified()?;

    let error = sweep(dir, "killed", &["--quiet"]).output()?;
    assert!(!error.status.success(), "a sweep is not overwritten");
    let resumed = succeed(sweep(dir, "killed", &["--quiet", "--resume"]))?;
    assert_eq!(trials(&killed)?, finished);
    assert_eq!(models(&killed)?, models(&whole)?);
    let table = |text: &str| text.split("written to").next().map(str::to_owned);
    assert_eq!(table(&resumed), table(&printed));
    let again = std::fs::metadata(killed.join("trial-0000/model.onnx"))?.modified()?;
    assert_eq!(first, again, "a finished trial is not trained again");
    Ok(())
}
