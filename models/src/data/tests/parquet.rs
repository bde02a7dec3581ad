//! Scalars, particle clouds, images, weights, selections and targets of a Parquet file.

use super::files::{ROWS, constituents, jets, phi, pt};
use super::*;

const INPUTS: &str = r#"
    path = "DIR/jets.parquet"
    label = "label"
    classes = ["no", "yes"]
    split = { train = 0.6, validation = 0.2, test = 0.2, seed = 1 }
    [[data.inputs]]
    name = "global"
    columns = ["mass", "n"]
    [[data.inputs]]
    name = "particles"
    columns = ["phi", "pt"]
    particles = 3
    mask = "pt"
    [[data.inputs]]
    name = "image"
    columns = ["image"]
    image = [1, 2, 3]
"#;

fn open(text: &str) -> Result<Source, DataError> {
    let dir = tempfile::tempdir().expect("tempdir");
    write_parquet(&dir.path().join("jets.parquet"), jets(), 16);
    Source::open(&config(dir.path(), text))
}

#[test]
fn inputs_have_the_shapes_of_their_columns() {
    let source = open(INPUTS).expect("source");
    let shapes: Vec<_> = source
        .inputs()
        .iter()
        .map(|input| input.shape.clone())
        .collect();
    assert_eq!(shapes, [vec![2], vec![3, 2], vec![1, 2, 3]]);
    assert_eq!(source.inputs()[1].mask, Some(1));
    assert!(source.in_memory());
    assert_eq!(Part::ALL.map(|part| source.rows(part)), [30, 10, 10]);

    let split = Split::new(Path::new("t"), ROWS, &config(Path::new("t"), INPUTS).split);
    let split = split.expect("split");
    for part in Part::ALL {
        let events = events(&source, part, None);
        let rows = split.rows(part);
        assert_eq!(events.rows, rows.len());
        assert_eq!(
            events.labels,
            rows.iter().map(|row| row % 2).collect::<Vec<_>>()
        );
        assert_eq!(events.weights, vec![1.0; rows.len()]);
        let all = |cells: &dyn Fn(usize) -> Vec<f32>| -> Vec<f32> {
            rows.iter().flat_map(|row| cells(*row)).collect()
        };
        assert_eq!(
            events.inputs[0],
            all(&|row| vec![80.0 + row as f32, constituents(row) as f32])
        );
        let slot = |row, slot| match pt(row, slot) {
            0.0 => [0.0, 0.0],
            pt => [phi(row, slot), pt],
        };
        assert_eq!(
            events.inputs[1],
            all(&|row| (0..3).flat_map(|s| slot(row, s)).collect())
        );
        assert_eq!(
            events.inputs[2],
            all(&|row| (0..6).map(|cell| (row * 6 + cell) as f32).collect())
        );
    }
}

#[test]
fn summaries_are_of_the_training_part_without_empty_slots() {
    let source = open(INPUTS).expect("source");
    let train = events(&source, Part::Train, None);
    let slots: Vec<f32> = train.inputs[1].iter().skip(1).step_by(2).copied().collect();
    let mut full: Vec<f32> = slots.into_iter().filter(|pt| *pt != 0.0).collect();
    full.sort_by(f32::total_cmp);
    let summary = &source.column_summary(1)[1];
    assert_eq!(
        (summary.name.as_str(), summary.count),
        ("pt", full.len() as u64)
    );
    assert_eq!(summary.sample(), full);
    assert_eq!((summary.min, summary.max), (full[0], full[full.len() - 1]));
    let mean = full.iter().map(|v| f64::from(*v)).sum::<f64>() / full.len() as f64;
    let square = |v: &f32| (f64::from(*v) - mean).powi(2);
    let variance = full.iter().map(square).sum::<f64>() / full.len() as f64;
    assert!((summary.mean - mean).abs() < 1e-10 && (summary.std - variance.sqrt()).abs() < 1e-10);
    assert_eq!(summary.quantile(0.0), full[0]);
    assert_eq!(summary.quantile(0.5), full[(full.len() - 1).div_ceil(2)]);
    assert_eq!(source.column_summary(0)[1].max, 4.0);
}

#[test]
fn selection_weight_and_targets() {
    let source = open(&format!(
        "path = \"DIR/jets.parquet\"\nfeatures = [\"mass\"]\ntargets = [\"jet_phi\", \"n\"]\n\
         weight = \"w\"\nselection = [\"mass >= 90\", \"n + 1 != 3\"]\n{SPLIT}"
    ))
    .expect("source");
    let kept: Vec<usize> = (10..ROWS).filter(|row| constituents(*row) != 2).collect();
    assert_eq!(source.counts().deselected, ROWS - kept.len());
    let mut found = Events::empty(1);
    for part in Part::ALL {
        found.append(events(&source, part, None));
    }
    let mut rows: Vec<_> = (0..found.rows)
        .map(|at| {
            let row = (found.inputs[0][at] - 80.0) as usize;
            assert_eq!(found.targets[2 * at], row as f32 * 0.1);
            assert_eq!(found.targets[2 * at + 1], constituents(row) as f32);
            assert_eq!(found.weights[at], 1.0 + (row % 3) as f32);
            row
        })
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, kept);
    assert!(found.labels.is_empty());
}

#[test]
fn rows_with_one_number_stay_together() {
    let text = format!(
        "path = \"DIR/jets.parquet\"\nfeatures = [\"mass\"]\nlabel = \"label\"\n\
         classes = [\"a\", \"b\"]\n{}",
        SPLIT.replace("seed", "by = \"event\", seed")
    );
    let source = open(&text).expect("source");
    let mut seen = std::collections::BTreeMap::new();
    for part in Part::ALL {
        for mass in &events(&source, part, None).inputs[0] {
            let event = (mass - 80.0) as usize / 2;
            assert_eq!(*seen.entry(event).or_insert(part as usize), part as usize);
        }
    }
    assert_eq!(seen.len(), ROWS / 2);
}

#[test]
fn derived_columns_take_scalars_and_lists() {
    let source = open(&format!(
        "path = \"DIR/jets.parquet\"\ntargets = [\"logm\"]\n{SPLIT}\
         [[data.inputs]]\nname = \"p\"\ncolumns = [\"pt\", \"dphi\", \"half\"]\nparticles = 4\n\
         mask = \"pt\"\n[data.derive]\ndphi = \"wrap(phi - jet_phi)\"\nhalf = \"dphi / 2\"\n\
         logm = \"log(mass)\"\n"
    ))
    .expect("source");
    let train = events(&source, Part::Train, None);
    for (at, target) in train.targets.iter().enumerate() {
        let row = (target.exp() - 80.0).round() as usize;
        assert_eq!(*target, (80.0 + row as f64).ln() as f32);
        for (slot, values) in train.inputs[0][at * 12..(at + 1) * 12]
            .chunks(3)
            .enumerate()
        {
            if pt(row, slot) == 0.0 {
                assert_eq!(values, [0.0; 3]);
                continue;
            }
            let angle = f64::from(phi(row, slot)) - f64::from(row as f32 * 0.1);
            let expected = angle.sin().atan2(angle.cos());
            assert!((f64::from(values[1]) - expected).abs() < 1e-6, "{values:?}");
            assert_eq!(values[2], values[1] / 2.0);
        }
    }
}
