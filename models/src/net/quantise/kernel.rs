//! The loops of rounding, over plain numbers.
//!
//! They are compiled once for each instruction set that `pulp` knows, and the best one is taken at
//! run time. Vectors run along a row: no sum depends on how wide they are.

use std::sync::OnceLock;

use burn::tensor::Element;

use super::{Grouping, MOST_FRACTIONAL};
use crate::net::Format;

/// What the loops need of `f32` and `f64`.
pub(crate) trait Lane: Element + bytemuck::Pod + PartialOrd + Copy + Send + Sync {
    const ZERO: Self;
    const LN_2: Self;
    fn exp2(power: i32) -> Self;
    fn round(self) -> Self;
    fn times(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn only_if(self, condition: bool) -> Self;
    fn row(rounder: &Rounder) -> &Row<Self>;
}

macro_rules! lane {
    ($kind:ty, $whole:expr, $bits:ty, $bias:expr, $mantissa:expr, $row:ident) => {
        impl Lane for $kind {
            const ZERO: Self = 0.0;
            const LN_2: Self = std::f64::consts::LN_2 as Self;

            /// Exact, for powers of normal numbers.
            #[inline(always)]
            fn exp2(power: i32) -> Self {
                Self::from_bits(((power + $bias) as $bits) << $mantissa)
            }

            /// Half to even. Written with an addition, which every processor has in its vector
            /// unit; the library function is a call for each number.
            #[inline(always)]
            fn round(self) -> Self {
                let magnitude = self.abs();
                let rounded = ((magnitude + $whole) - $whole).copysign(self);
                if magnitude < $whole { rounded } else { self }
            }

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }

            /// Itself or 0, as a mask: of a choice the compiler makes a branch.
            #[inline(always)]
            fn only_if(self, condition: bool) -> Self {
                Self::from_bits(self.to_bits() & <$bits>::from(condition).wrapping_neg())
            }

            fn row(rounder: &Rounder) -> &Row<Self> {
                rounder.$row.get_or_init(|| Row::new(rounder))
            }
        }
    };
}

// From here on every number is whole.
lane!(f32, 8_388_608.0, u32, 127, 23, single);
lane!(f64, 4_503_599_627_370_496.0, u64, 1023, 52, double);

/// How the elements of one tensor are rounded, ready for the loops.
#[derive(Debug)]
pub struct Rounder {
    pub(super) elements: usize,
    pub(super) grouping: Grouping,
    formats: Vec<Format>,
    single: OnceLock<Row<f32>>,
    double: OnceLock<Row<f64>>,
}

impl Rounder {
    /// For rows of `elements` numbers; `formats` has one format for each group.
    pub fn new(elements: usize, grouping: Grouping, formats: &[Format]) -> Self {
        Self {
            elements,
            grouping,
            formats: formats.to_vec(),
            single: OnceLock::new(),
            double: OnceLock::new(),
        }
    }

    /// Number of groups.
    pub(super) fn groups(&self) -> usize {
        self.grouping.groups
    }
}

/// Scale, its inverse and the bounds of each element of a row, and the bounds beyond which no
/// gradient passes.
#[derive(Debug)]
pub(crate) struct Row<T> {
    pub(super) scale: Vec<T>,
    pub(super) step: Vec<T>,
    pub(super) low: Vec<T>,
    pub(super) high: Vec<T>,
    pub(super) least: Vec<T>,
    pub(super) most: Vec<T>,
}

impl<T: Lane> Row<T> {
    fn new(rounder: &Rounder) -> Self {
        let elements = rounder.elements;
        let group = |format: &Format| {
            let bits = format.fractional.clamp(-MOST_FRACTIONAL, MOST_FRACTIONAL);
            let high = if format.integer + bits > 0 {
                T::exp2(format.integer).minus(T::exp2(-bits))
            } else {
                T::ZERO
            };
            let low = if format.signed {
                T::ZERO.minus(high)
            } else {
                T::ZERO
            };
            let (scale, step) = (T::exp2(bits), T::exp2(-bits));
            // A step beyond the bound still rounds to it, or belongs to a group of no bits.
            [scale, step, low, high, low.minus(step), high.plus(step)]
        };
        let groups: Vec<[T; 6]> = rounder.formats.iter().map(group).collect();
        let spread = |which: usize| {
            let groups: Vec<T> = groups.iter().map(|group| group[which]).collect();
            rounder.grouping.spread(&groups, elements)
        };
        Self {
            scale: spread(0),
            step: spread(1),
            low: spread(2),
            high: spread(3),
            least: spread(4),
            most: spread(5),
        }
    }
}

/// `low` where `value` is below it, `high` where it is above.
#[inline(always)]
fn clamp<T: Lane>(value: T, low: T, high: T) -> T {
    let value = if value < low { low } else { value };
    if value > high { high } else { value }
}

/// Rounds rows of numbers.
pub(crate) fn round_rows<T: Lane>(values: &[T], rounder: &Rounder) -> Vec<T> {
    let row = T::row(rounder);
    let mut out = vec![T::ZERO; values.len()];
    pulp::Arch::new().dispatch(|| forward(values, rounder.elements, row, &mut out));
    out
}

#[inline(always)]
fn forward<T: Lane>(values: &[T], elements: usize, row: &Row<T>, out: &mut [T]) {
    let (low, high) = (&row.low[..elements], &row.high[..elements]);
    let (scale, step) = (&row.scale[..elements], &row.step[..elements]);
    for (out, values) in out
        .chunks_exact_mut(elements)
        .zip(values.chunks_exact(elements))
    {
        // Slices of one length and an index: the compiler makes vector instructions of it, which it
        // does not of iterators over many slices.
        let (out, values) = (&mut out[..elements], &values[..elements]);
        for j in 0..elements {
            let whole = values[j].times(scale[j]).round();
            out[j] = clamp(whole.times(step[j]), low[j], high[j]);
        }
    }
}

/// Takes the gradient of rounded rows to the rows before rounding, and adds that of the fractional
/// bits of each group to `of_bits`.
pub(crate) fn gradient_rows<T: Lane>(
    gradient: &mut [T],
    values: &[T],
    rounded: &[T],
    rounder: &Rounder,
    of_bits: &mut [T],
) {
    let mut of_elements = vec![T::ZERO; rounder.elements];
    let row = T::row(rounder);
    pulp::Arch::new().dispatch(|| backward(gradient, [values, rounded], row, &mut of_elements));
    let add = |group: T, bits: T| group.plus(bits.times(T::LN_2));
    rounder.grouping.fold(of_bits, &of_elements, add);
}

#[inline(always)]
fn backward<T: Lane>(
    gradient: &mut [T],
    [values, rounded]: [&[T]; 2],
    row: &Row<T>,
    of_bits: &mut [T],
) {
    let elements = of_bits.len();
    let (least, most) = (&row.least[..elements], &row.most[..elements]);
    let rows = gradient
        .chunks_exact_mut(elements)
        .zip(values.chunks_exact(elements))
        .zip(rounded.chunks_exact(elements));
    for ((gradient, values), rounded) in rows {
        let (of_bits, gradient) = (&mut of_bits[..elements], &mut gradient[..elements]);
        let (values, rounded) = (&values[..elements], &rounded[..elements]);
        for j in 0..elements {
            let inside = (values[j] <= most[j]) & (values[j] >= least[j]);
            let passed = gradient[j].only_if(inside);
            gradient[j] = passed;
            of_bits[j] = of_bits[j].plus(passed.times(values[j].minus(rounded[j])));
        }
    }
}

/// Rounds learned numbers. Their formats hold all of them, so that none saturates.
pub fn round_weights(values: &mut [f32], formats: &[Format], grouping: Grouping) {
    let scale = |format: &Format| <f32 as Lane>::exp2(format.fractional);
    let groups: Vec<f32> = formats.iter().map(scale).collect();
    let scales = grouping.spread(&groups, values.len());
    pulp::Arch::new().dispatch(|| round_each(values, &scales));
}

#[inline(always)]
fn round_each(values: &mut [f32], scales: &[f32]) {
    for (value, scale) in values.iter_mut().zip(scales) {
        // A quotient by a power of two is exact.
        *value = Lane::round(*value * scale) / scale;
    }
}

/// The gradient of the fractional bits of each group of learned numbers, given the gradient of the
/// rounded ones.
pub fn gradient_of_bits(
    gradient: &[f32],
    values: &[f32],
    rounded: &[f32],
    grouping: Grouping,
) -> Vec<f32> {
    let errors = values
        .iter()
        .zip(rounded)
        .map(|(value, rounded)| value - rounded);
    let each: Vec<f32> = gradient
        .iter()
        .zip(errors)
        .map(|(gradient, error)| gradient * error * <f32 as Lane>::LN_2)
        .collect();
    let mut of_groups = vec![0f32; grouping.groups];
    grouping.fold(&mut of_groups, &each, |group, bits| group + bits);
    of_groups
}
