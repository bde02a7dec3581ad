//! `DepthToSpace`, `SpaceToDepth` and `ConvTranspose`.

use super::convolution::per_axis;
use super::{Row, Types, row};
use crate::import::onnx::call::Call;
use crate::import::onnx::composed::Writer;
use crate::import::onnx::composed::space::{self, DepthOrder, Transposed};
use crate::import::onnx::scope::Scope;
use crate::real::Id;

pub(super) const ROWS: &[Row] = &[
    row("ConvTranspose", 1, (2, 3), Types::Float, conv_transpose),
    row("DepthToSpace", 1, (1, 1), Types::Same, depth_to_space),
    row("SpaceToDepth", 1, (1, 1), Types::Same, space_to_depth),
];

fn block(call: &mut Call<'_, '_>) -> Result<usize, String> {
    let size = call.attributes.int("blocksize", 0)?;
    let size = usize::try_from(size).ok().filter(|size| *size > 0);
    size.ok_or_else(|| "attribute `blocksize` is not a positive number".to_owned())
}

fn depth_to_space(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let block = block(call)?;
    let order = match call.attributes.string("mode")?.as_deref() {
        None | Some("DCR") => DepthOrder::BlockFirst,
        Some("CRD") => DepthOrder::ChannelFirst,
        Some(other) => {
            let other = crate::import::shorten(other);
            return Err(format!(
                "attribute `mode` is `{other}`, expected DCR or CRD"
            ));
        }
    };
    let mut to = Writer::new(&mut scope.graph, call.name);
    space::depth_to_space(&mut to, x, block, order)
}

fn space_to_depth(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let block = block(call)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    space::space_to_depth(&mut to, x, block)
}

/// How `auto_pad` of a transposed convolution shares the padding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Auto {
    Explicit,
    SameUpper,
    SameLower,
}

fn conv_transpose(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, w) = (call.arg(0)?, call.arg(1)?);
    let (x_shape, w_shape) = (
        scope.graph.node(x).shape.clone(),
        scope.graph.node(w).shape.clone(),
    );
    if x_shape.len() < 3 || w_shape.len() != x_shape.len() {
        return Err(format!(
            "operands of shapes {x_shape:?} and {w_shape:?}, expected [n, c, ..] and [c, m, ..]"
        ));
    }
    let (positions, kernel) = (&x_shape[2..], &w_shape[2..]);
    let spatial = positions.len();
    let strides = per_axis(call, "strides", spatial, 1)?.unwrap_or_else(|| vec![1; spatial]);
    let dilations = per_axis(call, "dilations", spatial, 1)?.unwrap_or_else(|| vec![1; spatial]);
    let extra = per_axis(call, "output_padding", spatial, 0)?.unwrap_or_else(|| vec![0; spatial]);
    let groups = call.attributes.int("group", 1)?;
    let groups = usize::try_from(groups).map_err(|_| "attribute `group` is negative")?;
    let stated = per_axis(call, "kernel_shape", spatial, 1)?;
    if stated.is_some_and(|stated| stated != kernel) {
        return Err("attribute `kernel_shape` is not the shape of the weights".to_owned());
    }
    let auto = match call.attributes.string("auto_pad")?.as_deref() {
        None | Some("NOTSET" | "VALID") => Auto::Explicit,
        Some("SAME_UPPER") => Auto::SameUpper,
        Some("SAME_LOWER") => Auto::SameLower,
        Some(other) => {
            let other = crate::import::shorten(other);
            return Err(format!("attribute `auto_pad` is `{other}`"));
        }
    };
    let pads = per_axis(call, "pads", 2 * spatial, 0)?.unwrap_or_else(|| vec![0; 2 * spatial]);
    let wanted = match call.attributes.ints("output_shape")? {
        Some(shape) if shape.len() >= spatial => Some(shape[shape.len() - spatial..].to_vec()),
        Some(_) => return Err("attribute `output_shape` has too few dimensions".to_owned()),
        None if auto == Auto::Explicit => None,
        None => Some(
            positions
                .iter()
                .zip(&strides)
                .map(|(size, stride)| (size * stride) as i64)
                .collect(),
        ),
    };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for axis in 0..spatial {
        let reach = dilations[axis] * kernel[axis].saturating_sub(1) + 1;
        let whole = strides[axis] * positions[axis].saturating_sub(1) + reach + extra[axis];
        let (begin, end) = match &wanted {
            None => (pads[axis] as i64, pads[spatial + axis] as i64),
            Some(shape) => {
                let total = whole as i64 - shape[axis];
                let half = total.div_euclid(2);
                match auto {
                    Auto::SameUpper => (half, total - half),
                    _ => (total - half, half),
                }
            }
        };
        before.push(begin);
        after.push(end - extra[axis] as i64);
    }
    let geometry = Transposed {
        strides,
        dilations,
        before,
        after,
        groups,
    };
    let mut to = Writer::new(&mut scope.graph, call.name);
    let mut y = space::conv_transpose(&mut to, x, w, &geometry)?;
    if let Some(bias) = call.optional_arg(2) {
        let mut along = vec![1; spatial + 2];
        along[1] = to.shape(y)[1];
        let bias = to.reshape(bias, along)?;
        y = to.add(y, bias)?;
    }
    Ok(y)
}
