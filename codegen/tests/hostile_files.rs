//! Files that are no models, or that break the rules: one clear error, quickly.

mod support;

use std::time::{Duration, Instant};

use prost::Message;
use support::{Outcome, model, node, value, with_int, write};
use trigforge_codegen::import::onnx::proto::{GraphProto, OperatorSetIdProto};
use trigforge_codegen::quantize::load;

/// The message of the error that a file gives; it must come within a second.
fn refusal(path: &std::path::Path) -> Result<String, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let result = load(path, None);
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(1), "took {elapsed:?}");
    match result {
        Ok(_) => Err("the file was taken".into()),
        Err(error) => Ok(error.to_string()),
    }
}

#[test]
fn all_unsupported_nodes_are_named_at_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(
        folder.path(),
        &model(GraphProto {
            node: vec![
                node("Loop", "memory", &["x"], "a"),
                node("NonZero", "contraction", &["a"], "b"),
                node("Relu", "fine", &["b"], "c"),
                node("my.domain::Magic", "trick", &["c"], "y"),
            ],
            input: vec![value("x", &[1, 4])],
            output: vec![value("y", &[1, 4])],
            ..GraphProto::default()
        }),
    )?;
    let message = refusal(&path)?;
    for named in [
        "memory",
        "Loop",
        "contraction",
        "NonZero",
        "trick",
        "Magic",
        "my.domain",
    ] {
        assert!(message.contains(named), "{named} is missing in: {message}");
    }
    assert!(!message.contains("fine"), "{message}");
    Ok(())
}

#[test]
fn an_empty_file_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("empty.onnx");
    std::fs::write(&path, [])?;
    assert!(refusal(&path)?.contains("the file is empty"));
    Ok(())
}

#[test]
fn every_truncation_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let bytes = support::small_classifier(str::to_owned).encode_to_vec();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, &bytes)?;
    assert!(load(&path, None).is_ok(), "the whole file is a model");
    for length in 1..bytes.len() {
        std::fs::write(&path, &bytes[..length])?;
        let message = refusal(&path)?;
        assert!(message.contains("model.onnx"), "{message}");
    }
    Ok(())
}

#[test]
fn a_huge_sparse_file_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sparse.onnx");
    let file = std::fs::File::create(&path)?;
    file.set_len(2_000_000_000)?;
    assert!(refusal(&path)?.contains("2000000000 bytes"));
    // Below the limit, the first byte tells.
    file.set_len(1_000_000_000)?;
    assert!(refusal(&path)?.contains("first byte"));
    Ok(())
}

#[test]
fn a_cycle_is_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(
        folder.path(),
        &model(GraphProto {
            node: vec![
                node("Relu", "before", &["x"], "a"),
                node("Add", "one", &["a", "c"], "b"),
                node("Relu", "two", &["b"], "c"),
                node("Relu", "after", &["c"], "y"),
            ],
            input: vec![value("x", &[1, 4])],
            output: vec![value("y", &[1, 4])],
            ..GraphProto::default()
        }),
    )?;
    let message = refusal(&path)?;
    assert!(message.contains("cycle") && message.contains("one") && message.contains("two"));
    assert!(
        !message.contains("before") && !message.contains("after"),
        "{message}"
    );
    Ok(())
}

#[test]
fn broken_rules_are_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    let graph = |nodes| GraphProto {
        node: nodes,
        input: vec![value("x", &[1, 4])],
        output: vec![value("y", &[1, 4])],
        ..GraphProto::default()
    };
    let cases = [
        (
            vec![node("Relu", "r", &["nowhere"], "y")],
            "nothing defines",
        ),
        (
            vec![node("Relu", "r", &["x"], "z")],
            "nothing defines the output",
        ),
        (
            vec![
                node("Relu", "r", &["x"], "y"),
                node("Relu", "s", &["x"], "y"),
            ],
            "two nodes define",
        ),
        (
            vec![
                node("Relu", "r", &["x"], "x"),
                node("Relu", "s", &["x"], "y"),
            ],
            "cycle",
        ),
        (
            vec![with_int(node("Relu", "r", &["x"], "y"), "alpha", 1)],
            "attribute `alpha` is not taken",
        ),
        (vec![node("Relu", "r", &["x", "x"], "y")], "at most 1"),
        (vec![node("Add", "r", &["x"], "y")], "operand 1 is missing"),
    ];
    for (nodes, expected) in cases {
        let path = write(folder.path(), &model(graph(nodes)))?;
        let message = refusal(&path)?;
        assert!(
            message.contains(expected),
            "expected `{expected}` in: {message}"
        );
    }
    Ok(())
}

#[test]
fn shapes_that_no_machine_holds_are_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(
        folder.path(),
        &model(GraphProto {
            node: vec![node("Add", "outer", &["x", "z"], "y")],
            input: vec![
                value("x", &[1, 4_000_000_000, 1]),
                value("z", &[1, 1, 4_000_000_000]),
            ],
            output: vec![value("y", &[1, 4])],
            ..GraphProto::default()
        }),
    )?;
    let message = refusal(&path)?;
    assert!(message.contains("elements"), "{message}");
    Ok(())
}

/// Each value fits, all of them together do not.
#[test]
fn values_that_fill_the_memory_together_are_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let names: Vec<_> = (0..30).map(|index| format!("x{index}")).collect();
    let nodes = names.windows(2);
    let path = write(
        folder.path(),
        &model(GraphProto {
            node: nodes
                .map(|pair| node("Relu", &pair[1], &[&pair[0]], &pair[1]))
                .collect(),
            input: vec![value(&names[0], &[1, 4_000_000])],
            output: vec![value(&names[29], &[1, 4_000_000])],
            ..GraphProto::default()
        }),
    )?;
    let message = refusal(&path)?;
    assert!(message.contains("elements together"), "{message}");
    Ok(())
}

#[test]
fn other_operator_sets_are_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    for version in [1, 6, 23, 1_000] {
        let mut file = support::small_classifier(str::to_owned);
        file.opset_import = vec![OperatorSetIdProto {
            domain: None,
            version: Some(version),
        }];
        let message = refusal(&write(folder.path(), &file)?)?;
        assert!(
            message.contains(&format!("version {version} ")),
            "{message}"
        );
    }
    Ok(())
}
