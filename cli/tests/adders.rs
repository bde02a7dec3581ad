//! `trigforge adders`: figures, the circuit that it writes, refusals.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ndarray::{Array2, Array3, array};
use ndarray_npy::{read_npy, write_npy};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn trigforge(folder: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_trigforge"))
        .current_dir(folder)
        .args(arguments)
        .output()
}

fn json(
    folder: &Path,
    arguments: &[&str],
) -> Result<serde_json::Value, Box<dyn std::error::Error>> {
    let output = trigforge(folder, arguments)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A matrix that needs sharing: x0 + x1 in each column.
fn matrix() -> Array2<i64> {
    array![[1, 2, -1], [1, 2, -1], [5, 0, 7]]
}

#[test]
fn the_circuit_computes_the_product() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    write_npy(at("m.npy"), &matrix())?;
    let arguments = [
        "adders",
        "m.npy",
        "--input-bits",
        "6",
        "--out",
        "y.ir",
        "--json",
    ];
    let figures = json(folder.path(), &arguments)?;
    // a = x0 + x1, b = a + x2, b + 4 x2 and 8 x2 - b.
    assert_eq!(figures["adders"], 4);
    assert_eq!(figures["inputs"], 3);
    assert_eq!(figures["columns"], 3);
    assert!(figures["time_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    let events = array![[-32, 31, 7], [1, 2, 3], [31, 31, -32], [0, 0, 0]];
    write_npy(at("x.npy"), &events)?;
    let run = ["run", "y.ir", "--input", "x.npy", "--out", "y.npy"];
    let output = trigforge(folder.path(), &run)?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let y: Array2<f64> = read_npy(at("y.npy"))?;
    assert_eq!(y, events.dot(&matrix()).mapv(|y| y as f64));
    Ok(())
}

#[test]
fn less_depth_takes_more_adders() -> Outcome {
    let folder = tempfile::tempdir()?;
    let weight =
        |(k, i, j)| 129 + (k * 7919 + i * 104_729 + j * 1_299_709 + i * j * 31) as i64 % 127;
    write_npy(
        folder.path().join("m.npy"),
        &Array3::from_shape_fn((2, 8, 8), weight),
    )?;
    let mut adders = Vec::new();
    for extra in [None, Some("0")] {
        let mut arguments = vec!["adders", "m.npy", "--json"];
        arguments.extend(extra.into_iter().flat_map(|extra| ["--extra-depth", extra]));
        let figures = json(folder.path(), &arguments)?;
        let list = figures.as_array().ok_or("not a list")?;
        assert_eq!(list.len(), 2);
        adders.push(list[0]["adders"].as_u64().ok_or("no number")?);
        if extra.is_some() {
            // 8 weights of at most 4 digits each.
            assert!(list[0]["depth"].as_u64() <= Some(5), "{figures}");
        }
    }
    assert!(adders[0] < adders[1], "{adders:?}");
    Ok(())
}

#[test]
fn what_is_no_matrix_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let refused = |name: &str, arguments: &[&str]| -> Result<String, Box<dyn std::error::Error>> {
        let output = trigforge(folder.path(), &[&["adders", name], arguments].concat())?;
        assert!(!output.status.success(), "{name} was taken");
        let text = String::from_utf8(output.stderr)?.replace('│', " ");
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    write_npy(folder.path().join("v.npy"), &array![1i64, 2])?;
    assert!(refused("v.npy", &[])?.contains("expected [N, M] or [K, N, M]"));
    write_npy(folder.path().join("half.npy"), &array![[0.5]])?;
    assert!(refused("half.npy", &[])?.contains("0.5 is not an integer"));
    write_npy(folder.path().join("large.npy"), &array![[i64::MAX, 1]])?;
    assert!(refused("large.npy", &[])?.contains("has more than 60 bits"));
    write_npy(
        folder.path().join("stack.npy"),
        &Array3::<i64>::ones((2, 2, 2)),
    )?;
    assert!(refused("stack.npy", &["--out", "y.ir"])?.contains("the file holds 2"));
    assert!(refused("none.npy", &[])?.contains("none.npy"));
    Ok(())
}
