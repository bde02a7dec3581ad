//! Quantisers as exact integer operations: a factor, a rounding, a range.

use trigforge::{Format, Overflow, Rounding};

use crate::ir::{Interval, NodeId, TensorType};
use crate::ops::{self, Constant, Requantize};
use crate::real::{Id, IntegerRounding, Node, Op, Quantizer, ScaledQuantizer, Tensor};

use super::constant;
use super::integer::Writer;
use super::multiply::Product;
use super::scale::Carried;

/// Fractional bits that an input has beyond the steps of a quantiser whose
/// scale is no power of two.
const GUARD_BITS: i32 = 12;

/// Integers beyond which nothing is clamped.
const UNBOUNDED: i64 = 1 << 52;

/// Most integers of which the rounding of each is checked.
const MOST_CHECKED: u64 = 1 << 20;

impl Writer<'_> {
    /// The format of an input that goes through quantisers to integers.
    pub(super) fn input_format(&self, quantizers: &[&ScaledQuantizer]) -> Option<Format> {
        let mut step = f64::INFINITY;
        let (mut lo, mut hi) = (0.0f64, 0.0f64);
        for quantizer in quantizers {
            step = quantizer.scale.iter().copied().fold(step, f64::min);
            for scale in &quantizer.scale {
                for zero in &quantizer.zero {
                    lo = lo.min(scale * (quantizer.lo as f64 - zero));
                    hi = hi.max(scale * (quantizer.hi as f64 - zero));
                }
            }
        }
        let f = GUARD_BITS - libm::ilogb(step);
        let mantissa = |value: f64| libm::rint(libm::scalbn(value, f));
        let (lo, hi) = (mantissa(lo), mantissa(hi));
        if lo.abs().max(hi) >= libm::scalbn(1.0, 48) {
            return None;
        }
        Format::covering(lo as i128, hi as i128, f)
    }

    /// Rounding to formats.
    pub(super) fn quantize(
        &mut self,
        id: Id,
        node: &Node,
        quantizer: &Quantizer,
    ) -> Result<Carried, String> {
        let from = self.graph.node(node.args[0]);
        let plain = |result: Result<NodeId, String>| result.map(Carried::plain);
        match &from.op {
            // The input has this very format already.
            Op::Input => self.operand(node.args[0], false),
            Op::Constant(tensor) => {
                let (constant, ty) = constant::rounded(tensor, quantizer);
                plain(self.add_constant(&from.name, constant, ty))
            }
            _ => {
                if let Some(tables) = self.composed(id)? {
                    return Ok(tables);
                }
                let x = self.operand(node.args[0], false)?;
                let rank = node.shape.len();
                let product = self.multiplied(&node.name, x.node, &x.scale.tensor(rank))?;
                let smallest = quantizer.formats.entries().iter().map(|format| format.f());
                let step = libm::scalbn(1.0, -smallest.max().unwrap_or(0));
                self.note_factor(&node.name, x.node, &product, step, None);
                let op = Requantize {
                    rounding: quantizer.rounding,
                    overflow: quantizer.overflow,
                };
                let ty = TensorType {
                    shape: node.shape.clone(),
                    formats: quantizer.formats.clone(),
                };
                plain(self.add(&node.name, op, &[product.node], Some(ty)))
            }
        }
    }

    /// Rounding to integers.
    pub(super) fn scaled_quantize(
        &mut self,
        id: Id,
        node: &Node,
        quantizer: &ScaledQuantizer,
    ) -> Result<Carried, String> {
        let from = self.graph.node(node.args[0]);
        if let Op::Constant(tensor) = &from.op {
            let (constant, ty) = constant::integers(&quantizer.apply(tensor))?;
            let node = self.add_constant(&from.name, constant, ty)?;
            return Ok(Carried::plain(node));
        }
        if let Some(tables) = self.composed(id)? {
            return Ok(tables);
        }
        let x = self.operand(node.args[0], false)?;
        let (name, zero) = (node.name.as_str(), &quantizer.zero);
        let shifted = zero.iter().any(|&zero| zero != 0.0);
        let rank = node.shape.len();
        // A sign needs no factor.
        let signed_only = quantizer.rounding == IntegerRounding::Bipolar && !shifted;
        let mut value = x.node;
        if !signed_only {
            let factor = x.scale.tensor(rank) / &quantizer.scale;
            let product = self.multiplied(name, x.node, &factor)?;
            self.note_factor(name, x.node, &product, 1.0, Some(quantizer));
            value = product.node;
        }
        if shifted && quantizer.zero_first {
            value = self.offset(name, value, zero)?;
        }
        let after = shifted && !quantizer.zero_first;
        let bounds = match after {
            true => [-UNBOUNDED, UNBOUNDED],
            false => [quantizer.lo, quantizer.hi],
        };
        let mut rounded = self.rounded(name, value, quantizer.rounding, bounds)?;
        if after {
            rounded = self.offset(name, rounded, zero)?;
            rounded = self.clamped(name, rounded, [quantizer.lo, quantizer.hi])?;
        }
        Ok(Carried::plain(rounded))
    }

    /// A node plus a constant of integers.
    fn offset(&mut self, name: &str, node: NodeId, zero: &Tensor) -> Result<NodeId, String> {
        let (constant, ty) = constant::integers(zero)?;
        let zero = self.add_constant(&format!("{name}.zero"), constant, ty)?;
        self.add(&format!("{name}.shifted"), ops::Add, &[node, zero], None)
    }

    /// The integers that a mode makes of a node, within bounds.
    fn rounded(
        &mut self,
        name: &str,
        x: NodeId,
        rounding: IntegerRounding,
        bounds: [i64; 2],
    ) -> Result<NodeId, String> {
        let rounding = match rounding {
            IntegerRounding::HalfEven => Rounding::RndConv,
            IntegerRounding::HalfAway => Rounding::RndInf,
            IntegerRounding::HalfTowards => Rounding::RndZero,
            IntegerRounding::Floor => Rounding::Trn,
            IntegerRounding::Towards => Rounding::TrnZero,
            IntegerRounding::Ceil => return self.ceil(name, x, bounds),
            IntegerRounding::Away => return self.away(name, x, bounds),
            IntegerRounding::Bipolar => return self.bipolar(name, x),
        };
        let shape = self.builder.ty(x).shape.clone();
        if let Some((format, overflow)) = range_format(bounds) {
            let op = Requantize { rounding, overflow };
            let ty = TensorType::uniform(shape, format);
            return self.add(name, op, &[x], Some(ty));
        }
        let op = Requantize {
            rounding,
            overflow: Overflow::Sat,
        };
        // One bit more, for rounding up.
        let widest = self.builder.ty(x).formats.entries().iter();
        let i = widest.map(|format| format.i()).max().unwrap_or(0).max(0) + 1;
        let format = Format::new(true, i.min(62), 0).ok_or("its integers are too wide")?;
        let ty = TensorType::uniform(shape, format);
        let rounded = self.add(&format!("{name}.rounded"), op, &[x], Some(ty))?;
        self.clamped(name, rounded, bounds)
    }

    /// -floor(-x).
    fn ceil(&mut self, name: &str, x: NodeId, bounds: [i64; 2]) -> Result<NodeId, String> {
        let negative = self.negated(&format!("{name}.negative"), x)?;
        let [lo, hi] = bounds;
        let floor = self.rounded(
            &format!("{name}.floor"),
            negative,
            IntegerRounding::Floor,
            [-hi, -lo],
        )?;
        self.negated(name, floor)
    }

    /// max(ceil(x), 0) - max(ceil(-x), 0).
    fn away(&mut self, name: &str, x: NodeId, bounds: [i64; 2]) -> Result<NodeId, String> {
        let negative = self.negated(&format!("{name}.negative"), x)?;
        let mut parts = [x, negative];
        for (part, sign) in parts.iter_mut().zip(["up", "down"]) {
            let ceil = self.ceil(&format!("{name}.{sign}"), *part, [-UNBOUNDED, UNBOUNDED])?;
            *part = self.add(&format!("{name}.{sign}_part"), ops::Relu, &[ceil], None)?;
        }
        let sum = self.add(&format!("{name}.away"), ops::Sub, &parts, None)?;
        self.clamped(name, sum, bounds)
    }

    /// 2 floor(x) + 1 with floor(x) saturated to -1 and 0.
    fn bipolar(&mut self, name: &str, x: NodeId) -> Result<NodeId, String> {
        let sign = Format::new(true, 0, 0).ok_or("internal error: not a format")?;
        let ty = TensorType::uniform(self.builder.ty(x).shape.clone(), sign);
        let op = Requantize {
            rounding: Rounding::Trn,
            overflow: Overflow::Sat,
        };
        let sign = self.add(&format!("{name}.below"), op, &[x], Some(ty))?;
        let two = self.small(&format!("{name}.two"), 2)?;
        let twice = self.add(&format!("{name}.twice"), ops::Mul, &[sign, two], None)?;
        let one = self.small(&format!("{name}.one"), 1)?;
        self.add(name, ops::Add, &[twice, one], None)
    }

    /// 0 - x.
    pub(super) fn negated(&mut self, name: &str, x: NodeId) -> Result<NodeId, String> {
        let zero = self.small(&format!("{name}.zero"), 0)?;
        self.add(name, ops::Sub, &[zero, x], None)
    }

    /// A constant of one integer.
    pub(super) fn small(&mut self, name: &str, value: i64) -> Result<NodeId, String> {
        let format = Format::covering(value.into(), value.into(), 0);
        let ty = TensorType::uniform([], format.ok_or("internal error: not a format")?);
        let mantissas = vec![value];
        self.add_constant(name, Constant { mantissas }, ty)
    }

    /// Integers brought into bounds.
    fn clamped(&mut self, name: &str, x: NodeId, bounds: [i64; 2]) -> Result<NodeId, String> {
        let [lo, hi] = bounds;
        let range = self.hull(x);
        if let Some((format, overflow)) = range_format(bounds) {
            let op = Requantize {
                rounding: Rounding::Trn,
                overflow,
            };
            let ty = TensorType::uniform(self.builder.ty(x).shape.clone(), format);
            return self.add(name, op, &[x], Some(ty));
        }
        let mut value = x;
        if range.hi > hi {
            let limit = self.small(&format!("{name}.most"), hi)?;
            value = self.add(&format!("{name}.at_most"), ops::Min, &[value, limit], None)?;
        }
        if range.lo < lo {
            let limit = self.small(&format!("{name}.least"), lo)?;
            value = self.add(&format!("{name}.at_least"), ops::Max, &[value, limit], None)?;
        }
        Ok(value)
    }

    /// The range of all elements of a node.
    pub(super) fn hull(&self, node: NodeId) -> Interval {
        let ranges = self.builder.range(node).iter().copied();
        ranges.reduce(Interval::hull).unwrap_or(Interval::point(0))
    }

    /// Notes a factor that is not exact, and what it does to the rounding.
    ///
    /// `step` is what the quantiser rounds to; with `quantizer` it is said how
    /// many integers may round to the other side.
    fn note_factor(
        &mut self,
        name: &str,
        x: NodeId,
        product: &Product,
        step: f64,
        quantizer: Option<&ScaledQuantizer>,
    ) {
        if product.is_exact() {
            return;
        }
        let range = self.hull(x);
        let widest = range.lo.unsigned_abs().max(range.hi.unsigned_abs()) as f64;
        let f = self.builder.ty(x).formats.entries().iter().map(|f| f.f());
        let unit = libm::scalbn(1.0, -f.clone().min().unwrap_or(0));
        let pairs = || product.factor.iter().zip(&product.taken);
        let deviation = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let mut text = format!(
            "its factor is taken as an integer and a shift, off by at most {:.1e} of its size: at \
             most {:.1e} of a step",
            product.relative_deviation(),
            deviation * widest * unit / step
        );
        let shared = self.builder.ty(x).formats.uniform_f().is_some();
        if let (Some(quantizer), true) = (quantizer, shared) {
            let count = (range.hi as i128 - range.lo as i128 + 1) as u128;
            if count * product.factor.len() as u128 <= u128::from(MOST_CHECKED) {
                let open = undecided(range, unit, product, quantizer);
                let total = count * product.factor.len() as u128;
                text += &match open {
                    0 => format!("; each of the {total} integers before it rounds as exactly"),
                    open => {
                        format!("; {open} of the {total} integers before it may round otherwise")
                    }
                };
            }
        }
        self.note(name, text);
    }
}

/// How many integers times a factor lie so close to a place where the rounding
/// changes that the factor's deviation could carry them over it.
fn undecided(range: Interval, unit: f64, product: &Product, quantizer: &ScaledQuantizer) -> u64 {
    let halves = matches!(
        quantizer.rounding,
        IntegerRounding::HalfEven | IntegerRounding::HalfAway | IntegerRounding::HalfTowards
    );
    let mut open = 0;
    for (&factor, &taken) in product.factor.iter().zip(&product.taken) {
        for m in range.lo..=range.hi {
            let x = m as f64 * unit;
            let exact = x * factor;
            let place = match halves {
                true => exact.floor() + 0.5,
                false => libm::rint(exact),
            };
            // The double product has an error of its own.
            let deviation = x.abs() * (factor - taken).abs() + exact.abs() * 1e-15;
            open += u64::from(m != 0 && (exact - place).abs() <= deviation);
        }
    }
    open
}

/// The format and the overflow mode whose integers are those of a range.
fn range_format([lo, hi]: [i64; 2]) -> Option<(Format, Overflow)> {
    let signed = lo < 0;
    let bits = 64 - hi.checked_add(1)?.leading_zeros() as i32 - 1;
    if hi < 1 || hi + 1 != 1 << bits || bits > 48 {
        return None;
    }
    let format = Format::new(signed, bits, 0)?;
    match lo {
        0 => Some((format, Overflow::Sat)),
        lo if lo == -hi - 1 => Some((format, Overflow::Sat)),
        lo if lo == -hi => Some((format, Overflow::SatSym)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_formats_have() {
        let fits = |lo, hi| range_format([lo, hi]).map(|(format, mode)| (format.to_string(), mode));
        assert_eq!(fits(0, 255), Some(("fix(0,8,0)".to_owned(), Overflow::Sat)));
        assert_eq!(fits(-8, 7), Some(("fix(1,3,0)".to_owned(), Overflow::Sat)));
        assert_eq!(
            fits(-7, 7),
            Some(("fix(1,3,0)".to_owned(), Overflow::SatSym))
        );
        assert_eq!(
            fits(-1, 1),
            Some(("fix(1,1,0)".to_owned(), Overflow::SatSym))
        );
        assert_eq!(fits(0, 254), None);
        assert_eq!(fits(-3, 7), None);
        assert_eq!(fits(-UNBOUNDED, UNBOUNDED), None);
    }
}
