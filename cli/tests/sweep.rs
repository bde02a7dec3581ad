//! A sweep as a user runs it, and kills it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const CONFIG: &str = r#"
[data]
path = "PATH"
features = ["x[0]", "x[1]"]
label = "label"
classes = ["outside", "inside"]
split = { train = 0.6, validation = 0.2, test = 0.2, seed = 1 }
[model]
name = "tiny"
layers = [{ type = "dense", units = 8 }]
[train]
float_epochs = 12
quantised_epochs = 8
batch_size = 32
learning_rate = 0.02
quantised_learning_rate = 0.01
patience = 20
seed = 3
"#;

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
    let data = dir.join("tiny.npz");
    let x = Array2::from_shape_fn((900, 2), |(i, j)| {
        (i * (37 + 22 * j) % 101) as f32 / 50.0 - 1.0
    });
    let label: Array1<i64> = x
        .rows()
        .into_iter()
        .map(|row| i64::from(row[0].powi(2) + row[1].powi(2) < 0.6))
        .collect();
    let mut writer = NpzWriter::new(std::fs::File::create(&data)?);
    writer.add_array("x", &x)?;
    writer.add_array("label", &label)?;
    writer.finish()?;
    let path = data.display().to_string().escape_default().to_string();
    std::fs::write(dir.join("config.toml"), CONFIG.replace("PATH", &path))?;
    std::fs::write(dir.join("sweep.toml"), SPACE)?;
    Ok(())
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
