//! The observables on simulated quark and gluon jets, where they are at hand:
//! `../shared/data/qg` beside the repository. Their separation is printed.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int8Type, Int16Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use trigforge_models::metrics::Ranking;
use trigforge_models::observables::{Jet, Observable, compute};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const ENTRIES: &str = r#"
    n_pf = { observable = "n_pf", pt = "pt" }
    w_pf = { observable = "w_pf", pt = "pt", y = "y", phi = "phi" }
    ptd = { observable = "ptd", pt = "pt" }
    c_02 = { observable = "c_beta", pt = "pt", y = "y", phi = "phi", beta = 0.2 }
    r_lambda = { observable = "r_lambda", pt = "pt", y = "y", phi = "phi" }
    s_frag = { observable = "s_frag", pt = "pt" }
    s_pid = { observable = "s_pid", pt = "pt", pid = "pid" }
    e_q = { observable = "e_q", pt = "pt", pid = "pid" }
"#;

/// Areas that the quark score must reach, and must not exceed. Gluons radiate more (colour factor
/// 3 against 4/3), so their jets have more, softer and wider-spread constituents of more species.
/// The charged fraction and the roundness are nearly the same for both.
const SIDES: [(&str, f64, f64); 8] = [
    ("n_pf", 0.0, 0.2),
    ("w_pf", 0.0, 0.3),
    ("ptd", 0.75, 1.0),
    ("c_02", 0.0, 0.25),
    ("r_lambda", 0.45, 0.55),
    ("s_frag", 0.0, 0.25),
    ("s_pid", 0.35, 0.45),
    ("e_q", 0.48, 0.56),
];

fn file() -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/qg/train.parquet");
    if file.is_file() {
        return Some(file);
    }
    eprintln!("SKIPPED: {} is not there", file.display());
    None
}

#[test]
fn gluon_jets_have_more_and_softer_constituents() -> Outcome {
    let Some(file) = file() else {
        return Ok(());
    };
    let observables: std::collections::BTreeMap<String, Observable> = toml::from_str(ENTRIES)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?;
    let mask =
        ProjectionMask::columns(builder.parquet_schema(), ["label", "pt", "y", "phi", "pid"]);
    let mut is_quark = Vec::new();
    let mut values = vec![Vec::new(); observables.len()];
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let column = |name: &str| batch.column_by_name(name).ok_or(name.to_owned());
        let label = column("label")?.as_primitive::<Int8Type>();
        is_quark.extend(label.values().iter().map(|&label| label == 1));
        let lists = |name: &str| column(name).map(|array| array.as_fixed_size_list().clone());
        let (pt, y, phi, pid) = (lists("pt")?, lists("y")?, lists("phi")?, lists("pid")?);
        for row in 0..batch.num_rows() {
            let (pt, y, phi, pid) = (pt.value(row), y.value(row), phi.value(row), pid.value(row));
            let pid: Vec<f32> = pid
                .as_primitive::<Int16Type>()
                .values()
                .iter()
                .map(|&pid| f32::from(pid))
                .collect();
            let jet = Jet {
                pt: pt.as_primitive::<Float32Type>().values(),
                y: y.as_primitive::<Float32Type>().values(),
                phi: phi.as_primitive::<Float32Type>().values(),
                pid: &pid,
            };
            for (observable, values) in observables.values().zip(&mut values) {
                values.push(f64::from(compute(observable, &jet)?));
            }
        }
    }

    println!(
        "{} jets; area under the ROC curve of the quark score",
        is_quark.len()
    );
    for (name, values) in observables.keys().zip(&values) {
        let ranking = Ranking::new(values, |row| Some(is_quark[row]));
        let area = ranking.auc(&vec![1.0; values.len()]);
        let mean = |quark: bool| {
            let of: Vec<f64> = values
                .iter()
                .zip(&is_quark)
                .filter(|(_, is)| **is == quark)
                .map(|(value, _)| *value)
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        let (quark, gluon) = (mean(true), mean(false));
        println!("{name:>9}  {area:.4}  mean quark {quark:8.4}  gluon {gluon:8.4}");
        let (_, least, most) = SIDES
            .iter()
            .find(|(side, ..)| side == name)
            .ok_or("no side stated")?;
        assert!((least..=most).contains(&&area), "{name}: {area}");
        if name == "n_pf" {
            // An independent sample of the same kind gave 0.841 for 1 - area.
            assert!((1.0 - area - 0.841).abs() < 0.01, "multiplicity: {area}");
        }
    }
    Ok(())
}
