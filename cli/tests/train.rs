//! A training as a user runs it, and kills it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

type Failed = Box<dyn std::error::Error>;
type Outcome = Result<(), Failed>;
/// Names and bytes.
type Files = Vec<(PathBuf, Vec<u8>)>;

const CONFIG: &str = r#"
[data]
path = "PATH"
features = ["x[0]", "x[1]"]
label = "label"
classes = ["outside", "inside"]
split = { train = 0.6, validation = 0.2, test = 0.2, seed = 1 }
[model]
name = "tiny"
layers = [{ type = "dense", units = 16 }, { type = "dense", units = 8 }]
[train]
float_epochs = 60
quantised_epochs = 60
batch_size = 32
learning_rate = 0.02
quantised_learning_rate = 0.01
averaging = 0.99
patience = 1000
seed = 3
cost = { beta = 1e-6, beta_final = 1e-4 }
[output]
front = true
"#;

/// How often the training is killed.
const KILLS: u64 = 10;

fn write_problem(dir: &Path) -> Outcome {
    let data = dir.join("tiny.npz");
    let x = Array2::from_shape_fn((3000, 2), |(i, j)| {
        (i * (37 + 22 * j) % 1009) as f32 / 500.0 - 1.0
    });
    let inside = |row: ndarray::ArrayView1<'_, f32>| row[0].powi(2) + row[1].powi(2) < 0.6;
    let label: Array1<i64> = x.rows().into_iter().map(|r| i64::from(inside(r))).collect();
    let mut writer = NpzWriter::new(std::fs::File::create(&data)?);
    writer.add_array("x", &x)?;
    writer.add_array("label", &label)?;
    writer.finish()?;
    let path = data.display().to_string().escape_default().to_string();
    std::fs::write(dir.join("config.toml"), CONFIG.replace("PATH", &path))?;
    Ok(())
}

fn train(dir: &Path, out: &str, resume: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trigforge"));
    command.arg("train").arg(dir.join("config.toml"));
    command.arg("--out").arg(dir.join(out)).arg("--quiet");
    if resume {
        command.arg("--resume");
    }
    command.stdout(Stdio::null());
    command
}

/// All files below a folder with their bytes.
fn files(dir: &Path) -> Result<Files, Failed> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            found.push((name, std::fs::read(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn killed_ten_times_and_resumed_it_gives_the_same_files() -> Outcome {
    let dir = tempfile::tempdir()?;
    write_problem(dir.path())?;
    let begun = Instant::now();
    assert!(train(dir.path(), "whole", false).status()?.success());
    let whole = begun.elapsed();

    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    eprintln!("moments of seed {seed}");
    let mut state = seed;
    let checkpoint = dir.path().join("killed/checkpoint/state.npz");
    let mut kills = 0;
    while kills < KILLS {
        // A linear congruential step (Knuth, MMIX); the upper bits are random enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 33) as f64 / f64::from(1u32 << 31);
        let mut running = train(dir.path(), "killed", checkpoint.is_file()).spawn()?;
        // On the mean, ten of these are a third of the training.
        std::thread::sleep(whole.mul_f64(share / 15.0) + Duration::from_millis(5));
        assert!(running.try_wait()?.is_none(), "done after {kills} kills");
        running.kill()?;
        running.wait()?;
        kills += 1;
    }
    assert!(checkpoint.is_file(), "no epoch was ever complete");
    assert!(train(dir.path(), "killed", true).status()?.success());
    assert_eq!(
        files(&dir.path().join("killed"))?,
        files(&dir.path().join("whole"))?
    );
    Ok(())
}
