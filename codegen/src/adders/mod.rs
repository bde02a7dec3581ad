//! Constant matrix products as graphs of adders.
//!
//! Every weight is written in canonical signed digits (`digits`); a digit is
//! a shift, which is free, and each further digit of a column an adder. Adders
//! are saved in two ways, both of arXiv:2507.04535: a column is computed from
//! another one where that leaves fewer digits (`decompose`), and pairs of
//! digits that occur time and again become one node (`subexpressions`). Both
//! are tried in several ways, and the best graph is kept (`search`). What
//! comes out is the same for every number of threads.

mod assemble;
mod cost;
mod decompose;
mod digits;
mod graph;
mod prepare;
mod queue;
mod random;
mod search;
mod signs;
mod subexpressions;
#[cfg(test)]
mod tests;

use std::num::NonZero;
use std::thread;

use thiserror::Error;

pub use cost::{Cost, Range};
pub use graph::{Graph, Node, Source, Term};
pub use search::solve;

/// A product `y = x M`, with an offset added to each column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Product {
    /// The elements of `x`.
    pub inputs: Vec<Source>,
    /// The columns of `M`.
    pub columns: Vec<Column>,
}

/// A column: `sum of x * weight * 2^-f`, and `offset.0 * 2^-offset.1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Column {
    /// One weight for each input.
    pub weights: Vec<i64>,
    /// Fractional bits of the weights.
    pub f: i32,
    /// What is added: a mantissa and its fractional bits.
    pub offset: (i64, i32),
}

/// What is to be least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Objective {
    /// Adders, then the bits of their carry chains.
    #[default]
    Adders,
    /// The bits of the carry chains, then adders.
    Bits,
}

/// How a graph is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// How many adders in a row there may be beyond the fewest that are
    /// possible; any number if `None`.
    pub extra_depth: Option<u32>,
    /// What is to be least.
    pub objective: Objective,
    /// How long to search: 0 takes the first graph, each step further about as
    /// many searches again as the first ([`Options::DEFAULT_EFFORT`] is quick).
    pub effort: u32,
    /// Threads that search; the graph is the same for any number.
    pub threads: usize,
}

impl Options {
    /// The effort that is meant for every compilation.
    pub const DEFAULT_EFFORT: u32 = 2;

    /// How compilation seeks: the fewest bits of carry chains with two adders in
    /// a row beyond the fewest, which is nearly all that sharing gains.
    pub fn of_compilation() -> Self {
        Self {
            extra_depth: Some(2),
            objective: Objective::Bits,
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            ..Self::default()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            extra_depth: None,
            objective: Objective::default(),
            effort: Self::DEFAULT_EFFORT,
            threads: 1,
        }
    }
}

/// A product that has no graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdderError {
    /// A column has not one weight for each input.
    #[error("column {column} has {found} weights, but there are {expected} inputs")]
    Misshapen {
        /// Position of the column.
        column: usize,
        /// Its weights.
        found: usize,
        /// Inputs of the product.
        expected: usize,
    },
    /// A weight has too many bits.
    #[error(
        "weight {row} of column {column}, {weight}, has more than {most} bits, \
         counted from the lowest bit of the matrix; divide the matrix or round it"
    )]
    LargeWeight {
        /// Position of the column.
        column: usize,
        /// Position of the input.
        row: usize,
        /// The weight.
        weight: i64,
        /// Bits that it may have.
        most: u32,
    },
    /// A sum has too many bits.
    #[error("a sum needs more than 120 bits; fewer input bits or smaller weights are needed")]
    TooWide,
    /// A thread of the search panicked.
    #[error("a thread that searched for adders broke off; the message in front of this says where")]
    Interrupted,
}
