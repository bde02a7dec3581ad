//! Reads the textual form of a module.

use thiserror::Error;

use crate::ir::build::Builder;
use crate::ir::{IR_VERSIONS, Module, NodeId};
use crate::text::Cursor;

/// Text that is not a module.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected there.
    pub reason: String,
}

/// Reads a module from its textual form (`docs/ir-spec.md`, section 5), of any
/// of [`IR_VERSIONS`].
///
/// # Errors
///
/// Names the first line that is not of the grammar, or whose node breaks a
/// rule of its operation.
pub fn parse(text: &str) -> Result<Module, ParseError> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut header = |what: &str| {
        lines.next().ok_or_else(|| ParseError {
            line: text.lines().count() + 1,
            reason: format!("the text ends where {what} was expected"),
        })
    };
    let (line, version) = header("`trigforge-ir VERSION`")?;
    let known = |version: &&str| IR_VERSIONS.contains(version);
    let stated = version.strip_prefix("trigforge-ir").map(str::trim);
    if stated.filter(known).is_none() {
        let versions = IR_VERSIONS.join(" or ");
        return Err(ParseError {
            line,
            reason: format!("expected `trigforge-ir {versions}`, found `{version}`"),
        });
    }
    let (line, module) = header("`module \"NAME\"`")?;
    let at = |line: usize| move |reason: String| ParseError { line, reason };
    let (name, sha256) = parse_header(module).map_err(at(line))?;
    let mut builder = Builder::new(name);
    let mut count = 0;
    for (line, statement) in lines {
        parse_statement(&mut builder, &mut count, statement).map_err(at(line))?;
    }
    let mut module = builder.finish();
    module.source_sha256 = sha256;
    Ok(module)
}

fn parse_header(line: &str) -> Result<(String, Option<String>), String> {
    let mut cursor = Cursor(line);
    cursor.expect("module")?;
    let name = cursor.quoted()?;
    let sha256 = match cursor.eat("sha256") {
        true => Some(cursor.sha256()?.to_owned()),
        false => None,
    };
    cursor.end()?;
    Ok((name, sha256))
}

fn parse_statement(builder: &mut Builder, count: &mut usize, line: &str) -> Result<(), String> {
    let mut cursor = Cursor(line);
    if cursor.eat("output") {
        let name = cursor.quoted()?;
        cursor.expect("=")?;
        let id = NodeId(cursor.reference(*count)?);
        cursor.end()?;
        builder.output(name, id);
        return Ok(());
    }
    if !builder.outputs().is_empty() {
        return Err("nodes stand before outputs".to_owned());
    }
    cursor.expect("%")?;
    if cursor.number::<usize>()? != *count {
        return Err(format!("expected %{count}: nodes are numbered in order"));
    }
    let name = cursor.quoted()?;
    cursor.expect("=")?;
    let operation = cursor.word()?.to_owned();
    let mut args = Vec::new();
    if cursor.peek() == Some('%') {
        args.push(NodeId(cursor.reference(*count)?));
        while cursor.eat(",") {
            args.push(NodeId(cursor.reference(*count)?));
        }
    }
    let attributes = cursor.attributes()?;
    let declared = match cursor.eat(":") {
        true => Some(cursor.tensor_type()?),
        false => None,
    };
    cursor.end()?;
    builder.node_from_text(name, &operation, attributes, &args, declared)?;
    *count += 1;
    Ok(())
}
