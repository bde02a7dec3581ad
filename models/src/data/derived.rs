//! Derived columns: what `[data.derive]` asks for, and what computes one.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::DataError;
use super::config::DataConfig;
use super::expression::Formula;
use super::plan::{Column, Plan};
use super::read::Kind;
use crate::observables::{Jet, Observable, ObservableError, compute};

/// An entry of `[data.derive]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Derived {
    /// An expression over columns.
    Expression(String),
    /// One number of the lists of each row.
    Observable(Observable),
}

// Written out, because a derived one would say of every mistake only that no variant fits.
impl<'de> Deserialize<'de> for Derived {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;

        impl<'de> Visitor<'de> for Entry {
            type Value = Derived;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an expression, or a table with the key `observable`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Derived, E> {
                Ok(Derived::Expression(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Derived, M::Error> {
                Observable::deserialize(MapAccessDeserializer::new(map)).map(Derived::Observable)
            }
        }

        deserializer.deserialize_any(Entry)
    }
}

impl Derived {
    /// What an error calls it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Expression(text) => text.clone(),
            Self::Observable(observable) => format!("observable = \"{}\"", observable.name()),
        }
    }

    /// Names of columns, or text that holds some.
    pub(super) fn mentions(&self) -> Vec<&str> {
        match self {
            Self::Expression(text) => vec![text],
            Self::Observable(observable) => observable.columns().names().collect(),
        }
    }
}

/// What computes a derived column.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Formula(Formula),
    Observable {
        observable: Observable,
        /// The columns that it reads, in the order of [`Jet`].
        names: Vec<String>,
    },
}

impl Rule {
    /// # Errors
    ///
    /// Why the entry cannot be computed.
    pub(super) fn new(derived: &Derived, known: &[&str]) -> Result<Self, String> {
        match derived {
            Derived::Expression(text) => Formula::parse(text, known)
                .map(Self::Formula)
                .map_err(|error| error.to_string()),
            Derived::Observable(observable) => {
                observable.check().map_err(|error| error.to_string())?;
                Ok(Self::Observable {
                    observable: observable.clone(),
                    names: observable.columns().names().map(str::to_owned).collect(),
                })
            }
        }
    }

    /// The columns that it reads.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Formula(formula) => formula.names(),
            Self::Observable { names, .. } => names,
        }
    }
}

/// The observable of one row, whose lists are in the order of [`Jet`].
pub(super) fn observe(observable: &Observable, lists: &[&[f32]]) -> Result<f32, ObservableError> {
    let columns = observable.columns();
    let mut lists = lists.iter().copied();
    let mut list = |read: bool| match read {
        true => lists.next().unwrap_or_default(),
        false => &[],
    };
    let jet = Jet {
        pt: list(true),
        y: list(columns.y.is_some()),
        phi: list(columns.phi.is_some()),
        pid: list(columns.pid.is_some()),
    };
    compute(observable, &jet)
}

/// A derived column and where its operands are in a batch.
#[derive(Debug, Clone)]
pub(super) struct Derivation {
    pub(super) rule: Rule,
    pub(super) operands: Vec<usize>,
}

impl Plan {
    /// Appends the derived columns, each after those that it is made of.
    pub(super) fn derive(
        &mut self,
        mut rules: BTreeMap<&str, Rule>,
        config: &DataConfig,
    ) -> Vec<DataError> {
        let mut problems = Vec::new();
        let wrong = |name: &str, reason: String| {
            Some(DataError::Expression {
                key: format!("data.derive.{name}"),
                text: config.derive.get(name)?.text(),
                reason,
            })
        };
        while !rules.is_empty() {
            let ready = rules
                .iter()
                .find_map(|(name, rule)| Some(((*name).to_owned(), self.places(rule.names())?)));
            let Some((name, operands)) = ready else {
                let names = rules.keys();
                problems.extend(names.filter_map(|name| {
                    wrong(name, "it is made of itself, or of such a column".to_owned())
                }));
                return problems;
            };
            let Some(rule) = rules.remove(name.as_str()) else {
                return problems;
            };
            let slots = match self.slots_of(&rule, &operands) {
                Ok(slots) => slots,
                Err(reason) => {
                    problems.extend(wrong(&name, reason));
                    None
                }
            };
            self.columns.push(Column {
                name,
                unit: None,
                kind: Kind::Float,
                slots,
            });
            self.derived.push(Derivation { rule, operands });
        }
        problems
    }

    /// The slots of what a rule makes: an observable makes a number of lists.
    fn slots_of(&self, rule: &Rule, operands: &[usize]) -> Result<Option<usize>, String> {
        let slots = self.common_slots(operands)?;
        let Rule::Observable { .. } = rule else {
            return Ok(slots);
        };
        let columns = operands.iter().map(|at| &self.columns[*at]);
        match columns.into_iter().find(|column| column.slots.is_none()) {
            Some(scalar) => Err(format!("'{}' is no list; expected lists", scalar.name)),
            None => Ok(None),
        }
    }

    /// The size of the lists among some columns; scalars go with any.
    fn common_slots(&self, columns: &[usize]) -> Result<Option<usize>, String> {
        let lists = columns.iter().map(|at| &self.columns[*at]);
        let mut lists = lists.filter_map(|column| Some((column.slots?, &column.name)));
        let Some((slots, first)) = lists.next() else {
            return Ok(None);
        };
        match lists.find(|(other, _)| *other != slots) {
            Some((other, name)) => Err(format!(
                "the lists of '{first}' have {slots} slots, those of '{name}' {other}"
            )),
            None => Ok(Some(slots)),
        }
    }
}
