//! Attributes of operations in the textual form: `{name=value, ...}`.

use std::fmt;
use std::str::FromStr;

/// One attribute, `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name, fixed by the operation.
    pub name: &'static str,
    /// Value as it is written.
    pub value: String,
}

impl Attribute {
    /// An attribute whose value is written by `Display`.
    pub fn new(name: &'static str, value: impl fmt::Display) -> Self {
        Self {
            name,
            value: value.to_string(),
        }
    }

    /// An attribute that lists numbers: `[1, 2]`.
    pub fn list<T: fmt::Debug>(name: &'static str, values: &[T]) -> Self {
        Self {
            name,
            value: format!("{values:?}"),
        }
    }
}

/// Attributes as read from the textual form, taken one by one.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    entries: Vec<(String, String)>,
}

impl Attributes {
    /// Attributes from names and values as written.
    pub fn new(entries: Vec<(String, String)>) -> Self {
        Self { entries }
    }

    /// Takes an attribute that must be there.
    ///
    /// # Errors
    ///
    /// Names a missing attribute.
    pub fn take(&mut self, name: &str) -> Result<String, String> {
        let position = self.entries.iter().position(|(key, _)| key == name);
        position
            .map(|index| self.entries.remove(index).1)
            .ok_or_else(|| format!("attribute `{name}` is missing"))
    }

    /// Takes an attribute and parses its value.
    ///
    /// # Errors
    ///
    /// Names a missing attribute, or one whose value does not parse.
    pub fn take_parsed<T: FromStr>(&mut self, name: &str) -> Result<T, String> {
        let text = self.take(name)?;
        text.parse()
            .map_err(|_| format!("attribute `{name}` has the value `{text}`, which is not valid"))
    }

    /// Takes an attribute that lists numbers.
    ///
    /// # Errors
    ///
    /// Names a missing attribute, or one that is not a list of numbers.
    pub fn take_list<T: FromStr>(&mut self, name: &str) -> Result<Vec<T>, String> {
        let text = self.take(name)?;
        text.strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|inner| match inner.trim() {
                "" => Some(Vec::new()),
                items => items
                    .split(',')
                    .map(|item| item.trim().parse().ok())
                    .collect::<Option<Vec<T>>>(),
            })
            .ok_or_else(|| {
                format!("attribute `{name}` is `{text}`, expected a list such as [1, 2]")
            })
    }

    /// Refuses attributes that the operation did not take.
    ///
    /// # Errors
    ///
    /// Names every attribute that is left.
    pub fn finish(&self) -> Result<(), String> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.entries.iter().map(|(name, _)| name.as_str()).collect();
        Err(format!("unknown attribute {}", names.join(", ")))
    }
}
