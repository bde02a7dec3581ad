//! What follows about a gate's wire from what is known of its operands.

use std::sync::Arc;

use trigforge::Format;

use crate::circuit::affine::Affine;
use crate::circuit::combination::Combination;
use crate::circuit::{Gate, Table, Wire};
use crate::exact::shift_left;
use crate::ir::Interval;
use crate::ops::Requantize;
use crate::ports::Input;

/// What is known of a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// Fractional bits.
    pub f: i32,
    /// The mantissas that it can take.
    pub range: Interval,
    /// The wire that it is a multiple of.
    pub affine: Affine,
    /// The wires that it is a sum of multiples of, if there are several.
    pub sum: Option<Arc<Combination>>,
}

impl Fact {
    /// The wire as a sum of multiples; of one, if there are not several.
    fn combination(&self) -> Combination {
        match &self.sum {
            Some(sum) => Combination::clone(sum),
            None => self.affine.into(),
        }
    }

    /// The fact, and what the wire is a sum of.
    fn with_sum(mut self, sum: Option<Combination>) -> Self {
        self.sum = sum.filter(Combination::is_sum).map(Arc::new);
        self
    }

    /// The narrowest format that holds the range.
    pub fn format(&self) -> Format {
        // `fact` has found that there is one.
        Format::covering(self.range.lo.into(), self.range.hi.into(), self.f).unwrap_or(Format::ZERO)
    }
}

/// All that gates refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub inputs: &'a [Input],
    pub tables: &'a [Table],
    pub gates: &'a [Gate],
    pub facts: &'a [Fact],
}

/// A fact with this range, refused if no format holds it.
fn fact(f: i32, lo: i128, hi: i128, affine: Affine) -> Result<Fact, String> {
    if Format::covering(lo, hi, f).is_none() {
        return Err(format!(
            "the result ranges over {lo}..={hi} units of 2^-({f}), which needs more than 64 bits"
        ));
    }
    Ok(Fact {
        f,
        // A covering format holds every mantissa as an i64.
        range: Interval {
            lo: lo as i64,
            hi: hi as i64,
        },
        affine,
        sum: None,
    })
}

/// Two operands at common fractional bits.
struct Aligned {
    f: i32,
    shifts: [i32; 2],
    a: (i128, i128),
    b: (i128, i128),
}

impl Known<'_> {
    fn fact(&self, wire: Wire) -> Result<&Fact, String> {
        self.facts
            .get(wire.index())
            .ok_or_else(|| format!("operand %{} is not defined yet", wire.index()))
    }

    fn aligned(&self, a: Wire, b: Wire) -> Result<Aligned, String> {
        let (a, b) = (self.fact(a)?, self.fact(b)?);
        let f = a.f.max(b.f);
        let ends = |fact: &Fact| {
            let shift = f - fact.f;
            let ends = (
                shift_left(fact.range.lo.into(), shift),
                shift_left(fact.range.hi.into(), shift),
            );
            match Format::covering(ends.0, ends.1, f) {
                Some(_) => Ok(ends),
                None => Err(format!(
                    "operands with {} and {} fractional bits do not align in 64 bits",
                    a.f, b.f
                )),
            }
        };
        Ok(Aligned {
            f,
            shifts: [f - a.f, f - b.f],
            a: ends(a)?,
            b: ends(b)?,
        })
    }

    /// What is known of the wire `own` that `gate` defines.
    pub fn derive(&self, gate: &Gate, own: Wire) -> Result<Fact, String> {
        match *gate {
            Gate::Input { port, element } => {
                let format = self
                    .inputs
                    .get(port as usize)
                    .and_then(|port| port.ty.format_at(element as usize))
                    .ok_or_else(|| format!("there is no element {element} of an input {port}"))?;
                let range = Interval::of(format);
                fact(
                    format.f(),
                    range.lo.into(),
                    range.hi.into(),
                    Affine::own(own),
                )
            }
            Gate::Constant { mantissa, f } => fact(
                f,
                mantissa.into(),
                mantissa.into(),
                Affine::constant(own, mantissa),
            ),
            Gate::Add(a, b) => self.sum(a, 1, b, own),
            Gate::Sub(a, b) => self.sum(a, -1, b, own),
            Gate::Mul(a, b) => self.product(a, b, own),
            Gate::Shift { a, by } => {
                let a = self.fact(a)?;
                let f = a.f.checked_sub(by).ok_or("the shift is out of bounds")?;
                let shifted = fact(f, a.range.lo.into(), a.range.hi.into(), a.affine)?;
                Ok(Fact {
                    sum: a.sum.clone(),
                    ..shifted
                })
            }
            Gate::Select(c, a, b) => self.select(c, a, b, own),
            Gate::Less(a, b) | Gate::LessEqual(a, b) | Gate::Equal(a, b) => {
                let Aligned { a, b, .. } = self.aligned(a, b)?;
                let (never, always) = match gate {
                    Gate::Less(..) => (a.0 >= b.1, a.1 < b.0),
                    Gate::LessEqual(..) => (a.0 > b.1, a.1 <= b.0),
                    _ => (a.0 > b.1 || b.0 > a.1, a.0 == b.1 && a.1 == b.0),
                };
                fact(0, i128::from(always), i128::from(!never), Affine::own(own))
            }
            Gate::And(a, b) | Gate::Or(a, b) | Gate::Xor(a, b) => {
                let Aligned { f, a, b, .. } = self.aligned(a, b)?;
                let (lo, hi) = match gate {
                    // A side without a sign bit clears what the other has above it.
                    Gate::And(..) if a.0 >= 0 && b.0 >= 0 => (0, a.1.min(b.1)),
                    Gate::And(..) if a.0 >= 0 => (0, a.1),
                    Gate::And(..) if b.0 >= 0 => (0, b.1),
                    _ => {
                        let both = Format::covering(a.0.min(b.0), a.1.max(b.1), f);
                        both.map_or((0, 0), |both| (both.min().into(), both.max().into()))
                    }
                };
                fact(f, lo, hi, Affine::own(own))
            }
            Gate::Table { a, table, first } => self.table(a, table, first, own),
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => {
                let a = self.fact(a)?;
                let modes = Requantize { rounding, overflow };
                let range = modes.range(a.range, a.f, to);
                let whole = |m: i64| shift_left(m.into(), to.f() - a.f);
                let kept = to.f() >= a.f
                    && whole(a.range.lo) == range.lo.into()
                    && whole(a.range.hi) == range.hi.into();
                let affine = kept.then(|| a.affine.shifted(to.f() - a.f)).flatten();
                let sum = (kept && a.sum.is_some()).then(|| a.combination());
                let sum = sum.and_then(|sum| sum.shifted(to.f() - a.f));
                let affine = affine.unwrap_or(Affine::own(own));
                let kept = fact(to.f(), range.lo.into(), range.hi.into(), affine)?;
                Ok(kept.with_sum(sum))
            }
        }
    }

    /// The fact of a wire whose multiple is known, else of one that ranges
    /// over `lo..=hi`.
    fn multiple(
        &self,
        affine: Option<Affine>,
        f: i32,
        (lo, hi): (i128, i128),
        own: Wire,
    ) -> Result<Fact, String> {
        let Some(affine) = affine else {
            return fact(f, lo, hi, Affine::own(own));
        };
        let (lo, hi) = match affine.scale {
            0 => (affine.offset.into(), affine.offset.into()),
            _ => affine.range(self.fact(affine.root)?.range),
        };
        fact(f, lo, hi, affine)
    }

    fn sum(&self, a: Wire, sign: i64, b: Wire, own: Wire) -> Result<Fact, String> {
        let aligned = self.aligned(a, b)?;
        let [shift_a, shift_b] = aligned.shifts;
        let affine = self.fact(a)?.affine.shifted(shift_a).and_then(|a| {
            let b = self.fact(b).ok()?.affine.shifted(shift_b)?;
            a.plus(sign, b)
        });
        let sum = self.combined([(a, shift_a), (b, shift_b)], sign);
        let (a, b) = (aligned.a, aligned.b);
        let plain = match sign {
            1 => (a.0 + b.0, a.1 + b.1),
            _ => (a.0 - b.1, a.1 - b.0),
        };
        let root = |wire| self.fact(wire).ok().map(|fact| fact.range);
        let range = sum.as_ref().and_then(|sum| sum.range(root));
        let derived = self.multiple(affine, aligned.f, range.unwrap_or(plain), own)?;
        Ok(derived.with_sum(sum))
    }

    /// The sum or difference of two aligned wires as multiples of their roots.
    fn combined(&self, operands: [(Wire, i32); 2], sign: i64) -> Option<Combination> {
        let [a, b] = operands.map(|(wire, shift)| {
            let combination = self.fact(wire).ok()?.combination();
            combination.shifted(shift)
        });
        a?.plus(sign, &b?)
    }

    fn product(&self, a: Wire, b: Wire, own: Wire) -> Result<Fact, String> {
        let square = a == b;
        let (a, b) = (self.fact(a)?, self.fact(b)?);
        let f = a.f + b.f;
        let ends = [a.range.lo, a.range.hi].map(i128::from);
        let products =
            [b.range.lo, b.range.hi].map(|b| [ends[0] * i128::from(b), ends[1] * i128::from(b)]);
        let all = products.as_flattened();
        let mut lo = all.iter().copied().fold(i128::MAX, i128::min);
        let hi = all.iter().copied().fold(i128::MIN, i128::max);
        if square {
            let smallest = match ends {
                [lo, _] if lo > 0 => lo,
                [_, hi] if hi < 0 => hi,
                _ => 0,
            };
            lo = smallest * smallest;
        }
        let sum = match (a.affine.scale, b.affine.scale) {
            (0, _) if b.sum.is_some() => b.combination().times(a.affine.offset),
            (_, 0) if a.sum.is_some() => a.combination().times(b.affine.offset),
            _ => None,
        };
        let derived = self.multiple(a.affine.times(b.affine), f, (lo, hi), own)?;
        Ok(derived.with_sum(sum))
    }

    fn table(&self, a: Wire, table: u32, first: i64, own: Wire) -> Result<Fact, String> {
        let index = self.fact(a)?;
        let table = self
            .tables
            .get(table as usize)
            .ok_or_else(|| format!("there is no table {table}"))?;
        let at = |m: i64| usize::try_from(i128::from(m) - i128::from(first)).ok();
        let reached = at(index.range.lo)
            .zip(at(index.range.hi))
            .and_then(|(lo, hi)| table.entries.get(lo..=hi))
            .ok_or_else(|| {
                format!(
                    "the index ranges over {}..={}, the table over {first}..={}",
                    index.range.lo,
                    index.range.hi,
                    i128::from(first) + table.entries.len() as i128 - 1
                )
            })?;
        let range = reached
            .iter()
            .map(|&m| Interval::point(m))
            .reduce(Interval::hull)
            .unwrap_or(Interval::point(0));
        fact(table.f, range.lo.into(), range.hi.into(), Affine::own(own))
    }

    fn select(&self, c: Wire, a: Wire, b: Wire, own: Wire) -> Result<Fact, String> {
        self.fact(c)?;
        let f = self.aligned(a, b)?.f;
        let branch = |x: Wire, taken: bool| -> Result<Option<(i128, i128)>, String> {
            let x = self.fact(x)?;
            let shift = f - x.f;
            let range = self.under(c, taken, x)?;
            Ok(range.map(|(lo, hi)| (shift_left(lo, shift), shift_left(hi, shift))))
        };
        // A branch that is never taken plays no part; not both can be such.
        let (lo, hi) = match (branch(a, true)?, branch(b, false)?) {
            (Some(a), Some(b)) => (a.0.min(b.0), a.1.max(b.1)),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => (0, 0),
        };
        fact(f, lo, hi, Affine::own(own))
    }

    /// The range of `x` where the condition `c` is true, or where it is false;
    /// `None` if that never happens.
    ///
    /// A comparison of `p` and `q` bounds each of them, and with them every
    /// multiple of their roots.
    fn under(&self, c: Wire, taken: bool, x: &Fact) -> Result<Option<(i128, i128)>, String> {
        let unbounded = (i128::from(x.range.lo), i128::from(x.range.hi));
        let (p, q, strict) = match self.gates.get(c.index()) {
            Some(&Gate::Less(p, q)) => (p, q, true),
            Some(&Gate::LessEqual(p, q)) => (p, q, false),
            _ => return Ok(Some(unbounded)),
        };
        if x.affine.scale == 0 {
            return Ok(Some(unbounded));
        }
        let sides = self.aligned(p, q)?;
        // Taken: p < q or p <= q. Not taken: q <= p or q < p.
        let (lesser, greater) = if taken { (p, q) } else { (q, p) };
        let [(lesser_range, lesser_shift), (greater_range, greater_shift)] = if taken {
            [(sides.a, sides.shifts[0]), (sides.b, sides.shifts[1])]
        } else {
            [(sides.b, sides.shifts[1]), (sides.a, sides.shifts[0])]
        };
        let gap = i128::from(strict == taken);
        let most = (greater_range.1 - gap) >> lesser_shift.min(127);
        let least = -((-(lesser_range.0 + gap)) >> greater_shift.min(127));
        let mut root = self.fact(x.affine.root)?.range;
        for (side, lo, hi) in [
            (lesser, i128::from(i64::MIN), most),
            (greater, least, i128::from(i64::MAX)),
        ] {
            let side = self.fact(side)?.affine;
            if side.scale != 0 && side.root == x.affine.root {
                match side.root_range(root, lo, hi) {
                    Some(bounded) => root = bounded,
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(x.affine.range(root)))
    }
}
