//! The original circuit as plain signed arithmetic in Verilog: products with
//! constants as `*`, rounding and saturation as the comparisons that define
//! them. Nothing is shared with what is emitted.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use trigforge::{Format, Overflow, Rounding};

use super::origin::{Origin, Product};
use crate::circuit::{Gate, Wire};

/// Bits of a signed signal that holds a format's mantissas.
pub(super) fn signed_width(format: Format) -> u32 {
    (format.width() + u32::from(!format.k())).max(1)
}

/// A number as a signed constant of so many bits.
pub(super) fn number(m: i128, bits: u32) -> String {
    match m {
        0.. => format!("{bits}'sd{m}"),
        _ => format!("-{bits}'sd{}", m.unsigned_abs()),
    }
}

/// Bits of a signed signal that holds both numbers.
fn bits_of(lo: i128, hi: i128) -> u32 {
    let bits = |m: i128| 129 - if m < 0 { !m } else { m }.leading_zeros();
    bits(lo).max(bits(hi))
}

/// Writes the wires of the original circuit that goals need.
pub(super) struct Gold<'a> {
    origin: &'a Origin,
    text: String,
    /// Bits of each signed signal `gN`.
    widths: HashMap<Wire, u32>,
    aligned: BTreeSet<(Wire, u32)>,
}

impl<'a> Gold<'a> {
    pub fn new(origin: &'a Origin) -> Self {
        Self {
            origin,
            text: String::new(),
            widths: HashMap::new(),
            aligned: BTreeSet::new(),
        }
    }

    /// The text so far.
    pub fn text(self) -> String {
        self.text
    }

    /// Bits of a signal that is written.
    pub fn width(&self, wire: Wire) -> u32 {
        self.widths.get(&wire).copied().unwrap_or(1)
    }

    fn declare(&mut self, wire: Wire, width: u32, value: &str) {
        let _ = writeln!(
            self.text,
            "    wire signed [{}:0] g{} = {value};",
            width - 1,
            wire.index()
        );
        self.widths.insert(wire, width);
    }

    /// A wire that is assumed: another signal times a power of two.
    pub fn assume(&mut self, wire: Wire, signal: &str, bits: u32, by: u32) {
        let format = self.origin.circuit.definition(wire).format;
        let width = signed_width(format).max(bits + by);
        self.declare(wire, width, &format!("{signal} <<< {by}"));
    }

    /// A wire from those that are written.
    pub fn define(&mut self, wire: Wire) {
        match self.origin.product(wire) {
            Some(product) => self.product(wire, product),
            None => self.gate(wire),
        }
    }

    /// As many bits as hold the sum over the intervals of its wires.
    fn product(&mut self, wire: Wire, product: &Product) {
        let constant = i128::from(product.constant);
        let (mut lo, mut hi) = (constant, constant);
        for &(weight, term) in &product.terms {
            let range = self.origin.info.ranges[term.index()];
            let ends = [range.lo, range.hi].map(|m| i128::from(m) * i128::from(weight));
            lo += ends[0].min(ends[1]);
            hi += ends[0].max(ends[1]);
        }
        let width = bits_of(lo, hi);
        let mut terms = Vec::with_capacity(product.terms.len() + 1);
        for &(weight, term) in &product.terms {
            let weight = number(weight.into(), width.max(bits_of(0, weight.into()) + 1));
            terms.push(format!("{weight} * g{}", term.index()));
        }
        terms.push(number(constant, width + 1));
        self.declare(wire, width, &terms.join(" + "));
    }

    /// A wire's mantissa with `f` fractional bits, as a signal of its own, and
    /// its bits.
    fn at(&mut self, wire: Wire, f: i32) -> (String, u32) {
        let by = (f - self.f(wire)).max(0).unsigned_abs();
        let width = self.width(wire) + by;
        let name = format!("g{}", wire.index());
        if by == 0 {
            return (name, width);
        }
        let shifted = format!("{name}_s{by}");
        if self.aligned.insert((wire, by)) {
            let _ = writeln!(
                self.text,
                "    wire signed [{}:0] {shifted} = {name} <<< {by};",
                width - 1
            );
        }
        (shifted, width)
    }

    fn f(&self, wire: Wire) -> i32 {
        self.origin.circuit.definition(wire).format.f()
    }

    fn gate(&mut self, wire: Wire) {
        let definition = *self.origin.circuit.definition(wire);
        let (own, f) = (signed_width(definition.format), definition.format.f());
        let pair = |gold: &mut Self, a: Wire, b: Wire| {
            let f = gold.f(a).max(gold.f(b));
            (gold.at(a, f), gold.at(b, f))
        };
        match definition.gate {
            // Whoever reads an input assumes it.
            Gate::Input { .. } => {}
            Gate::Constant { mantissa, .. } => {
                let width = own.max(bits_of(0, mantissa.into()));
                self.declare(wire, width, &number(mantissa.into(), width));
            }
            Gate::Shift { a, .. } => {
                let width = self.width(a).max(own);
                self.declare(wire, width, &format!("g{}", a.index()));
            }
            Gate::Add(a, b) | Gate::Sub(a, b) => {
                let ((a, a_bits), (b, b_bits)) = pair(self, a, b);
                let width = a_bits.max(b_bits).max(own) + 1;
                let sign = match definition.gate {
                    Gate::Add(..) => '+',
                    _ => '-',
                };
                self.declare(wire, width, &format!("{a} {sign} {b}"));
            }
            Gate::Mul(a, b) => {
                let width = self.width(a) + self.width(b);
                self.declare(wire, width, &format!("g{} * g{}", a.index(), b.index()));
            }
            Gate::Select(c, a, b) => {
                let ((a, a_bits), (b, b_bits)) = (self.at(a, f), self.at(b, f));
                let width = a_bits.max(b_bits).max(own);
                let c = c.index();
                self.declare(wire, width, &format!("(g{c} != 0) ? {a} : {b}"));
            }
            Gate::Less(a, b) | Gate::LessEqual(a, b) | Gate::Equal(a, b) => {
                let ((a, _), (b, _)) = pair(self, a, b);
                let operator = match definition.gate {
                    Gate::Less(..) => "<",
                    Gate::LessEqual(..) => "<=",
                    _ => "==",
                };
                self.declare(wire, 2, &format!("({a} {operator} {b}) ? 2'sd1 : 2'sd0"));
            }
            Gate::And(a, b) | Gate::Or(a, b) | Gate::Xor(a, b) => {
                let ((a, a_bits), (b, b_bits)) = (self.at(a, f), self.at(b, f));
                let operator = match definition.gate {
                    Gate::And(..) => '&',
                    Gate::Or(..) => '|',
                    _ => '^',
                };
                let width = a_bits.max(b_bits).max(own);
                self.declare(wire, width, &format!("{a} {operator} {b}"));
            }
            Gate::Table { a, table, first } => self.table(wire, a, table, first),
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => self.requantize(wire, a, to, (rounding, overflow)),
        }
    }

    /// A case for each mantissa that the operand can take.
    fn table(&mut self, wire: Wire, a: Wire, table: u32, first: i64) {
        let range = self.origin.info.ranges[a.index()];
        let width = signed_width(self.origin.circuit.definition(wire).format);
        let index = self.width(a);
        let entries = &self.origin.circuit.tables()[table as usize].entries;
        let at = wire.index();
        let _ = writeln!(
            self.text,
            "    reg signed [{}:0] r{at};\n    always @* case (g{})",
            width - 1,
            a.index()
        );
        for m in range.lo..=range.hi {
            let position = usize::try_from(i128::from(m) - i128::from(first)).ok();
            let entry = position.and_then(|position| entries.get(position));
            let entry = number(i128::from(entry.copied().unwrap_or(0)), width + 1);
            let m = number(m.into(), index + 1);
            let _ = writeln!(self.text, "        {m}: r{at} = {entry};");
        }
        let _ = writeln!(self.text, "        default: r{at} = 0;\n    endcase");
        self.declare(wire, width, &format!("r{at}"));
    }

    /// The largest integer below, one more where the rounding says so, then the
    /// ends of the format.
    fn requantize(
        &mut self,
        wire: Wire,
        a: Wire,
        to: Format,
        (rounding, overflow): (Rounding, Overflow),
    ) {
        let at = wire.index();
        let drop = (self.f(a) - to.f()).max(0).unsigned_abs();
        let (a, a_bits) = self.at(a, to.f());
        // Beyond, every mantissa lies below a half.
        let drop = drop.min(a_bits + 2);
        // No bit of the operand is above these.
        let bits = a_bits.max(drop) + 2;
        let line = |text: &mut String, name: &str, value: &str| {
            let _ = writeln!(
                text,
                "    wire signed [{}:0] {name}{at} = {value};",
                bits - 1
            );
        };
        line(&mut self.text, "exact", &a);
        if drop == 0 {
            line(&mut self.text, "q", &format!("exact{at}"));
        } else {
            line(&mut self.text, "floor", &format!("exact{at} >>> {drop}"));
            line(
                &mut self.text,
                "rest",
                &format!("exact{at} - (floor{at} <<< {drop})"),
            );
            let half = number(1i128 << (drop - 1), bits);
            let (above, tie) = (format!("rest{at} > {half}"), format!("rest{at} == {half}"));
            let or_tie = |condition: &str| format!("{above} || ({tie} && {condition})");
            let up = match rounding {
                Rounding::Trn => "1'b0".to_owned(),
                Rounding::TrnZero => format!("exact{at} < 0 && rest{at} != 0"),
                Rounding::Rnd => format!("rest{at} >= {half}"),
                Rounding::RndZero => or_tie(&format!("exact{at} < 0")),
                Rounding::RndMinInf => above,
                Rounding::RndInf => or_tie(&format!("exact{at} >= 0")),
                Rounding::RndConv => or_tie(&format!("floor{at}[0]")),
            };
            line(
                &mut self.text,
                "q",
                &format!("({up}) ? floor{at} + {} : floor{at}", number(1, bits)),
            );
        }
        let width = signed_width(to);
        let wide = bits.max(width + 1);
        let symmetric = overflow == Overflow::SatSym && to.k() && to.width() > 1;
        let least = i128::from(to.min()) + i128::from(symmetric);
        let most = i128::from(to.max());
        let [least, most] = [least, most].map(|m| number(m, wide));
        let value = match (overflow, to.k(), to.width()) {
            (_, _, 0) => "1'sd0".to_owned(),
            (Overflow::Wrap, true, count) => format!("$signed(q{at}_w[{}:0])", count - 1),
            (Overflow::Wrap, false, count) => {
                format!("$signed({{1'b0, q{at}_w[{}:0]}})", count - 1)
            }
            (Overflow::SatZero, _, _) => {
                format!(
                    "(q{at}_w > {most} || q{at}_w < {least}) ? {} : q{at}_w",
                    number(0, wide)
                )
            }
            _ => format!("q{at}_w > {most} ? {most} : q{at}_w < {least} ? {least} : q{at}_w"),
        };
        let _ = writeln!(
            self.text,
            "    wire signed [{}:0] q{at}_w = q{at};",
            wide - 1
        );
        self.declare(wire, width, &value);
    }
}
