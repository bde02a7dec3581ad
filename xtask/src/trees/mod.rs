//! Tree ensembles of other libraries: what they predict, and what we compute.

mod case;

pub use case::{Case, Comparison, cases, compare, events};
