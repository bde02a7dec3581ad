//! `trigforge data` as a user runs it: what it shows, what it stores, what it refuses.

use std::path::Path;
use std::process::{Command, Output};

use ndarray::{Array1, Array2, Array3};
use ndarray_npy::NpzReader;
use serde_json::Value;

type Failed = Box<dyn std::error::Error>;
type Outcome = Result<(), Failed>;

const ROWS: usize = 200;

/// Of every row: `mass`, two slots of `pt` (the second one empty in odd rows), a class, and `kept`,
/// which is 0 in every tenth row.
fn csv() -> String {
    let mut text = "mass,pt[0],pt[1],eta[0],eta[1],label,kept\n".to_owned();
    for row in 0..ROWS {
        let pt = if row % 2 == 1 { 0.0 } else { 2.0 };
        let (mass, label, kept) = (row as f64 / 2.0, row % 2, i32::from(row % 10 > 0));
        text.push_str(&format!(
            "{mass},{},{pt},0.5,-0.{row},{label},{kept}\n",
            row + 1
        ));
    }
    text
}

const CONFIG: &str = r#"
[data]
path = "PATH"
label = "label"
classes = ["QCD", "top"]
selection = ["kept == 1"]
split = { train = 0.5, validation = 0.25, test = 0.25, seed = 1 }
[[data.inputs]]
name = "jet"
columns = ["mass"]
[[data.inputs]]
name = "particles"
columns = ["pt", "eta"]
particles = 2
mask = "pt"
"#;

fn write(dir: &Path, csv: &str, more: &str) -> Outcome {
    let path = dir.join("jets.csv");
    std::fs::write(&path, csv)?;
    let path = path.display().to_string().escape_default().to_string();
    let config = CONFIG.replace("PATH", &path);
    let config = config.replace("label = \"label\"\n", &format!("label = \"label\"\n{more}"));
    Ok(std::fs::write(dir.join("config.toml"), config)?)
}

fn data(dir: &Path, arguments: &[&str]) -> Result<Output, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trigforge"));
    command.current_dir(dir).args(["data", "config.toml"]);
    Ok(command.args(arguments).output()?)
}

fn said(output: Output) -> Result<String, Failed> {
    let errors = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{errors}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn it_counts_rows_and_classes_and_shows_ranges() -> Outcome {
    let dir = tempfile::tempdir()?;
    write(dir.path(), &csv(), "")?;
    let text = said(data(dir.path(), &[])?)?;
    for line in [
        "200 rows, held in memory",
        "20 rows left out by the selection",
        "input `jet`, shape [1]",
        "input `particles`, shape [2, 2]",
        "a slot is empty where pt is 0",
    ] {
        assert!(text.contains(line), "'{line}' is missing in\n{text}");
    }
    let report: Value = serde_json::from_str(&said(data(dir.path(), &["--json"])?)?)?;
    let rows: Vec<_> = (0..3)
        .map(|at| report["parts"][at]["rows"].as_u64())
        .collect();
    assert_eq!(rows, [Some(90), Some(45), Some(45)]);
    let of_class = |class: usize| -> Option<u64> {
        let parts = report["parts"].as_array()?.iter();
        parts.map(|part| part["classes"][class].as_u64()).sum()
    };
    // Every tenth row is of class 0.
    assert_eq!((of_class(0), of_class(1)), (Some(80), Some(100)));
    let pt = &report["inputs"][1]["columns"][0];
    // Empty slots do not count: the least value is no 0.
    assert!(pt["min"].as_f64() >= Some(1.0), "{pt}");
    let odd = report["parts"][0]["classes"][1].as_u64();
    assert_eq!(pt["values"].as_u64(), odd.map(|odd| 2 * 90 - odd), "{pt}");
    Ok(())
}

#[test]
fn of_a_streamed_file_it_says_what_is_not_used() -> Outcome {
    let dir = tempfile::tempdir()?;
    write(
        dir.path(),
        &csv(),
        "memory_rows = 100\nheld_back_rows = 30\n",
    )?;
    let report: Value = serde_json::from_str(&said(data(dir.path(), &["--json"])?)?)?;
    assert_eq!(report["in_memory"], false);
    let rows = |at: usize| report["parts"][at]["rows"].as_u64().unwrap_or(0);
    let unused = |at: usize| report["unused"][at].as_u64().unwrap_or(0);
    assert_eq!((0..3).map(|at| rows(at) + unused(at)).sum::<u64>(), 180);
    assert!((70..=110).contains(&rows(0)) && unused(0) == 0, "{report}");
    assert!([1, 2].map(rows).iter().all(|rows| (5..=30).contains(rows)));
    let text = said(data(dir.path(), &[])?)?;
    let line = format!("{} rows of the held-back parts", unused(1) + unused(2));
    assert!(unused(1) > 0 && text.contains(&line), "{text}");
    Ok(())
}

#[test]
fn parts_are_stored_in_physical_units() -> Outcome {
    let dir = tempfile::tempdir()?;
    write(dir.path(), &csv(), "")?;
    let text = said(data(dir.path(), &["--write", "parts"])?)?;
    let mut masses = Vec::new();
    for (part, rows) in [("train", 90), ("validation", 45), ("test", 45)] {
        let path = Path::new("parts").join(format!("{part}.npz"));
        assert!(
            text.contains(&format!("wrote {}", path.display())),
            "{text}"
        );
        let mut file = NpzReader::new(std::fs::File::open(dir.path().join(&path))?)?;
        let jet: Array2<f32> = file.by_name("jet")?;
        let particles: Array3<f32> = file.by_name("particles")?;
        let labels: Array1<i64> = file.by_name("labels")?;
        assert_eq!(jet.dim(), (rows, 1));
        assert_eq!(particles.dim(), (rows, 2, 2));
        for row in 0..rows {
            let of_file = (2.0 * jet[[row, 0]]) as i64;
            assert_eq!(labels[row], of_file % 2);
            assert_eq!(particles[[row, 0, 0]], (of_file + 1) as f32);
            // The second slot of an odd row is empty, whatever the file holds beside it.
            assert_eq!(particles[[row, 1, 1]] == 0.0, of_file % 2 == 1);
            masses.push(of_file);
        }
    }
    masses.sort_unstable();
    let kept = (0..ROWS as i64).filter(|row| row % 10 > 0);
    assert_eq!(masses, kept.collect::<Vec<_>>());
    Ok(())
}

#[test]
fn what_cannot_be_used_is_named() -> Outcome {
    let dir = tempfile::tempdir()?;
    let refused = |csv: &str| -> Result<String, Failed> {
        write(dir.path(), csv, "")?;
        let output = data(dir.path(), &[])?;
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        // Errors are wrapped to the width of the terminal.
        let said = String::from_utf8(output.stderr)?;
        Ok(said
            .split_whitespace()
            .filter(|w| *w != "│")
            .collect::<Vec<_>>()
            .join(" "))
    };
    let nan = refused(&csv().replace("\n16.5,", "\nnan,"))?;
    for word in ["jets.csv", "mass", "33"] {
        assert!(nan.contains(word), "{word}: {nan}");
    }
    let label = refused(&csv().replace(",1,1\n", ",2,1\n"))?;
    assert!(label.contains("label") && label.contains('2'), "{label}");
    let missing = refused(&csv().replace("mass", "m"))?;
    assert!(missing.contains("mass"), "{missing}");
    Ok(())
}
