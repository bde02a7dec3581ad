//! From files of named columns to checked events, split by seed.
//!
//! [`Source::open`] reads what the table `[data]` of a configuration names, in physical units; what
//! happens to the values then is part of the exported graph.

mod assemble;
mod config;
mod derived;
mod error;
mod events;
mod expression;
mod mixture;
mod plan;
mod read;
mod roles;
mod source;
mod split;
mod stream;
mod summary;
mod tally;
#[cfg(test)]
mod tests;
mod whole;
mod write;

pub use config::{DataConfig, InputConfig, Transform};
pub use derived::Derived;
pub use error::DataError;
pub use events::{Events, InputSpec};
pub use mixture::Mixture;
pub use source::Source;
pub use split::{Fractions, Part, Split};
pub use summary::ColumnSummary;
pub use tally::Counts;
