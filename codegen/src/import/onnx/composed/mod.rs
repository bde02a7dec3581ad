//! Operators that are written as several operations of the real graph.

mod writer;

pub(super) mod computed_index;
pub(super) mod einsum;
pub(super) mod normalization;
pub(super) mod recurrent;
pub(super) mod resize;
pub(super) mod selection;
pub(super) mod space;

pub(super) use writer::Writer;
