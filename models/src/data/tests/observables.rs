//! Observables of `[data.derive]`, and what they refuse.

use super::files::{ROWS, constituents, jets, lists, phi, pt};
use super::*;
use crate::observables::{Jet, Observable, compute};

const ENTRY: &str =
    "{ observable = \"c_beta\", pt = \"pt\", y = \"y\", phi = \"phi\", beta = 0.5 }";

fn y(row: usize, slot: usize) -> f32 {
    (row + slot * slot) as f32 * 0.05
}

/// The jets with rapidities, in which one momentum may be negative, and what is made of them.
fn open(entry: &str, negative: Option<usize>, more: &str) -> Result<Source, DataError> {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut columns = jets();
    columns.retain(|(name, _)| *name != "pt");
    columns.push(("y", lists(ROWS, 4, y)));
    let momentum = |row, slot| match negative == Some(row) && slot == 1 {
        true => -1.0,
        false => pt(row, slot),
    };
    columns.push(("pt", lists(ROWS, 4, momentum)));
    write_parquet(&dir.path().join("jets.parquet"), columns, 16);
    Source::open(&config(
        dir.path(),
        &format!(
            "path = \"DIR/jets.parquet\"\nfeatures = [\"c\", \"mass\"]\ntargets = [\"mass\"]\n\
             {more}{SPLIT}[data.derive]\nc = {entry}\n"
        ),
    ))
}

#[test]
fn an_observable_is_a_column_of_scalars() {
    let source = open(ENTRY, None, "").expect("source");
    let train = events(&source, Part::Train, None);
    let observable = Observable::CBeta {
        pt: String::new(),
        y: String::new(),
        phi: String::new(),
        beta: 0.5,
        particles: None,
    };
    let mut nonzero = 0;
    for row in train.inputs[0].chunks(2) {
        let at = (row[1] - 80.0) as usize;
        let list = |cell: &dyn Fn(usize, usize) -> f32| -> Vec<f32> {
            (0..4).map(|slot| cell(at, slot)).collect()
        };
        let (pt, y, phi) = (list(&pt), list(&y), list(&phi));
        let jet = Jet {
            pt: &pt,
            y: &y,
            phi: &phi,
            pid: &[],
        };
        assert_eq!(row[0], compute(&observable, &jet).expect("value"));
        assert_eq!(row[0] > 0.0, constituents(at) > 1);
        nonzero += usize::from(row[0] > 0.0);
    }
    assert!(nonzero > 10, "{nonzero}");
}

#[test]
fn a_row_that_is_refused_is_named_skipped_or_deselected() {
    let found = open(ENTRY, Some(34), "").err().expect("an error");
    let found = found.to_string();
    assert!(
        found.ends_with("column 'c', row 34: slot 1: pt is -1; expected a positive number, or 0 for an empty slot"),
        "{found}"
    );
    let rows = |more: &str| {
        let source = open(ENTRY, Some(34), more).expect("source");
        [Part::Train, Part::Validation, Part::Test]
            .map(|part| source.rows(part))
            .iter()
            .sum::<usize>()
    };
    assert_eq!(rows("skip_bad_rows = true\n"), ROWS - 1);
    assert_eq!(rows("selection = [\"mass < 114\"]\n"), 34);
}

#[test]
fn entries_that_do_not_fit_say_why() {
    let error = |entry: &str| open(entry, None, "").err().expect("an error").to_string();
    let found = error(&ENTRY.replace("\"y\"", "\"jet_phi\""));
    assert!(
        found.contains("data.derive.c: 'observable = \"c_beta\"': 'jet_phi' is no list"),
        "{found}"
    );
    let found = error(&ENTRY.replace("\"y\"", "\"image\""));
    assert!(
        found.contains("have 4 slots, those of 'image' 6"),
        "{found}"
    );
    let found = error(&ENTRY.replace("0.5", "0"));
    assert!(
        found.contains("beta is 0; expected a number above 0"),
        "{found}"
    );
    let found = error(&ENTRY.replace("\"y\"", "\"rapidity\""));
    assert!(found.contains("no column 'rapidity'"), "{found}");
}

#[test]
fn a_wrong_key_is_named() {
    let parse = |entry: &str| {
        toml::from_str::<std::collections::BTreeMap<String, Derived>>(&format!("c = {entry}"))
    };
    let text = toml::to_string(&parse(ENTRY).expect("entry")).expect("text");
    assert_eq!(
        toml::from_str::<std::collections::BTreeMap<String, Derived>>(&text).expect("again"),
        parse(ENTRY).expect("entry")
    );
    let wrong = |entry: &str| parse(entry).expect_err("an error").to_string();
    assert!(wrong(&ENTRY.replace("beta =", "gamma =")).contains("gamma"));
    assert!(wrong("3").contains("an expression, or a table with the key `observable`"));
}
