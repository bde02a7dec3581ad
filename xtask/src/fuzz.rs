//! `cargo xtask fuzz`: hostile files for the importers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;
use crate::process::{run as execute, succeeds};

/// Memory above which a run has failed, in MiB.
const MEMORY: usize = 1_024;
/// Seconds above which one file has failed.
const SLOWEST: usize = 20;
/// Longest seed that is worth changing at random, in bytes.
const LONGEST_SEED: u64 = 64 << 10;

/// A target: what it reads, by how its files end.
struct Target {
    name: &'static str,
    endings: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target {
        name: "onnx",
        endings: &[".onnx"],
    },
    Target {
        name: "alir",
        endings: &["comb.json"],
    },
    Target {
        name: "trees",
        endings: &["bdt.xgb.json", "bdt.lgb.txt"],
    },
    Target {
        name: "formula",
        endings: &[".formula"],
    },
    Target {
        name: "ir",
        endings: &[".ir"],
    },
];

/// Where real files lie, from the root of the repository; those that are not
/// there give no seeds.
const FOLDERS: &[&str] = &["models/zoo", "tests/in", "../shared/models"];

/// Feeds changed files to the importers until one crashes, takes more than 1 GiB
/// or 20 s, or the time is over.
///
/// Needs a nightly toolchain and `cargo install cargo-fuzz`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Targets [default: all].
    #[arg(value_name = "TARGET", value_parser = names())]
    targets: Vec<String>,
}

fn names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(TARGETS.iter().map(|target| target.name))
}

/// Runs the targets that are asked for, one after the other.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let context = Context::new(None, false)?;
    if !succeeds(
        context
            .command("cargo")
            .args(["+nightly", "fuzz", "--version"]),
    ) {
        bail!("needs `rustup toolchain install nightly` and `cargo install cargo-fuzz`");
    }
    let chosen = |target: &&Target| {
        arguments.targets.is_empty() || arguments.targets.iter().any(|name| name == target.name)
    };
    for target in TARGETS.iter().filter(chosen) {
        fuzz(&context, target, arguments.seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn fuzz(context: &Context, target: &Target, seconds: u64) -> Result<()> {
    let folder = context.work("fuzz").join(target.name);
    let corpus = folder.join("corpus");
    let seeds = folder.join("seeds");
    for folder in [&corpus, &seeds] {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let count = copy_seeds(context, target, &seeds)?;
    println!("==> {}: {count} seeds, {seconds} s", target.name);
    let mut fuzz = context.command("cargo");
    fuzz.args([
        "+nightly",
        "fuzz",
        "run",
        "--release",
        "--sanitizer",
        "none",
    ]);
    fuzz.arg("--target-dir")
        .arg(context.work("fuzz").join("build"));
    fuzz.arg(target.name).arg(&corpus).arg(&seeds).arg("--");
    execute(fuzz.args([
        format!("-max_total_time={seconds}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-malloc_limit_mb={MEMORY}"),
        format!("-timeout={SLOWEST}"),
        format!("-max_len={LONGEST_SEED}"),
        "-print_final_stats=1".to_owned(),
        "-verbosity=1".to_owned(),
    ]))
}

/// Copies the target's own seeds and short real files into a folder.
fn copy_seeds(context: &Context, target: &Target, seeds: &Path) -> Result<usize> {
    let mut folders = vec![context.root.join("fuzz/seeds").join(target.name)];
    let own = folders.clone();
    folders.extend(FOLDERS.iter().map(|folder| context.root.join(folder)));
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path: PathBuf = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let wanted = own.iter().any(|own| path.starts_with(own))
                || target.endings.iter().any(|ending| name.ends_with(ending));
            if path.is_dir() {
                folders.push(path);
            } else if wanted && path.metadata()?.len() <= LONGEST_SEED {
                let copy = seeds.join(format!("{count}-{name}"));
                let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
                std::fs::write(&copy, bytes).with_context(|| copy.display().to_string())?;
                count += 1;
            }
        }
    }
    Ok(count)
}
