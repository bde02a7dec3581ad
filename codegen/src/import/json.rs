//! JSON with its numbers as they are written, and an eye on hostile files.
//!
//! Numbers stay text until somebody says what they are, so that none is rounded
//! twice. Refused are a key that an object holds twice, values nested deeper
//! than [`DEEPEST`], and more than [`MOST_VALUES`] values.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

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
    Text(String),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object, in the file's order.
    Object(Vec<(String, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads one value, and nothing behind it.
    ///
    /// # Errors
    ///
    /// Where the text breaks the rules, and which.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        // The whole text is checked here, so places count from its start.
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut left = MOST_VALUES;
        value(raw.get(), 0, &mut left)
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

/// Reads a value whose text is known to be JSON.
fn value<'a>(text: &'a str, depth: usize, left: &mut usize) -> Result<Json<'a>, String> {
    if depth > DEEPEST {
        return Err(format!(
            "its values lie deeper than {DEEPEST} in each other"
        ));
    }
    *left = left
        .checked_sub(1)
        .ok_or_else(|| format!("it holds more than {MOST_VALUES} values"))?;
    let reason = |error: serde_json::Error| error.to_string();
    match text.as_bytes().first() {
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(text).map_err(reason)?;
            let mut seen = HashSet::new();
            if let Some((twice, _)) = entries.iter().find(|(key, _)| !seen.insert(key.as_str())) {
                let twice = super::shorten(twice);
                return Err(format!("an object holds the key `{twice}` twice"));
            }
            let entries = entries.into_iter();
            entries
                .map(|(key, raw)| Ok((key, value(raw.get(), depth + 1, left)?)))
                .collect::<Result<_, String>>()
                .map(Json::Object)
        }
        Some(b'[') => {
            let Items(items) = serde_json::from_str(text).map_err(reason)?;
            let items = items.into_iter();
            items
                .map(|raw| value(raw.get(), depth + 1, left))
                .collect::<Result<_, _>>()
                .map(Json::List)
        }
        Some(b'"') => serde_json::from_str(text).map(Json::Text).map_err(reason),
        Some(b't' | b'f' | b'n') => Ok(Json::Word(text)),
        _ => Ok(Json::Number(text)),
    }
}

/// The entries of an object, their values unread.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

/// The items of a list, unread.
struct Items<'a>(Vec<&'a RawValue>);

fn too_many<E: Error>() -> E {
    E::custom(format_args!("it holds more than {MOST_VALUES} values"))
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    if entries.len() == MOST_VALUES {
                        return Err(too_many());
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Items<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() == MOST_VALUES {
                        return Err(too_many());
                    }
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(List)
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
            ("{\"a\": 1,\n \"a\": 2}", "the key `a` twice"),
            ("[1,\n 2", "at line 2"),
            ("[1] 2", "trailing characters at line 1 column 5"),
            ("[NaN]", "expected value"),
            ("[1-2]", "at line 1 column 3"),
            ("\"a\\x\"", "invalid escape"),
            ("\"\\u12", "EOF"),
            ("\"a\nb\"", "control character"),
            ("{a: 1}", "key must be a string"),
            ("", "EOF"),
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
