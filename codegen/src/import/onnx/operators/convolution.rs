//! `Conv`, and how windows of convolutions and poolings are written.

use super::{Call, Row, Scope, Types, row};
use crate::import::shorten;
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[row("Conv", 1, (2, 3), Types::Float, conv)];

/// How a window moves over the spatial axes.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) size: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    pub(super) before: Vec<usize>,
    pub(super) after: Vec<usize>,
}

impl Window {
    /// How far the window reaches along an axis.
    pub(super) fn extent(&self, axis: usize) -> usize {
        (self.size[axis] - 1) * self.dilations[axis] + 1
    }
}

/// The largest number of a window that is taken, far beyond any image here.
const LARGEST: i64 = 1 << 20;

/// One number per spatial axis.
pub(super) fn per_axis(
    call: &mut Call<'_, '_>,
    name: &str,
    rank: usize,
    least: i64,
) -> Result<Option<Vec<usize>>, String> {
    let Some(values) = call.attributes.ints(name)? else {
        return Ok(None);
    };
    if values.len() != rank {
        return Err(format!(
            "attribute `{name}` has {} numbers, expected {rank}",
            values.len()
        ));
    }
    values
        .iter()
        .map(|&value| match (least..=LARGEST).contains(&value) {
            true => Ok(value as usize),
            false => Err(format!("attribute `{name}` holds {value}")),
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Reads a window of a size from a node's attributes.
pub(super) fn window(
    call: &mut Call<'_, '_>,
    spatial: &[usize],
    size: Vec<usize>,
    dilated: bool,
) -> Result<Window, String> {
    let rank = spatial.len();
    let ones = || vec![1; rank];
    let strides = per_axis(call, "strides", rank, 1)?.unwrap_or_else(ones);
    let dilations = match dilated {
        true => per_axis(call, "dilations", rank, 1)?.unwrap_or_else(ones),
        false => ones(),
    };
    let pads = per_axis(call, "pads", 2 * rank, 0)?;
    let auto = call.attributes.string("auto_pad")?;
    let auto = auto.as_deref().unwrap_or("NOTSET");
    let mut window = Window {
        size,
        strides,
        dilations,
        before: vec![0; rank],
        after: vec![0; rank],
    };
    match (auto, pads) {
        ("NOTSET", None) | ("VALID", None) => {}
        ("NOTSET", Some(pads)) => {
            window.before = pads[..rank].to_vec();
            window.after = pads[rank..].to_vec();
        }
        ("SAME_UPPER" | "SAME_LOWER", None) => {
            for (axis, &dim) in spatial.iter().enumerate() {
                let stride = window.strides[axis];
                let reach = (dim.div_ceil(stride) - 1) * stride + window.extent(axis);
                let total = reach.saturating_sub(dim);
                let (less, more) = (total / 2, total - total / 2);
                let upper = auto == "SAME_UPPER";
                window.before[axis] = if upper { less } else { more };
                window.after[axis] = if upper { more } else { less };
            }
        }
        (auto, Some(pads)) if pads.iter().any(|&pad| pad != 0) => {
            return Err(format!(
                "attributes `pads` and `auto_pad` ({}) at once",
                shorten(auto)
            ));
        }
        (auto @ ("VALID" | "SAME_UPPER" | "SAME_LOWER"), Some(_)) => {
            return Err(format!("attributes `pads` and `auto_pad` ({auto}) at once"));
        }
        (other, _) => return Err(format!("attribute `auto_pad` is `{}`", shorten(other))),
    }
    Ok(window)
}

/// A convolution of two operands with the attributes of `Conv`.
pub(in super::super) fn convolution(
    scope: &mut Scope<'_>,
    call: &mut Call<'_, '_>,
    x: Id,
    w: Id,
) -> Result<Id, String> {
    let (shape, kernel) = (scope.shape(x), scope.shape(w));
    if shape.len() < 3 || kernel.len() != shape.len() {
        return Err(format!("operands of shapes {shape:?} and {kernel:?}"));
    }
    let (spatial, size) = (&shape[2..], kernel[2..].to_vec());
    let stated = per_axis(call, "kernel_shape", spatial.len(), 1)?;
    if stated.is_some_and(|stated| stated != size) {
        return Err(format!(
            "attribute `kernel_shape` is not that of the weights, {size:?}"
        ));
    }
    let groups = call.attributes.int("group", 1)?;
    let groups = usize::try_from(groups).map_err(|_| format!("attribute `group` is {groups}"))?;
    let window = window(call, spatial, size, true)?;
    let op = Op::Conv {
        strides: window.strides,
        dilations: window.dilations,
        before: window.before,
        after: window.after,
        groups,
    };
    scope.op(call.name, op, &[x, w])
}

fn conv(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, w) = (call.arg(0)?, call.arg(1)?);
    let (shape, kernel) = (scope.shape(x), scope.shape(w));
    let result = convolution(scope, call, x, w)?;
    let Some(bias) = call.optional_arg(2) else {
        return Ok(result);
    };
    if scope.shape(bias) != [kernel[0]] {
        return Err(format!(
            "its bias has not one number per map ({})",
            kernel[0]
        ));
    }
    let mut along = vec![1; shape.len()];
    along[1] = kernel[0];
    let bias = scope.reshape(call.name, bias, along)?;
    scope.op(call.name, Op::Add, &[result, bias])
}
