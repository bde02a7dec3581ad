//! The real factor of integers: what a value is between quantisers.
//!
//! Behind a quantiser whose scale s is no power of two, a value is carried as
//! integers q and their factor s, per tensor or per channel: it is s q. Sums,
//! products and rearrangements act on the integers, exactly, as long as the
//! factor does not vary along what they add up; the factor meets the integers
//! at the next quantiser alone. Factors are double-precision numbers: products
//! of two single-precision scales are exact.

use ndarray::{Axis, IxDyn};

use crate::ir::NodeId;
use crate::real::{Op, Tensor};

/// Two scales that differ by less than this, of their size, are one: that of a
/// bias is a product rounded to single precision.
const SAME: f64 = 1.0 / (1 << 22) as f64;

/// A factor of integers: 1, or positive numbers over dimensions of the value's
/// rank, each 1 or the value's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scale(Option<Tensor>);

/// Integers and the factor that makes them the value.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    pub(super) node: NodeId,
    pub(super) scale: Scale,
}

impl Carried {
    /// A value that is a node's.
    pub(super) const fn plain(node: NodeId) -> Self {
        Self {
            node,
            scale: Scale(None),
        }
    }
}

impl Scale {
    pub(super) const ONE: Self = Self(None);

    /// The factors of a value of a rank; axes along which they are equal are
    /// dropped to 1.
    pub(super) fn new(factors: &Tensor, rank: usize) -> Self {
        let mut factors = factors.as_standard_layout().into_owned();
        while factors.ndim() < rank {
            factors.insert_axis_inplace(Axis(0));
        }
        for axis in (0..factors.ndim()).map(Axis) {
            let first = factors.index_axis(axis, 0);
            if factors.axis_iter(axis).all(|slice| slice == first) {
                let first = first.to_owned();
                factors = first.insert_axis(axis);
            }
        }
        match factors.len() == 1 && factors.iter().all(|&factor| factor == 1.0) {
            true => Self(None),
            false => Self(Some(factors)),
        }
    }

    pub(super) const fn is_one(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it varies along an axis.
    pub(super) fn varies_along(&self, axis: usize) -> bool {
        self.0
            .as_ref()
            .is_some_and(|factors| factors.shape().get(axis).is_some_and(|&size| size > 1))
    }

    /// The one factor of a whole tensor.
    pub(super) fn single(&self) -> Option<f64> {
        match &self.0 {
            None => Some(1.0),
            Some(factors) if factors.len() == 1 => factors.iter().copied().next(),
            Some(_) => None,
        }
    }

    /// The factors, of a rank that is not below the value's.
    pub(super) fn tensor(&self, rank: usize) -> Tensor {
        let Some(factors) = &self.0 else {
            return Tensor::ones(IxDyn(&vec![1; rank]));
        };
        let mut factors = factors.clone();
        while factors.ndim() < rank {
            factors.insert_axis_inplace(Axis(0));
        }
        factors
    }

    /// The factor of every element of a shape.
    pub(super) fn full(&self, shape: &[usize]) -> Tensor {
        match &self.0 {
            Some(factors) => match factors.broadcast(shape) {
                Some(view) => view.to_owned(),
                None => factors.clone(),
            },
            None => Tensor::ones(IxDyn(shape)),
        }
    }

    /// The factors of a value whose elements an operation rearranges; `pad`
    /// fills in where it adds elements.
    pub(super) fn moved(&self, op: &Op, from: &[usize], to: &[usize]) -> Result<Self, String> {
        if let Some(factor) = self.single() {
            let factor = Tensor::from_elem(IxDyn(&vec![1; to.len()]), factor);
            return Ok(Self::new(&factor, to.len()));
        }
        let moved = crate::real::evaluate_op(op, &[&self.full(from)], to)?;
        Ok(Self::new(&moved, to.len()))
    }

    /// Whether two scales are the same, up to the rounding of one of them to
    /// single precision; says by how much they differ.
    pub(super) fn same(&self, other: &Self, rank: usize) -> Option<f64> {
        let (a, b) = (self.tensor(rank), other.tensor(rank));
        crate::ir::broadcast_shape(a.shape(), b.shape())?;
        let ratios = a / b;
        let differences = ratios.iter().map(|ratio| (ratio - 1.0).abs());
        let largest = differences.fold(0.0, f64::max);
        (largest < SAME).then_some(largest)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn equal_factors_are_one_factor() {
        let factors = arr2(&[[0.5, 0.25], [0.5, 0.25]]).into_dyn();
        let scale = Scale::new(&factors, 3);
        assert!(scale.varies_along(2) && !scale.varies_along(1));
        assert_eq!(scale.tensor(3).shape(), [1, 1, 2]);
        assert!(Scale::new(&Tensor::ones(IxDyn(&[3, 4])), 2).is_one());
    }

    #[test]
    fn scales_that_differ_by_a_rounding_are_the_same() {
        let single = |value: f64| Scale::new(&ndarray::arr0(value).into_dyn(), 1);
        let product = f64::from(0.1f32) * f64::from(0.3f32);
        let rounded = f64::from(product as f32);
        assert!(single(product).same(&single(rounded), 1).is_some());
        assert!(single(0.1).same(&single(0.100_001), 1).is_none());
        // Those of a bias count from the last axis.
        let channels = ndarray::arr1(&[0.5, 0.25]).into_dyn();
        let product = Scale::new(&channels, 2);
        assert_eq!(Scale::new(&channels, 1).same(&product, 2), Some(0.0));
        assert!(single(0.5).same(&product, 2).is_none());
    }
}
