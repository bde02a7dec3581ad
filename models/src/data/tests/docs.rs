//! The examples of the documentation.

use super::*;

const TEXT: &str = include_str!("../../../../docs/training-data.md");

#[test]
fn every_example_is_a_configuration() {
    let blocks: Vec<&str> = TEXT
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(blocks.len() >= 4, "{}", blocks.len());
    for block in blocks {
        let whole: Whole = toml::from_str(block).unwrap_or_else(|error| panic!("{block}{error}"));
        whole
            .data
            .check()
            .unwrap_or_else(|error| panic!("{block}{error}"));
    }
}

#[test]
fn every_key_is_explained() {
    let config = DataConfig {
        path: None,
        paths: Vec::new(),
        features: Vec::new(),
        inputs: Vec::new(),
        label: None,
        classes: Vec::new(),
        label_values: Vec::new(),
        mixture: None,
        targets: Vec::new(),
        spectators: Vec::new(),
        noise: Default::default(),
        weight: None,
        selection: Vec::new(),
        skip_bad_rows: false,
        memory_rows: None,
        held_back_rows: None,
        split: toml::from_str("train = 1\nvalidation = 0\ntest = 0\nseed = 0").expect("split"),
        derive: Default::default(),
        transform: Default::default(),
    };
    // The fields as `Debug` writes them are the keys of the table.
    let text = format!("{config:#?}");
    let keys = text.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        (!line.starts_with([' ', '}'])).then(|| line.split(':').next())?
    });
    let keys: Vec<&str> = keys.collect();
    assert!(keys.len() >= 16, "{keys:?}");
    for key in keys {
        let forms = [format!("`{key}`"), format!("data.{key}]")];
        assert!(forms.iter().any(|form| TEXT.contains(form)), "{key}");
    }
}
