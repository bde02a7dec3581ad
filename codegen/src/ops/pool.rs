//! `max_pool x {window, strides, dilations, before, after}` and `sum_pool x
//! {...}`: over the taps of a window, channel by channel.
//!
//! `x` is `[n, c, s..]` with one or two spatial axes, `window` the number of
//! taps on each; the result is `[n, c, o..]` with the positions that
//! `window.rs` defines. The largest element never is padding, so a window that
//! holds nothing else is refused; in the sum padding is 0. An average is the
//! sum times a constant.
//!
//! All results of a channel have the largest f of its elements. The range of a
//! channel follows from its hull, with 0 in a sum that reads padding.

use super::contraction::{aligned, channel_hulls, derive_channels, largest_f};
use super::reduce::{total, tree};
use super::window::{Plane, Window};
use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{TensorType, check_size};

/// Largest element of each window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Taps on each spatial axis.
    pub size: Vec<usize>,
    /// How the window moves.
    pub window: Window,
}

/// Sum of each window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumPool {
    /// Taps on each spatial axis.
    pub size: Vec<usize>,
    /// How the window moves.
    pub window: Window,
}

/// How the elements of a window combine.
trait Combine {
    /// What an empty window would give.
    const START: i64;
    fn apply(a: i64, b: i64) -> i64;
    /// The range of a result from the hull of the channel.
    fn bounds(plane: &Plane, lo: i128, hi: i128) -> Result<(i128, i128), String>;
}

impl Combine for MaxPool {
    const START: i64 = i64::MIN;

    fn apply(a: i64, b: i64) -> i64 {
        a.max(b)
    }

    fn bounds(plane: &Plane, lo: i128, hi: i128) -> Result<(i128, i128), String> {
        match plane.reads_nothing_else() {
            true => Err("a window holds nothing but padding, which has no largest element".into()),
            false => Ok((lo, hi)),
        }
    }
}

impl Combine for SumPool {
    const START: i64 = 0;

    fn apply(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    fn bounds(plane: &Plane, lo: i128, hi: i128) -> Result<(i128, i128), String> {
        let (lo, hi) = match plane.reads_padding() {
            true => (lo.min(0), hi.max(0)),
            false => (lo, hi),
        };
        let taps = plane.taps() as i128;
        Ok((lo.saturating_mul(taps), hi.saturating_mul(taps)))
    }
}

fn derive<C: Combine>(
    window: &Window,
    size: &[usize],
    args: &[Operand<'_>],
    declared: Option<&TensorType>,
) -> Result<Derived, String> {
    expect_args::<1>(args)?;
    let x = &args[0];
    let plane = window.over(&x.ty.shape, size)?;
    let (images, channels) = (x.ty.shape[0], x.ty.shape[1]);
    let mut shape = vec![images, channels];
    shape.extend(plane.output_shape(x.ty.shape.len() - 2));
    check_size(&shape)?;
    let f = largest_f(x.ty, plane.input(), channels);
    let exact = channel_hulls(x, &f, plane.input(), false)
        .into_iter()
        .zip(f)
        .map(|((lo, hi), f)| C::bounds(&plane, lo, hi).map(|(lo, hi)| (lo, hi, f)))
        .collect::<Result<Vec<_>, _>>()?;
    expect_declared(derive_channels(&shape, &exact)?, declared)
}

fn evaluate<C: Combine>(
    window: &Window,
    size: &[usize],
    x: Values<'_>,
    result: &TensorType,
) -> Vec<i64> {
    let mut y = vec![C::START; result.len()];
    let Ok(plane) = window.over(&x.ty.shape, size) else {
        return y;
    };
    let f = largest_f(x.ty, plane.input(), x.ty.shape[1]);
    let x = aligned(&x, plane.input(), &f);
    for (x, y) in x.chunks(plane.input()).zip(y.chunks_mut(plane.output())) {
        for tap in 0..plane.taps() {
            plane.each_read(tap, x, y, |y, x| *y = C::apply(*y, x));
        }
    }
    y
}

fn lower(
    window: &Window,
    size: &[usize],
    x: Wires<'_>,
    mut reduce: impl FnMut(Vec<Wire>) -> Result<Wire, String>,
) -> Result<Vec<Wire>, String> {
    let plane = window.over(&x.ty.shape, size)?;
    let mut results = Vec::new();
    for x in x.wires.chunks(plane.input()) {
        for position in 0..plane.output() {
            let sources = (0..plane.taps()).filter_map(|tap| plane.source(position, tap));
            results.push(reduce(sources.map(|source| x[source]).collect())?);
        }
    }
    Ok(results)
}

macro_rules! pools {
    ($($op:ident = $name:literal, $reduce:expr;)*) => {$(
        impl $op {
            pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
                Ok(Self {
                    size: attributes.take_list("window")?,
                    window: Window::from_attributes(attributes)?,
                })
            }
        }

        impl Operation for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn attributes(&self) -> Vec<Attribute> {
                let mut attributes = vec![Attribute::list("window", &self.size)];
                attributes.extend(self.window.attributes());
                attributes
            }

            fn derive(
                &self,
                args: &[Operand<'_>],
                declared: Option<&TensorType>,
            ) -> Result<Derived, String> {
                derive::<Self>(&self.window, &self.size, args, declared)
            }

            fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
                evaluate::<Self>(&self.window, &self.size, args[0], result)
            }

            fn lower(
                &self,
                args: &[Wires<'_>],
                _result: &TensorType,
                circuit: &mut Builder,
            ) -> Result<Vec<Wire>, String> {
                lower(&self.window, &self.size, args[0], |wires| $reduce(circuit, wires))
            }
        }
    )*};
}

pools! {
    MaxPool = "max_pool", |c: &mut Builder, w| tree(w, |a, b| c.max(a, b));
    SumPool = "sum_pool", total;
}
