//! `requantize` against the definitions of `ap_fixed` in unbounded integers,
//! against the `fixed` crate, and against its own form for containers.

use fixed::types::{I8F8, I24F40, I32F32};
use num_bigint::{BigInt, Sign};
use proptest::prelude::*;
use trigforge::{Format, Mantissa, Overflow, Rounding, requantize, requantize_fits, requantize_in};

/// The value `m * 2^-from` as a multiple of `2^-to`, rounded.
///
/// Written from the words of the definition: take the neighbours, take the
/// nearer, and let the mode decide a tie.
fn rounded(m: i64, from: i32, to: i32, rounding: Rounding) -> BigInt {
    let m = BigInt::from(m);
    if from <= to {
        return m << (to - from) as usize;
    }
    let unit = BigInt::from(1) << (from - to) as usize;
    let mut floor = &m / &unit; // towards zero
    if &floor * &unit > m {
        floor -= 1;
    }
    if &floor * &unit == m {
        return floor;
    }
    let ceil: BigInt = &floor + 1;
    let (below, above) = (&m - &floor * &unit, &ceil * &unit - &m);
    let negative = m.sign() == Sign::Minus;
    let (inward, outward) = if negative {
        (&ceil, &floor)
    } else {
        (&floor, &ceil)
    };
    match rounding {
        Rounding::Trn => floor,
        Rounding::TrnZero => inward.clone(),
        _ if below < above => floor,
        _ if above < below => ceil,
        Rounding::Rnd => ceil,
        Rounding::RndMinInf => floor,
        Rounding::RndZero => inward.clone(),
        Rounding::RndInf => outward.clone(),
        Rounding::RndConv => {
            if floor.bit(0) {
                ceil
            } else {
                floor
            }
        }
    }
}

/// The whole definition, with the range worked out from the width alone.
fn reference(m: i64, f: i32, to: Format, rounding: Rounding, overflow: Overflow) -> BigInt {
    let value = rounded(m, f, to.f(), rounding);
    let width = to.width() as usize;
    let zero = BigInt::from(0);
    if width == 0 {
        return zero;
    }
    let size = BigInt::from(1) << width;
    let half: BigInt = &size >> 1;
    let (min, max) = if to.k() {
        (-(&half), &half - 1)
    } else {
        (zero.clone(), &size - 1)
    };
    let low = match overflow {
        // ap_fixed<1, ...> keeps -1.
        Overflow::SatSym if to.k() && width > 1 => -&max,
        _ => min.clone(),
    };
    if low <= value && value <= max {
        return value;
    }
    match overflow {
        Overflow::Sat | Overflow::SatSym => {
            if value < low {
                low
            } else {
                max
            }
        }
        Overflow::SatZero => zero,
        Overflow::Wrap => {
            let mut value = value % &size;
            while value < min {
                value += &size;
            }
            while value > max {
                value -= &size;
            }
            value
        }
    }
}

fn modes() -> impl Iterator<Item = (Rounding, Overflow)> {
    let both = |r| Overflow::ALL.into_iter().map(move |o| (r, o));
    Rounding::ALL.into_iter().flat_map(both)
}

fn check(m: i64, f: i32, to: Format) {
    for (rounding, overflow) in modes() {
        let got = requantize(m, f, to, rounding, overflow);
        let want = reference(m, f, to, rounding, overflow);
        assert_eq!(
            BigInt::from(got),
            want,
            "{m} * 2^-{f} to {to} {rounding} {overflow}"
        );
    }
}

#[test]
fn there_are_28_mode_pairs() {
    assert_eq!(modes().count(), 28);
}

#[test]
fn small_widths_exhaustively() {
    for f in -2..=2 {
        for width in 0..=4 {
            for k in [false, true] {
                let Some(to) = Format::new(k, width - f - i32::from(k), f) else {
                    continue;
                };
                assert_eq!(to.width(), width as u32);
                for m in -40..=40 {
                    for from in f - 3..=f + 4 {
                        check(m, from, to);
                    }
                }
            }
        }
    }
}

#[test]
fn the_ends_of_i64_at_every_shift() {
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    for to in [
        (true, 63, 0),
        (false, 63, 0),
        (true, 0, 0),
        (true, 7, 0),
        (false, 0, 0),
    ] {
        let to = Format::new(to.0, to.1, to.2).unwrap();
        for m in ends {
            for f in -70..=70 {
                check(m, f, to);
            }
        }
    }
}

#[test]
fn far_shifts() {
    let to = Format::new(true, 7, 0).unwrap();
    for far in [65, 66, 1000, i32::MAX] {
        for (rounding, overflow) in modes() {
            let at = |m, f| requantize(m, f, to, rounding, overflow);
            let down = if rounding == Rounding::Trn { -1 } else { 0 };
            assert_eq!(at(i64::MIN, far), down, "{rounding} {far}");
            assert_eq!(at(i64::MAX, far), 0, "{rounding} {far}");
            let (lo, hi) = match overflow {
                Overflow::Sat => (-128, 127),
                Overflow::SatSym => (-127, 127),
                Overflow::SatZero | Overflow::Wrap => (0, 0),
            };
            assert_eq!(at(-1, -far), lo, "{overflow} {far}");
            assert_eq!(at(1, -far), hi, "{overflow} {far}");
            assert_eq!(at(0, -far), 0);
        }
    }
    let coarse = Format::new(true, i32::from(i16::MAX), 7 - 32_767).unwrap();
    assert_eq!(coarse.width(), 8);
    assert_eq!(
        requantize(-1, i32::MAX, coarse, Rounding::Trn, Overflow::Sat),
        -1
    );
    assert_eq!(
        requantize(1, i32::MIN, coarse, Rounding::Trn, Overflow::Sat),
        127
    );
}

#[test]
fn edges_named_in_the_documentation() {
    use Overflow::*;
    use Rounding::*;
    let to = |k, i, f| Format::new(k, i, f).unwrap();
    assert_eq!(requantize(15, 1, to(true, 3, 0), Rnd, Sat), 7);
    assert_eq!(requantize(15, 1, to(true, 3, 0), Rnd, Wrap), -8);
    assert_eq!(requantize(-1, 2, to(false, 3, 0), Rnd, SatZero), 0);
    assert_eq!(requantize(-1, 2, to(false, 3, 0), Trn, Wrap), 7);
    assert_eq!(requantize(-8, 0, to(true, 3, 0), Trn, SatSym), -7);
    assert_eq!(requantize(-9, 0, to(true, 0, 0), Trn, SatSym), -1);
    assert_eq!(requantize(-1, 0, to(true, 0, 0), Trn, Sat), -1);
    assert_eq!(requantize(-1, 0, to(false, 3, 0), Trn, SatSym), 0);
    assert_eq!(requantize(-8, 0, to(true, 3, 0), Trn, SatZero), -8);
    for (rounding, overflow) in modes() {
        assert_eq!(requantize(-5, 1, to(true, -1, 0), rounding, overflow), 0);
        assert_eq!(requantize(5, 1, to(false, 0, 0), rounding, overflow), 0);
    }
}

fn any_format() -> impl Strategy<Value = Format> {
    (any::<bool>(), 0..=64i32, -90..=90i32).prop_filter_map("64 bits unsigned", |(k, w, f)| {
        Format::new(k, w - f - i32::from(k), f)
    })
}

fn any_mantissa() -> impl Strategy<Value = i64> {
    // Uniform in the number of bits, with ties likely.
    (any::<i64>(), 0..64u32, 0..64u32).prop_map(|(m, shift, zeros)| (m >> shift) & (-1 << zeros))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_arguments(m in any_mantissa(), down in -70..=70i32, to in any_format()) {
        check(m, to.f() + down, to);
    }

    #[test]
    fn as_fixed_does(bits in any::<i64>()) {
        let to = Format::new(true, 7, 8).unwrap();
        let ours = |rounding, overflow| requantize(bits, 40, to, rounding, overflow);
        let theirs = I24F40::from_bits(bits);
        let got = |v: I8F8| i64::from(v.to_bits());
        use {Overflow::*, Rounding::*};
        prop_assert_eq!(ours(Trn, Wrap), got(I8F8::wrapping_from_num(theirs)));
        prop_assert_eq!(ours(Trn, Sat), got(I8F8::saturating_from_num(theirs)));

        let to = Format::new(true, 31, 0).unwrap();
        let ours = |rounding| requantize(bits, 32, to, rounding, Wrap);
        let theirs = I32F32::from_bits(bits);
        prop_assert_eq!(ours(RndConv), theirs.wrapping_round_ties_even().to_bits() >> 32);
        prop_assert_eq!(ours(RndInf), theirs.wrapping_round().to_bits() >> 32);
        prop_assert_eq!(ours(TrnZero), theirs.round_to_zero().to_bits() >> 32);
        prop_assert_eq!(ours(Trn), theirs.wrapping_floor().to_bits() >> 32);
    }

    #[test]
    fn containers_agree(m in any_mantissa(), down in -70..=70i32, to in any_format()) {
        let f = to.f() + down;
        agrees(m as i8, f, to);
        agrees(m as i16, f, to);
        agrees(m as i32, f, to);
        agrees(m, f, to);
    }
}

/// Compares where the precondition holds; returns how often it did.
fn agrees<T: Mantissa>(m: T, f: i32, to: Format) -> usize {
    let mut held = 0;
    let wide = m.to_i64();
    for (rounding, overflow) in modes() {
        let got = requantize_in(m, f, to, rounding, overflow); // never panics
        if requantize_fits::<T>(wide, wide, f, to, rounding, overflow) {
            held += 1;
            let want = requantize(wide, f, to, rounding, overflow);
            assert_eq!(
                got.to_i64(),
                want,
                "{m:?} in {} bits, 2^-{f} to {to} {rounding} {overflow}",
                T::BITS
            );
        }
    }
    held
}

#[test]
fn every_i8_in_every_small_format() {
    let (mut held, mut tried) = (0, 0);
    for width in 0..=10 {
        for k in [false, true] {
            let Some(to) = Format::new(k, width - i32::from(k), 0) else {
                continue;
            };
            for f in -9..=11 {
                for m in i8::MIN..=i8::MAX {
                    held += agrees(m, f, to);
                    tried += 28;
                }
            }
        }
    }
    // The precondition must not be a way to compare nothing.
    assert!(held * 2 > tried, "{held} of {tried}");
}

#[test]
fn the_precondition_is_tight_for_plain_rounding() {
    let to = Format::new(true, 7, 0).unwrap();
    let fits = |lo, hi, f, r| requantize_fits::<i16>(lo, hi, f, to, r, Overflow::Sat);
    assert!(fits(-32_768, 32_767, 4, Rounding::Trn));
    assert!(fits(-32_768, 32_759, 4, Rounding::Rnd));
    assert!(!fits(-32_768, 32_760, 4, Rounding::Rnd));
    assert!(fits(-8_192, 8_191, -2, Rounding::Trn));
    assert!(!fits(-8_192, 8_192, -2, Rounding::Trn));
    assert!(!fits(-8_193, 8_191, -2, Rounding::Trn));
    assert!(!fits(-32_769, 0, 0, Rounding::Trn));
    assert!(fits(1, 0, 0, Rounding::Trn));
}
