//! Canonical signed digits: no two neighbouring digits are non-zero, and no
//! other way of writing a number has fewer that are not zero.

/// The digits of one number that are not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digits {
    /// The powers of two that are added, as bits.
    pub plus: u64,
    /// The powers of two that are subtracted.
    pub minus: u64,
}

impl Digits {
    /// One, once.
    pub const ONE: Self = Self { plus: 1, minus: 0 };

    /// The digits of a number; exact for every number of at most 62 bits.
    pub const fn of(value: i64) -> Self {
        // With x = 3 v, the digit at power p is the difference of bits p + 1 of
        // x and of v (G. W. Reitwiesner, 1960).
        let v = value as i128;
        let x = 3 * v;
        Self {
            plus: ((x & !v) >> 1) as u64,
            minus: ((v & !x) >> 1) as u64,
        }
    }

    /// Powers with a digit.
    pub const fn both(self) -> u64 {
        self.plus | self.minus
    }

    /// Digits that are not zero.
    pub const fn count(self) -> u32 {
        self.both().count_ones()
    }

    /// Every power and whether it is subtracted, smallest first.
    pub fn terms(self) -> impl Iterator<Item = (u32, bool)> {
        let mut rest = self.both();
        std::iter::from_fn(move || {
            let power = rest.trailing_zeros();
            (rest != 0).then(|| {
                rest &= rest - 1;
                (power, self.minus >> power & 1 == 1)
            })
        })
    }

    /// The same number with the other sign.
    pub const fn negated(self) -> Self {
        Self {
            plus: self.minus,
            minus: self.plus,
        }
    }
}

/// Digits of a number that are not zero.
pub(super) const fn weight(value: i64) -> u32 {
    let v = value as i128;
    (v ^ (3 * v)).count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_canonical_and_exact() {
        let large = (0..62).flat_map(|p| [-1, 0, 1].map(|d| (1i64 << p) + d));
        for value in (-3000..=3000).chain(large.clone()).chain(large.map(|v| -v)) {
            let digits = Digits::of(value);
            let sum: i128 = digits
                .terms()
                .map(|(power, minus)| (1i128 << power) * if minus { -1 } else { 1 })
                .sum();
            assert_eq!(sum, value.into());
            assert_eq!(digits.both() & (digits.both() << 1), 0, "{value}");
            assert_eq!(digits.plus & digits.minus, 0);
            assert_eq!(weight(value), digits.count(), "{value}");
        }
    }
}
