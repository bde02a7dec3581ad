//! Reads the textual form of a module.

use thiserror::Error;
use trigforge::Format;

use crate::ir::build::Builder;
use crate::ir::{Formats, IR_VERSION, Module, NodeId, TensorType, check_size, element_count};
use crate::ops::Attributes;

/// Text that is not a module.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected there.
    pub reason: String,
}

/// Reads a module from its textual form (see [`super::print`]).
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
    if version != format!("trigforge-ir {IR_VERSION}") {
        return Err(ParseError {
            line,
            reason: format!("expected `trigforge-ir {IR_VERSION}`, found `{version}`"),
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
        true => Some(cursor.word()?.to_owned()),
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
        let id = cursor.id(*count)?;
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
    while cursor.peek() == Some('%') {
        args.push(cursor.id(*count)?);
        if !cursor.eat(",") {
            break;
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

/// The rest of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn rest(&mut self) -> &'a str {
        self.0 = self.0.trim_start();
        self.0
    }

    fn peek(&mut self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest().strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            return Ok(());
        }
        let found: String = self.0.chars().take(20).collect();
        Err(format!("expected `{token}`, found `{found}`"))
    }

    fn end(&mut self) -> Result<(), String> {
        match self.rest() {
            "" => Ok(()),
            rest => Err(format!(
                "unexpected `{}`",
                rest.chars().take(20).collect::<String>()
            )),
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        let (taken, rest) = rest.split_at(length);
        self.0 = rest;
        taken
    }

    fn word(&mut self) -> Result<&'a str, String> {
        match self.take_while(|c| c.is_ascii_alphanumeric() || c == '_') {
            "" => Err("expected a word".to_owned()),
            word => Ok(word),
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let text = self.take_while(|c| c.is_ascii_digit() || c == '-');
        text.parse()
            .map_err(|_| format!("expected a number, found `{text}`"))
    }

    fn id(&mut self, count: usize) -> Result<NodeId, String> {
        self.expect("%")?;
        let index = self.number()?;
        if index < count {
            return Ok(NodeId(index));
        }
        Err(format!("%{index} is not defined before this line"))
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let mut text = String::new();
        let mut chars = self.0.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Ok(text);
                }
                '\\' => {
                    let escaped = match chars.next().map(|(_, c)| c) {
                        Some('n') => '\n',
                        Some('r') => '\r',
                        Some('t') => '\t',
                        Some(c @ ('"' | '\\' | '\'')) => c,
                        Some('u') => unicode_escape(&mut chars)?,
                        _ => return Err("unknown escape in quoted text".to_owned()),
                    };
                    text.push(escaped);
                }
                c => text.push(c),
            }
        }
        Err("quoted text does not end on its line".to_owned())
    }

    /// `{name=value, ...}`; values end at a comma outside of brackets.
    fn attributes(&mut self) -> Result<Attributes, String> {
        let mut entries = Vec::new();
        if !self.eat("{") {
            return Ok(Attributes::default());
        }
        while !self.eat("}") {
            let name = self.word()?.to_owned();
            self.expect("=")?;
            let value = match self.peek() {
                Some('[') => {
                    let length = self.0.find(']').ok_or("expected `]`")? + 1;
                    let (list, rest) = self.0.split_at(length);
                    self.0 = rest;
                    list
                }
                _ => self.take_while(|c| c != ',' && c != '}').trim_end(),
            };
            entries.push((name, value.to_owned()));
            if !self.eat(",") && self.peek() != Some('}') {
                return Err("expected `,` or `}` after an attribute".to_owned());
            }
        }
        Ok(Attributes::new(entries))
    }

    fn dims(&mut self) -> Result<Vec<usize>, String> {
        self.expect("[")?;
        let mut dims = Vec::new();
        while !self.eat("]") {
            dims.push(self.number()?);
            if !self.eat(",") && self.peek() != Some(']') {
                return Err("expected `,` or `]` in a shape".to_owned());
            }
        }
        Ok(dims)
    }

    fn format(&mut self) -> Result<Format, String> {
        self.expect("fix(")?;
        let k: u8 = self.number()?;
        self.expect(",")?;
        let i = self.number()?;
        self.expect(",")?;
        let f = self.number()?;
        self.expect(")")?;
        (k <= 1)
            .then(|| Format::new(k == 1, i, f))
            .flatten()
            .ok_or_else(|| format!("fix({k},{i},{f}) is not a format of 0 to 64 bits"))
    }

    fn tensor_type(&mut self) -> Result<TensorType, String> {
        let shape = self.dims()?;
        check_size(&shape)?;
        if !self.eat("each") {
            return Ok(TensorType::uniform(shape, self.format()?));
        }
        let dims = self.dims()?;
        let fits =
            dims.len() == shape.len() && dims.iter().zip(&shape).all(|(d, s)| *d == 1 || d == s);
        if !fits {
            return Err(format!(
                "formats of shape {dims:?} do not broadcast to {shape:?}"
            ));
        }
        self.expect("{")?;
        let mut formats = Vec::new();
        while !self.eat("}") {
            formats.push(self.format()?);
            if !self.eat(",") && self.peek() != Some('}') {
                return Err("expected `,` or `}` after a format".to_owned());
            }
        }
        if formats.len() != element_count(&dims) {
            return Err(format!("{} formats for shape {dims:?}", formats.len()));
        }
        Ok(TensorType {
            shape,
            formats: Formats::each(dims, formats),
        })
    }
}

fn unicode_escape(chars: &mut std::str::CharIndices<'_>) -> Result<char, String> {
    let wrong = || "expected \\u{HEX} in quoted text".to_owned();
    if chars.next().map(|(_, c)| c) != Some('{') {
        return Err(wrong());
    }
    let mut code = 0u32;
    loop {
        match chars.next().map(|(_, c)| c) {
            Some('}') => return char::from_u32(code).ok_or_else(wrong),
            Some(c) => {
                let digit = c.to_digit(16).ok_or_else(wrong)?;
                code = code
                    .checked_mul(16)
                    .and_then(|code| code.checked_add(digit))
                    .ok_or_else(wrong)?;
            }
            None => return Err(wrong()),
        }
    }
}
