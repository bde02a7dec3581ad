//! The one place with `unsafe`: instructions of a processor that the compiler does not find.
//!
//! It exists only where a whole program is compiled for processors that have them
//! (`-C target-cpu`, `-C target-feature`); any other program forbids `unsafe`.
#![cfg(all(
    target_arch = "x86_64",
    target_feature = "avx512f",
    target_feature = "avx512vnni"
))]

use core::arch::x86_64::{__m512i, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32, _mm512_set1_epi32};
use core::mem::transmute;

/// Sums that one instruction takes.
pub const LANES: usize = 16;

/// Adds four products to each sum, wrapping: `sums[l] + sum over k of x[k] * w[l][k]`
/// (`vpdpbusd`).
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
#[allow(unsafe_code)]
pub fn quads(sums: [i32; LANES], x: [u8; 4], w: &[[i8; 4]; LANES]) -> [i32; LANES] {
    let x = i32::from_ne_bytes(x);
    // SAFETY: this module is compiled only with both intrinsics' target features; the vector and
    // the arrays have 64 bytes each, and every pattern of bits is a value of each of them.
    unsafe {
        let sums = transmute::<[i32; LANES], __m512i>(sums);
        let w = transmute::<[[i8; 4]; LANES], __m512i>(*w);
        transmute::<__m512i, _>(_mm512_dpbusd_epi32(sums, _mm512_set1_epi32(x), w))
    }
}

/// Adds two products to each sum, wrapping: `sums[l] + sum over k of x[k] * w[l][k]`
/// (`vpdpwssd`).
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
#[allow(unsafe_code)]
pub fn pairs(sums: [i32; LANES], x: [i16; 2], w: &[[i16; 2]; LANES]) -> [i32; LANES] {
    let [low, high] = x.map(i16::to_ne_bytes);
    let x = i32::from_ne_bytes([low[0], low[1], high[0], high[1]]);
    // SAFETY: as in `quads`.
    unsafe {
        let sums = transmute::<[i32; LANES], __m512i>(sums);
        let w = transmute::<[[i16; 2]; LANES], __m512i>(*w);
        transmute::<__m512i, _>(_mm512_dpwssd_epi32(sums, _mm512_set1_epi32(x), w))
    }
}
