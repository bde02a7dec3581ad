//! Integer types of emitted C++: `ap_int` and `ap_uint`.

use std::fmt;

use trigforge::Format;

use crate::ir::Interval;

/// An integer type by its width, which is 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) bits: u32,
    pub(super) signed: bool,
}

impl Integer {
    /// The narrowest that holds all ranges.
    pub(super) fn of_ranges(ranges: &[Interval]) -> Self {
        let hull = ranges.iter().copied().reduce(Interval::hull);
        let Interval { lo, hi } = hull.unwrap_or(Interval::point(0));
        Self::of(lo.into(), hi.into())
    }

    /// The narrowest that holds a range.
    pub(super) fn of(lo: i128, hi: i128) -> Self {
        let signed = lo < 0;
        let needed = |m: i128| 128 - (if m < 0 { !m } else { m }).leading_zeros();
        Self {
            bits: (needed(lo).max(needed(hi)) + u32::from(signed)).max(1),
            signed,
        }
    }

    /// The narrowest that holds every mantissa of all formats.
    pub(super) fn of_formats(formats: &[Format]) -> Self {
        let ranges: Vec<_> = formats.iter().map(|&f| Interval::of(f)).collect();
        Self::of_ranges(&ranges)
    }

    /// A signed one that holds as much.
    pub(super) fn to_signed(self) -> Self {
        Self {
            bits: self.bits + u32::from(!self.signed),
            signed: true,
        }
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.signed { "ap_int" } else { "ap_uint" };
        write!(out, "{name}<{}>", self.bits)
    }
}

/// A number as a literal of C++.
pub(super) fn literal(m: i64) -> String {
    match i32::try_from(m) {
        Ok(m) if m > i32::MIN => m.to_string(),
        // There are no negative literals, and no literal of 2^63.
        _ if m == i64::MIN => "(-9223372036854775807LL - 1)".to_owned(),
        _ => format!("{m}LL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_hold_their_ranges_and_no_bit_more() {
        let shown = |lo, hi| Integer::of(lo, hi).to_string();
        assert_eq!(shown(0, 0), "ap_uint<1>");
        assert_eq!(shown(-1, 0), "ap_int<1>");
        assert_eq!(shown(0, 255), "ap_uint<8>");
        assert_eq!(shown(-1, 255), "ap_int<9>");
        assert_eq!(shown(-256, 255), "ap_int<9>");
        assert_eq!(shown(i64::MIN.into(), 0), "ap_int<64>");
        assert_eq!(literal(i64::MIN), "(-9223372036854775807LL - 1)");
        assert_eq!(literal(-2_147_483_648), "-2147483648LL");
    }
}
