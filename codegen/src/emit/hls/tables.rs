//! Constant arrays of a kernel, a file each.

use super::integer::{Integer, literal};
use crate::emit::names::comment;
use crate::ir::Interval;

/// Columns at which lines of numbers are broken.
const LINE: usize = 110;

/// Constant arrays: names of files and their texts.
#[derive(Debug, Default)]
pub(super) struct Tables {
    files: Vec<(String, String)>,
    types: String,
}

impl Tables {
    /// Adds an array of integers; `about` says what it is of which node.
    ///
    /// Names are given by the emitter: letters and digits.
    pub(super) fn add(&mut self, name: &str, about: &str, values: &[i64]) {
        let ranges: Vec<_> = values.iter().map(|&m| Interval::point(m)).collect();
        let bits = Integer::of_ranges(&ranges).to_signed().bits;
        self.types
            .push_str(&format!("typedef trigforge::constant<{bits}> {name}_t;\n"));
        let mut lines = vec![String::from("   ")];
        for &m in values {
            let item = format!(" {},", literal(m));
            match lines.last_mut() {
                Some(line) if line.len() + item.len() <= LINE => line.push_str(&item),
                _ => lines.push(format!("   {item}")),
            }
        }
        let text = format!(
            "// {}.\n#ifndef {guard}_H_\n#define {guard}_H_\n\n\
             static const {name}_t {name}[{count}] = {{\n{}\n}};\n\n#endif\n",
            comment(about),
            lines.join("\n"),
            guard = name.to_uppercase(),
            count = values.len().max(1),
        );
        self.files.push((format!("{name}.h"), text));
    }

    /// File names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str())
    }

    /// Definitions of their types.
    pub(super) fn types(&self) -> &str {
        &self.types
    }

    /// File names and texts.
    pub(super) fn finish(self) -> Vec<(String, String)> {
        self.files
    }
}
