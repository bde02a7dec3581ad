//! The files in `fuzz/`: seeds are models, and what a run found is an error or a
//! model, quickly.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trigforge_codegen::import::{alir, read};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::parse;
use trigforge_codegen::quantize::to_integer;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The target and the path of every file below a folder of `fuzz/`.
fn files(folder: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz")
        .join(folder);
    let mut files = Vec::new();
    for target in std::fs::read_dir(root)? {
        let target = target?;
        for file in std::fs::read_dir(target.path())? {
            let name = target.file_name().to_string_lossy().into_owned();
            files.push((name, file?.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// Does what the targets do.
fn run(target: &str, path: &Path) -> Outcome {
    match target {
        "alir" => {
            let text = std::fs::read_to_string(path)?;
            alir::parse(&text, "circuit").map_err(|refusal| format!("{refusal:?}"))?;
        }
        "ir" => {
            let module = parse(&std::fs::read_to_string(path)?)?;
            Interpreter::new(&module)?;
        }
        _ => {
            // What has no exact integers yet is a model all the same.
            let _ = to_integer(&read(path)?);
        }
    }
    Ok(())
}

#[test]
fn seeds_are_models() -> Outcome {
    let seeds = files("seeds")?;
    for target in ["alir", "formula", "trees"] {
        assert!(seeds.iter().any(|(name, _)| name == target), "{target}");
    }
    for (target, path) in seeds {
        run(&target, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

#[test]
fn what_runs_found_is_answered_quickly() -> Outcome {
    let found = files("found")?;
    assert!(!found.is_empty());
    for (target, path) in found {
        let start = Instant::now();
        let answer = run(&target, &path);
        let took = start.elapsed();
        println!("{}: {answer:?}", path.display());
        assert!(
            took < Duration::from_secs(2),
            "{}: {took:?}",
            path.display()
        );
    }
    Ok(())
}
