//! Shifts that keep a value exact while fractional bits are added, and exact
//! binary fractions.

/// `m * 2^shift`, at most the largest magnitude of an `i128`.
///
/// Derived formats are at most 64 bits wide, so a saturated bound is refused
/// where a format is sought for it. `shift` is not negative: a result never
/// has fewer fractional bits than its operands.
pub(crate) fn shift_left(m: i128, shift: i32) -> i128 {
    debug_assert!(shift >= 0);
    if m == 0 {
        return 0;
    }
    let room = if m < 0 { !m } else { m }.leading_zeros() - 1;
    match u32::try_from(shift) {
        Ok(shift) if shift <= room => m << shift,
        _ if m < 0 => i128::MIN,
        _ => i128::MAX,
    }
}

/// `m * 2^shift` modulo 2^64: exact whenever the final result fits.
pub(crate) fn shift_left_wrapping(m: i64, shift: i32) -> i64 {
    debug_assert!(shift >= 0);
    match u32::try_from(shift) {
        Ok(shift) if shift < 64 => m << shift,
        _ => 0,
    }
}

/// `m * 2^shift` if it is an integer of at most 64 bits; `shift` may be negative.
pub(crate) fn rescale(m: i64, shift: i32) -> Option<i64> {
    if m == 0 {
        return Some(0);
    }
    if shift >= 0 {
        return i64::try_from(shift_left(m.into(), shift)).ok();
    }
    let drop = shift.unsigned_abs();
    (drop <= m.trailing_zeros()).then(|| m >> drop)
}

/// The exact value `m * 2^-f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    pub m: i128,
    pub f: i32,
}

impl Exact {
    /// Zero has no fractional bits; any other value an odd mantissa.
    pub fn new(m: i128, f: i32) -> Self {
        match m {
            0 => Self { m, f: 0 },
            _ => Self {
                m: m >> m.trailing_zeros(),
                f: f.saturating_sub(m.trailing_zeros() as i32),
            },
        }
    }

    /// The sum, if 120 bits are enough.
    pub fn plus(self, other: Self) -> Result<Self, String> {
        if self.m == 0 {
            return Ok(other);
        }
        if other.m == 0 {
            return Ok(self);
        }
        let f = self.f.max(other.f);
        let [a, b] = [self, other].map(|x| shift_left(x.m, f.saturating_sub(x.f)));
        a.checked_add(b)
            .filter(|sum| sum.unsigned_abs() < 1 << 120)
            .map(|sum| Self::new(sum, f))
            .ok_or_else(|| "a constant needs more than 120 bits".to_owned())
    }

    /// The product, if 128 bits are enough.
    pub fn times(self, other: Self) -> Result<Self, String> {
        self.m
            .checked_mul(other.m)
            .zip(self.f.checked_add(other.f))
            .map(|(m, f)| Self::new(m, f))
            .ok_or_else(|| "a constant needs more than 120 bits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_saturate_instead_of_losing_bits() {
        assert_eq!(shift_left(-3, 4), -48);
        assert_eq!(shift_left(1, 126), 1 << 126);
        assert_eq!(shift_left(1, 127), i128::MAX);
        assert_eq!(shift_left(-1, 127), i128::MIN);
        assert_eq!(shift_left(-3, 126), i128::MIN);
        assert_eq!(shift_left(0, 40_000), 0);
        assert_eq!(shift_left_wrapping(-1, 64), 0);
    }

    #[test]
    fn rescaling_is_exact_or_none() {
        assert_eq!(rescale(-12, -2), Some(-3));
        assert_eq!(rescale(-12, -3), None);
        assert_eq!(rescale(i64::MIN, -63), Some(-1));
        assert_eq!(rescale(1, 62), Some(1 << 62));
        assert_eq!(rescale(1, 63), None);
        assert_eq!(rescale(0, -40_000), Some(0));
    }
}
