//! What a graph of adders costs: exact ranges, carry chains, depth.

use super::AdderError;
use super::graph::{Graph, Term};

/// The values of a wire: mantissas `lo ..= hi`, in units of `2^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest mantissa.
    pub lo: i128,
    /// The largest mantissa.
    pub hi: i128,
    /// The power of two of the lowest bit.
    pub exponent: i32,
}

/// Counts of a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Adders and subtractors, one for each sum that must be negated included.
    pub adders: usize,
    /// Bits of all carry chains, counted as
    /// [`circuit::Cost`](crate::circuit::Cost) does.
    pub bits: u64,
    /// The most adders in a row in front of an output, those before the sources
    /// included.
    pub depth: u32,
}

impl Range {
    /// Bits of the narrowest format that holds the range.
    pub fn width(self) -> u32 {
        let magnitude = self.hi.max(!self.lo).max(0);
        128 - magnitude.leading_zeros() + u32::from(self.lo < 0)
    }
}

/// A wire as multiples of sources.
type Form = Vec<(u32, i128)>;

impl Graph {
    /// The exact range of every source and every node, whatever its operands
    /// have in common.
    ///
    /// # Errors
    ///
    /// Says that a range needs more than 120 bits.
    pub fn ranges(&self) -> Result<Vec<Range>, AdderError> {
        let wires = self.sources.len() + self.nodes.len();
        let mut exponents: Vec<i32> = self.sources.iter().map(|source| -source.f).collect();
        let mut forms: Vec<Form> = (0..self.sources.len() as u32)
            .map(|source| vec![(source, 1)])
            .collect();
        let mut ranges = Vec::with_capacity(wires);
        for node in &self.nodes {
            let operands = [node.a, node.b];
            let exponent = operands.map(|term| exponents[term.wire as usize] + term.shift);
            exponents.push(exponent[0].min(exponent[1]));
            let forms_of = operands.map(|term| (&forms[term.wire as usize], term));
            let form = combined(forms_of).ok_or(AdderError::TooWide)?;
            forms.push(form);
        }
        for (form, exponent) in forms.iter().zip(exponents) {
            let (mut lo, mut hi) = (0i128, 0i128);
            for &(source, factor) in form {
                let source = &self.sources[source as usize];
                // A factor counts units of the value; the mantissa of a source
                // is in units of 2^-f.
                let factor = scaled(factor, -source.f - exponent).ok_or(AdderError::TooWide)?;
                let ends = [source.range.lo, source.range.hi]
                    .map(|end| factor.checked_mul(end.into()))
                    .map(|end| end.filter(|end| end.unsigned_abs() < 1 << 120));
                let [Some(a), Some(b)] = ends else {
                    return Err(AdderError::TooWide);
                };
                lo += a.min(b);
                hi += a.max(b);
            }
            if lo.unsigned_abs().max(hi.unsigned_abs()) >= 1 << 120 {
                return Err(AdderError::TooWide);
            }
            ranges.push(Range { lo, hi, exponent });
        }
        Ok(ranges)
    }

    /// Counts adders, carry bits and depth.
    ///
    /// # Errors
    ///
    /// As [`ranges`](Self::ranges).
    pub fn cost(&self) -> Result<Cost, AdderError> {
        let ranges = self.ranges()?;
        let depths = self.depths();
        let nodes = self.nodes.iter().zip(&ranges[self.sources.len()..]);
        let mut bits: u64 = nodes
            .map(|(node, range)| self.chain(node.a, node.b, *range, &ranges))
            .sum();
        let (mut adders, mut depth) = (self.nodes.len(), 0);
        for output in self.outputs.iter().flatten() {
            let wire = output.wire as usize;
            depth = depth.max(depths[wire] + u32::from(output.negative));
            if output.negative {
                adders += 1;
                bits += u64::from(ranges[wire].width()) + 1;
            }
        }
        Ok(Cost {
            adders,
            bits,
            depth,
        })
    }

    /// Bits of the carry chain of an adder: those of the result, less the lowest
    /// ones of one operand that pass unchanged.
    fn chain(&self, a: Term, b: Term, result: Range, ranges: &[Range]) -> u64 {
        let lowest = |term: Term| ranges[term.wire as usize].exponent + term.shift;
        let (a_lowest, b_lowest) = (lowest(a), lowest(b));
        let below = match b.negative {
            true => (b_lowest - a_lowest).max(0).unsigned_abs(),
            false => a_lowest.abs_diff(b_lowest),
        };
        result.width().saturating_sub(below).into()
    }
}

/// The sum of two multiples of sources, both sorted by source.
fn combined([(a, a_term), (b, b_term)]: [(&Form, Term); 2]) -> Option<Form> {
    let factor = |factor: i128, term: Term| {
        let scaled = scaled(factor, term.shift)?;
        Some(if term.negative { -scaled } else { scaled })
    };
    let mut sum = Form::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let source = match (a.peek(), b.peek()) {
            (None, None) => return Some(sum),
            (Some(a), Some(b)) => a.0.min(b.0),
            (Some(one), None) | (None, Some(one)) => one.0,
        };
        let mut total = 0i128;
        for (side, term) in [(&mut a, a_term), (&mut b, b_term)] {
            if let Some((_, of_side)) = side.next_if(|(at, _)| *at == source) {
                total = total.checked_add(factor(*of_side, term)?)?;
            }
        }
        if total != 0 {
            sum.push((source, total));
        }
    }
}

/// `factor * 2^shift`, if it is an integer and 120 bits hold it.
fn scaled(factor: i128, shift: i32) -> Option<i128> {
    if factor == 0 {
        return Some(0);
    }
    if shift < 0 {
        let drop = shift.unsigned_abs();
        return (drop <= factor.trailing_zeros()).then(|| factor >> drop);
    }
    let shift = shift.unsigned_abs();
    let room = factor.unsigned_abs().leading_zeros();
    (room > shift + 7).then(|| factor << shift)
}
