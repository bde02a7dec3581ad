//! What must not change an observable, and jets of none or one constituent.

use std::f64::consts::TAU;

use super::{Lists, all, jet};

fn close(found: &[f32], expected: &[f32], relative: f32, what: &str) {
    for ((f, e), o) in found.iter().zip(expected).zip(all()) {
        assert!(
            (f - e).abs() <= relative * e.abs(),
            "{what}: {f}, not {e}: {o:?}"
        );
    }
}

#[test]
fn a_permutation_changes_no_bit() {
    let expected = jet().values();
    for turn in 1..7 {
        for swap in 0..6 {
            let mut lists = jet();
            for list in [&mut lists.pt, &mut lists.y, &mut lists.phi, &mut lists.pid] {
                list.rotate_left(turn);
                list.swap(swap, swap + 1);
            }
            assert_eq!(lists.values(), expected, "turn {turn}, swap {swap}");
        }
    }
}

#[test]
fn empty_slots_do_not_count() {
    let mut lists = jet();
    let expected = lists.values();
    for _ in 0..3 {
        lists.pt.push(0.0);
        // Whatever an empty slot holds beside its momentum.
        lists.y.push(7.0);
        lists.phi.push(f32::NAN);
        lists.pid.push(99.0);
    }
    assert_eq!(lists.values(), expected);
}

#[test]
fn boost_rotation_and_scale_leave_all_unchanged() {
    let expected = jet().values();
    let changed = |change: &dyn Fn(&mut Lists)| {
        let mut lists = jet();
        change(&mut lists);
        lists.values()
    };
    // The inputs are single precision: each move rounds them anew by up to 2e-7.
    let boost = changed(&|l| l.y.iter_mut().for_each(|y| *y += 1.25));
    close(&boost, &expected, 2e-5, "boost");
    for angle in [0.1, 1.0, 3.0, TAU as f32, -3.0] {
        let rotated = changed(&|l| l.phi.iter_mut().for_each(|phi| *phi += angle));
        close(&rotated, &expected, 2e-5, "rotation");
    }
    // A power of two is exact in every step.
    let scaled = changed(&|l| l.pt.iter_mut().for_each(|pt| *pt *= 8.0));
    assert_eq!(scaled, expected);
    let scaled = changed(&|l| l.pt.iter_mut().for_each(|pt| *pt *= 0.3));
    close(&scaled, &expected, 1e-6, "scale");
    let mirrored = changed(&|l| l.y.iter_mut().for_each(|y| *y = -*y));
    close(&mirrored, &expected, 1e-6, "mirror");
}

#[test]
fn degenerate_jets() {
    let none = Lists::new(&[[0.0; 4]; 3]).values();
    assert_eq!(none, [0.0; 8]);
    assert!(none.iter().all(|v| v.is_sign_positive()), "no -0: {none:?}");
    assert_eq!(Lists::new(&[]).values(), [0.0; 8]);
    let single = Lists::new(&[[12.5, -3.0, 2.0, -211.0], [0.0; 4]]).values();
    assert_eq!(single, [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let collinear = Lists::new(&[[4.0, 0.5, 1.0, 22.0], [4.0, 0.5, 1.0, 22.0]]).values();
    assert_eq!((collinear[1], collinear[3], collinear[4]), (0.0, 0.0, 0.0));
    let line = Lists::new(&[
        [4.0, 0.5, 1.0, 22.0],
        [4.0, 0.6, 1.0, 22.0],
        [1.0, 0.3, 1.0, 22.0],
    ]);
    assert_eq!(line.values()[4], 0.0);
}
