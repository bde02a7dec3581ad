//! Files with more rows than are held in memory.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::files::{integers, scalars};
use super::*;

const ROWS: usize = 3000;
/// Rows of a row group.
const GROUP: usize = 200;
/// Rows of a chunk: a quarter of `memory_rows`.
const CHUNK: usize = 250;

/// Enough for whole parts.
const HELD_BACK: usize = 1000;

/// Two files, sorted by class, in which `x` is the number of the row.
fn open(keys: &str) -> Result<(Source, TempDir), DataError> {
    open_with(HELD_BACK, keys)
}

/// The same, of whose held-back parts so many rows are used at most.
fn open_with(held_back: usize, keys: &str) -> Result<(Source, TempDir), DataError> {
    let dir = tempfile::tempdir().expect("tempdir");
    for (name, first, last) in [("a", 0, 1700), ("b", 1700, ROWS)] {
        let rows = || first..last;
        let columns = vec![
            ("x", scalars(rows().map(|row| row as f32))),
            ("y", scalars(rows().map(|row| (row as f32).sqrt()))),
            ("event", integers(rows().map(|row| (row / 7) as i64))),
            ("label", integers(rows().map(|row| i64::from(row > 1000)))),
        ];
        write_parquet(&dir.path().join(format!("{name}.parquet")), columns, GROUP);
    }
    let text = format!(
        "paths = [\"DIR/a.parquet\", \"DIR/b.parquet\"]\nfeatures = [\"y\", \"x\"]\n\
         label = \"label\"\nclasses = [\"no\", \"yes\"]\nheld_back_rows = {held_back}\n{keys}"
    );
    // The files are opened again for each row group.
    Source::open(&config(dir.path(), &text)).map(|source| (source, dir))
}

fn streamed() -> (Source, TempDir) {
    open(&format!("memory_rows = {}\n{SPLIT}", 4 * CHUNK)).expect("source")
}

/// The numbers of the rows.
fn rows(events: &Events) -> Vec<usize> {
    let x = events.inputs[0].iter().skip(1).step_by(2);
    x.map(|x| *x as usize).collect()
}

#[test]
fn every_row_is_in_one_part_in_every_order() {
    let (source, _dir) = streamed();
    assert!(!source.in_memory());
    let mut all = Vec::new();
    for part in Part::ALL {
        let of_part = events(&source, part, None);
        let in_order = rows(&of_part);
        assert!(in_order.windows(2).all(|pair| pair[0] < pair[1]));
        for (row, label) in in_order.iter().zip(&of_part.labels) {
            assert_eq!(*label, usize::from(*row > 1000));
        }
        assert_eq!(in_order.len(), source.rows(part));
        let share = in_order.len() as f64 / ROWS as f64;
        let expected = [0.6, 0.2, 0.2][part as usize];
        assert!(
            (share - expected).abs() < 0.04,
            "{share} in {}",
            part.name()
        );
        for epoch in 0..3 {
            let shuffled = events(&source, part, Some((5, epoch)));
            let mut found = rows(&shuffled);
            assert_ne!(found, in_order);
            found.sort_unstable();
            assert_eq!(found, in_order);
        }
        all.extend(in_order);
    }
    all.sort_unstable();
    assert_eq!(all, (0..ROWS).collect::<Vec<_>>());
    let labels = &source.counts().classes;
    assert_eq!(labels.iter().map(|counts| counts[0]).sum::<usize>(), 1001);
}

#[test]
fn held_back_parts_are_thinned_to_what_is_held_of_them() {
    let keys = format!("memory_rows = {}\n{SPLIT}", 4 * CHUNK);
    let open = |most: usize, keys: &str| open_with(most, keys).expect("source");
    let (whole, _dir) = open(HELD_BACK, &keys);
    let (source, _other) = open(200, &keys);
    assert_eq!(source.rows(Part::Train), whole.rows(Part::Train));
    assert_eq!(source.counts().unused[Part::Train as usize], 0);
    for part in [Part::Validation, Part::Test] {
        let (some, all) = (events(&source, part, None), events(&whole, part, None));
        let (some, all) = (rows(&some), rows(&all));
        assert!((60..=200).contains(&some.len()), "{}", some.len());
        assert_eq!(some.len(), source.rows(part));
        let unused = source.counts().unused[part as usize];
        assert_eq!(some.len() + unused, all.len());
        assert!(some.iter().all(|row| all.contains(row)));
        // From everywhere in the files, not from their beginning.
        let mean = some.iter().sum::<usize>() as f64 / some.len() as f64;
        assert!(
            (mean - ROWS as f64 / 2.0).abs() < 0.1 * ROWS as f64,
            "{mean}"
        );
        let classes = &source.counts().classes[part as usize];
        assert_eq!(classes.iter().sum::<usize>(), some.len());
    }
    let split = keys.replace("seed", "by = \"event\", seed");
    let (source, _third) = open(200, &split);
    let kept = rows(&events(&source, Part::Test, None));
    let together = kept.iter().filter(|row| kept.contains(&(*row / 7 * 7)));
    assert_eq!(
        together.count(),
        kept.len(),
        "rows of an event stay together"
    );
}

#[test]
fn the_order_is_a_function_of_seed_and_epoch() {
    let ((first, _one), (second, _two)) = (streamed(), streamed());
    let order = |source, seed, epoch| rows(&events(source, Part::Train, Some((seed, epoch))));
    assert_eq!(order(&first, 5, 2), order(&second, 5, 2));
    assert_ne!(order(&first, 5, 2), order(&first, 5, 3));
    assert_ne!(order(&first, 5, 2), order(&first, 6, 2));
}

#[test]
fn chunks_are_small_and_mixed() {
    let (source, _dir) = streamed();
    let chunks: Vec<Events> = source
        .chunks(Part::Train, Some((5, 0)))
        .map(|chunk| chunk.expect("chunk"))
        .collect();
    assert!(chunks.len() > 4, "{}", chunks.len());
    for chunk in &chunks[..chunks.len() - 1] {
        assert!(
            (CHUNK..CHUNK + GROUP).contains(&chunk.rows),
            "{}",
            chunk.rows
        );
        let falls = rows(chunk)
            .windows(2)
            .filter(|pair| pair[0] > pair[1])
            .count();
        assert!(falls > chunk.rows / 3, "{falls} of {}", chunk.rows);
    }
}

#[test]
fn summaries_are_those_of_the_same_rows_in_memory() {
    let (source, _dir) = streamed();
    let mut x: Vec<f32> = rows(&events(&source, Part::Train, None))
        .iter()
        .map(|row| *row as f32)
        .collect();
    x.sort_by(f32::total_cmp);
    let summary = &source.column_summary(0)[1];
    assert_eq!(summary.sample(), x);
    let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / x.len() as f64;
    assert!((summary.mean - mean).abs() < 1e-9 * mean);
}

#[test]
fn a_split_by_number_is_the_same_streamed_and_in_memory() {
    let split = SPLIT.replace("seed", "by = \"event\", seed");
    let (held, _one) = open(&split).expect("source");
    let (streamed, _two) = open(&format!("memory_rows = 1000\n{split}")).expect("source");
    assert!(held.in_memory() && !streamed.in_memory());
    let mut parts = BTreeMap::new();
    for part in Part::ALL {
        let found = rows(&events(&held, part, None));
        assert_eq!(found, rows(&events(&streamed, part, None)));
        for row in found {
            assert_eq!(
                *parts.entry(row / 7).or_insert(part as usize),
                part as usize
            );
        }
    }
}

#[test]
fn selection_and_bad_values_are_those_of_the_whole_file() {
    let keys = format!("memory_rows = 1000\nselection = [\"x >= 500\"]\n{SPLIT}");
    let (source, _dir) = open(&keys).expect("source");
    assert_eq!(source.counts().deselected, 500);
    assert_eq!(source.counts().parts.iter().sum::<usize>(), ROWS - 500);
    let keys = format!("memory_rows = 1000\n{SPLIT}[data.derive]\nz = \"log(2000 - x)\"\n");
    let error = open(&keys.replace("[data", "weight = \"z\"\n[data"));
    let error = error.map(|_| ()).expect_err("an error").to_string();
    // Row 2000 of all is row 300 of the second file.
    assert!(
        error.contains("b.parquet: column 'z', row 300 is -inf"),
        "{error}"
    );
}
