//! `Resize` and `Upsample`: each axis by a constant matrix of interpolation
//! weights, or by constant positions where one element is taken.

use ndarray::IxDyn;

use super::Writer;
use crate::real::{Id, Op, Tensor};

/// Where a result's element lies on the operand's axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import::onnx) enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    CropAndResize,
}

/// Which neighbour `Interpolation::Nearest` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import::onnx) enum Nearest {
    RoundPreferFloor,
    RoundPreferCeil,
    Floor,
    Ceil,
}

/// How elements between those of the operand are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::import::onnx) enum Interpolation {
    Nearest(Nearest),
    Linear,
    Cubic { a: f64 },
}

/// How an axis is resized.
#[derive(Clone, Copy, Debug)]
pub(in crate::import::onnx) struct Method {
    pub(in crate::import::onnx) coordinates: Coordinates,
    pub(in crate::import::onnx) interpolation: Interpolation,
    /// Smaller results average over as many elements as the scale spans.
    pub(in crate::import::onnx) antialias: bool,
    /// Neighbours beyond the ends get no weight.
    pub(in crate::import::onnx) exclude_outside: bool,
    /// Value beyond the region of interest.
    pub(in crate::import::onnx) extrapolation: f64,
}

/// One axis and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::import::onnx) struct Axis {
    pub(in crate::import::onnx) axis: usize,
    pub(in crate::import::onnx) size: usize,
    pub(in crate::import::onnx) scale: f64,
    /// Region of interest, in fractions of the axis.
    pub(in crate::import::onnx) region: [f64; 2],
}

/// One element of a result: weights of the operand's elements, and a constant.
struct Row {
    weights: Vec<(usize, f64)>,
    constant: f64,
}

pub(in crate::import::onnx) fn write(
    to: &mut Writer<'_>,
    mut x: Id,
    axes: &[Axis],
    method: Method,
) -> Result<Id, String> {
    let mut axes = axes.to_vec();
    axes.sort_unstable_by_key(|axis| std::cmp::Reverse(axis.axis));
    for axis in &axes {
        let length = to.shape(x)[axis.axis];
        if axis.size == length
            && axis.scale == 1.0
            && method.coordinates != Coordinates::CropAndResize
        {
            continue;
        }
        if length == 0 || axis.size == 0 {
            return Err("it resizes an axis without elements".to_owned());
        }
        let rows: Vec<_> = (0..axis.size)
            .map(|position| row(position, length, axis, &method))
            .collect();
        x = apply(to, x, axis.axis, &rows)?;
    }
    Ok(x)
}

fn apply(to: &mut Writer<'_>, x: Id, axis: usize, rows: &[Row]) -> Result<Id, String> {
    let single = |row: &Row| match row.weights.as_slice() {
        [(index, 1.0)] if row.constant == 0.0 => Some(*index),
        _ => None,
    };
    if let Some(indices) = rows.iter().map(single).collect::<Option<Vec<_>>>() {
        return to.op(Op::Gather { axis, indices }, &[x]);
    }
    let shape = to.shape(x).to_vec();
    let mut matrix = Tensor::zeros(IxDyn(&[shape[axis], rows.len()]));
    for (column, row) in rows.iter().enumerate() {
        for &(index, weight) in &row.weights {
            matrix[[index, column]] += weight;
        }
    }
    let mut permutation: Vec<_> = (0..shape.len()).collect();
    permutation.swap(axis, shape.len() - 1);
    let last = to.transpose(x, permutation.clone())?;
    let matrix = to.tensor(matrix);
    let mut product = to.matmul(last, matrix)?;
    if rows.iter().any(|row| row.constant != 0.0) {
        let constants = rows.iter().map(|row| row.constant).collect();
        let constants = to.tensor(ndarray::Array1::from_vec(constants).into_dyn());
        product = to.add(product, constants)?;
    }
    to.transpose(product, permutation)
}

fn row(position: usize, length: usize, axis: &Axis, method: &Method) -> Row {
    let Some(at) = source(position as f64, length as f64, axis, method.coordinates) else {
        return Row {
            weights: Vec::new(),
            constant: method.extrapolation,
        };
    };
    let below = libm::floor(at);
    // The fraction lies in (0, 1]: an integer position is the right neighbour.
    let fraction = if at == below { 1.0 } else { at - below };
    let first_of = |start: f64| (below + start + if at == below { -1.0 } else { 0.0 }) as i64;
    let scale = if method.antialias {
        axis.scale.min(1.0)
    } else {
        1.0
    };
    let (first, mut weights) = match method.interpolation {
        Interpolation::Nearest(nearest) => {
            let right = match nearest {
                _ if fraction == 1.0 => true,
                Nearest::RoundPreferFloor => fraction > 0.5,
                Nearest::RoundPreferCeil => fraction >= 0.5,
                Nearest::Floor => false,
                Nearest::Ceil => true,
            };
            (first_of(f64::from(u8::from(right))), vec![1.0])
        }
        Interpolation::Linear => {
            let start = libm::floor(-1.0 / scale) + 1.0;
            let kernel = |x: f64| (1.0 - x.abs()).max(0.0);
            let count = (2.0 - 2.0 * start) as usize;
            (
                first_of(start),
                spread(start, count, fraction, scale, kernel),
            )
        }
        Interpolation::Cubic { a } => {
            let start = libm::floor(-2.0 / scale) + 1.0;
            let count = (2.0 - 2.0 * start) as usize;
            let kernel = |x: f64| cubic(x.abs(), a);
            (
                first_of(start),
                spread(start, count, fraction, scale, kernel),
            )
        }
    };
    let last = length as i64 - 1;
    if method.exclude_outside {
        for (offset, weight) in weights.iter_mut().enumerate() {
            if !(0..=last).contains(&(first + offset as i64)) {
                *weight = 0.0;
            }
        }
    }
    if method.exclude_outside || method.antialias {
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }
    let clamped = |offset: usize| (first + offset as i64).clamp(0, last) as usize;
    Row {
        weights: weights
            .into_iter()
            .enumerate()
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(offset, weight)| (clamped(offset), weight))
            .collect(),
        constant: 0.0,
    }
}

/// Weights of `count` neighbours, the first at `start` from the one below.
fn spread(
    start: f64,
    count: usize,
    fraction: f64,
    scale: f64,
    kernel: impl Fn(f64) -> f64,
) -> Vec<f64> {
    (0..count)
        .map(|offset| kernel((start + offset as f64 - fraction) * scale))
        .collect()
}

/// The convolution kernel of cubic interpolation (Keys, 1981).
fn cubic(x: f64, a: f64) -> f64 {
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}

/// Where on the operand's axis a position lies; `None` beyond the region.
fn source(position: f64, length: f64, axis: &Axis, coordinates: Coordinates) -> Option<f64> {
    let scale = axis.scale;
    let scaled = scale * length;
    let half_pixel = (position + 0.5) / scale - 0.5;
    Some(match coordinates {
        Coordinates::HalfPixel => half_pixel,
        Coordinates::PytorchHalfPixel if scaled == 1.0 => -0.5,
        Coordinates::PytorchHalfPixel => half_pixel,
        Coordinates::HalfPixelSymmetric => {
            let adjustment = axis.size as f64 / scaled;
            length / 2.0 * (1.0 - adjustment) + half_pixel
        }
        Coordinates::AlignCorners if scaled == 1.0 => 0.0,
        Coordinates::AlignCorners => position * (length - 1.0) / (scaled - 1.0),
        Coordinates::Asymmetric => position / scale,
        Coordinates::CropAndResize => {
            let [from, to] = axis.region;
            let within = if scaled == 1.0 {
                (to - from) * (length - 1.0) / 2.0
            } else {
                position * (to - from) * (length - 1.0) / (scaled - 1.0)
            };
            let at = within + from * (length - 1.0);
            return (0.0..=length - 1.0).contains(&at).then_some(at);
        }
    })
}
