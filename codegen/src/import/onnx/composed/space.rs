//! Operators that move elements between channels and positions.

use super::Writer;
use crate::ir::element_count;
use crate::real::{Id, Op};

/// The order in which channels become positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import::onnx) enum DepthOrder {
    /// Positions within the block, then channels (`DCR`).
    BlockFirst,
    /// Channels, then positions within the block (`CRD`).
    ChannelFirst,
}

pub(in crate::import::onnx) fn depth_to_space(
    to: &mut Writer<'_>,
    x: Id,
    block: usize,
    order: DepthOrder,
) -> Result<Id, String> {
    let &[n, c, h, w] = to.shape(x) else {
        return Err("its operand must be [n, c, h, w]".to_owned());
    };
    let square = block.checked_mul(block).filter(|s| *s > 0);
    let Some(square) = square.filter(|s| c.is_multiple_of(*s)) else {
        return Err(format!("{c} channels do not divide into blocks of {block}"));
    };
    let depth = c / square;
    let (split, permutation) = match order {
        DepthOrder::BlockFirst => (vec![n, block, block, depth, h, w], vec![0, 3, 4, 1, 5, 2]),
        DepthOrder::ChannelFirst => (vec![n, depth, block, block, h, w], vec![0, 1, 4, 2, 5, 3]),
    };
    let split = to.reshape(x, split)?;
    let moved = to.transpose(split, permutation)?;
    to.reshape(moved, vec![n, depth, h * block, w * block])
}

pub(in crate::import::onnx) fn space_to_depth(
    to: &mut Writer<'_>,
    x: Id,
    block: usize,
) -> Result<Id, String> {
    let &[n, c, h, w] = to.shape(x) else {
        return Err("its operand must be [n, c, h, w]".to_owned());
    };
    if block == 0 || !h.is_multiple_of(block) || !w.is_multiple_of(block) {
        return Err(format!("{h} x {w} do not divide into blocks of {block}"));
    }
    let split = vec![n, c, h / block, block, w / block, block];
    let split = to.reshape(x, split)?;
    let moved = to.transpose(split, vec![0, 3, 5, 1, 2, 4])?;
    to.reshape(moved, vec![n, c * block * block, h / block, w / block])
}

/// A transposed convolution's geometry, per spatial axis.
#[derive(Clone, Debug)]
pub(in crate::import::onnx) struct Transposed {
    pub(in crate::import::onnx) strides: Vec<usize>,
    pub(in crate::import::onnx) dilations: Vec<usize>,
    /// Elements cut from the full result; negative ones are zeros added.
    pub(in crate::import::onnx) before: Vec<i64>,
    pub(in crate::import::onnx) after: Vec<i64>,
    pub(in crate::import::onnx) groups: usize,
}

/// Writes a transposed convolution as a convolution with mirrored weights of
/// the operand with zeros between its elements.
///
/// `w` is `[c, m / groups, k..]`.
pub(in crate::import::onnx) fn conv_transpose(
    to: &mut Writer<'_>,
    x: Id,
    w: Id,
    geometry: &Transposed,
) -> Result<Id, String> {
    let (x_shape, w_shape) = (to.shape(x).to_vec(), to.shape(w).to_vec());
    let spatial = x_shape.len().saturating_sub(2);
    let groups = geometry.groups;
    if spatial == 0
        || w_shape.len() != x_shape.len()
        || geometry.strides.len() != spatial
        || groups == 0
        || !x_shape[1].is_multiple_of(groups)
        || w_shape[0] != x_shape[1]
    {
        return Err(format!(
            "operands of shapes {x_shape:?} and {w_shape:?} in {groups} groups do not fit"
        ));
    }
    let mut spread = x;
    for axis in 0..spatial {
        spread = spaced(to, spread, axis + 2, geometry.strides[axis])?;
    }
    let (mut before, mut after) = (vec![0; spatial], vec![0; spatial]);
    let (mut starts, mut cut) = (vec![0; spatial + 2], vec![0; spatial + 2]);
    for axis in 0..spatial {
        let reach = (geometry.dilations[axis] * w_shape[axis + 2].saturating_sub(1)) as i64;
        let ends = [geometry.before[axis], geometry.after[axis]].map(|pad| reach - pad);
        let positive = |end: i64| usize::try_from(end.max(0)).unwrap_or(0);
        before[axis] = positive(ends[0]);
        after[axis] = positive(ends[1]);
        starts[axis + 2] = positive(-ends[0]);
        cut[axis + 2] = positive(-ends[1]);
    }
    let shape = to.shape(spread).to_vec();
    let sizes: Option<Vec<_>> = (0..shape.len())
        .map(|axis| shape[axis].checked_sub(starts[axis] + cut[axis]))
        .collect();
    let sizes = sizes.ok_or("its pads cut away more than there is")?;
    if sizes != shape {
        let steps = vec![1; shape.len()];
        let slice = Op::Slice {
            starts,
            steps,
            sizes,
        };
        spread = to.op(slice, &[spread])?;
    }
    let weights = mirrored(to, w, groups)?;
    let conv = Op::Conv {
        strides: vec![1; spatial],
        dilations: geometry.dilations.clone(),
        before,
        after,
        groups,
    };
    to.op(conv, &[spread, weights])
}

/// Puts `stride - 1` zeros between the elements of an axis.
fn spaced(to: &mut Writer<'_>, x: Id, axis: usize, stride: usize) -> Result<Id, String> {
    if stride == 1 {
        return Ok(x);
    }
    let shape = to.shape(x).to_vec();
    let mut split = shape.clone();
    split.insert(axis + 1, 1);
    let split = to.reshape(x, split)?;
    let mut after = vec![0; shape.len() + 1];
    after[axis + 1] = stride.checked_sub(1).ok_or("a stride of 0")?;
    let padded = to.op(
        Op::Pad {
            before: vec![0; shape.len() + 1],
            after,
            value: 0.0,
        },
        &[split],
    )?;
    let mut joined = shape.clone();
    joined[axis] = shape[axis] * stride;
    let joined = to.reshape(padded, joined)?;
    to.part(joined, axis, 0, (shape[axis] - 1) * stride + 1)
}

/// Weights `[c, m / groups, k..]` as `[m, c / groups, k..]`, mirrored.
fn mirrored(to: &mut Writer<'_>, w: Id, groups: usize) -> Result<Id, String> {
    let shape = to.shape(w).to_vec();
    let (kernel, spatial) = (shape[2..].to_vec(), shape.len() - 2);
    let mut starts = vec![0; 2];
    starts.extend(kernel.iter().map(|k| k.saturating_sub(1)));
    let mut steps = vec![1; 2];
    steps.extend(vec![-1; spatial]);
    let slice = Op::Slice {
        starts,
        steps,
        sizes: shape.clone(),
    };
    let flipped = to.op(slice, &[w])?;
    let (inputs, outputs) = (shape[0] / groups, shape[1]);
    let split = [&[groups, inputs, outputs][..], &kernel].concat();
    let split = to.reshape(flipped, split)?;
    let mut permutation = vec![0, 2, 1];
    permutation.extend(3..3 + spatial);
    let swapped = to.transpose(split, permutation)?;
    let joined = [&[groups * outputs, inputs][..], &kernel].concat();
    debug_assert_eq!(element_count(&joined), element_count(&shape));
    to.reshape(swapped, joined)
}
