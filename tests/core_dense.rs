//! The kernels against naive loops in wide integers.

use proptest::prelude::*;
use trigforge::{Mantissa, argmax, columns, dense, dense_into, interleave, pairs, relu, scratch};

/// A stream of values over the whole range of `T`, the ends among them.
struct Values(u64);

impl Values {
    fn next<T: Mantissa>(&mut self) -> T {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        match self.0 >> 60 {
            0 => T::MIN,
            1 => T::MAX,
            _ => T::wrap_from((self.0 >> 20) as i64),
        }
    }
    fn array<T: Mantissa, const N: usize>(&mut self) -> [T; N] {
        std::array::from_fn(|_| self.next())
    }
}

/// `bias + sum`, wrapped in `A` as two's complement is.
fn naive<X: Mantissa, W: Mantissa, A: Mantissa>(x: &[X], w: &[W], bias: A) -> A {
    let products = x
        .iter()
        .zip(w)
        .map(|(x, w)| i128::from(x.to_i64()).wrapping_mul(i128::from(w.to_i64())));
    let sum = products.fold(i128::from(bias.to_i64()), i128::wrapping_add);
    A::wrap_from(sum as i64)
}

/// One layer with random contents, by both entries.
#[inline(never)]
fn layer<X, W, A, const IN: usize, const P: usize, const C: usize, const OUT: usize>(seed: u64)
where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
{
    let mut values = Values(seed);
    let x: [X; IN] = values.array();
    let w: [[W; IN]; OUT] = std::array::from_fn(|_| values.array());
    let bias: [A; OUT] = values.array();
    // What pads the weights never counts.
    let laid: [[[W; 2]; C]; P] = interleave(&w, W::MAX);
    // The index in the epilogue keeps the outputs apart.
    let index = |o: usize| A::wrap_from(o as i64);
    let got: [A; OUT] = dense(&x, &laid, &bias, |o, sum: A| sum.wadd(index(o)));
    let mut into: [A; OUT] = scratch();
    dense_into(&x, &laid, &bias, |_, sum: A| sum, &mut into);
    for o in 0..OUT {
        let want = naive(&x, &w[o], bias[o]);
        let what = std::any::type_name::<(X, W, A)>();
        assert_eq!(
            into[o], want,
            "{what} {IN}x{OUT} in {C}, output {o}, seed {seed}"
        );
        assert_eq!(
            got[o],
            want.wadd(index(o)),
            "{what} {IN}x{OUT} in {C}, index {o}"
        );
    }
}

macro_rules! shapes {
    ($x:ty, $w:ty, $a:ty, $seed:expr; $($in:literal x $out:literal)*) => {$(
        layer::<$x, $w, $a, $in, { pairs($in) }, { columns($out) }, $out>($seed);
        layer::<$x, $w, $a, $in, { pairs($in) }, { $out + 3 }, $out>($seed);
    )*};
}

/// Every number of inputs that leaves another rest, in tiles of each size.
#[test]
fn every_rest_of_inputs_meets_its_weights() {
    macro_rules! inputs {
        ($($in:literal)*) => {$(
            shapes!(i16, i16, i32, 7; $in x 3 $in x 8 $in x 16 $in x 24 $in x 32);
            shapes!(i32, i32, i64, 7; $in x 8 $in x 16);
        )*};
    }
    inputs!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn i16_as_on_the_fast_path(seed: u64) {
        shapes!(i16, i16, i32, seed;
            1 x 1 3 x 7 4 x 8 16 x 64 64 x 32 32 x 5 57 x 28 5 x 130 9 x 12);
    }

    #[test]
    fn other_containers(seed: u64) {
        shapes!(i8, i8, i32, seed; 33 x 20);
        shapes!(i8, i16, i32, seed; 16 x 64 33 x 20);
        shapes!(i16, i8, i32, seed; 33 x 20);
        shapes!(i16, i16, i64, seed; 33 x 20);
        shapes!(i32, i16, i64, seed; 16 x 40);
        shapes!(i64, i64, i64, seed; 5 x 9);
        shapes!(i8, i8, i16, seed; 16 x 40);
        shapes!(i8, i8, i8, seed; 5 x 9);
    }

    #[test]
    fn argmax_is_the_first_largest(x: [i16; 9], small in prop::array::uniform9(-2..2i8), wide: [i64; 4]) {
        fn slow<T: Mantissa>(x: &[T]) -> usize {
            let best = x.iter().max().unwrap();
            x.iter().position(|m| m == best).unwrap()
        }
        prop_assert_eq!(argmax(&x), slow(&x));
        prop_assert_eq!(argmax(&small), slow(&small));
        prop_assert_eq!(argmax(&wide), slow(&wide));
        let wide = wide.map(|m| if m % 3 == 0 { i64::MIN } else { i64::MAX - m.rem_euclid(3) });
        prop_assert_eq!(argmax(&wide), slow(&wide));
        let mid: [i32; 4] = wide.map(|m| m as i32);
        prop_assert_eq!(argmax(&mid), slow(&mid));
    }

    #[test]
    fn relu_is_the_larger(a: i8, b: i64) {
        prop_assert_eq!(relu(a), a.max(0));
        prop_assert_eq!(relu(b), b.max(0));
    }
}

#[test]
fn every_small_argmax() {
    for code in 0..4i32.pow(5) {
        let x: [i32; 5] = std::array::from_fn(|i| code / 4i32.pow(i as u32) % 4 - 2);
        let best = x.iter().max().unwrap();
        assert_eq!(
            argmax(&x),
            x.iter().position(|m| m == best).unwrap(),
            "{x:?}"
        );
    }
}

#[test]
fn argmax_at_the_ends() {
    assert_eq!(argmax::<i8, 0>(&[]), 0);
    assert_eq!(argmax(&[i64::MIN, i64::MAX]), 1);
    assert_eq!(argmax(&[i64::MAX, i64::MIN]), 0);
    assert_eq!(argmax(&[i64::MIN, i64::MIN]), 0);
    assert_eq!(argmax(&[i32::MIN, i32::MAX, i32::MAX]), 1);
    assert_eq!(argmax(&[i8::MIN, i8::MIN + 1]), 1);
}

#[test]
fn interleave_pads_with_its_zero() {
    let laid: [[[i8; 2]; 3]; 2] = interleave(&[[1, 2, 3], [4, 5, 6]], 9);
    assert_eq!(laid, [[[1, 2], [4, 5], [9, 9]], [[3, 9], [6, 9], [9, 9]]]);
    let none: [[[i8; 2]; 0]; 0] = interleave(&[[]; 0], 0);
    assert_eq!(none, [[[0i8; 2]; 0]; 0]);
}

#[test]
fn empty_layers() {
    let y: [i32; 3] = dense(
        &[0i16; 0],
        &[[[0i16; 2]; 3]; 0],
        &[7, 8, 9],
        |_, sum: i32| sum,
    );
    assert_eq!(y, [7, 8, 9]);
    let y: [i32; 0] = dense(
        &[1i16; 2],
        &[[[0i16; 2]; 0]; 1],
        &[0i32; 0],
        |_, sum: i32| sum,
    );
    assert_eq!(y, [0; 0]);
}

#[test]
fn columns_are_enough() {
    for outputs in (0..100).chain([usize::MAX - 1, usize::MAX]) {
        assert!(columns(outputs) >= outputs);
    }
    assert_eq!(
        (pairs(0), pairs(1), pairs(2), pairs(usize::MAX)),
        (0, 1, 1, usize::MAX / 2 + 1)
    );
}
