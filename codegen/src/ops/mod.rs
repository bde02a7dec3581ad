//! Operations of the graph level, one file each.
//!
//! A file says what the operation means: its operands, the shape and the exact
//! formats of its result, the integer result itself, and its cost. Adding one
//! is described in `docs/adding-an-op.md`.

mod arg;
mod attributes;
mod concat;
mod constant;
pub(crate) mod contraction;
mod conv;
mod dense;
mod elementwise;
mod expand;
mod gather;
mod input;
mod lookup;
mod magnitude;
mod matmul;
mod movement;
mod order;
mod pad;
mod pool;
mod reduce;
mod relu;
mod requantize;
mod reshape;
mod select;
mod slice;
mod square;
mod table;
pub(crate) mod top_k;
mod transpose;
mod trees;
mod window;

pub use arg::{ArgMax, ArgMin};
pub use attributes::{Attribute, Attributes};
pub use concat::Concat;
pub use constant::Constant;
pub use conv::{Conv, ConvSizes};
pub use dense::Dense;
pub use elementwise::{Add, Mul, Sub};
pub use expand::Expand;
pub use gather::Gather;
pub use input::Input;
pub use lookup::Lookup;
pub use magnitude::{Abs, Sign};
pub use matmul::{MatMul, MatMulSizes};
pub use movement::Movement;
pub use order::{Equal, Less, LessEqual, Max, Min};
pub use pad::Pad;
pub use pool::{MaxPool, SumPool};
pub(crate) use reduce::groups;
pub use reduce::{ReduceMax, ReduceMin, ReduceSum};
pub use relu::Relu;
pub use requantize::Requantize;
pub use reshape::Reshape;
pub use select::Select;
pub use slice::Slice;
pub use square::Square;
pub use table::Table;
pub use top_k::{Lanes, TopK};
pub use transpose::Transpose;
pub use trees::{Child, MOST_DEPTH, Split, Structure, Trees};
pub use window::{Axis, Plane, Window};

use trigforge::Format;

use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, Interval, TensorType, element_count};

/// What is known of an operand when a result's type is derived.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// Shape and formats.
    pub ty: &'a TensorType,
    /// The mantissas that each element can take.
    pub range: &'a [Interval],
    /// The mantissas themselves, if the operand is constant.
    pub constant: Option<&'a [i64]>,
}

/// The derived type of a result and the range of each of its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// Shape and formats.
    pub ty: TensorType,
    /// The mantissas that each element can take.
    pub range: Vec<Interval>,
}

/// An operand's mantissas when a result is computed.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// Shape and formats.
    pub ty: &'a TensorType,
    /// One mantissa per element, in C order.
    pub mantissas: &'a [i64],
}

/// An operand's wires when an operation is lowered to the circuit level.
#[derive(Clone, Copy, Debug)]
pub struct Wires<'a> {
    /// Shape and formats.
    pub ty: &'a TensorType,
    /// One wire per element, in C order, with the element's fractional bits.
    pub wires: &'a [Wire],
    /// The mantissas themselves, if the operand is constant.
    pub constant: Option<&'a [i64]>,
}

/// What one evaluation costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-accumulate operations with a weight that is not zero.
    pub macs: u64,
    /// Effective bit operations: sum over those products of weight bits times
    /// operand bits (arXiv:2405.00645, section III.D). A weight has the bits
    /// between its first and its last set one, an operand its width.
    pub ebops: u64,
    /// The same as HGQ2 counts it, by the formats that were trained: each factor
    /// has the bits of its format without the sign, whatever its value is, and a
    /// bias that is added has its own.
    pub format_ebops: u64,
    /// Weights that are not zero.
    pub parameters: u64,
}

/// One operation: its type rule, its integer result and its cost.
pub trait Operation {
    /// Name in the textual form.
    fn name(&self) -> &'static str;

    /// Attributes in the textual form.
    fn attributes(&self) -> Vec<Attribute>;

    /// Derives the result's type and ranges.
    ///
    /// `declared` is the type that the module states, which `input`, `const`
    /// and `requantize` take their formats from.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the operands, for a reader who sees the node.
    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String>;

    /// Computes the result's mantissas for operands that passed `derive`.
    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64>;

    /// Writes the operation as gates, for operands that passed `derive`.
    ///
    /// Returns one wire per element of the result, in C order, whose value is
    /// the element's; its fractional bits may be fewer. `input` is given the
    /// wires of its port.
    ///
    /// # Errors
    ///
    /// Says which gate needs more than 64 bits, or that there are too many.
    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String>;

    /// Counts the work of one evaluation.
    fn cost(&self, _args: &[Operand<'_>]) -> Cost {
        Cost::default()
    }
}

/// Declares the operations: the enum, its dispatch and the textual names.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// An operation of the graph level.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Op {
            $($(#[$doc])* $variant($variant),)*
        }

        impl Op {
            /// The operation as its trait.
            pub fn as_operation(&self) -> &dyn Operation {
                match self {
                    $(Self::$variant(op) => op,)*
                }
            }

            /// Builds the operation of this name from its attributes.
            ///
            /// # Errors
            ///
            /// Names an unknown operation or a wrong attribute.
            pub fn from_attributes(name: &str, attributes: &mut Attributes) -> Result<Self, String> {
                match name {
                    $($name => $variant::from_attributes(attributes).map(Self::$variant),)*
                    _ => Err(format!("unknown operation `{name}`, expected one of {}", Self::NAMES.join(", "))),
                }
            }

            /// The names of all operations.
            pub const NAMES: &'static [&'static str] = &[$($name),*];
        }

        $(impl From<$variant> for Op {
            fn from(op: $variant) -> Self {
                Self::$variant(op)
            }
        })*
    };
}

operations! {
    /// A tensor from outside.
    Input = "input",
    /// A constant tensor.
    Constant = "const",
    /// A product with a constant matrix, and a bias.
    Dense = "dense",
    /// The same weights at every position, and a bias.
    Conv = "conv",
    /// The matrix product of two tensors.
    MatMul = "matmul",
    /// One row of a constant for each index.
    Lookup = "lookup",
    /// Largest element of each window.
    MaxPool = "max_pool",
    /// Sum of each window.
    SumPool = "sum_pool",
    /// Elements in the order of a key.
    TopK = "top_k",
    /// Each element times itself.
    Square = "square",
    /// Element-wise sum.
    Add = "add",
    /// Element-wise difference.
    Sub = "sub",
    /// Element-wise product.
    Mul = "mul",
    /// The smaller of two values.
    Min = "min",
    /// The larger of two values.
    Max = "max",
    /// Whether one value is smaller than another.
    Less = "less",
    /// Whether one value is smaller than another, or equal to it.
    LessEqual = "less_equal",
    /// Whether two values are equal.
    Equal = "equal",
    /// One of two values, by a third.
    Select = "select",
    /// The value without its sign.
    Abs = "abs",
    /// -1, 0 or 1, as the value is negative, zero or positive.
    Sign = "sign",
    /// Larger of the value and zero.
    Relu = "relu",
    /// Loss of bits.
    Requantize = "requantize",
    /// A function by its values.
    Table = "table",
    /// Largest element along an axis.
    ReduceMax = "reduce_max",
    /// Smallest element along an axis.
    ReduceMin = "reduce_min",
    /// Position of the largest element along an axis.
    ArgMax = "arg_max",
    /// Position of the smallest element along an axis.
    ArgMin = "arg_min",
    /// Sum along an axis.
    ReduceSum = "reduce_sum",
    /// The same elements in another shape.
    Reshape = "reshape",
    /// The same elements with axes permuted.
    Transpose = "transpose",
    /// A tree ensemble.
    Trees = "trees",
    /// A regular part of a tensor.
    Slice = "slice",
    /// Listed positions along one axis.
    Gather = "gather",
    /// Elements repeated to a larger shape.
    Expand = "expand",
    /// Operands one after the other along an axis.
    Concat = "concat",
    /// A frame of one value around a tensor.
    Pad = "pad",
}

impl Op {
    /// The operation as one that only moves the elements of its operand, if it
    /// is one.
    pub fn as_movement(&self) -> Option<&dyn Movement> {
        match self {
            Self::Transpose(op) => Some(op),
            Self::Slice(op) => Some(op),
            Self::Gather(op) => Some(op),
            Self::Expand(op) => Some(op),
            _ => None,
        }
    }
}

/// Checks the number of operands.
fn expect_args<const N: usize>(args: &[Operand<'_>]) -> Result<(), String> {
    if args.len() == N {
        return Ok(());
    }
    Err(format!("expected {N} operands, found {}", args.len()))
}

/// Refuses a stated type that is not the derived one.
fn expect_declared(derived: Derived, declared: Option<&TensorType>) -> Result<Derived, String> {
    match declared {
        Some(declared) if *declared != derived.ty => Err(format!(
            "the stated type `{declared}` is not the derived one, `{}`",
            derived.ty
        )),
        _ => Ok(derived),
    }
}

/// The bits of a format without its sign.
fn value_bits(format: Format) -> u64 {
    u64::from(format.width()) - u64::from(format.k() && format.width() > 0)
}

/// The bits of all formats of a bias without their signs.
fn bias_bits(bias: Option<&Operand<'_>>) -> u64 {
    let formats = bias.into_iter().flat_map(|b| b.ty.element_formats());
    formats.map(value_bits).sum()
}

/// Gives exact results their formats: one for the whole tensor where the
/// elements share their fractional bits, else one per element.
///
/// `exact` holds the range and the fractional bits of each element.
fn derive_exact(shape: &[usize], exact: &[(i128, i128, i32)]) -> Result<Derived, String> {
    debug_assert_eq!(element_count(shape), exact.len());
    let cover = |lo, hi, f| {
        Format::covering(lo, hi, f).ok_or_else(|| {
            format!(
                "the exact result ranges over {lo}..={hi} units of 2^-({f}), which needs more \
                 than 64 bits; requantize an operand first"
            )
        })
    };
    let shared = exact
        .first()
        .map(|e| e.2)
        .filter(|&f| exact.iter().all(|e| e.2 == f));
    let formats = match shared {
        Some(f) => {
            let lo = exact.iter().map(|e| e.0).min().unwrap_or(0);
            let hi = exact.iter().map(|e| e.1).max().unwrap_or(0);
            Formats::Uniform(cover(lo, hi, f)?)
        }
        None => Formats::each(
            shape.to_vec(),
            exact
                .iter()
                .map(|&(lo, hi, f)| cover(lo, hi, f))
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Derived {
        ty: TensorType {
            shape: shape.to_vec(),
            formats,
        },
        // A covering format holds every mantissa as an i64.
        range: exact
            .iter()
            .map(|&(lo, hi, _)| Interval {
                lo: lo as i64,
                hi: hi as i64,
            })
            .collect(),
    })
}
