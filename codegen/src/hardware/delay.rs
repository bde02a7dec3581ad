//! How long a gate takes, by part family.
//!
//! A signal passes look-up tables, the wires in front of them and carry chains.
//! The figures of a family are typical ones of its data sheet's speed grade,
//! with a wire of an unhurried placement; a place-and-route tool has the last
//! word.

use std::fmt;

use trigforge::{Overflow, Rounding};

use crate::circuit::{Circuit, Gate, Info, Wire};
use crate::hardware::{Source, Wiring};

/// A part whose delays are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// AMD Virtex UltraScale+ VU9P, speed grade -2.
    Xcvu9p,
    /// AMD Zynq UltraScale+ ZU7EV, speed grade -2.
    Xczu7ev,
    /// AMD Artix-7 100T, speed grade -1.
    Xc7a100t,
    /// Lattice ECP5, speed grade -6.
    Lfe5u,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 4] = [Self::Xcvu9p, Self::Xczu7ev, Self::Xc7a100t, Self::Lfe5u];

    /// The name by which it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xcvu9p => "xcvu9p",
            Self::Xczu7ev => "xczu7ev",
            Self::Xc7a100t => "xc7a100t",
            Self::Lfe5u => "lfe5u",
        }
    }

    /// The part of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let is = |part: &Self| part.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is)
    }

    /// The family's delays.
    pub const fn delays(self) -> Delays {
        let [lut, net, chain, carry, register, inputs] = match self {
            Self::Xcvu9p => [0.10, 0.25, 0.12, 0.012, 0.11, 6.0],
            Self::Xczu7ev => [0.11, 0.28, 0.13, 0.013, 0.12, 6.0],
            Self::Xc7a100t => [0.13, 0.60, 0.62, 0.030, 0.51, 6.0],
            Self::Lfe5u => [0.24, 0.65, 0.65, 0.036, 0.67, 4.0],
        };
        Delays {
            lut,
            net,
            chain,
            carry,
            register,
            inputs: inputs as u32,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Delays of a family in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delays {
    /// Through one look-up table.
    pub lut: f64,
    /// Along the wire in front of one.
    pub net: f64,
    /// Into and out of a carry chain.
    pub chain: f64,
    /// Along a carry chain, for each bit.
    pub carry: f64,
    /// Out of one register and into the next.
    pub register: f64,
    /// Inputs of a look-up table.
    pub inputs: u32,
}

impl Delays {
    fn level(&self) -> f64 {
        self.net + self.lut
    }

    /// Look-up tables in a row for a function of so many bits that can be
    /// split, such as a conjunction.
    fn tree(&self, bits: u32) -> f64 {
        let (mut bits, mut levels) = (bits, 0);
        while bits > 1 {
            bits = bits.div_ceil(self.inputs);
            levels += 1;
        }
        f64::from(levels) * self.level()
    }

    /// Any function of so many bits.
    fn table(&self, bits: u32) -> f64 {
        // The multiplexers behind the tables of one slice take two bits more;
        // beyond, a level chooses between four.
        let beyond = bits.saturating_sub(self.inputs + 2).div_ceil(2);
        f64::from(1 + beyond) * self.level() + if bits > self.inputs { self.lut } else { 0.0 }
    }

    fn adder(&self, bits: u32) -> f64 {
        self.level() + self.chain + f64::from(bits) * self.carry
    }

    /// What a gate takes from its last operand to its result.
    pub(super) fn gate(&self, circuit: &Circuit, info: &Info, wiring: &Wiring, at: usize) -> f64 {
        let definition = circuit.definitions()[at];
        let width = |wire: Wire| circuit.definition(wire).format.width();
        let own = definition.format.width();
        if !wiring.is_own(Wire(at as u32)) {
            return 0.0;
        }
        match definition.gate {
            Gate::Input { .. } | Gate::Constant { .. } | Gate::Shift { .. } => 0.0,
            Gate::Add(a, b) => match circuit.chain(a, b, own) {
                0 => 0.0,
                chain => self.adder(chain),
            },
            Gate::Sub(a, b) => {
                let finer = circuit.definition(a).format.f() - circuit.definition(b).format.f();
                self.adder(own.saturating_sub(finer.max(0).unsigned_abs()).max(1))
            }
            Gate::Mul(a, b) => {
                let rows = width(a).min(width(b)).max(2);
                f64::from(rows.next_power_of_two().ilog2()) * self.adder(own)
            }
            Gate::Select(c, a, b) => {
                let varies = |wire| u32::from(!matches!(wiring.source(wire), Source::Constant(_)));
                self.level()
                    + match width(c) + varies(a) + varies(b) <= self.inputs {
                        true => 0.0,
                        false => self.tree(width(c)),
                    }
            }
            Gate::Less(_, b) if wiring.source(b) == Source::Constant(0) => 0.0,
            Gate::Less(a, b) | Gate::LessEqual(a, b) => self.adder(width(a).max(width(b))),
            Gate::Equal(a, b) => self.tree(width(a) + width(b)),
            Gate::And(..) | Gate::Or(..) | Gate::Xor(..) => self.level(),
            Gate::Table { a, .. } => self.table(width(a)),
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => {
                let f = circuit.definition(a).format.f();
                let dropped = u32::try_from(f - to.f()).unwrap_or(0).min(width(a));
                let range = info.ranges[a.index()];
                let mut delay = 0.0;
                if dropped > 0 && rounding != Rounding::Trn {
                    let decided = match rounding {
                        Rounding::Rnd => 0.0,
                        _ => self.tree(dropped + 1),
                    };
                    delay += decided + self.adder(width(a) - dropped);
                }
                let leaves = |m: i64| !to.contains(m >> dropped.min(63));
                let over = leaves(range.lo) || leaves(range.hi);
                if over && overflow != Overflow::Wrap {
                    let above = (width(a) - dropped).saturating_sub(to.width());
                    // A bit that stays, and those that decide: one table, or a tree in front.
                    delay += self.level();
                    if above + 1 > self.inputs {
                        delay += self.tree(above + 2);
                    }
                }
                delay
            }
        }
    }
}
