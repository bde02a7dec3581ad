//! One pass over the numbers, on burn's CPU backend.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Element, Shape};

use super::{Grouping, MOST_FRACTIONAL, QuantiseOps};

/// What the loops need of `f32` and `f64`.
trait Lane: Element + bytemuck::Pod + PartialOrd + Copy {
    const ZERO: Self;
    const LN_2: Self;
    fn exp2(power: i32) -> Self;
    fn as_f64(self) -> f64;
    fn round(self) -> Self;
    fn times(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn only_if(self, condition: bool) -> Self;
}

macro_rules! lane {
    ($kind:ty, $whole:expr, $bits:ty, $bias:expr, $mantissa:expr) => {
        impl Lane for $kind {
            const ZERO: Self = 0.0;
            const LN_2: Self = std::f64::consts::LN_2 as Self;

            /// Exact, for powers of normal numbers.
            fn exp2(power: i32) -> Self {
                Self::from_bits(((power + $bias) as $bits) << $mantissa)
            }

            fn as_f64(self) -> f64 {
                f64::from(self)
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
        }
    };
}

// From here on every number is whole.
lane!(f32, 8_388_608.0, u32, 127, 23);
lane!(f64, 4_503_599_627_370_496.0, u64, 1023, 52);

/// Scale, its inverse and the bounds of each element of a row.
struct Row<T> {
    scale: Vec<T>,
    step: Vec<T>,
    low: Vec<T>,
    high: Vec<T>,
}

impl<T: Lane> Row<T> {
    fn new(
        elements: usize,
        fractional: &[T],
        integer: &[T],
        sign: &[T],
        grouping: Grouping,
    ) -> Self {
        let group = |g: usize| {
            let bits = fractional[g].as_f64().round_ties_even() as i32;
            let bits = bits.clamp(-MOST_FRACTIONAL, MOST_FRACTIONAL);
            let whole = integer[g].as_f64() as i32;
            let high = if whole + bits > 0 {
                T::exp2(whole).minus(T::exp2(-bits))
            } else {
                T::ZERO
            };
            let low = T::ZERO.minus(high).times(sign[g]);
            (T::exp2(bits), T::exp2(-bits), low, high)
        };
        let groups: Vec<_> = (0..grouping.groups).map(group).collect();
        let mut row = Self {
            scale: Vec::with_capacity(elements),
            step: Vec::with_capacity(elements),
            low: Vec::with_capacity(elements),
            high: Vec::with_capacity(elements),
        };
        for element in 0..elements {
            let (scale, step, low, high) = groups[grouping.of(element)];
            row.scale.push(scale);
            row.step.push(step);
            row.low.push(low);
            row.high.push(high);
        }
        row
    }
}

/// `low` where `value` is below it, `high` where it is above.
#[inline(always)]
fn clamp<T: Lane>(value: T, low: T, high: T) -> T {
    let value = if value < low { low } else { value };
    if value > high { high } else { value }
}

fn forward<T: Lane>(values: &[T], elements: usize, row: &Row<T>) -> Vec<T> {
    let mut out = vec![T::ZERO; values.len()];
    for (out, values) in out
        .chunks_exact_mut(elements)
        .zip(values.chunks_exact(elements))
    {
        let bounds = row.low.iter().zip(&row.high);
        let steps = row.scale.iter().zip(&row.step);
        for (((out, value), (low, high)), (scale, step)) in
            out.iter_mut().zip(values).zip(bounds).zip(steps)
        {
            *out = clamp(value.times(*scale).round().times(*step), *low, *high);
        }
    }
    out
}

/// Gradients of the values, and of the fractional bits of each element of a row.
fn backward<T: Lane>(
    gradient: &[T],
    values: &[T],
    rounded: &[T],
    elements: usize,
    row: &Row<T>,
) -> (Vec<T>, Vec<T>) {
    let mut of_values = vec![T::ZERO; values.len()];
    let mut of_bits = vec![T::ZERO; elements];
    // A step beyond the bound still rounds to it, or belongs to a group of no bits.
    let beyond = |bounds: &[T], sign: fn(T, T) -> T| -> Vec<T> {
        bounds
            .iter()
            .zip(&row.step)
            .map(|(b, s)| sign(*b, *s))
            .collect()
    };
    let (low, high) = (beyond(&row.low, T::minus), beyond(&row.high, T::plus));
    let (low, high) = (&low[..elements], &high[..elements]);
    let rows = of_values
        .chunks_exact_mut(elements)
        .zip(gradient.chunks_exact(elements))
        .zip(values.chunks_exact(elements))
        .zip(rounded.chunks_exact(elements));
    for (((of_values, gradient), values), rounded) in rows {
        // Slices of one length and an index: the compiler makes vector instructions of it, which
        // it does not of iterators over seven slices.
        let (of_bits, of_values) = (&mut of_bits[..elements], &mut of_values[..elements]);
        let (values, rounded) = (&values[..elements], &rounded[..elements]);
        let gradient = &gradient[..elements];
        for j in 0..elements {
            let inside = (values[j] <= high[j]) & (values[j] >= low[j]);
            let passed = gradient[j].only_if(inside);
            of_values[j] = passed;
            of_bits[j] = of_bits[j].plus(passed.times(values[j].minus(rounded[j])));
        }
    }
    for bits in &mut of_bits {
        *bits = bits.times(T::LN_2);
    }
    (of_values, of_bits)
}

/// The numbers of a tensor in row order.
fn numbers<T: Lane>(tensor: &FlexTensor) -> std::borrow::Cow<'_, [T]> {
    match tensor.as_slice::<T>() {
        Some(slice) => slice.into(),
        None => tensor.to_contiguous().storage::<T>().to_vec().into(),
    }
}

fn tensor<T: Lane>(values: Vec<T>, shape: Shape) -> FlexTensor {
    FlexTensor::from_data(burn::tensor::TensorData::new(values, shape))
}

fn run<T: Lane>(
    values: &FlexTensor,
    [fractional, integer, sign]: [&FlexTensor; 3],
    grouping: Grouping,
) -> FlexTensor {
    let shape = values.layout().shape().clone();
    let elements = shape[1];
    let row = Row::new(
        elements,
        &numbers::<T>(fractional),
        &numbers(integer),
        &numbers(sign),
        grouping,
    );
    tensor(forward(&numbers(values), elements, &row), shape)
}

fn run_backward<T: Lane>(
    gradient: &FlexTensor,
    values: &FlexTensor,
    rounded: &FlexTensor,
    [fractional, integer, sign]: [&FlexTensor; 3],
    grouping: Grouping,
) -> (FlexTensor, FlexTensor) {
    let shape = values.layout().shape().clone();
    let elements = shape[1];
    let row = Row::new(
        elements,
        &numbers::<T>(fractional),
        &numbers(integer),
        &numbers(sign),
        grouping,
    );
    let (of_values, of_elements) = backward(
        &numbers(gradient),
        &numbers(values),
        &numbers(rounded),
        elements,
        &row,
    );
    let mut of_groups = vec![T::ZERO; grouping.groups];
    for (element, bits) in of_elements.iter().enumerate() {
        let group = &mut of_groups[grouping.of(element)];
        *group = group.plus(*bits);
    }
    let groups = Shape::new([grouping.groups]);
    (tensor(of_values, shape), tensor(of_groups, groups))
}

impl QuantiseOps for Flex {
    fn quantise(
        values: FlexTensor,
        fractional: FlexTensor,
        integer: FlexTensor,
        sign: FlexTensor,
        grouping: Grouping,
    ) -> FlexTensor {
        let formats = [&fractional, &integer, &sign];
        match values.dtype() {
            DType::F64 => run::<f64>(&values, formats, grouping),
            _ => run::<f32>(&values, formats, grouping),
        }
    }

    fn quantise_backward(
        gradient: FlexTensor,
        values: FlexTensor,
        rounded: FlexTensor,
        fractional: FlexTensor,
        integer: FlexTensor,
        sign: FlexTensor,
        grouping: Grouping,
    ) -> (FlexTensor, FlexTensor) {
        let formats = [&fractional, &integer, &sign];
        match values.dtype() {
            DType::F64 => run_backward::<f64>(&gradient, &values, &rounded, formats, grouping),
            _ => run_backward::<f32>(&gradient, &values, &rounded, formats, grouping),
        }
    }
}
