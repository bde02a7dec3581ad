//! A training as a user runs it, and kills it.

mod tiny;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

type Failed = Box<dyn std::error::Error>;
type Outcome = Result<(), Failed>;
/// Names and bytes.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// How often the training is killed.
const KILLS: u64 = 10;

/// A training of so many epochs in each stage, with the front.
fn write_problem(dir: &Path, epochs: usize) -> Outcome {
    let train = format!(
        "float_epochs = {epochs}\nquantised_epochs = {epochs}\naveraging = 0.99\n\
         patience = 1000\ncost = {{ beta = 1e-6, beta_final = 1e-4 }}\n[output]\nfront = true\n"
    );
    let layers = r#"{ type = "dense", units = 16 }, { type = "dense", units = 8 }"#;
    tiny::write(dir, 3000, layers, &train)
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
fn killed_while_it_is_judged_it_does_not_train_again() -> Outcome {
    let dir = tempfile::tempdir()?;
    write_problem(dir.path(), 4)?;
    assert!(train(dir.path(), "whole", false).status()?.success());

    let judged = dir.path().join("killed/checkpoint/model-validation.npz");
    let mut running = train(dir.path(), "killed", false).spawn()?;
    while !judged.is_file() {
        assert!(running.try_wait()?.is_none(), "done before it was killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill()?;
    running.wait()?;
    let out = dir.path().join("killed");
    assert!(!out.join("CARD.md").is_file(), "done before it was killed");

    let mut command = Command::new(env!("CARGO_BIN_EXE_trigforge"));
    command.arg("train").arg(dir.path().join("config.toml"));
    command.arg("--resume");
    let resumed = command.arg("--out").arg(&out).output()?;
    let said = String::from_utf8(resumed.stderr)?;
    assert!(resumed.status.success(), "{said}");
    assert!(!said.contains("epoch"), "{said}");
    assert_eq!(files(&out)?, files(&dir.path().join("whole"))?);
    Ok(())
}

#[test]
fn killed_ten_times_and_resumed_it_gives_the_same_files() -> Outcome {
    let dir = tempfile::tempdir()?;
    write_problem(dir.path(), 60)?;
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
