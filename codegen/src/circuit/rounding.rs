//! Roundings without adders: half a unit goes into a constant that is added
//! anyway. And what takes long, in several gates: registers may stand between.
//!
//! Rounding half up is `floor(x + 1/2)`, in units of the last bit that stays.
//! Where `x` is a sum with a bias in it, and nothing else reads the sum, the
//! half is added to the bias, and what is left is truncation: wires. Rounding
//! half to even does the same and clears the last bit where the bits below it
//! are all zero: that is where `x` lay half-way.
//!
//! A rectifier may stand in between: it asks for the sign of a value between
//! minus one half and zero, which rounds to zero either way.

use std::collections::{HashMap, HashSet};

use trigforge::{Format, Overflow, Rounding};

use super::simplify::{Simplified, rebuilt};
use crate::circuit::{Builder, Circuit, Gate, Wire};
use crate::exact::{rescale, shift_left};

/// A circuit with halves in its sums.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The circuit.
    pub simplified: Simplified,
    /// Positions in the old circuit of the wires whose new mantissa is another,
    /// and by how much it is larger; `None` for one that means something else.
    pub more: HashMap<usize, Option<i64>>,
}

/// Rewrites a valid circuit.
///
/// # Errors
///
/// A gate of the new circuit that needs more than 64 bits.
pub fn merge_roundings(circuit: &Circuit) -> Result<Merged, String> {
    let merges = Merges::of(circuit);
    let simplified = rewritten(circuit, &merges)?;
    let more = merges.halves.iter().map(|(&at, half)| {
        let more = half.and_then(|(unit, f)| {
            let new = simplified.wires[at]?;
            rescale(unit, simplified.circuit.definition(new).format.f() - f)
        });
        (at, more)
    });
    Ok(Merged {
        more: more.collect(),
        simplified,
    })
}

fn rewritten(circuit: &Circuit, merges: &Merges) -> Result<Simplified, String> {
    rebuilt(circuit, |new, at, gate| {
        if let Some(&bias) = merges.biases.get(&at) {
            return new.with_bias(gate, bias);
        }
        match gate {
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => match merges.roundings.contains(&at) {
                true => new.floor(a, to, rounding, overflow),
                false => new.round_first(a, to, rounding, overflow),
            },
            Gate::Mul(a, b) if a == b => new.square(a),
            gate => new.rewritten(gate, circuit),
        }
    })
}

/// A bias that is added in place of the one that there was.
#[derive(Clone, Copy, Debug)]
struct Bias {
    /// Whether it is the gate's second operand.
    second: bool,
    mantissa: i64,
    f: i32,
}

/// What becomes of which gates, by their positions.
#[derive(Debug, Default)]
struct Merges {
    biases: HashMap<usize, Bias>,
    roundings: HashSet<usize>,
    /// What is added to which wires: `.0 * 2^-.1`; `None` where the wire is the
    /// sign of such a sum.
    halves: HashMap<usize, Option<(i64, i32)>>,
}

/// A place where a constant is added to a wire.
struct Place {
    gate: usize,
    second: bool,
    /// Whether the constant is subtracted from what the wire becomes.
    negative: bool,
    /// The power of two that the constant meets on its way.
    by: i32,
    /// The wires from the sum to the place, each with its sign and power of two.
    way: Vec<(Wire, bool, i32)>,
}

impl Merges {
    fn of(circuit: &Circuit) -> Self {
        let readers = readers(circuit);
        let mut merges = Self::default();
        for (at, definition) in circuit.definitions().iter().enumerate() {
            let Gate::Requantize {
                a, to, rounding, ..
            } = definition.gate
            else {
                continue;
            };
            let rounds = matches!(rounding, Rounding::Rnd | Rounding::RndConv);
            if !rounds
                || circuit.definition(a).format.f() <= to.f()
                || !read_here_alone(circuit, &readers, a, at)
            {
                continue;
            }
            let Some(place) = merges.place(circuit, &readers, a) else {
                continue;
            };
            if let Some(bias) = biased(circuit, &place, to.f() + 1) {
                merges.biases.insert(place.gate, bias);
                for &(wire, negative, by) in &place.way {
                    let half = (if negative { -1 } else { 1 }, to.f() + 1 + by);
                    merges.halves.insert(wire.index(), Some(half));
                }
                let sign = readers[a.index()].iter().find(|&&reader| reader != at);
                merges.halves.extend(sign.map(|&sign| (sign, None)));
                merges.roundings.insert(at);
            }
        }
        merges
    }

    /// Where a constant is added to a sum, the nearest place first.
    fn place(&self, circuit: &Circuit, readers: &[Vec<usize>], sum: Wire) -> Option<Place> {
        let constant = |wire: Wire| matches!(circuit.definition(wire).gate, Gate::Constant { .. });
        // Each with the position of the wire in front of it.
        let mut seen = vec![(sum, false, 0, usize::MAX)];
        let mut next = 0;
        while let Some(&(wire, negative, by, _)) = seen.get(next) {
            let at = next;
            next += 1;
            let (a, b, minus) = match circuit.definition(wire).gate {
                Gate::Add(a, b) => (a, b, false),
                Gate::Sub(a, b) => (a, b, true),
                Gate::Shift { a, by: more } => {
                    if readers[a.index()].len() == 1 {
                        seen.push((a, negative, by + more, at));
                    }
                    continue;
                }
                _ => continue,
            };
            for (operand, second, negative) in [(a, false, negative), (b, true, negative != minus)]
            {
                if constant(operand) && !self.biases.contains_key(&wire.index()) {
                    return Some(Place {
                        gate: wire.index(),
                        second,
                        negative,
                        by,
                        way: way(&seen, at),
                    });
                }
                if readers[operand.index()].len() == 1 {
                    seen.push((operand, negative, by, at));
                }
            }
        }
        None
    }
}

/// The wires in front of one of those that were seen, and itself.
fn way(seen: &[(Wire, bool, i32, usize)], last: usize) -> Vec<(Wire, bool, i32)> {
    let mut way = Vec::new();
    let mut at = last;
    while let Some(&(wire, negative, by, before)) = seen.get(at) {
        way.push((wire, negative, by));
        at = before;
    }
    way
}

/// The gates that read each wire; an output counts as a gate behind all.
fn readers(circuit: &Circuit) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); circuit.definitions().len()];
    for (at, definition) in circuit.definitions().iter().enumerate() {
        for wire in definition.gate.operands() {
            readers[wire.index()].push(at);
        }
    }
    for wire in circuit.outputs().iter().flat_map(|port| &port.wires) {
        readers[wire.index()].push(circuit.definitions().len());
    }
    readers
}

/// Whether nothing but a rounding reads a wire, and perhaps the rectifier
/// behind it.
fn read_here_alone(circuit: &Circuit, readers: &[Vec<usize>], a: Wire, rounding: usize) -> bool {
    let zero = |wire: Wire| {
        matches!(
            circuit.definition(wire).gate,
            Gate::Constant { mantissa: 0, .. }
        )
    };
    let Some(&sign) = readers[a.index()].iter().find(|&&at| at != rounding) else {
        return true;
    };
    let [_, _] = readers[a.index()][..] else {
        return false;
    };
    let gate = |at: usize| Some(circuit.definitions().get(at)?.gate);
    let signs = readers.get(sign).map_or(&[][..], Vec::as_slice);
    match (gate(sign), signs, &readers[rounding][..]) {
        (Some(Gate::Less(x, y)), &[select], &[same]) if x == a && zero(y) && select == same => {
            match gate(select) {
                Some(Gate::Select(c, none, kept)) => {
                    c.index() == sign && zero(none) && kept.index() == rounding
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// The constant at a place, with `2^-f` added to the sum.
fn biased(circuit: &Circuit, place: &Place, f: i32) -> Option<Bias> {
    let gate = circuit.definitions()[place.gate].gate;
    let constant = gate.operands().nth(usize::from(place.second))?;
    let Gate::Constant { mantissa, f: old } = circuit.definition(constant).gate else {
        return None;
    };
    let half = f.checked_add(place.by)?;
    // As many fractional bits as before: the sum must not lose any.
    let f = half.max(old);
    let unit = if place.negative { -1 } else { 1 };
    let sum = shift_left(mantissa.into(), f - old).checked_add(shift_left(unit, f - half))?;
    Some(Bias {
        second: place.second,
        mantissa: i64::try_from(sum).ok()?,
        f,
    })
}

impl Builder {
    /// A sum or difference with another constant in it.
    fn with_bias(&mut self, gate: Gate, bias: Bias) -> Result<Wire, String> {
        let constant = self.constant(bias.mantissa, bias.f);
        match (gate, bias.second) {
            (Gate::Add(_, x), false) | (Gate::Add(x, _), true) => self.add(x, constant),
            (Gate::Sub(x, _), true) => self.sub(x, constant),
            (Gate::Sub(_, x), false) => self.sub(constant, x),
            _ => Err("a bias is part of a sum".to_owned()),
        }
    }

    /// A requantisation in two gates where it both rounds and saturates: a
    /// register may stand between them.
    fn round_first(
        &mut self,
        x: Wire,
        to: Format,
        rounding: Rounding,
        overflow: Overflow,
    ) -> Result<Wire, String> {
        let x = self.source(x);
        let (drop, range) = (self.f(x) - to.f(), self.range(x));
        let whole = |m: i64| i128::from(m) >> drop.clamp(0, 127);
        let wide = Format::covering(whole(range.lo), whole(range.hi) + 1, to.f());
        match wide.filter(|_| drop > 0 && rounding != Rounding::Trn && overflow != Overflow::Wrap) {
            None => self.requantize(x, to, rounding, overflow),
            Some(wide) => {
                let rounded = self.requantize(x, wide, rounding, Overflow::Wrap)?;
                self.requantize(rounded, to, Rounding::Trn, overflow)
            }
        }
    }

    /// A value that has its half already, rounded and brought into a format.
    fn floor(
        &mut self,
        x: Wire,
        to: Format,
        rounding: Rounding,
        overflow: Overflow,
    ) -> Result<Wire, String> {
        let x = self.source(x);
        let (f, range) = (self.f(x), self.range(x));
        let drop = f - to.f();
        if rounding != Rounding::RndConv || drop < 0 {
            return self.requantize(x, to, Rounding::Trn, overflow);
        }
        let none = || "a rounded value has no format".to_owned();
        let covering = |f: i32, down: i32| {
            let ends = [range.lo, range.hi].map(|m| i128::from(m) >> down.clamp(0, 127));
            Format::covering(ends[0], ends[1], f).ok_or_else(none)
        };
        let cut = |new: &mut Self, x: Wire, to: Format| {
            new.requantize(x, to, Rounding::Trn, Overflow::Wrap)
        };
        let even = cut(self, x, covering(to.f() - 1, drop + 1)?)?;
        if drop == 0 {
            // Every value lay half-way.
            return self.requantize(even, to, Rounding::Trn, overflow);
        }
        let below = cut(self, x, Format::new(false, drop - f, f).ok_or_else(none)?)?;
        let whole = cut(self, x, covering(to.f(), drop)?)?;
        let last = Format::new(false, 1 - to.f(), to.f()).ok_or_else(none)?;
        let last = cut(self, whole, last)?;
        let zero = self.constant(0, to.f());
        let last = self.select(below, last, zero)?;
        let rounded = self.add(even, last)?;
        self.requantize(rounded, to, Rounding::Trn, overflow)
    }
}
