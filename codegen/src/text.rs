//! The tokens that the textual forms of both levels share.

use trigforge::Format;

use crate::ir::{Formats, TensorType, check_size, element_count};
use crate::ops::Attributes;

/// Text in quotes, in printable ASCII.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

/// The rest of a line.
pub(crate) struct Cursor<'a>(pub(crate) &'a str);

impl<'a> Cursor<'a> {
    pub(crate) fn rest(&mut self) -> &'a str {
        self.0 = self.0.trim_start();
        self.0
    }

    pub(crate) fn peek(&mut self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        match self.rest().strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            return Ok(());
        }
        let found: String = self.0.chars().take(20).collect();
        Err(format!("expected `{token}`, found `{found}`"))
    }

    pub(crate) fn end(&mut self) -> Result<(), String> {
        match self.rest() {
            "" => Ok(()),
            rest => Err(format!(
                "unexpected `{}`",
                rest.chars().take(20).collect::<String>()
            )),
        }
    }

    pub(crate) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        let (taken, rest) = rest.split_at(length);
        self.0 = rest;
        taken
    }

    pub(crate) fn word(&mut self) -> Result<&'a str, String> {
        match self.take_while(|c| c.is_ascii_alphanumeric() || c == '_') {
            "" => Err("expected a word".to_owned()),
            word => Ok(word),
        }
    }

    pub(crate) fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let text = self.take_while(|c| c.is_ascii_digit() || c == '-');
        text.parse()
            .map_err(|_| format!("expected a number, found `{text}`"))
    }

    /// `%N`, where N is below `count`.
    pub(crate) fn reference(&mut self, count: usize) -> Result<usize, String> {
        self.expect("%")?;
        let index = self.number()?;
        if index < count {
            return Ok(index);
        }
        Err(format!("%{index} is not defined before this line"))
    }

    pub(crate) fn quoted(&mut self) -> Result<String, String> {
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
    pub(crate) fn attributes(&mut self) -> Result<Attributes, String> {
        if !self.eat("{") {
            return Ok(Attributes::default());
        }
        let entries = self.items("}", |cursor| {
            let name = cursor.word()?.to_owned();
            cursor.expect("=")?;
            Ok((name, cursor.value()?.to_owned()))
        })?;
        Ok(Attributes::new(entries))
    }

    /// The value of an attribute: a list, a format, or up to the next comma.
    fn value(&mut self) -> Result<&'a str, String> {
        Ok(match self.peek() {
            Some('[') => {
                let length = self.0.find(']').ok_or("expected `]`")? + 1;
                let (list, rest) = self.0.split_at(length);
                self.0 = rest;
                list
            }
            Some('f') if self.0.starts_with("fix(") => {
                let length = self.0.find(')').ok_or("expected `)`")? + 1;
                let (format, rest) = self.0.split_at(length);
                self.0 = rest;
                format
            }
            _ => self.take_while(|c| c != ',' && c != '}').trim_end(),
        })
    }

    /// Items up to `close`, with a comma between each two.
    pub(crate) fn items<T>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(close) {
                return Ok(items);
            }
            if !self.eat(",") {
                let found: String = self.0.chars().take(20).collect();
                return Err(format!("expected `,` or `{close}`, found `{found}`"));
            }
        }
    }

    /// A SHA-256 in lower-case hexadecimal.
    pub(crate) fn sha256(&mut self) -> Result<&'a str, String> {
        let digits = self.word()?;
        let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        match digits.len() == 64 && digits.bytes().all(hex) {
            true => Ok(digits),
            false => Err("expected the 64 hexadecimal digits of a SHA-256".to_owned()),
        }
    }

    pub(crate) fn dims(&mut self) -> Result<Vec<usize>, String> {
        self.expect("[")?;
        self.items("]", Self::number)
    }

    pub(crate) fn format(&mut self) -> Result<Format, String> {
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

    pub(crate) fn tensor_type(&mut self) -> Result<TensorType, String> {
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
        let formats = self.items("}", Self::format)?;
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
