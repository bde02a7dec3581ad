//! The operations of the real graph.

use trigforge::{Overflow, Rounding};

use super::{Forest, Function, ScaledQuantizer, Tensor};
use crate::ir::Formats;

/// A rounding of real values to formats (QONNX `Quant`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantizer {
    /// Formats; per-element dimensions broadcast to the operand's shape.
    pub formats: Formats,
    /// Rounding mode.
    pub rounding: Rounding,
    /// Overflow mode.
    pub overflow: Overflow,
}

/// What a reduction makes of the elements along its axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their product.
    Product,
}

/// What a pooling makes of the elements in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest; padding never wins.
    Max,
    /// The mean.
    Average {
        /// Whether padding counts, as zeros, or is left out of the mean.
        count_padding: bool,
    },
}

/// An operation on real tensors; shapes broadcast as NumPy's do.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A tensor from outside.
    Input,
    /// A constant.
    Constant(Tensor),
    /// Matrix product as NumPy's `matmul`: over the last axis of the first
    /// operand and the last but one of the second, the axes before broadcast.
    MatMul,
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
    /// Smaller of two.
    Min,
    /// Larger of two.
    Max,
    /// First operand to the power of the second.
    Pow,
    /// 1 where the first operand is less than the second, else 0.
    Less,
    /// 1 where the first operand is not greater than the second, else 0.
    LessEqual,
    /// 1 where both are equal, else 0.
    Equal,
    /// Larger of the value and zero.
    Relu,
    /// A function of each element.
    Unary(Function),
    /// The second operand where the first is not zero, else the third.
    Where,
    /// One value of all elements along an axis, which is kept with size 1.
    Reduce {
        /// Which value.
        kind: Reduction,
        /// The axis, from 0.
        axis: usize,
    },
    /// Position of an extreme element along an axis, which is kept with size 1.
    Arg {
        /// Of the largest rather than the smallest.
        largest: bool,
        /// The axis, from 0.
        axis: usize,
        /// Of several equal ones, the last rather than the first.
        last: bool,
    },
    /// Elements of the second operand at the positions of the extreme keys (the
    /// first operand) along an axis, in order, ties to the lowest position.
    TopK {
        /// The axis, from 0.
        axis: usize,
        /// How many.
        k: usize,
        /// The largest keys rather than the smallest.
        largest: bool,
    },
    /// Exponentials that add to one along an axis.
    Softmax {
        /// The axis, from 0.
        axis: usize,
    },
    /// The same elements in another shape.
    Reshape,
    /// The same elements with axes permuted.
    Transpose {
        /// For each axis of the result, the operand's axis.
        permutation: Vec<usize>,
    },
    /// Every so many elements of each axis.
    Slice {
        /// Per axis, the first position.
        starts: Vec<usize>,
        /// Per axis, the distance to the next position; may be negative.
        steps: Vec<isize>,
        /// Per axis, how many.
        sizes: Vec<usize>,
    },
    /// Operands one after the other along an axis.
    Concat {
        /// The axis, from 0.
        axis: usize,
    },
    /// A constant around the operand.
    Pad {
        /// Per axis, elements before.
        before: Vec<usize>,
        /// Per axis, elements after.
        after: Vec<usize>,
        /// The constant.
        value: f64,
    },
    /// Elements at constant positions along an axis.
    Gather {
        /// The axis, from 0.
        axis: usize,
        /// Positions, from 0.
        indices: Vec<usize>,
    },
    /// Rows of the second operand `[n, d]` at the positions that the first one
    /// holds: an embedding, of the first operand's shape and one axis of `d`.
    Lookup,
    /// The operand broadcast to the node's shape.
    Expand,
    /// Convolution of `[n, c, s..]` with weights `[m, c / groups, k..]`.
    Conv {
        /// Per spatial axis, the distance between windows.
        strides: Vec<usize>,
        /// Per spatial axis, the distance between elements of a window.
        dilations: Vec<usize>,
        /// Per spatial axis, zeros before.
        before: Vec<usize>,
        /// Per spatial axis, zeros after.
        after: Vec<usize>,
        /// Channels are split into so many groups of their own.
        groups: usize,
    },
    /// One value per window of `[n, c, s..]`.
    Pool {
        /// Which value.
        kind: PoolKind,
        /// Per spatial axis, elements of a window.
        window: Vec<usize>,
        /// Per spatial axis, the distance between windows.
        strides: Vec<usize>,
        /// Per spatial axis, the distance between elements of a window.
        dilations: Vec<usize>,
        /// Per spatial axis, padding before.
        before: Vec<usize>,
        /// Per spatial axis, padding after.
        after: Vec<usize>,
    },
    /// Rounding to formats.
    Quantize(Quantizer),
    /// Rounding to integers behind any scale; the result is the integers.
    ScaledQuantize(ScaledQuantizer),
    /// A tree ensemble.
    Trees(Box<Forest>),
}

impl Op {
    /// Whether the result follows from constant operands when the model is read.
    /// A rounding stays in the graph, since its format is part of the model.
    pub(crate) fn is_foldable(&self) -> bool {
        !matches!(
            self,
            Self::Input | Self::Constant(_) | Self::Quantize(_) | Self::ScaledQuantize(_)
        )
    }

    /// Whether every element of the result is one of the operands'.
    pub(crate) fn moves_only(&self) -> bool {
        matches!(
            self,
            Self::Reshape
                | Self::Transpose { .. }
                | Self::Slice { .. }
                | Self::Concat { .. }
                | Self::Gather { .. }
                | Self::Expand
        )
    }

    /// Whether no element of the result can leave the operands' element type: it
    /// is one of theirs, or 0 or 1, a position, or clamped to a range.
    pub(crate) fn stays_in_type(&self) -> bool {
        self.moves_only()
            || matches!(
                self,
                Self::Input
                    | Self::ScaledQuantize(_)
                    | Self::Min
                    | Self::Max
                    | Self::Less
                    | Self::LessEqual
                    | Self::Equal
                    | Self::Relu
                    | Self::Where
                    | Self::Reduce {
                        kind: Reduction::Max | Reduction::Min,
                        ..
                    }
                    | Self::Arg { .. }
                    | Self::TopK { .. }
                    | Self::Pad { .. }
                    | Self::Lookup
                    | Self::Pool {
                        kind: PoolKind::Max,
                        ..
                    }
            )
    }

    /// The operation's name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Constant(_) => "constant",
            Self::MatMul => "matmul",
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Min => "min",
            Self::Max => "max",
            Self::Pow => "pow",
            Self::Less => "less",
            Self::LessEqual => "less_equal",
            Self::Equal => "equal",
            Self::Relu => "relu",
            Self::Unary(function) => function.name(),
            Self::Where => "where",
            Self::Reduce { kind, .. } => match kind {
                Reduction::Sum => "reduce_sum",
                Reduction::Mean => "reduce_mean",
                Reduction::Max => "reduce_max",
                Reduction::Min => "reduce_min",
                Reduction::Product => "reduce_product",
            },
            Self::Arg { largest: true, .. } => "arg_max",
            Self::Arg { largest: false, .. } => "arg_min",
            Self::TopK { .. } => "top_k",
            Self::Softmax { .. } => "softmax",
            Self::Reshape => "reshape",
            Self::Transpose { .. } => "transpose",
            Self::Slice { .. } => "slice",
            Self::Concat { .. } => "concat",
            Self::Pad { .. } => "pad",
            Self::Gather { .. } => "gather",
            Self::Lookup => "lookup",
            Self::Expand => "expand",
            Self::Conv { .. } => "conv",
            Self::Pool { kind, .. } => match kind {
                PoolKind::Max => "max_pool",
                PoolKind::Average { .. } => "average_pool",
            },
            Self::Quantize(_) => "quantize",
            Self::ScaledQuantize(_) => "scaled_quantize",
            Self::Trees(_) => "trees",
        }
    }
}
