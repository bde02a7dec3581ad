//! Windows, convolutions, matrix products and orders against naive loops.

use proptest::prelude::*;
use trigforge::{
    Mantissa, channels_last, columns, conv_into, interleave, matmul_into, pad, pairs, top_k,
};
use trigforge::{window_dot, window_max, window_sum};

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

/// The sum of products in wide integers, wrapped in `A`.
fn dot<A: Mantissa>(bias: A, products: impl Iterator<Item = (i64, i64)>) -> A {
    let sum = products.fold(i128::from(bias.to_i64()), |sum, (x, w)| {
        sum.wrapping_add(i128::from(x).wrapping_mul(i128::from(w)))
    });
    A::wrap_from(sum as i64)
}

/// Three channels of 5 x 6, a window of 2 x 3 in steps of 2 and 1: four outputs.
fn image<X: Mantissa, W: Mantissa, A: Mantissa>(seed: u64) {
    let mut values = Values(seed);
    let x: [X; 3 * 5 * 6] = values.array();
    let w: [[W; 18]; 4] = std::array::from_fn(|_| values.array());
    let bias: [A; 4] = values.array();
    let laid: [[[W; 2]; columns(4)]; pairs(18)] = interleave(&w, W::MAX);
    let mut y = [A::ZERO; 4 * 2 * 4];
    // Runs of three: two rows in each of three planes.
    let runs = [0, 6, 30, 36, 60, 66];
    conv_into::<X, W, A, A, 3, 6, 18, { pairs(18) }, { columns(4) }, 4>(
        &x,
        &runs,
        [2, 4],
        [12, 1],
        &laid,
        &bias,
        |j, sum| sum.wadd(A::wrap_from(j as i64)),
        &mut y,
    );
    for (j, y) in y.iter().enumerate() {
        let (o, row, column) = (j / 8, j / 4 % 2, j % 4);
        let products = (0..18).map(|t| {
            let source = t / 6 * 30 + (row * 2 + t / 3 % 2) * 6 + column + t % 3;
            (x[source].to_i64(), w[o][t].to_i64())
        });
        let want = dot(bias[o], products).wadd(A::wrap_from(j as i64));
        assert_eq!(*y, want, "output {j}, seed {seed}");
    }
}

fn product<X: Mantissa, Z: Mantissa, A: Mantissa, const K: usize, const M: usize>(seed: u64) {
    const ROWS: usize = 3;
    let mut values = Values(seed);
    let a: Vec<X> = (0..ROWS * K).map(|_| values.next()).collect();
    let b: Vec<Z> = (0..K * M).map(|_| values.next()).collect();
    let mut y = vec![A::ZERO; ROWS * M];
    let index = |j: usize| A::wrap_from(j as i64);
    matmul_into::<X, Z, A, A, K, M>(&a, &b, |j, sum| sum.wadd(index(j)), &mut y);
    for (j, y) in y.iter().enumerate() {
        let products = (0..K).map(|k| (a[j / M * K + k].to_i64(), b[k * M + j % M].to_i64()));
        assert_eq!(*y, dot(A::ZERO, products).wadd(index(j)), "{K}x{M}, {j}");
    }
}

/// Neighbours, `N` times over: any values in order.
const fn bubbles<const N: usize, const M: usize>() -> [usize; M] {
    let mut network = [0; M];
    let mut at = 0;
    while at < M / 2 {
        let (pass, step) = (at / (N - 1), at % (N - 1));
        let first = (step + pass) % (N - 1);
        network[2 * at] = first;
        network[2 * at + 1] = first + 1;
        at += 1;
    }
    network
}

fn order<T: Mantissa>(keys: &[i64; 7]) {
    static NETWORK: [usize; 2 * 6 * 7 * 7] = bubbles::<7, { 2 * 6 * 7 * 7 }>();
    let got = top_k::<T, 7, 5, _>(|i| T::wrap_from(keys[i]), &NETWORK);
    let mut want: Vec<_> = (0..7).collect();
    want.sort_by_key(|&i| std::cmp::Reverse(keys[i]));
    assert_eq!(got.as_slice(), &want[..5], "{keys:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn convolutions_are_sums_over_windows(seed: u64) {
        image::<i16, i16, i32>(seed);
        image::<i8, i16, i32>(seed);
        image::<i16, i16, i64>(seed);
        image::<i32, i32, i64>(seed);
    }

    #[test]
    fn products_are_sums_over_the_inner_axis(seed: u64) {
        product::<i16, i16, i32, 4, 5>(seed);
        product::<i16, i16, i32, 16, 16>(seed);
        product::<i32, i8, i64, 3, 1>(seed);
        product::<i64, i64, i64, 1, 7>(seed);
    }

    #[test]
    fn orders_are_those_of_a_stable_sort(few in prop::array::uniform7(-2..2i64), many in prop::array::uniform7(-(1i64 << 27)..1 << 27)) {
        order::<i32>(&few);
        order::<i64>(&few);
        order::<i32>(&many);
        order::<i64>(&many.map(|key| key << 32));
    }

    #[test]
    fn windows_reach_where_their_taps_say(x in prop::array::uniform10(any::<i16>()), first in 0..5usize) {
        let taps = [0, 1, 4];
        let window: Vec<_> = taps.iter().map(|tap| x[first + tap]).collect();
        prop_assert_eq!(window_max(&x, first, &taps), *window.iter().max().unwrap());
        let sum: i64 = window.iter().map(|&m| i64::from(m)).sum();
        prop_assert_eq!(window_sum::<_, i64, 10, 3>(&x, first, &taps), sum);
        let w = [9i16, 9, 9, 1, -2, 3];
        let products = window.iter().zip(&w[3..]).map(|(&x, &w)| (x.into(), w.into()));
        let want: i32 = dot(77, products);
        prop_assert_eq!(window_dot(&x, first, &taps, &w, 1, 77i32), want);
    }
}

#[test]
fn padding_surrounds_each_plane() {
    // Two planes of 2 x 2: a row above, a column to the left, two to the right.
    let x = [1i8, 2, 3, 4, 5, 6, 7, 8];
    let y: [i16; 2 * 3 * 5] = pad(&x, [2, 2], [1, 1], [3, 5], -9);
    let want = [
        [-9, -9, -9, -9, -9],
        [-9, 1, 2, -9, -9],
        [-9, 3, 4, -9, -9],
        [-9, -9, -9, -9, -9],
        [-9, 5, 6, -9, -9],
        [-9, 7, 8, -9, -9],
    ];
    assert_eq!(y, *want.as_flattened());
}

#[test]
fn channels_come_to_lie_side_by_side() {
    // Two images of two channels of 1 x 2: a row above, a column to the right.
    let x = [1i8, 2, 3, 4, 5, 6, 7, 8];
    let y: [i16; 2 * 2 * 3 * 2] = channels_last::<_, _, 2, 8, 24>(&x, 1, [1, 0], [2, 3], 2);
    let want = [
        [0, 0, 0, 0, 0, 0],
        [1, 3, 2, 4, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [5, 7, 6, 8, 0, 0],
    ];
    assert_eq!(y, *want.as_flattened());
}

/// A window in one piece is read where it lies.
#[test]
fn a_single_run_is_a_window() {
    let laid: [[[i16; 2]; columns(2)]; pairs(3)] = interleave(&[[1, 2, 3], [0, 0, 1]], 0);
    let mut y = [0i32; 6];
    conv_into::<i16, i16, i32, i32, 3, 1, 3, { pairs(3) }, { columns(2) }, 2>(
        &[1, 2, 3, 4, 5, 6, 7],
        &[0],
        [1, 3],
        [7, 2],
        &laid,
        &[0, 100],
        |_, sum| sum,
        &mut y,
    );
    assert_eq!(y, [14, 26, 38, 103, 105, 107]);
}

/// What the documentation promises for arguments that fit nothing.
#[test]
fn nothing_panics() {
    let y: [i16; 3] = pad(&[1i16], [0, 0], [usize::MAX, 0], [0, 0], 5);
    assert_eq!(y, [5; 3]);
    let y: [i16; 3] = pad(&[1i16], [usize::MAX; 2], [0, 0], [usize::MAX; 2], 5);
    assert_eq!(y, [1; 3]);
    assert_eq!(window_max(&[3i8, 4], usize::MAX, &[0, 1]), 4);
    assert_eq!(window_max(&[3i8, 4], 0, &[0; 0]), i8::MIN);
    assert_eq!(
        window_sum::<_, i8, 2, 2>(&[127i8, 1], 0, &[0, usize::MAX]),
        -128
    );
    assert_eq!(window_dot(&[1i8], 0, &[0], &[2i8], usize::MAX, 1i8), 3);
    let y: [i16; 2] = channels_last::<_, _, 1, 1, 2>(&[1i16], 0, [usize::MAX; 2], [0, 0], 0);
    assert_eq!(y, [0; 2]);
    let mut y = [7i32; 3];
    let laid: [[[i16; 2]; columns(1)]; pairs(2)] = interleave(&[[1i16, 1]], 0);
    conv_into::<i16, i16, i32, i32, 1, 2, 2, { pairs(2) }, { columns(1) }, 1>(
        &[5],
        &[0, usize::MAX],
        [2, 4],
        [usize::MAX, usize::MAX],
        &laid,
        &[0],
        |_, sum| sum,
        &mut y,
    );
    matmul_into::<i16, i16, i32, i32, 2, 2>(&[1; 3], &[1; 3], |_, sum| sum, &mut y);
    assert_eq!(y[..2], [1, 1]);
    assert_eq!(top_k::<i8, 1, 1, 2>(|_| 127, &[0, usize::MAX]), [0]);
}
