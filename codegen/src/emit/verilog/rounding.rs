//! Requantisation in Verilog: section 3 of `docs/ir-spec.md`.
//!
//! A value is rounded by an increment of the bits that stay, which the dropped
//! bits and the sign decide; then overflow is decided on the bits above those
//! of the format.

use trigforge::{Format, Overflow, Rounding};

use super::bits::{Reads, Value, literal};
use super::gates::{Expression, Operand, Rounded};

/// The rounding that divides a mantissa by a power of two, in 128 bits.
fn rounded(m: i64, drop: u32, rounding: Rounding) -> i128 {
    let m = i128::from(m);
    let floor = m >> drop;
    let rest = m - (floor << drop);
    let half = (1i128 << drop) / 2;
    let up = match rounding {
        Rounding::Trn => false,
        Rounding::TrnZero => m < 0 && rest != 0,
        Rounding::Rnd => rest >= half,
        Rounding::RndZero => rest > half || (rest == half && m < 0),
        Rounding::RndMinInf => rest > half,
        Rounding::RndInf => rest > half || (rest == half && m >= 0),
        Rounding::RndConv => rest > half || (rest == half && floor & 1 == 1),
    };
    floor + i128::from(up)
}

/// The condition under which the bits that stay are incremented; `None` if
/// they never are. `drop` is not zero.
fn increment(a: &Value, drop: u32, rounding: Rounding, reads: &mut Reads) -> Option<String> {
    let sign = |reads: &mut Reads| reads.bit(a, a.width() - 1);
    let any = |from: u32, count: u32, reads: &mut Reads| match count {
        1 => reads.field(a, from, 1),
        _ => format!("(|{})", reads.field(a, from, count)),
    };
    if rounding == Rounding::Trn || rounding == Rounding::TrnZero && !a.signed() {
        return None;
    }
    // Bits that are always zero decide nothing.
    let first = a.zeros().min(drop);
    if first == drop {
        return None;
    }
    if rounding == Rounding::TrnZero {
        let (sign, rest) = (sign(reads), any(first, drop - first, reads));
        return Some(format!("{sign} & {rest}"));
    }
    let half = reads.bit(a, drop - 1);
    let rest = match drop - 1 - first.min(drop - 1) {
        0 => None,
        count => Some(any(first, count, reads)),
    };
    let tie = match rounding {
        Rounding::Rnd => return Some(half),
        Rounding::RndConv => Some(reads.bit(a, drop)),
        Rounding::RndZero if a.signed() => Some(sign(reads)),
        Rounding::RndInf if a.signed() => Some(format!("~{}", sign(reads))),
        Rounding::RndInf => return Some(half),
        _ => None,
    };
    match (rest, tie) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(format!("{half} & {one}")),
        (Some(rest), Some(tie)) => Some(format!("{half} & ({rest} | {tie})")),
    }
}

/// The value of `a` in the format `to`, in `width` bits. `name` is that of the
/// signal of the rounded value, if there is one.
pub(super) fn requantize(
    name: &str,
    a: &Operand,
    to: Format,
    rounding: Rounding,
    overflow: Overflow,
    width: u32,
    reads: &mut Reads,
) -> Expression {
    let drop = (a.f - to.f()).max(0).unsigned_abs().min(70);
    let raise = (to.f() - a.f).max(0).unsigned_abs().min(64);
    let value = a.value.shifted(raise);
    let [lo, hi] = [a.range.lo, a.range.hi].map(|m| {
        // Beyond 64 bits nothing lies inside of a format.
        rounded(m, drop, rounding) << raise
    });
    let (min, max) = (i128::from(to.min()), i128::from(to.max()));
    let symmetric = overflow == Overflow::SatSym && to.k() && to.width() > 1;
    let min = min + i128::from(symmetric);
    let (under, over) = (lo < min, hi > max);
    let up = match drop {
        0 => None,
        _ => increment(&value, drop, rounding, reads),
    };
    let kept = |bits: u32, reads: &mut Reads| {
        let floor = reads.field(&value, drop, bits);
        match (&up, bits) {
            (None, _) => floor,
            (Some(up), 1) => format!("{floor} ^ ({up})"),
            (Some(up), _) => format!("{floor} + {{{}, {up}}}", literal(0, bits - 1)),
        }
    };
    if !under && !over || overflow == Overflow::Wrap {
        return Expression::of(kept(width, reads));
    }
    // All bits of the rounded value, and a sign only if it has one.
    let signed = lo < 0;
    let magnitude = |m: i128| 128 - if m < 0 { !m } else { m }.leading_zeros();
    let all = magnitude(lo).max(magnitude(hi)) + u32::from(signed);
    let rounded = Rounded {
        width: all,
        text: kept(all, reads),
    };
    let high = magnitude(max);
    let mut slice = |from: u32, to: u32| reads.slice(name, all, from, to - from);
    let top = all - u32::from(signed);
    let too_large = over.then(|| {
        let above = format!("|{}", slice(high, top));
        match signed {
            true => format!("~{} & ({above})", slice(all - 1, all)),
            false => above,
        }
    });
    let too_small = under.then(|| {
        let sign = slice(all - 1, all);
        match (to.k(), top > high) {
            (false, _) => sign,
            // Only the symmetric range leaves one out.
            (true, false) => format!("{sign} & ~(|{})", slice(0, top)),
            (true, true) => {
                let inside = format!("&{}", slice(high, top));
                match symmetric && high > 0 {
                    true => format!("{sign} & ~(({inside}) & (|{}))", slice(0, high)),
                    false => format!("{sign} & ~({inside})"),
                }
            }
        }
    });
    let signal = Value::Signal {
        name: name.to_owned(),
        width: all,
        signed,
        shift: 0,
    };
    let low = reads.field(&signal, 0, width);
    let [least, most] = match overflow {
        Overflow::SatZero => [0, 0],
        _ => [min, max],
    };
    let mut text = low;
    if let Some(condition) = too_small {
        text = format!("({condition}) ? {} : {text}", literal(least, width));
    }
    if let Some(condition) = too_large {
        text = format!("({condition}) ? {} : {text}", literal(most, width));
    }
    Expression {
        rounded: Some(rounded),
        text,
    }
}
