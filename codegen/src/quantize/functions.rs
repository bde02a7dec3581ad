//! Functions of one value: exact where integers have them, else tables.
//!
//! A table has an entry for every mantissa that its operand can take. Where
//! quantisers round the function's result, `composed` has made tables of it
//! already; here the entries are rounded to [`ENTRY_BITS`] bits.

use trigforge::{Format, Overflow, Rounding};

use crate::ir::{NodeId, TensorType};
use crate::ops::{self, Constant, Requantize};
use crate::real::{Function, Node, encode};

use super::composed::MOST_INDEX_BITS;
use super::integer::Writer;
use super::scale::Carried;

/// Most index bits of a table that quantisation after training makes.
pub(super) const INDEX_BITS: u32 = 12;

/// Bits of the entries of a table that no quantiser follows.
const ENTRY_BITS: i32 = 16;

impl Writer<'_> {
    /// A function of one value.
    pub(super) fn unary(&mut self, node: &Node, function: Function) -> Result<Carried, String> {
        let x = self.operand(node.args[0], false)?;
        let op: Option<ops::Op> = match function {
            Function::Abs => Some(ops::Abs.into()),
            Function::Sign => {
                let result = self.add(&node.name, ops::Sign, &[x.node], None)?;
                return Ok(Carried::plain(result));
            }
            Function::Neg => {
                let result = self.negated(&node.name, x.node)?;
                return Ok(Carried { node: result, ..x });
            }
            Function::Ceil => {
                let negative = self.negated(&format!("{}.negative", node.name), x.node)?;
                let negative = Carried {
                    node: negative,
                    ..x
                };
                let floor = self.whole(node, &negative, Rounding::Trn)?;
                return self.negated(&node.name, floor.node).map(Carried::plain);
            }
            Function::Floor => return self.whole(node, &x, Rounding::Trn),
            Function::Round => return self.whole(node, &x, Rounding::RndConv),
            Function::Truncate => return self.whole(node, &x, Rounding::TrnZero),
            // What a file keeps in half or single precision, it rounds only
            // where the value has more bits than these.
            Function::Float16 if self.significant_bits(&x) <= 11 => return Ok(x),
            Function::Float32 if self.significant_bits(&x) <= 24 => return Ok(x),
            Function::Integer { lo, hi } if self.lies_within(&x, lo, hi) => return Ok(x),
            Function::Minifloat(_) => {
                return Err(
                    "it rounds a computed value to floating-point numbers, whose steps \
                            differ; integers have one step"
                        .to_owned(),
                );
            }
            _ => None,
        };
        match op {
            Some(op) => {
                let result = self.add(&node.name, op, &[x.node], None)?;
                Ok(Carried { node: result, ..x })
            }
            None => self.function(node, &|x| function.apply(x)),
        }
    }

    fn significant_bits(&self, x: &Carried) -> u32 {
        match x.scale.is_one() {
            true => self.builder.ty(x.node).formats.max_width(),
            false => u32::MAX,
        }
    }

    fn lies_within(&self, x: &Carried, lo: i64, hi: i64) -> bool {
        let hull = self.hull(x.node);
        let f = self.builder.ty(x.node).formats.uniform_f();
        x.scale.is_one() && f == Some(0) && hull.lo >= lo && hull.hi <= hi
    }

    /// Rounding to whole numbers.
    fn whole(&mut self, node: &Node, x: &Carried, rounding: Rounding) -> Result<Carried, String> {
        let plain = self.plain(&node.name, x)?;
        let widest = self.builder.ty(plain).formats.entries().iter();
        let i = widest.map(|format| format.i()).max().unwrap_or(0).max(0) + 1;
        let format = Format::new(true, i.min(62), 0).ok_or("it is too wide")?;
        let ty = TensorType::uniform(node.shape.clone(), format);
        let op = Requantize {
            rounding,
            overflow: Overflow::Sat,
        };
        let result = self.add(&node.name, op, &[plain], Some(ty))?;
        Ok(Carried::plain(result))
    }

    /// A function of the operand of a node, as a table.
    pub(super) fn function(
        &mut self,
        node: &Node,
        function: &dyn Fn(f64) -> f64,
    ) -> Result<Carried, String> {
        let x = self.operand(node.args[0], false)?;
        let shape = node.shape.clone();
        let table = self.table(&node.name, &x, &shape, function)?;
        Ok(Carried::plain(table))
    }

    /// A table of a function over the range of a value.
    pub(super) fn table(
        &mut self,
        name: &str,
        x: &Carried,
        shape: &[usize],
        function: &dyn Fn(f64) -> f64,
    ) -> Result<NodeId, String> {
        let index = match x.scale.single() {
            Some(_) => x.node,
            None => self.plain(name, x)?,
        };
        let factor = match index == x.node {
            true => x.scale.single().unwrap_or(1.0),
            false => 1.0,
        };
        let ty = self.builder.ty(index);
        let Some(f) = ty.formats.uniform_f() else {
            return Err("its operand has more than one format".to_owned());
        };
        let range = self.hull(index);
        let bits = 64 - range.hi.abs_diff(range.lo).leading_zeros();
        if bits > MOST_INDEX_BITS {
            return Err(format!(
                "its operand takes values of {bits} bits, an index of a table at most \
                 {MOST_INDEX_BITS}: quantise it, or give calibration events (--calib FILE \
                 --width W)"
            ));
        }
        let values: Vec<_> = (range.lo..=range.hi)
            .map(|m| function(libm::scalbn(m as f64, -f) * factor))
            .collect();
        let (mantissas, format) = self.entries(name, &values)?;
        let entries = TensorType::uniform([mantissas.len()], format);
        let entries =
            self.add_constant(&format!("{name}.table"), Constant { mantissas }, entries)?;
        debug_assert_eq!(self.builder.ty(index).shape, shape);
        let op = ops::Table { first: range.lo };
        self.add(name, op, &[index, entries], None)
    }

    /// Entries of [`ENTRY_BITS`] bits. What is not finite saturates.
    fn entries(&mut self, name: &str, values: &[f64]) -> Result<(Vec<i64>, Format), String> {
        if values.iter().any(|value| value.is_nan()) {
            return Err("it gives what is no number within its operand's range".to_owned());
        }
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let lo = finite().fold(0.0, f64::min);
        let hi = finite().fold(0.0, f64::max);
        let reach = |value: f64| encode(value).filter(|v| v.m != 0).map(|v| v.integer_bits());
        let signed = lo < 0.0;
        let i = reach(lo).max(reach(hi)).unwrap_or(0);
        let format = Format::new(signed, i, ENTRY_BITS - i32::from(signed) - i)
            .ok_or("its values are out of range")?;
        let mantissas = values
            .iter()
            .map(|&value| {
                let scaled = libm::rint(libm::scalbn(value, format.f()));
                scaled.clamp(format.min() as f64, format.max() as f64) as i64
            })
            .collect();
        let unbounded = values.iter().filter(|value| value.is_infinite()).count();
        let mut text = format!("the entries of its table are rounded to {format}");
        if unbounded > 0 {
            text += &format!("; {unbounded} of them are not finite, and saturate");
        }
        self.note(name, text);
        Ok((mantissas, format))
    }
}
