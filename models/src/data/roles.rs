//! Whether the columns suit the roles that the configuration gives them.

use std::path::Path;

use super::DataError;
use super::config::{DataConfig, InputConfig};
use super::plan::{Column, Plan};
use super::read::Kind;

/// What is needed of a column.
struct Role<'a> {
    /// The key of the configuration.
    key: String,
    column: &'a str,
}

impl Plan {
    /// Gives every column its role, and says which do not fit.
    pub(super) fn roles(
        &mut self,
        path: &Path,
        config: &DataConfig,
        inputs: &[InputConfig],
    ) -> Vec<DataError> {
        let mut problems = Vec::new();
        let mut wrong = |role: Role<'_>, column: &Column, expected: String| {
            problems.push(DataError::Shape {
                path: path.to_owned(),
                column: role.column.to_owned(),
                found: shape(&column.kind, column.slots),
                role: role.key,
                expected,
            });
        };
        for input in inputs {
            let mut lists: Option<usize> = None;
            for name in &input.columns {
                let Some(at) = self.place(name) else { continue };
                let column = &self.columns[at];
                let role = |key: &str| Role {
                    key: format!("data.inputs '{}'{key}", input.name),
                    column: name,
                };
                match (input.particles, input.image, column.slots) {
                    (Some(_), _, Some(slots)) if *lists.get_or_insert(slots) != slots => {
                        let first = lists.unwrap_or_default();
                        let expected = format!("lists of {first}, as its first column has");
                        wrong(role(""), column, expected);
                    }
                    (Some(particles), _, Some(slots)) if slots < particles => {
                        let expected = format!("lists of at least {particles}");
                        wrong(role(" (particles)"), column, expected);
                    }
                    (Some(_), _, None) => {
                        wrong(role(" (particles)"), column, "lists".to_owned());
                    }
                    (None, Some(image), slots) if slots != Some(image.iter().product()) => {
                        let size: usize = image.iter().product();
                        let expected = format!("lists of {size}, the product of {image:?}");
                        wrong(role(" (image)"), column, expected);
                    }
                    (None, None, Some(_)) => {
                        let expected = "scalars; lists need `particles` or `image`".to_owned();
                        wrong(role(""), column, expected);
                    }
                    _ => {}
                }
            }
            self.inputs
                .push(self.places(&input.columns).unwrap_or_default());
        }
        let mut scalar = |key: &str, name: &String, integer: bool| {
            let at = self.place(name)?;
            let column = &self.columns[at];
            let expected = match integer {
                true => "integers",
                false => "scalars",
            };
            if column.slots.is_some() || (integer && column.kind != Kind::Int) {
                let role = Role {
                    key: key.to_owned(),
                    column: name,
                };
                wrong(role, column, expected.to_owned());
            }
            Some(at)
        };
        let label = config.label.as_ref();
        let label = label.and_then(|name| scalar("data.label", name, true));
        let weight = config.weight.as_ref();
        let weight = weight.and_then(|name| scalar("data.weight", name, false));
        let by = config.split.by.as_ref();
        let by = by.and_then(|name| scalar("data.split.by", name, true));
        let targets = config.targets.iter();
        let targets = targets
            .filter_map(|name| scalar("data.targets", name, false))
            .collect();
        let spectators = config.spectators.iter();
        self.spectators = spectators
            .filter_map(|name| scalar("data.spectators", name, false))
            .collect();
        (self.label, self.weight, self.by, self.targets) = (label, weight, by, targets);
        problems
    }
}

/// A column in words.
pub(super) fn shape(kind: &Kind, slots: Option<usize>) -> String {
    let numbers = match kind {
        Kind::Float => "floating-point numbers",
        Kind::Int => "integers",
        Kind::Other(other) => other,
    };
    match slots {
        Some(slots) => format!("lists of {slots} {numbers}"),
        None => numbers.to_owned(),
    }
}
