//! Formats and values that are compared: the edges, and random ones.

use trigforge::Format;

/// What one call of the C++ program computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Mantissas of one format, brought into another with every pair of modes.
    Cast {
        /// The format of the mantissas.
        from: Format,
        /// The format that they are brought into.
        to: Format,
    },
    /// Double-precision numbers, brought into a format with every pair of modes.
    Real {
        /// The format.
        to: Format,
    },
    /// Sums, differences and products.
    Exact {
        /// The format of the first operand.
        a: Format,
        /// The format of the second.
        b: Format,
    },
}

/// Values of a cast, of which a million make the trial of a pair of modes.
const CASTS: usize = 49_152;
/// Values of a conversion from double precision.
const REALS: usize = 24_576;
/// Pairs of an exact operation.
const PAIRS: usize = 131_072;

/// Formats `(k, i, f)` at the edges of what casts treat alike.
const EDGES: &[[(bool, i32, i32); 2]] = &[
    // Width 1, into it and out of it.
    [(true, 3, 4), (true, 0, 0)],
    [(true, 3, 4), (false, 1, 0)],
    [(true, 0, 0), (true, 3, 2)],
    // 64 bits, signed, and 63, unsigned.
    [(true, 63, 0), (true, 31, 0)],
    [(true, 31, 32), (true, 15, 1)],
    [(true, 7, 8), (true, 40, 23)],
    [(false, 40, 23), (false, 12, 7)],
    [(true, 20, 43), (false, 30, 33)],
    // Negative fractional bits, negative integer bits.
    [(true, 15, 0), (true, 18, -9)],
    [(true, 20, -6), (true, 12, 3)],
    [(true, -3, 20), (true, -5, 14)],
    [(false, 6, 10), (true, -2, 9)],
    // Formats whose bits do not overlap.
    [(true, -50, 66), (true, 7, 0)],
    [(true, 70, -50), (true, 7, 8)],
    // More bits on both sides: nothing is lost.
    [(true, 5, 6), (true, 8, 9)],
    // The same width, and the sign alone.
    [(true, 7, 8), (false, 8, 8)],
];

/// Formats drawn at random besides.
const RANDOM: usize = 8;

/// The cases, the same ones each time.
pub fn all() -> Vec<Case> {
    let format = |(k, i, f): (bool, i32, i32)| Format::new(k, i, f);
    let mut cases: Vec<_> = EDGES
        .iter()
        .filter_map(|&[from, to]| {
            Some(Case::Cast {
                from: format(from)?,
                to: format(to)?,
            })
        })
        .collect();
    let mut random = Random(1);
    while cases.len() < EDGES.len() + RANDOM {
        let any = |random: &mut Random, near: i64| {
            let (width, f) = (random.within(2, 40), near + random.within(-8, 8));
            let k = random.within(0, 1);
            Format::new(k == 1, (width - f - k) as i32, f as i32)
        };
        let from = any(&mut random, 6);
        let to = from.and_then(|from| any(&mut random, from.f().into()));
        if let (Some(from), Some(to)) = (from, to) {
            cases.push(Case::Cast { from, to });
        }
    }
    let reals = [(true, 5, 10), (false, 4, 3), (true, 20, -4)];
    cases.extend(reals.iter().filter_map(|&to| {
        let to = format(to)?;
        Some(Case::Real { to })
    }));
    let pairs = [
        [(true, 7, 8), (true, 3, 4)],
        [(false, 8, 8), (true, 3, 12)],
        [(false, 5, 3), (false, 9, 0)],
        [(true, 0, 0), (true, 15, 15)],
        [(true, -2, 12), (true, 18, -4)],
        [(true, 20, 10), (false, 1, 30)],
    ];
    cases.extend(pairs.iter().filter_map(|&[a, b]| {
        Some(Case::Exact {
            a: format(a)?,
            b: format(b)?,
        })
    }));
    cases
}

impl Case {
    /// The words that the program reads for this case.
    pub fn words(&self) -> Vec<i64> {
        // A seed of its own for each case.
        let seed = format!("{self:?}").bytes().fold(7u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Random(seed);
        match *self {
            Self::Cast { from, to } => {
                let down = from.f() - to.f();
                let edges = ends(from).chain(ties(to, down));
                let edges: Vec<_> = edges.filter(|m| from.contains(*m)).collect();
                let rest = (0..).map(|_| random.mantissa(from));
                edges.into_iter().chain(rest).take(CASTS).collect()
            }
            Self::Real { to } => (0..REALS)
                .map(|at| match REAL_EDGES.get(at) {
                    Some(value) => *value,
                    None => random.real(to),
                })
                .map(|value| value.to_bits() as i64)
                .collect(),
            Self::Exact { a, b } => {
                let corners = ends(a).flat_map(|x| ends(b).map(move |y| (x, y)));
                let mut pairs: Vec<_> = corners
                    .filter(|&(x, y)| a.contains(x) && b.contains(y))
                    .collect();
                while pairs.len() < PAIRS {
                    pairs.push((random.mantissa(a), random.mantissa(b)));
                }
                let (left, right): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
                left.into_iter().chain(right).collect()
            }
        }
    }
}

/// Numbers at the ends of double precision.
const REAL_EDGES: [f64; 8] = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    -1e-300,
    0.5,
    -0.5,
];

/// Mantissas at the ends of a format and around zero; some may lie outside.
fn ends(format: Format) -> impl Iterator<Item = i64> {
    let around = |m: i64| (-2..=2).filter_map(move |d| m.checked_add(d));
    [format.min(), 0, format.max()].into_iter().flat_map(around)
}

/// Mantissas that fall on halves of `to`, and beside them: at both ends of
/// `to`, around zero, and where twice the range ends.
fn ties(to: Format, down: i32) -> impl Iterator<Item = i64> {
    let (min, max) = (i128::from(to.min()), i128::from(to.max()));
    let near = [
        min * 2,
        min - 1,
        min,
        -1,
        0,
        1,
        2,
        max - 1,
        max,
        max * 2 + 1,
    ];
    let shift = u32::try_from(down).ok().filter(|shift| *shift < 63);
    near.into_iter().flat_map(move |m| {
        let half = shift.map_or(0, |shift| (1i128 << shift) >> 1);
        let unit = shift.map_or(1, |shift| 1i128 << shift);
        [-1, 0, 1].into_iter().filter_map(move |beside| {
            let value = m.checked_mul(unit)?.checked_add(half + beside)?;
            i64::try_from(value).ok()
        })
    })
}

/// SplitMix64: the same values on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.next() % (hi - lo + 1).unsigned_abs()) as i64
    }

    /// Any mantissa of a format: uniform in its number of bits, and in its
    /// number of low zeros, so that ties are likely.
    fn mantissa(&mut self, format: Format) -> i64 {
        let word = self.next() as i64;
        let width = i64::from(format.width().max(1));
        let bits = 64 - self.within(1, width);
        let zeros = self.within(-width, width - 1).max(0);
        let m = (word >> bits) & (-1 << zeros);
        match format.contains(m) {
            true => m,
            // The sign that an unsigned format does not have.
            false => m & format.max(),
        }
    }

    /// A real number that a format rounds, and that may lie outside of it.
    fn real(&mut self, format: Format) -> f64 {
        let bits = self.within(1, 53);
        let m = self.next() as i64 >> (64 - bits);
        let f = i64::from(format.f()) + self.within(-3, 4);
        let narrow = self.within(0, 1) == 1;
        // Up to a few times the format's range, or a tie of few bits.
        let width = i64::from(format.width()) + self.within(0, 3);
        let exponent = match narrow {
            true => -f,
            false => width - i64::from(format.f()) - bits,
        };
        m as f64 * 2f64.powi(exponent as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_mantissa_of_its_format() {
        let mut casts = 0;
        for case in all() {
            let words = case.words();
            match case {
                Case::Cast { from, .. } => {
                    casts += 1;
                    assert_eq!(words.len(), CASTS);
                    assert!(words.iter().all(|m| from.contains(*m)), "{case:?}");
                    assert!(words.contains(&from.min()) && words.contains(&from.max()));
                }
                Case::Real { .. } => {
                    let finite = |w: &i64| f64::from_bits(*w as u64).is_finite();
                    assert!(words.iter().all(finite), "{case:?}");
                }
                Case::Exact { a, b } => {
                    let (left, right) = words.split_at(PAIRS);
                    assert!(left.iter().all(|m| a.contains(*m)), "{case:?}");
                    assert!(right.iter().all(|m| b.contains(*m)), "{case:?}");
                }
            }
        }
        // A pair of modes is tried on more than a million values.
        assert!(casts * CASTS > 1_000_000);
        assert_eq!(casts, EDGES.len() + RANDOM, "an edge is no format");
    }
}
