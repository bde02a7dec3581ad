//! Derived columns: what `[data.derive]` asks for, and what computes one.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::expression::Formula;
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
