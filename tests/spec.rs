//! The examples of the specification, executed.
//!
//! In a block ```` ```ir ```` of `docs/ir-spec/`, lines are nodes in the
//! textual form; `# run: INPUTS -> OUTPUT` gives the mantissas of the node
//! before it, and the line behind `# error: TEXT` is refused with that text.

mod support;

use std::path::Path;

use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{IR_VERSION, Module, ParseError, parse};
use trigforge_codegen::ops::Op;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The examples of one page, with the line each starts at.
fn blocks(page: &str) -> Vec<(usize, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Vec<&str>)> = None;
    for (index, line) in page.lines().enumerate() {
        match (line, &mut open) {
            ("```ir", None) => open = Some((index + 1, Vec::new())),
            ("```", Some(_)) => blocks.extend(open.take()),
            (line, Some((_, lines))) => lines.push(line),
            _ => {}
        }
    }
    blocks
}

/// A module of these nodes whose output is the last of them.
fn module(nodes: &[&str]) -> Result<Module, ParseError> {
    let last = nodes.len().saturating_sub(1);
    parse(&format!(
        "trigforge-ir {IR_VERSION}\nmodule \"example\"\n{}\noutput \"y\" = %{last}\n",
        nodes.join("\n")
    ))
}

/// Checks a block; counts what it states.
fn check(lines: &[&str]) -> Result<usize, String> {
    let mut nodes = Vec::new();
    let mut stated = 0;
    let mut lines = lines.iter();
    while let Some(&line) = lines.next() {
        if let Some(run) = line.strip_prefix("# run: ") {
            let (inputs, expected) = support::run(run).ok_or("a run that does not read")?;
            let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
            let module = module(&nodes).map_err(|error| error.to_string())?;
            let interpreter = Interpreter::new(&module).map_err(|error| error.to_string())?;
            let found = interpreter
                .run(&inputs)
                .map_err(|error| error.to_string())?;
            if found != expected {
                return Err(format!("{line}: found {found:?}"));
            }
        } else if let Some(text) = line.strip_prefix("# error: ") {
            let refused = *lines.next().ok_or("an error without a line")?;
            let mut nodes = nodes.clone();
            nodes.push(refused);
            match module(&nodes) {
                Ok(_) => return Err(format!("taken: {refused}")),
                Err(error) if error.to_string().contains(text) => {}
                Err(error) => return Err(format!("{refused}: {error}")),
            }
        } else {
            nodes.push(line);
            continue;
        }
        stated += 1;
    }
    match stated {
        0 => Err("the block states nothing".to_owned()),
        stated => Ok(stated),
    }
}

#[test]
fn every_example_of_the_specification_holds() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ir-spec");
    let mut stated = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = std::fs::read_to_string(&path)?;
        for (line, lines) in blocks(&page) {
            let place = format!("{}, line {line}", path.display());
            match check(&lines) {
                Ok(count) => stated += count,
                Err(error) => wrong.push(format!("{place}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{stated} statements");
    assert!(stated >= 50, "only {stated} statements");
    Ok(())
}

#[test]
fn every_operation_has_its_section() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ir-spec");
    let page = std::fs::read_to_string(folder.join("graph.md"))?;
    let headings: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("### "))
        .collect();
    for name in Op::NAMES {
        let written = |heading: &&&str| {
            let mut words = heading.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            words.any(|word| word == *name)
        };
        assert_eq!(headings.iter().filter(written).count(), 1, "{name}");
    }
    Ok(())
}
