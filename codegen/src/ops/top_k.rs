//! `top_k key, x {axis, k, largest}`: the elements of `x` whose keys are the
//! largest (`largest=true`) or the smallest, in that order.
//!
//! `key` has the rank of `x`, the same length n along `axis`, and on each other
//! axis the length of `x` or 1 (one key then chooses for all of them, such as
//! whole rows). Position r of the result, 0 <= r < k <= n, holds the element
//! of `x` at the position of the key that comes r-th; of equal keys the lowest
//! position comes first. The result has length k along `axis`.
//!
//! All keys have the same fractional bits, and so have the elements of `x`
//! along `axis`, which are the result's; the range is their hull.

use std::cmp::Reverse;

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{TensorType, broadcast_indices, element_count};

/// Elements in the order of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopK {
    /// The axis, from 0.
    pub axis: usize,
    /// How many elements.
    pub k: usize,
    /// Whether the largest keys come first, else the smallest.
    pub largest: bool,
}

/// How elements along an axis lie in a tensor: `outer` times `length` times
/// `inner` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// Elements along the axis.
    pub length: usize,
    /// Elements of the axes behind it.
    pub inner: usize,
    /// Elements of the axes in front of it.
    pub outer: usize,
}

impl Lanes {
    /// The lanes of a shape; `axis` is one of its axes.
    pub fn new(shape: &[usize], axis: usize) -> Self {
        Self {
            length: shape[axis],
            inner: element_count(&shape[axis + 1..]),
            outer: element_count(&shape[..axis]),
        }
    }

    /// Lanes of all.
    pub fn count(&self) -> usize {
        self.outer * self.inner
    }

    /// The flat index of a lane's element.
    pub fn at(&self, lane: usize, position: usize) -> usize {
        (lane / self.inner * self.length + position) * self.inner + lane % self.inner
    }
}

impl TopK {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            axis: attributes.take_parsed("axis")?,
            k: attributes.take_parsed("k")?,
            largest: attributes.take_parsed("largest")?,
        })
    }

    /// For each lane of `x`, the lane of the keys that orders it.
    pub fn key_lanes(&self, key: &[usize], x: &[usize]) -> Vec<usize> {
        let without = |shape: &[usize]| {
            let mut shape = shape.to_vec();
            shape.remove(self.axis);
            shape
        };
        broadcast_indices(&without(key), &without(x)).collect()
    }
}

impl Operation for TopK {
    fn name(&self) -> &'static str {
        "top_k"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            Attribute::new("axis", self.axis),
            Attribute::new("k", self.k),
            Attribute::new("largest", self.largest),
        ]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<2>(args)?;
        let (key, x) = (&args[0], &args[1]);
        let shape = &x.ty.shape;
        if self.axis >= shape.len() || x.ty.is_empty() {
            return Err(format!(
                "no axis {} with elements in shape {shape:?}",
                self.axis
            ));
        }
        let fits = |(axis, (&key, &x)): (usize, (&usize, &usize))| {
            key == x || (key == 1 && axis != self.axis)
        };
        let mut axes = key.ty.shape.iter().zip(shape).enumerate();
        if key.ty.shape.len() != shape.len() || !axes.all(fits) {
            return Err(format!(
                "keys of shape {:?} do not order shape {shape:?} along axis {}",
                key.ty.shape, self.axis
            ));
        }
        let x_lanes = Lanes::new(shape, self.axis);
        if self.k == 0 || self.k > x_lanes.length {
            return Err(format!(
                "k is {}, expected 1 to {}, the length of axis {}",
                self.k, x_lanes.length, self.axis
            ));
        }
        if key.ty.formats.uniform_f().is_none() {
            return Err("the keys differ in their fractional bits; requantize them first".into());
        }
        let formats = x.ty.element_formats();
        let lanes = (0..x_lanes.count())
            .map(|lane| {
                let first = x_lanes.at(lane, 0);
                let mut hull = (x.range[first], formats[first].f());
                for position in 1..x_lanes.length {
                    let at = x_lanes.at(lane, position);
                    if formats[at].f() != hull.1 {
                        return Err(format!(
                            "elements along axis {} differ in their fractional bits; requantize \
                             them first",
                            self.axis
                        ));
                    }
                    hull.0 = hull.0.hull(x.range[at]);
                }
                Ok((hull.0.lo.into(), hull.0.hi.into(), hull.1))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut shape = shape.clone();
        shape[self.axis] = self.k;
        let exact: Vec<_> = lanes
            .chunks(x_lanes.inner)
            .flat_map(|outer| (0..self.k).flat_map(move |_| outer))
            .copied()
            .collect();
        expect_declared(derive_exact(&shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (key, x) = (args[0], args[1]);
        let key_lanes = Lanes::new(&key.ty.shape, self.axis);
        let x_lanes = Lanes::new(&x.ty.shape, self.axis);
        let y_lanes = Lanes::new(&result.shape, self.axis);
        let orders: Vec<Vec<usize>> = (0..key_lanes.count())
            .map(|lane| {
                let of = |&position: &usize| key.mantissas[key_lanes.at(lane, position)];
                let mut order: Vec<_> = (0..key_lanes.length).collect();
                // Both sorts keep equal keys in order of position.
                match self.largest {
                    true => order.sort_by_key(|position| Reverse(of(position))),
                    false => order.sort_by_key(of),
                }
                order
            })
            .collect();
        let mut y = vec![0; result.len()];
        let key_lane_of = self.key_lanes(&key.ty.shape, &x.ty.shape);
        for (lane, key_lane) in key_lane_of.into_iter().enumerate() {
            for (r, &position) in orders[key_lane].iter().take(self.k).enumerate() {
                y[y_lanes.at(lane, r)] = x.mantissas[x_lanes.at(lane, position)];
            }
        }
        y
    }
    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (key, x) = (args[0], args[1]);
        let key_lanes = Lanes::new(&key.ty.shape, self.axis);
        let x_lanes = Lanes::new(&x.ty.shape, self.axis);
        let y_lanes = Lanes::new(&result.shape, self.axis);
        let key_lane_of = self.key_lanes(&key.ty.shape, &x.ty.shape);
        let network = network(x_lanes.length, self.k);
        let mut wires = vec![None; result.len()];
        for key_lane in 0..key_lanes.count() {
            let carried: Vec<_> = (0..x_lanes.count())
                .filter(|&lane| key_lane_of[lane] == key_lane)
                .collect();
            // Each row is a key and the elements that move with it.
            let mut rows = (0..x_lanes.length)
                .map(|position| {
                    let key = key.wires[key_lanes.at(key_lane, position)];
                    let mut row = vec![self.unique(circuit, key, position, x_lanes.length)?];
                    row.extend(
                        carried
                            .iter()
                            .map(|&lane| x.wires[x_lanes.at(lane, position)]),
                    );
                    Ok(row)
                })
                .collect::<Result<Vec<Vec<Wire>>, String>>()?;
            for &[first, second] in &network {
                let swap = circuit.less(rows[first][0], rows[second][0])?;
                for column in 0..rows[first].len() {
                    let (a, b) = (rows[first][column], rows[second][column]);
                    rows[first][column] = circuit.select(swap, b, a)?;
                    rows[second][column] = circuit.select(swap, a, b)?;
                }
            }
            for (r, row) in rows.iter().take(self.k).enumerate() {
                for (&lane, &wire) in carried.iter().zip(&row[1..]) {
                    wires[y_lanes.at(lane, r)] = Some(wire);
                }
            }
        }
        wires
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(|| "a lane has no key".to_owned())
    }
}

impl TopK {
    /// A key that no other has, larger where it is to come first: the position
    /// counts, backwards, below its last bit.
    fn unique(
        &self,
        circuit: &mut Builder,
        key: Wire,
        position: usize,
        length: usize,
    ) -> Result<Wire, String> {
        let f = circuit.format(key).f();
        let bits = position_bits(length) as i32;
        let key = if self.largest { key } else { circuit.not(key)? };
        let behind = circuit.constant((length - 1 - position) as i64, f + bits);
        circuit.add(key, behind)
    }
}

/// Bits that tell `length` positions apart.
pub(crate) fn position_bits(length: usize) -> u32 {
    usize::BITS - length.saturating_sub(1).leading_zeros()
}

/// Comparators that bring the `k` largest of `length` values to the front, in
/// order: each puts the larger of two at the first of its positions.
///
/// Batcher's merge exchange for any length (Knuth, The Art of Computer
/// Programming 3, algorithm 5.2.2M), without the comparators that none of the
/// first `k` positions depends on.
pub(crate) fn network(length: usize, k: usize) -> Vec<[usize; 2]> {
    let mut comparators = Vec::new();
    let top = match position_bits(length) {
        0 => return comparators,
        bits => 1usize << (bits - 1),
    };
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            let from = (0..length.saturating_sub(d)).filter(|i| i & p == r);
            comparators.extend(from.map(|i| [i, i + d]));
            if q == p {
                break;
            }
            (d, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
    let mut needed: Vec<_> = (0..length).map(|position| position < k).collect();
    let mut kept = Vec::new();
    for [a, b] in comparators.into_iter().rev() {
        if needed[a] || needed[b] {
            (needed[a], needed[b]) = (true, true);
            kept.push([a, b]);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network sorts if it sorts every sequence of zeros and ones.
    #[test]
    fn networks_bring_the_largest_to_the_front() {
        for length in 1..13 {
            for k in 1..=length {
                let network = network(length, k);
                for bits in 0..1u32 << length {
                    let mut values: Vec<_> = (0..length).map(|i| bits >> i & 1).collect();
                    for &[a, b] in &network {
                        (values[a], values[b]) =
                            (values[a].max(values[b]), values[a].min(values[b]));
                    }
                    let ones = bits.count_ones() as usize;
                    let front = values[..k].iter().enumerate();
                    let sorted = front.map(|(at, &v)| v == u32::from(at < ones));
                    assert!(sorted.into_iter().all(|ok| ok), "{length}, {k}: {bits:b}");
                }
            }
        }
        assert_eq!(network(8, 8).len(), 19);
        assert_eq!(network(8, 1).len(), 7);
        assert_eq!(network(1, 1).len(), 0);
    }
}
