//! Formats, names, and the tables of the crate documentation.

use proptest::prelude::*;
use trigforge::{Format, Overflow, Rounding, requantize};

#[test]
fn the_ends_of_what_is_allowed() {
    let ends = |f: Format| (f.width(), f.min(), f.max());
    let new = |k, i, f| Format::new(k, i, f).map(ends);
    assert_eq!(new(true, 63, 0), Some((64, i64::MIN, i64::MAX)));
    assert_eq!(new(false, 63, 0), Some((63, 0, i64::MAX)));
    assert_eq!(new(true, 0, 0), Some((1, -1, 0)));
    assert_eq!(new(false, 0, 0), Some((0, 0, 0)));
    assert_eq!(new(true, -3, 2), Some((0, 0, 0)));
    assert_eq!(new(false, -4, 12), Some((8, 0, 255)));
    assert_eq!(new(true, 12, -5), Some((8, -128, 127)));
    assert_eq!(new(false, 32_767, -32_767), Some((0, 0, 0)));
    assert_eq!(new(true, 64, 0), None);
    assert_eq!(new(false, 64, 0), None);
    assert_eq!(new(true, -2, 0), None);
    assert_eq!(new(false, -1, 0), None);
    assert_eq!(new(false, 32_768, -32_768), None);
    assert_eq!(new(false, i32::MAX, i32::MIN), None);
    assert_eq!(new(true, i32::MAX, i32::MAX), None);
    assert_eq!(ends(Format::ZERO), (0, 0, 0));
}

#[test]
fn ap_fixed_counts_the_sign_among_the_integer_bits() {
    let format = Format::from_ap_fixed(16, 6, true).unwrap();
    assert_eq!((format.k(), format.i(), format.f()), (true, 5, 10));
    let format = Format::from_ap_fixed(8, 10, false).unwrap();
    assert_eq!((format.k(), format.i(), format.f()), (false, 10, -2));
    assert_eq!(Format::from_ap_fixed(64, 64, false), None);
    assert_eq!(Format::from_ap_fixed(65, 1, true), None);
    assert_eq!(Format::from_ap_fixed(u32::MAX, 0, true), None);
    assert_eq!(Format::from_ap_fixed(8, i32::MIN, true), None);
    assert_eq!(Format::from_ap_fixed(8, i32::MAX, true), None);
}

#[test]
fn covering_at_the_ends() {
    let show = |lo, hi, f| Format::covering(lo, hi, f).map(|f| f.to_string());
    assert_eq!(show(0, 0, 3).as_deref(), Some("fix(0,-3,3)"));
    assert_eq!(show(-1, -1, 0).as_deref(), Some("fix(1,0,0)"));
    assert_eq!(show(-1, 0, 3).as_deref(), Some("fix(1,-3,3)"));
    assert_eq!(show(-8, 7, 0).as_deref(), Some("fix(1,3,0)"));
    assert_eq!(show(-8, 8, 0).as_deref(), Some("fix(1,4,0)"));
    assert_eq!(show(-9, 7, 0).as_deref(), Some("fix(1,4,0)"));
    assert_eq!(show(5, 7, 0).as_deref(), Some("fix(0,3,0)"));
    assert_eq!(show(-5, -3, -2).as_deref(), Some("fix(1,5,-2)"));
    let (min, max) = (i128::from(i64::MIN), i128::from(i64::MAX));
    assert_eq!(show(min, max, 63).as_deref(), Some("fix(1,0,63)"));
    assert_eq!(show(min - 1, 0, 0), None);
    assert_eq!(show(0, max + 1, 0), None);
    assert_eq!(show(1, 0, 0), None);
    assert_eq!(show(i128::MIN, i128::MAX, i32::MIN), None);
    assert_eq!(show(0, 1, i32::MAX), None);
}

proptest! {
    #[test]
    fn covering_is_the_smallest(a: i64, b: i64, sa in 0..64u32, sb in 0..64u32) {
        let (a, b) = (a >> sa, b >> sb);
        let (lo, hi) = (a.min(b), a.max(b));
        let format = Format::covering(lo.into(), hi.into(), 4).unwrap();
        prop_assert!(format.contains(lo) && format.contains(hi));
        prop_assert_eq!(format.k(), lo < 0);
        if let Some(smaller) = Format::new(format.k(), format.i() - 1, 4) {
            prop_assert!(!smaller.contains(lo) || !smaller.contains(hi));
        }
    }

    #[test]
    fn contains_is_the_interval(m: i64, s in 0..64u32, k: bool, w in 0..=64i32) {
        if let Some(format) = Format::new(k, w - i32::from(k), 0) {
            let m = i128::from(m >> s);
            let size = 1i128 << w;
            let (lo, hi) = if k && w > 0 { (-size / 2, size / 2 - 1) } else { (0, size - 1) };
            prop_assert_eq!(format.contains(m as i64), lo <= m && m <= hi);
        }
    }
}

#[test]
fn names_read_back() {
    for mode in Rounding::ALL {
        assert_eq!(Rounding::from_name(mode.name()), Some(mode));
        assert_eq!(mode.to_string(), mode.name());
    }
    for mode in Overflow::ALL {
        assert_eq!(Overflow::from_name(mode.name()), Some(mode));
        assert_eq!(mode.to_string(), mode.name());
    }
    assert_eq!(Rounding::from_name("rnd"), None);
    assert_eq!(Overflow::from_name("AP_SAT"), None);
}

/// Reads the tables in `src/lib.rs` and checks every cell.
#[test]
fn the_documented_tables() {
    let lines = include_str!("../src/lib.rs").lines();
    let rows = lines.filter_map(|l| l.strip_prefix("//! | `"));
    let (mut roundings, mut overflows) = (0, 0);
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(|c| c.trim().trim_matches('`')).collect();
        let name = cells[1].strip_prefix("AP_").unwrap();
        let values = cells[2..].iter().filter_map(|c| c.parse::<i64>().ok());
        let values: Vec<i64> = values.collect();
        let narrow = |k| Format::new(k, 3, 0).unwrap();
        if let Some(mode) = Rounding::from_name(name) {
            let inputs = [5, 6, 10, -6, -10, -5];
            let run = |m| requantize(m, 2, narrow(true), mode, Overflow::Sat);
            assert_eq!(values, inputs.map(run), "{name}");
            assert_eq!(cells[0], format!("{mode:?}"));
            roundings += 1;
        } else {
            let mode = Overflow::from_name(name).unwrap();
            let inputs = [(9, true), (-9, true), (-8, true), (9, false), (-1, false)];
            let run = |(m, k)| requantize(m, 0, narrow(k), Rounding::Trn, mode);
            assert_eq!(values, inputs.map(run), "{name}");
            assert_eq!(cells[0], format!("{mode:?}"));
            overflows += 1;
        }
    }
    assert_eq!((roundings, overflows), (7, 4));
}
