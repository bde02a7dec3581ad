//! Labels of other numbers than 0, 1, ..., and two mixed samples instead of them.

use std::fmt::Write;

use super::*;

const ROWS: usize = 3000;

/// Rows of the classes 0 to 3 in turns; `x` is the number of the row.
fn csv() -> String {
    let mut text = "x,label\n".to_owned();
    for row in 0..ROWS {
        writeln!(text, "{row},{}", row % 4).expect("text");
    }
    text
}

const HEAD: &str = "path = \"DIR/a.csv\"\nfeatures = [\"x\"]\nlabel = \"label\"\n\
                    classes = [\"q\", \"W\"]\nlabel_values = [2, 1]\n";
const CHOSEN: &str = "selection = [\"label >= 1\", \"label <= 2\"]\n";
const MIXTURE: &str = "[data.mixture]\nshares = [0.3, 0.7]\n";

fn open(text: &str) -> Result<Source, DataError> {
    let dir = tempfile::tempdir().expect("tempdir");
    std::fs::write(dir.path().join("a.csv"), csv()).expect("write");
    Source::open(&config(dir.path(), text))
}

/// The number that the file gives as label.
fn truth(x: f32) -> usize {
    x as usize % 4
}

#[test]
fn label_values_name_the_classes() {
    let source = open(&format!("{HEAD}{CHOSEN}{SPLIT}")).expect("source");
    for part in Part::ALL {
        let events = events(&source, part, None);
        let rows = events.inputs[0].iter().zip(&events.labels);
        for (x, label) in rows {
            assert_eq!([2, 1][*label], truth(*x));
        }
    }
    let error = open(&format!("{HEAD}{SPLIT}"))
        .map(|_| ())
        .expect_err("others");
    let expected = "row 0 is 0; expected one of data.label_values, 2, 1; leave other rows out";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn samples_are_mixed_but_for_the_test_part() {
    let text = format!("{HEAD}{CHOSEN}{SPLIT}{MIXTURE}");
    let source = open(&text).expect("source");
    let again = open(&text).expect("source");
    for (part, shares) in [
        (Part::Train, [0.3, 0.7]),
        (Part::Validation, [0.3, 0.7]),
        (Part::Test, [0.0, 1.0]),
    ] {
        let found = events(&source, part, None);
        assert_eq!(found, events(&again, part, None));
        for (sample, share) in shares.into_iter().enumerate() {
            let rows = found.inputs[0].iter().zip(&found.labels);
            let own: Vec<usize> = rows
                .filter(|(_, label)| **label == sample)
                .map(|(x, _)| truth(*x))
                .collect();
            let ones = own.iter().filter(|truth| **truth == 1).count();
            let wanted = share * own.len() as f64;
            assert!((ones as f64 - wanted).abs() <= 0.5, "{part:?} {sample}");
        }
        let counts = &source.counts().classes[part as usize];
        assert!(part == Part::Test || counts[0] == counts[1], "{counts:?}");
    }
    let plain = open(&format!("{HEAD}{CHOSEN}{SPLIT}")).expect("source");
    let test = |source: &Source| events(source, Part::Test, None);
    assert_eq!(
        test(&source),
        test(&plain),
        "the same test part as with labels"
    );
}

#[test]
fn what_gives_no_samples_is_refused() {
    let refused = |text: &str| open(text).map(|_| ()).expect_err("refused").to_string();
    let streamed = format!("{HEAD}{CHOSEN}memory_rows = 100\n{SPLIT}{MIXTURE}");
    let found = refused(&streamed);
    assert!(
        found.contains("raise data.memory_rows above 3000"),
        "{found}"
    );
    let few = format!("{HEAD}selection = [\"label == 1\"]\n{SPLIT}{MIXTURE}");
    let found = refused(&few);
    assert!(
        found.contains("0 and 450 rows of the two classes in the train part"),
        "{found}"
    );
    let wrong = |text: &str| {
        let whole: Whole = toml::from_str(&format!("[data]\n{text}")).expect("toml");
        whole.data.check().expect_err("refused").to_string()
    };
    let swapped = format!("{HEAD}{SPLIT}[data.mixture]\nshares = [0.6, 0.4]\n");
    assert!(wrong(&swapped).contains("the smaller share of class 1 first"));
    let three = format!("{HEAD}{SPLIT}").replace("[2, 1]", "[2, 1, 0]");
    assert!(wrong(&three).contains("data.label_values (how many) is 3"));
}
