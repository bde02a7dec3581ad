//! What is refused, and how it is said.

use std::sync::Arc;

use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, ListArray, StringArray};

use super::files::{ROWS, jets, lists, scalars};
use super::*;

const CLASSES: &str = "label = \"label\"\nclasses = [\"no\", \"yes\"]\n";

/// The error for a file in which `column` is replaced or added.
fn refused(column: &'static str, cells: ArrayRef, text: &str) -> String {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut columns = jets();
    columns.retain(|(name, _)| *name != column);
    columns.push((column, cells));
    write_parquet(&dir.path().join("jets.parquet"), columns, 16);
    let text = format!("path = \"DIR/jets.parquet\"\n{text}");
    match Source::open(&config(dir.path(), &text)) {
        Ok(_) => panic!("{text} was taken"),
        Err(error) => error.to_string(),
    }
}

fn mass(bad: &[(usize, f32)]) -> ArrayRef {
    scalars((0..ROWS).map(|row| {
        let found = bad.iter().find(|(at, _)| *at == row);
        found.map_or(row as f32, |(_, value)| *value)
    }))
}

fn contains(text: &str, part: &str) {
    assert!(text.contains(part), "'{part}' is not in: {text}");
}

#[test]
fn values_that_are_no_numbers() {
    let text = format!("features = [\"mass\"]\n{CLASSES}{SPLIT}");
    let found = refused("mass", mass(&[(37, f32::NAN)]), &text);
    contains(&found, "jets.parquet: column 'mass', row 37 is NaN");
    let found = refused("mass", mass(&[(3, f32::INFINITY)]), &text);
    contains(&found, "column 'mass', row 3 is inf");
    let null: Vec<_> = (0..ROWS)
        .map(|row| (row != 20).then_some(row as f32))
        .collect();
    let found = refused("mass", Arc::new(Float32Array::from(null)), &text);
    contains(&found, "column 'mass', row 20 is null");
    let found = refused(
        "mass",
        mass(&[(2, -1.0)]),
        &format!("{text}[data.derive]\nm = \"1\""),
    );
    contains(&found, "data.derive.m: '1': it holds no column");
    let selection = format!("selection = [\"log(mass) > 0\"]\n{text}");
    let found = refused("mass", mass(&[(2, -1.0)]), &selection);
    contains(&found, "'log(mass) > 0', row 0 is ");
}

#[test]
fn bad_rows_are_counted_where_they_may_be_skipped() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut columns = jets();
    columns.retain(|(name, _)| *name != "mass");
    columns.push(("mass", mass(&[(37, f32::NAN), (3, f32::INFINITY)])));
    write_parquet(&dir.path().join("jets.parquet"), columns, 16);
    let text = format!(
        "path = \"DIR/jets.parquet\"\nskip_bad_rows = true\nselection = [\"n != 4\"]\n\
         features = [\"mass\"]\n{CLASSES}{SPLIT}"
    );
    let source = Source::open(&config(dir.path(), &text)).expect("source");
    let counts = source.counts();
    assert_eq!(
        (counts.all, counts.deselected, counts.skipped),
        (ROWS, ROWS / 5, 2)
    );
    assert_eq!(counts.parts.iter().sum::<usize>(), ROWS - ROWS / 5 - 2);
    for part in Part::ALL {
        let masses = events(&source, part, None).inputs.remove(0);
        assert!(masses.iter().all(|mass| *mass != 3.0 && *mass != 37.0));
    }
}

#[test]
fn cells_of_lists_are_checked_where_a_slot_is_used() {
    let cloud = format!(
        "{CLASSES}{SPLIT}[[data.inputs]]\nname = \"p\"\ncolumns = [\"pt\", \"phi\"]\n\
         particles = 3\nmask = \"pt\"\n"
    );
    let nan = |row: usize, slot: usize| {
        lists(ROWS, 4, move |r, s| match (r, s) == (row, slot) {
            true => f32::NAN,
            false => (r + s) as f32,
        })
    };
    let found = refused("phi", nan(23, 1), &cloud);
    contains(&found, "column 'phi[1]', row 23 is NaN");
    // Row 21 has one constituent; slot 3 is not used at all.
    for cells in [nan(21, 2), nan(24, 3)] {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut columns = jets();
        columns.retain(|(name, _)| *name != "phi");
        columns.push(("phi", cells));
        write_parquet(&dir.path().join("jets.parquet"), columns, 16);
        let text = format!("path = \"DIR/jets.parquet\"\n{cloud}");
        assert!(Source::open(&config(dir.path(), &text)).is_ok());
    }
    let ragged = (0..ROWS).map(|row| Some(vec![Some(row as f32); if row == 33 { 3 } else { 4 }]));
    let ragged = ListArray::from_iter_primitive::<Float32Type, _, _>(ragged);
    let found = refused("phi", Arc::new(ragged), &cloud);
    contains(
        &found,
        "column 'phi', row 33 is a list of 3, but row 0 has 4",
    );
}

#[test]
fn columns_that_do_not_fit_are_named_at_once() {
    let text = format!(
        "label = \"mass\"\nclasses = [\"no\", \"yes\"]\nweight = \"pt\"\n{SPLIT}\
         [[data.inputs]]\nname = \"s\"\ncolumns = [\"n\", \"pt\"]\n\
         [[data.inputs]]\nname = \"p\"\ncolumns = [\"pt\", \"mass\", \"image\"]\nparticles = 4\n\
         [[data.inputs]]\nname = \"q\"\ncolumns = [\"phi\"]\nparticles = 5\n\
         [[data.inputs]]\nname = \"i\"\ncolumns = [\"image\"]\nimage = [2, 2, 2]\n"
    );
    let found = refused("mass", mass(&[]), &text);
    assert_eq!(found.lines().count(), 7, "{found}");
    for part in [
        "'pt' holds lists of 4 floating-point numbers; data.inputs 's' expects scalars",
        "'mass' holds floating-point numbers; data.inputs 'p' (particles) expects lists",
        "'image' holds lists of 6 floating-point numbers; data.inputs 'p' expects lists of 4",
        "data.inputs 'q' (particles) expects lists of at least 5",
        "data.inputs 'i' (image) expects lists of 8",
        "'mass' holds floating-point numbers; data.label expects integers",
        "data.weight expects scalars",
    ] {
        contains(&found, part);
    }
    let text = format!(
        "features = [\"text\", \"a\", \"b\"]\n{CLASSES}selection = [\"n <\", \"c > 0\"]\n{SPLIT}\
         [data.derive]\nmass = \"n\"\nd = \"a + e\"\n"
    );
    let strings = Arc::new(StringArray::from(vec!["x"; ROWS]));
    let found = refused("text", strings.clone(), &text);
    assert_eq!(found.lines().count(), 3, "{found}");
    contains(
        &found,
        "data.derive.mass: the file has a column of that name",
    );
    contains(&found, "data.selection: 'n <'");
    contains(
        &found,
        "no column 'a', 'b', 'c', 'e'; the file has 'mass', 'n'",
    );
    let text = format!("features = [\"text\", \"n\"]\n{CLASSES}{SPLIT}");
    contains(
        &refused("text", strings, &text),
        "column 'text' is of type Utf8",
    );
    let text = format!(
        "features = [\"d\"]\n{CLASSES}{SPLIT}[data.derive]\nd = \"e\"\ne = \"d + n\"\nf = \"pt + image\"\n"
    );
    let found = refused("w", mass(&[]), &text);
    contains(&found, "data.derive.e: 'd + n': it is made of itself");
    contains(&found, "the lists of 'pt' have 4 slots, those of 'image' 6");
}

#[test]
fn labels_and_columns_that_cannot_be_learned() {
    let text = format!("features = [\"mass\"]\n{CLASSES}{SPLIT}");
    let label = |other: i64| {
        super::files::integers((0..ROWS).map(move |row| if row == 40 { other } else { 0 }))
    };
    contains(
        &refused("label", label(2), &text),
        "row 40 is 2; expected a class number from 0 to 1",
    );
    contains(&refused("label", label(-1), &text), "row 40 is -1");
    contains(&refused("label", label(0), &text), "never holds 1 ('yes')");
    let constant = scalars((0..ROWS).map(|_| 2.5));
    contains(
        &refused("mass", constant, &text),
        "column 'mass' is 2.5 in every row of the training part",
    );
    let found = refused(
        "w",
        mass(&[]),
        &format!("selection = [\"mass > 1000\"]\n{text}"),
    );
    contains(&found, "0 rows leave none for the train part");
}
