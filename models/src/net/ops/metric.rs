//! Sum of the numbers along the last axis, each with a learned factor: a diagonal metric on
//! squares.

use super::dense::product;
use crate::net::{Builder, NetError, Role, Start, Value, Widths};

/// `y[...] = sum_mu g[mu] * x[..., mu]` with learned factors `g` that all begin at `start`; the
/// last axis of the shape becomes 1. The factors do not decay and are listed in the report as
/// `{name}.metric`.
///
/// # Errors
///
/// A value that was not rounded.
pub fn metric(
    builder: &mut Builder,
    name: &str,
    value: Value,
    start: f32,
    widths: Widths,
) -> Result<Value, NetError> {
    let components = builder.shape(value).last().copied().unwrap_or(1);
    let factors = builder.weight(
        &format!("{name}.metric"),
        &[components, 1],
        Start::Constant(start),
        Role::Free,
        widths,
    );
    product(builder, name, value, factors, 1, None)
}
