//! The page and the JSON of whole reports.

use super::*;
use crate::metrics::Options;
use crate::seed::{Purpose, Stream};

fn uniform(stream: &mut Stream) -> f64 {
    f64::from(stream.uniform())
}

/// A classifier of `classes` classes that knows something, with everything that a report can hold.
fn classifier(classes: usize) -> Report {
    let mut stream = Stream::new(9, Purpose::Split);
    let rows = 300;
    let labels: Vec<usize> = (0..rows).map(|row| row % classes).collect();
    let mut logits = Vec::new();
    for label in &labels {
        let logit = |class: usize| f64::from(u8::from(class == *label));
        logits.extend((0..classes).map(|c| logit(c) + 2.0 * uniform(&mut stream)));
    }
    let float: Vec<f64> = logits.iter().map(|z| z + 0.1).collect();
    let weights: Vec<f64> = (0..rows).map(|_| uniform(&mut stream)).collect();
    let scores = crate::metrics::Scores {
        logits: &logits,
        classes,
        labels: &labels,
        weights: &weights,
    };
    let part = |name| {
        Part::classification(name, &scores, Some(&float), &Options::default()).expect("part")
    };
    let epoch = |epoch: usize| CurvePoint {
        stage: if epoch < 3 { "float" } else { "quantised" }.to_owned(),
        epoch,
        train_loss: 1.0 / (epoch as f64 + 1.0),
        validation_loss: 1.1 / (epoch as f64 + 1.0),
        validation_metric: Some(0.5),
        ebops: (epoch >= 3).then_some(1e4 / epoch as f64),
        beta: (epoch >= 3).then_some(1e-6 * epoch as f64),
        rate: None,
    };
    let layer = |kind, shape: &[usize]| LayerWidths {
        name: "fc<1>".to_owned(),
        kind,
        shape: shape.to_vec(),
        bits: (0..shape.iter().product::<usize>())
            .map(|n| (n % 5) as u8)
            .collect(),
        ebops: 123_456,
    };
    Report {
        name: "tagger & co <1>".to_owned(),
        purpose: "Tells \"a\" from 'b'.".to_owned(),
        classes: (0..classes).map(|class| format!("c{class}")).collect(),
        facts: vec![Fact {
            name: "seed".to_owned(),
            value: "1".to_owned(),
        }],
        parts: vec![part("validation"), part("test")],
        baselines: vec![Baseline {
            model: "trees".to_owned(),
            metric: "accuracy".to_owned(),
            value: 0.6375,
            error: None,
            source: "another sample".to_owned(),
        }],
        cost: Cost {
            parameters: 20,
            multiplications: 12,
            ebops: Some(123_456),
        },
        layers: vec![
            layer(WidthKind::Weight, &[4, 3]),
            layer(WidthKind::Activation, &[3]),
        ],
        metric: "accuracy".to_owned(),
        history: (0..6).map(epoch).collect(),
    }
}

fn regression() -> Report {
    let mut stream = Stream::new(10, Purpose::Split);
    let targets: Vec<f64> = (0..500)
        .map(|_| (6.0 * uniform(&mut stream)).exp())
        .collect();
    let predictions: Vec<f64> = (targets.iter())
        .map(|t| t * (0.9 + 0.2 * uniform(&mut stream)))
        .collect();
    let truth = Targets {
        names: &[("e_dep".to_owned(), "GeV".to_owned())],
        values: &targets,
        weights: &[],
    };
    let options = Options::default();
    let part = Part::regression("test", &predictions, Some(&targets), &truth, &options);
    Report {
        name: "calibration".to_owned(),
        parts: vec![part.expect("part")],
        ..Report::default()
    }
}

/// Fails unless every tag is closed in order and every attribute is quoted.
fn well_formed(html: &str) {
    let (mut open, mut rest) = (Vec::new(), html);
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>'), "a bare > in {text}");
        for entity in text.match_indices('&').map(|(at, _)| &text[at..]) {
            let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
            assert!(
                known.iter().any(|known| entity.starts_with(known)),
                "{entity}"
            );
        }
        rest = &rest[start + 1..];
        let (tag, after) = rest.split_once('>').expect("a tag ends");
        rest = after;
        if tag == "!DOCTYPE html" {
            continue;
        }
        assert!(
            !tag.contains('<') && tag.matches('"').count() % 2 == 0,
            "<{tag}>"
        );
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "</{name}>");
        } else if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").expect("the style ends")..];
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn pages_are_well_formed_and_need_no_other_file() {
    for report in [
        classifier(3),
        classifier(2),
        regression(),
        Report::default(),
    ] {
        let html = report.html().expect("page");
        well_formed(&html);
        for outside in [
            "http", "src=", "href", "url(", "@import", "<script", "<link", "<img",
        ] {
            assert!(!html.contains(outside), "{outside}");
        }
        for bad in ["NaN", "inf<", "inf "] {
            assert!(!html.contains(bad), "{bad} in the page of {}", report.name);
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes_and_reads_back() {
    for make in [|| classifier(3), regression] {
        let (first, second) = (make(), make());
        assert_eq!(first.html().expect("page"), second.html().expect("page"));
        let json = first.json().expect("JSON");
        assert_eq!(json, second.json().expect("JSON"));
        assert_eq!(Report::from_json(&json).expect("report"), first);
    }
    assert!(Report::from_json("{\"name\": 1}").is_err());
}

#[test]
fn a_page_shows_every_kind_of_section() {
    let html = classifier(3).html().expect("page");
    for part in [
        "tagger &amp; co &lt;1&gt;",
        "ROC curves",
        "Reliability",
        "Confusion",
        "AUC of each pair",
        "Beside others",
        "integer \u{2212} float",
        "Bits of the weights of fc&lt;1&gt;",
        "Learning",
        "123 456",
        "7426",
    ] {
        let wanted = !["Learning", "7426"].contains(&part);
        assert_eq!(html.contains(part), wanted, "{part}");
    }
    let two = classifier(2).html().expect("page");
    assert!(!two.contains("of each pair") && two.contains("c1 against c0"));
    assert!(
        regression()
            .html()
            .expect("page")
            .contains("median response, e_dep")
    );
}
