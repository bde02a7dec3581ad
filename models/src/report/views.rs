//! Figures of an encoder on one part of the data.

use serde::{Deserialize, Serialize};

use super::{Figures, Part};
use crate::metrics::{Agreement, MetricsError, agreement};

/// How well the features of events and of their rotated copies agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewFigures {
    /// Executed by the integer interpreter.
    pub integer: Agreement,
    /// The float model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float: Option<Agreement>,
}

/// Features of events and of their rotated copies, row after row.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    /// Of the events.
    pub events: &'a [f64],
    /// Of the copies.
    pub copies: &'a [f64],
}

impl Part {
    /// Judges an encoder by its features of `rows` events.
    ///
    /// # Errors
    ///
    /// What [`agreement()`] refuses.
    pub fn views(
        name: &str,
        rows: usize,
        integer: Features<'_>,
        float: Option<Features<'_>>,
    ) -> Result<Self, MetricsError> {
        let judge = |features: Features<'_>| agreement(rows, features.events, features.copies);
        let figures = ViewFigures {
            integer: judge(integer)?,
            float: float.map(judge).transpose()?,
        };
        Ok(Self::named(name, Figures::Views(Box::new(figures))))
    }
}
