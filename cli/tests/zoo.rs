//! Every model of the zoo does what its files say.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

type Failed = Box<dyn std::error::Error>;

/// The folders of all models.
fn folders() -> Result<Vec<PathBuf>, Failed> {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/zoo");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(zoo)? {
        found.push(entry?.path());
    }
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    Ok(found)
}

fn trigforge(arguments: &[&std::ffi::OsStr]) -> Result<String, Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_trigforge"))
        .args(arguments)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn every_kernel_agrees_with_the_interpreter_on_the_sample() -> Result<(), Failed> {
    for folder in folders()? {
        let (model, sample) = (folder.join("model.onnx"), folder.join("sample.npz"));
        let said = trigforge(&[
            "verify".as_ref(),
            model.as_ref(),
            "--input".as_ref(),
            sample.as_ref(),
        ])?;
        assert!(said.contains("agree, bit for bit"), "{said}");
    }
    Ok(())
}

#[test]
fn every_entry_is_complete_and_states_the_cost_of_its_model() -> Result<(), Failed> {
    for folder in folders()? {
        for name in [
            "config.toml",
            "model.onnx",
            "float.onnx",
            "sample.npz",
            "CARD.md",
        ] {
            assert!(folder.join(name).is_file(), "{}: {name}", folder.display());
        }
        let metrics = std::fs::read_to_string(folder.join("metrics.json"))?;
        let metrics: Value = serde_json::from_str(&metrics)?;
        let model = folder.join("model.onnx");
        let said = trigforge(&["inspect".as_ref(), model.as_ref(), "--json".as_ref()])?;
        let inspected: Value = serde_json::from_str(&said)?;
        let nodes = inspected["nodes"].as_array().ok_or("no nodes")?;
        let ebops: u64 = nodes.iter().filter_map(|node| node["ebops"].as_u64()).sum();
        assert_eq!(metrics["cost"]["ebops"], ebops, "{}", folder.display());
    }
    Ok(())
}
