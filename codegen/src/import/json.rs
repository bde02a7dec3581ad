//! JSON (RFC 8259), with an eye on hostile files.
//!
//! Numbers stay text until somebody says what they are, so that none is rounded
//! twice. Refused are a key that an object holds twice, values nested deeper
//! than [`DEEPEST`], and more than [`MOST_VALUES`] values.

use std::borrow::Cow;
use std::str::FromStr;

/// How deep lists and objects may lie in each other.
const DEEPEST: usize = 64;

/// How many values a file may hold.
const MOST_VALUES: usize = 1 << 23;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json<'a> {
    /// `null`, `true` or `false`.
    Word(&'a str),
    /// A number as it is written.
    Number(&'a str),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object, in the file's order.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads one value, and nothing behind it.
    ///
    /// # Errors
    ///
    /// Where the text breaks the rules, and which.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let mut reader = Reader {
            text,
            at: 0,
            values: 0,
        };
        let value = reader
            .value(0)
            .and_then(|value| match reader.peek() {
                None => Ok(value),
                Some(_) => Err("the end of the file was expected".to_owned()),
            })
            .map_err(|reason| format!("{reason}, at {}", reader.place()))?;
        Ok(value)
    }

    /// What it is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Word("null") => "null",
            Self::Word(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The number of a type, written as a number or as text.
    pub(super) fn number<T: FromStr>(&self) -> Option<T> {
        match self {
            Self::Number(text) => text.parse().ok(),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn place(&self) -> String {
        let before = &self.text[..self.at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        format!("line {line}, byte {column}")
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().iter().take_while(space).count();
        self.rest().first().copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        match self.eat(byte) {
            true => Ok(()),
            false => Err(format!("`{}` was expected", char::from(byte))),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(format!("there are more than {MOST_VALUES} values"));
        }
        if depth > DEEPEST {
            return Err(format!("values are nested deeper than {DEEPEST}"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.quoted().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            _ => Err("a value was expected".to_owned()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, String> {
        self.expect(b'{')?;
        let mut entries: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        if self.eat(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            self.peek();
            let key = self.quoted()?;
            self.expect(b':')?;
            entries.push((key, self.value(depth + 1)?));
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        let mut keys: Vec<_> = entries.iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!(
                "an object holds the key `{}` twice",
                super::shorten(pair[0])
            )),
            None => Ok(Json::Object(entries)),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, String> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b']')?;
        Ok(Json::List(items))
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a str {
        let length = self.rest().iter().take_while(|byte| keep(**byte)).count();
        let taken = &self.text[self.at..self.at + length];
        self.at += length;
        taken
    }

    fn word(&mut self) -> Result<Json<'a>, String> {
        match self.take_while(|byte| byte.is_ascii_alphabetic()) {
            word @ ("null" | "true" | "false") => Ok(Json::Word(word)),
            word => Err(format!("`{}` is no value of JSON", super::shorten(word))),
        }
    }

    fn number(&mut self) -> Result<Json<'a>, String> {
        let text =
            self.take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
        match text.parse::<f64>() {
            Ok(_) => Ok(Json::Number(text)),
            Err(_) => Err(format!("`{}` is no number", super::shorten(text))),
        }
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, String> {
        self.expect(b'"')?;
        let plain = self.take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
        if self.rest().first() == Some(&b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            match self.rest().first() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escaped()?);
                }
                None | Some(0..0x20) => return Err("a text does not end".to_owned()),
                Some(_) => {
                    text.push_str(self.take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)));
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let escape = self.rest().first().copied();
        self.at += usize::from(escape.is_some_and(|byte| byte.is_ascii()));
        Ok(match escape {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.code_unit()?;
                let units = match first {
                    0xd800..0xdc00 if self.rest().starts_with(b"\\u") => {
                        self.at += 2;
                        vec![first, self.code_unit()?]
                    }
                    _ => vec![first],
                };
                match char::decode_utf16(units).next() {
                    Some(Ok(c)) => c,
                    _ => return Err("a surrogate stands alone".to_owned()),
                }
            }
            _ => return Err("an unknown escape in a text".to_owned()),
        })
    }

    fn code_unit(&mut self) -> Result<u16, String> {
        let wrong = || "four hexadecimal digits were expected".to_owned();
        let digits = self.rest().first_chunk::<4>().ok_or_else(wrong)?;
        let mut unit = 0;
        for &digit in digits {
            let digit = char::from(digit).to_digit(16).ok_or_else(wrong)?;
            unit = unit << 4 | digit as u16;
        }
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() -> Result<(), String> {
        let text = " {\"a\": [1, -2.5E-1, \"x\\u00e9\\ud83d\\ude00\\n\"], \"b\": null}\n";
        let list = vec![
            Json::Number("1"),
            Json::Number("-2.5E-1"),
            Json::Text("x\u{e9}\u{1f600}\n".into()),
        ];
        let expected = Json::Object(vec![
            ("a".into(), Json::List(list)),
            ("b".into(), Json::Word("null")),
        ]);
        assert_eq!(Json::parse(text)?, expected);
        assert_eq!(Json::parse("\"1e3\"")?.number(), Some(1000.0f32));
        Ok(())
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let cases = [
            ("{\"a\": 1,\n \"a\": 2}", "`a` twice, at line 2"),
            ("[1, 2", "`]` was expected, at line 1, byte 6"),
            ("[1] 2", "the end of the file was expected"),
            ("[NaN]", "`NaN` is no value"),
            ("[1-2]", "`1-2` is no number"),
            ("\"a\\x\"", "unknown escape"),
            ("\"\\ud800\"", "surrogate"),
            ("\"\\u12", "hexadecimal"),
            ("\"a\nb\"", "does not end"),
            ("{a: 1}", "`\"` was expected"),
            ("", "a value was expected"),
            (deep.as_str(), "deeper than 64"),
        ];
        for (text, expected) in cases {
            match Json::parse(text) {
                Ok(value) => panic!("taken: {value:?}"),
                Err(error) => assert!(error.contains(expected), "{text}: {error}"),
            }
        }
    }
}
