//! The entries of a JSON object, each taken by name; what nobody takes is refused.

use std::str::FromStr;

use super::super::json::Json;
use super::super::{Unsupported, shorten};

/// The entries of one object.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    path: String,
    left: Vec<(String, Json<'a>)>,
}

impl<'a> Fields<'a> {
    /// The entries of a value that must be an object; `path` names it.
    pub(super) fn new(path: impl Into<String>, value: Json<'a>) -> Result<Self, String> {
        let path = path.into();
        match value {
            Json::Object(left) => Ok(Self { path, left }),
            other => Err(format!("`{path}` is {}, expected an object", other.kind())),
        }
    }

    /// The name of an entry in messages.
    pub(super) fn name(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => shorten(key),
            path => format!("{path}.{}", shorten(key)),
        }
    }

    /// Takes an entry that may be left out.
    pub(super) fn optional(&mut self, key: &str) -> Option<Json<'a>> {
        let position = self.left.iter().position(|(name, _)| name == key)?;
        Some(self.left.swap_remove(position).1)
    }

    /// Takes an entry.
    pub(super) fn required(&mut self, key: &str) -> Result<Json<'a>, String> {
        self.optional(key)
            .ok_or_else(|| format!("`{}` is missing", self.name(key)))
    }

    /// Takes an entry that is an object.
    pub(super) fn object(&mut self, key: &str) -> Result<Self, String> {
        let value = self.required(key)?;
        Self::new(self.name(key), value)
    }

    /// Takes an entry that is a list.
    pub(super) fn list(&mut self, key: &str) -> Result<Vec<Json<'a>>, String> {
        match self.required(key)? {
            Json::List(items) => Ok(items),
            other => Err(format!(
                "`{}` is {}, expected a list",
                self.name(key),
                other.kind()
            )),
        }
    }

    /// Takes an entry that is a list of numbers.
    pub(super) fn numbers<T: FromStr>(&mut self, key: &str) -> Result<Vec<T>, String> {
        let items = self.list(key)?;
        let numbers = items.iter().enumerate().map(|(index, item)| {
            let name = || self.name(key);
            item.number()
                .ok_or_else(|| format!("`{}[{index}]` is no number that is expected there", name()))
        });
        numbers.collect()
    }

    /// Takes an entry that is a number, or text that is one.
    pub(super) fn number<T: FromStr>(&mut self, key: &str) -> Result<T, String> {
        let value = self.required(key)?;
        value
            .number()
            .ok_or_else(|| format!("`{}` is no number that is expected there", self.name(key)))
    }

    /// Takes an entry that is text.
    pub(super) fn text(&mut self, key: &str) -> Result<String, String> {
        let value = self.required(key)?;
        match value.text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!(
                "`{}` is {}, expected text",
                self.name(key),
                value.kind()
            )),
        }
    }

    /// Drops entries that change nothing that is computed.
    pub(super) fn ignore(&mut self, keys: &[&str]) {
        self.left.retain(|(name, _)| !keys.contains(&name.as_ref()));
    }

    /// Refuses every entry that is left.
    pub(super) fn finish(self, refused: &mut Vec<Unsupported>) {
        for (key, _) in &self.left {
            refused.push(Unsupported {
                node: self.name(key),
                operator: String::new(),
                reason: "this entry is not known, and may change what is computed".to_owned(),
            });
        }
    }
}
