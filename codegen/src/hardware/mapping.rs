//! A design as the functions of bits that Yosys makes of its text.
//!
//! A carry chain takes one look-up table for each bit in which both operands
//! vary (the exclusive or of them, which stands in front of the chain) and reads
//! the first operand by itself; an inverter or nothing where one is constant;
//! chains of one or two bits are plain logic. What stands in front of the second
//! operand moves into that look-up table. All else are functions of bits, which
//! [`Functions`] packs.

use std::collections::HashMap;

use trigforge::{Format, Overflow, Rounding};

use super::lookup::{Bit, Functions};
use crate::circuit::{Gate, Wire};
use crate::hardware::{Design, Part, Source};

/// Counts the look-up tables of a design.
pub(super) struct Mapping<'d> {
    design: &'d Design,
    functions: Functions,
    /// The bits of each wire as it is computed.
    bits: Vec<Vec<Bit>>,
    /// The bits of a wire after so many registers.
    held: HashMap<(Wire, u32), Vec<Bit>>,
    /// Look-up tables of what is no function of bits: carry cells that hold
    /// their own, products, large tables.
    others: u64,
    /// Bits up to which a chain is plain logic.
    short: usize,
    /// Whether a carry cell holds the look-up tables of its two bits.
    in_cell: bool,
}

/// A mantissa's bits without end, continued by its sign.
struct Value {
    bits: Vec<Bit>,
    sign: Bit,
    /// Low bits that are always zero.
    zeros: u32,
}

impl Value {
    fn field(&self, from: u32, count: u32) -> Vec<Bit> {
        let bit = |at: u32| self.bits.get(at as usize).copied().unwrap_or(self.sign);
        (from..from + count).map(bit).collect()
    }
}

const ZERO: Bit = Bit::Constant(false);

impl<'d> Mapping<'d> {
    /// The look-up tables of a design.
    pub fn count(design: &'d Design) -> u64 {
        let part = design.schedule.target.part;
        let ecp5 = part == Part::Lfe5u;
        let mut mapping = Self {
            design,
            functions: Functions::new(part.delays().inputs),
            bits: Vec::with_capacity(design.circuit.definitions().len()),
            held: HashMap::new(),
            others: 0,
            short: if ecp5 { 4 } else { 2 },
            in_cell: ecp5,
        };
        for at in 0..design.circuit.definitions().len() {
            let wire = Wire(at as u32);
            let bits = match design.wiring.is_own(wire) {
                true => mapping.gate(wire),
                false => Vec::new(),
            };
            mapping.bits.push(bits);
        }
        let outputs = design.circuit.outputs().iter().flat_map(|port| &port.wires);
        for &wire in outputs {
            if let Source::Bits { wire, .. } = design.wiring.source(wire) {
                mapping.read_at(wire, design.schedule.latency);
            }
        }
        mapping.functions.count() + mapping.others
    }

    fn format(&self, wire: Wire) -> Format {
        self.design.circuit.definition(wire).format
    }

    /// A wire's bits in a cycle.
    fn read_at(&mut self, wire: Wire, cycle: u32) -> Vec<Bit> {
        let delay = cycle - self.design.schedule.cycles[wire.index()].min(cycle);
        let bits = self.bits[wire.index()].clone();
        if delay == 0 {
            return bits;
        }
        if let Some(held) = self.held.get(&(wire, delay)) {
            return held.clone();
        }
        let held: Vec<_> = bits
            .iter()
            .map(|&bit| {
                self.functions.read(bit);
                match bit {
                    Bit::Constant(_) => bit,
                    Bit::Signal(_) => self.functions.source(),
                }
            })
            .collect();
        self.held.insert((wire, delay), held.clone());
        held
    }

    /// An operand, aligned to `f`.
    fn value(&mut self, operand: Wire, cycle: u32, f: i32) -> Value {
        let up = (f - self.format(operand).f()).max(0).unsigned_abs();
        let (mut bits, sign, shift) = match self.design.wiring.source(operand) {
            Source::Constant(m) => {
                let bit = |at: u32| Bit::Constant(m >> at & 1 == 1);
                let width = 64 - if m < 0 { !m } else { m }.leading_zeros();
                let bits: Vec<_> = (0..width).map(bit).collect();
                (bits, Bit::Constant(m < 0), 0)
            }
            Source::Bits { wire, shift } => {
                let bits = self.read_at(wire, cycle);
                let last = bits.last().copied().unwrap_or(ZERO);
                let sign = if self.format(wire).k() { last } else { ZERO };
                (bits, sign, shift)
            }
        };
        bits.splice(0..0, (0..up + shift).map(|_| ZERO));
        let zeros = bits.iter().take_while(|bit| **bit == ZERO).count();
        Value {
            bits,
            sign,
            zeros: zeros as u32,
        }
    }

    fn gate(&mut self, wire: Wire) -> Vec<Bit> {
        let definition = *self.design.circuit.definition(wire);
        let cycle = self.design.schedule.cycles[wire.index()];
        let width = definition.format.width();
        let common = |of: &Self, a: Wire, b: Wire| of.format(a).f().max(of.format(b).f());
        match definition.gate {
            Gate::Input { .. } => (0..width).map(|_| self.functions.source()).collect(),
            Gate::Constant { .. } | Gate::Shift { .. } => Vec::new(),
            Gate::Add(a, b) => {
                let f = common(self, a, b);
                let (a, b) = (self.value(a, cycle, f), self.value(b, cycle, f));
                let (coarse, fine) = if a.zeros > b.zeros { (a, b) } else { (b, a) };
                let below = coarse.zeros.min(width);
                let mut bits = fine.field(0, below);
                let above = width - below;
                let (fine, coarse) = (fine.field(below, above), coarse.field(below, above));
                bits.extend(self.chain(&fine, &coarse, false));
                bits
            }
            Gate::Sub(a, b) => {
                let f = common(self, a, b);
                let (a, b) = (self.value(a, cycle, f), self.value(b, cycle, f));
                let below = b.zeros.min(width);
                let mut bits = a.field(0, below);
                let above = width - below;
                let (a, b) = (a.field(below, above), b.field(below, above));
                bits.extend(self.chain(&a, &b, true));
                bits
            }
            Gate::Mul(a, b) => {
                let (a, b) = (
                    self.value(a, cycle, self.format(a).f()),
                    self.value(b, cycle, self.format(b).f()),
                );
                let (a, b) = (a.bits, b.bits);
                a.iter().chain(&b).for_each(|&bit| self.functions.read(bit));
                let (long, short) = (a.len().max(b.len()), a.len().min(b.len()));
                // A row of sums for each bit of the one but the first.
                self.others += (long * short.saturating_sub(1) + short) as u64;
                (0..width).map(|_| self.functions.source()).collect()
            }
            Gate::Select(c, a, b) => {
                let f = definition.format.f();
                let c = self.value(c, cycle, self.format(c).f());
                let c = match c.bits[..] {
                    [one] => one,
                    _ => self.functions.function("any", &c.bits),
                };
                let (a, b) = (self.value(a, cycle, f), self.value(b, cycle, f));
                let (a, b) = (a.field(0, width), b.field(0, width));
                let chosen = a.into_iter().zip(b);
                chosen.map(|(a, b)| self.select(c, a, b)).collect()
            }
            Gate::Less(a, b) | Gate::LessEqual(a, b) => {
                let f = common(self, a, b);
                let (a, b) = (self.value(a, cycle, f), self.value(b, cycle, f));
                vec![self.compare(&a, &b)]
            }
            Gate::Equal(a, b) => {
                let f = common(self, a, b);
                let (a, b) = (self.value(a, cycle, f), self.value(b, cycle, f));
                let count = a.bits.len().max(b.bits.len()) as u32 + 1;
                let bits = [a.field(0, count), b.field(0, count)].concat();
                vec![self.functions.function("equal", &bits)]
            }
            Gate::And(a, b) | Gate::Or(a, b) | Gate::Xor(a, b) => {
                let f = definition.format.f();
                let (a, b) = (self.value(a, cycle, f), self.value(b, cycle, f));
                let pairs = a.field(0, width).into_iter().zip(b.field(0, width));
                let kind = definition.gate.name();
                pairs
                    .map(|(a, b)| self.functions.function(kind, &[a, b]))
                    .collect()
            }
            Gate::Table { a, .. } => {
                let a = self.value(a, cycle, self.format(a).f()).bits;
                let most = self.design.schedule.target.part.delays().inputs;
                let beyond = (a.len() as u32).saturating_sub(most).min(40);
                if beyond == 0 {
                    // Each bit is a function of its own.
                    return (0..width).map(|_| self.functions.distinct(&a)).collect();
                }
                a.iter().for_each(|&bit| self.functions.read(bit));
                self.others += u64::from(width) << beyond;
                (0..width).map(|_| self.functions.source()).collect()
            }
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => self.requantize(a, to, (rounding, overflow), (cycle, width)),
        }
    }

    fn select(&mut self, c: Bit, a: Bit, b: Bit) -> Bit {
        match (c, a, b) {
            (_, a, b) if a == b => a,
            (Bit::Constant(c), a, b) => {
                if c {
                    a
                } else {
                    b
                }
            }
            (c, Bit::Constant(true), Bit::Constant(false)) => c,
            (c, a, b) => self.functions.function("select", &[c, a, b]),
        }
    }

    /// The sum or the difference of two operands.
    fn chain(&mut self, a: &[Bit], b: &[Bit], minus: bool) -> Vec<Bit> {
        // Low bits to which nothing is added.
        let below = b.iter().take_while(|bit| **bit == ZERO).count();
        let other = a.iter().take_while(|bit| **bit == ZERO).count();
        let (pass, below) = match minus || below >= other {
            true => (a, below),
            false => (b, other),
        };
        let mut bits = pass[..below].to_vec();
        let (a, b) = (&a[below..], &b[below..]);
        if a.is_empty() {
            return bits;
        }
        if a.len() <= self.short {
            let mut carry = ZERO;
            for (&a, &b) in a.iter().zip(b) {
                bits.push(self.functions.function("sum", &[a, b, carry]));
                carry = self.functions.function("carry", &[a, b, carry]);
            }
            return bits;
        }
        for (&a, &b) in a.iter().zip(b) {
            if self.in_cell {
                self.functions.read(a);
                self.functions.read(b);
                continue;
            }
            let front = match (a, b) {
                (Bit::Constant(one), other) | (other, Bit::Constant(one)) => match one != minus {
                    // Where the second is subtracted, it is inverted.
                    true => self.functions.function("not", &[other]),
                    false => other,
                },
                (a, b) if minus => self.functions.function("xnor", &[a, b]),
                (a, b) => self.functions.function("xor", &[a.min(b), a.max(b)]),
            };
            self.functions.read(front);
            self.functions.read(a);
        }
        if self.in_cell {
            self.others += a.len().next_multiple_of(2) as u64;
        }
        bits.extend((0..a.len()).map(|_| self.functions.source()));
        bits
    }

    fn compare(&mut self, a: &Value, b: &Value) -> Bit {
        let constant = |value: &Value| matches!(value.sign, Bit::Constant(_));
        let fixed = |value: &Value| {
            let all = value.bits.iter().all(|bit| matches!(bit, Bit::Constant(_)));
            all && constant(value)
        };
        if fixed(b) && b.bits.is_empty() && b.sign == ZERO {
            return a.sign;
        }
        let count = a.bits.len().max(b.bits.len()) as u32 + 1;
        let (left, right) = (a.field(0, count), b.field(0, count));
        if fixed(a) || fixed(b) {
            return self.functions.function("compare", &[left, right].concat());
        }
        let ends = self.chain(&left, &right, true);
        let last = ends.last().copied().unwrap_or(ZERO);
        self.functions.function("sign", &[last, a.sign, b.sign])
    }

    fn requantize(
        &mut self,
        a: Wire,
        to: Format,
        (rounding, overflow): (Rounding, Overflow),
        (cycle, width): (u32, u32),
    ) -> Vec<Bit> {
        let from = self.format(a);
        let range = self.design.info.ranges[a.index()];
        let value = self.value(a, cycle, to.f());
        let drop = (from.f() - to.f()).max(0).unsigned_abs();
        let (sign, bits) = (value.sign, value.bits.len() as u32);
        let dropped = value.field(0, drop.min(bits + 1));
        let kept = bits.saturating_sub(drop) + 1;
        let mut floor = value.field(drop, kept);
        let half = dropped.last().copied().unwrap_or(ZERO);
        let rest = &dropped[..dropped.len().saturating_sub(1)];
        let up = match rounding {
            _ if dropped.iter().all(|bit| *bit == ZERO) => ZERO,
            Rounding::Trn => ZERO,
            Rounding::TrnZero if sign == ZERO => ZERO,
            Rounding::TrnZero => self
                .functions
                .function("zero", &[&dropped[..], &[sign]].concat()),
            Rounding::Rnd => half,
            Rounding::RndInf if sign == ZERO => half,
            _ => {
                let tie = if rounding == Rounding::RndConv {
                    floor[0]
                } else {
                    sign
                };
                self.functions
                    .function("up", &[rest, &[half, tie]].concat())
            }
        };
        let (min, max) = (i128::from(to.min()), i128::from(to.max()));
        let rounded = |m: i64| i128::from(m) >> drop.min(63);
        let (lo, hi) = (
            rounded(range.lo),
            rounded(range.hi) + i128::from(up != ZERO),
        );
        let magnitude = |m: i128| 128 - if m < 0 { !m } else { m }.leading_zeros();
        let (under, over) = (lo < min, hi > max);
        let saturates = overflow != Overflow::Wrap && (under || over);
        let all = match saturates {
            true => magnitude(lo).max(magnitude(hi)) + u32::from(lo < 0),
            false => width,
        };
        floor.resize(all as usize, sign);
        if up != ZERO {
            let mut add = vec![ZERO; all as usize];
            if let Some(first) = add.first_mut() {
                *first = up;
            }
            floor = self.chain(&floor, &add, false);
        }
        if !saturates {
            floor.truncate(width as usize);
            return floor;
        }
        let high = (magnitude(max) as usize).min(floor.len());
        let negative = match lo < 0 {
            true => floor.last().copied().unwrap_or(ZERO),
            false => ZERO,
        };
        let top = floor.len() - usize::from(lo < 0);
        let above = &floor[high.min(top)..top];
        let large = match over {
            true => self
                .functions
                .function("large", &[above, &[negative]].concat()),
            false => ZERO,
        };
        let small = match (under, to.k()) {
            (false, _) => ZERO,
            (true, false) => negative,
            (true, true) => self
                .functions
                .function("small", &[above, &[negative]].concat()),
        };
        let low = floor.iter().copied().chain(std::iter::repeat(negative));
        let low: Vec<_> = low.take(width as usize).collect();
        low.into_iter()
            .map(|bit| self.functions.function("end", &[large, small, bit]))
            .collect()
    }
}
