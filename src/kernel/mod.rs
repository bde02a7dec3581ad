//! The kernels, and the arithmetic they stand on.
//!
//! The text of these files is also what a generated crate contains, so that
//! the kernel that is tested here is the kernel that runs. [`SOURCES`] holds
//! it: one module per file, all side by side in one module of the generated
//! crate,
//!
//! ```text
//! mod mantissa;   // containers
//! mod format;     // Format
//! mod requantize; // Rounding, Overflow, requantize: uses mantissa, format
//! mod simd;       // vector instructions, on targets that have them
//! mod vector;     // uses mantissa, simd
//! mod dense;      // uses mantissa, simd, vector
//! mod bytes;      // uses dense, mantissa, simd, vector
//! mod elements;   // uses dense, format, mantissa, requantize
//! mod relu;       // uses mantissa
//! mod argmax;     // uses mantissa
//! mod order;      // uses elements, mantissa
//! mod movement;   // uses mantissa
//! mod trees;      // uses dense, mantissa
//! mod window;     // uses elements, mantissa, order
//! mod conv;       // uses dense, mantissa
//! mod matmul;     // uses mantissa
//! mod top_k;      // uses elements, mantissa, order
//! ```
//!
//! in any order, each with `#[allow(dead_code)]`. The files name each other by
//! `super::` and nothing else but `core`, hold no tests and no runnable
//! examples, and compile under `#![no_std]` and `#![forbid(unsafe_code)]`
//! (`deny` where `simd` is not empty).
//!
//! # What the compiled kernels hold to
//!
//! At `opt-level = 3`, on x86-64 (baseline, AVX2, AVX-512), Cortex-M, RISC-V
//! and AArch64: no call of anything, so no `memcpy`, `memset` or panic, if
//! layers pass their values through [`dense_into`](dense::dense_into) and
//! [`scratch`](dense::scratch). `tests/core_object.rs` checks it on x86-64.
//! No branch depends on data: the same instructions run for every input. (Not
//! promised for ARMv6-M, which has neither conditional moves nor predication.)

pub mod argmax;
pub mod bytes;
pub mod conv;
pub mod dense;
pub mod elements;
pub mod format;
pub mod mantissa;
pub mod matmul;
pub mod movement;
pub mod order;
pub mod relu;
pub mod requantize;
pub mod simd;
pub mod top_k;
pub mod trees;
pub mod vector;
pub mod window;

/// Module name and text of each kernel file, for generated crates.
pub const SOURCES: [(&str, &str); 17] = [
    ("mantissa", include_str!("mantissa.rs")),
    ("format", include_str!("format.rs")),
    ("requantize", include_str!("requantize.rs")),
    ("dense", include_str!("dense.rs")),
    ("simd", include_str!("simd.rs")),
    ("vector", include_str!("vector.rs")),
    ("bytes", include_str!("bytes.rs")),
    ("elements", include_str!("elements.rs")),
    ("relu", include_str!("relu.rs")),
    ("argmax", include_str!("argmax.rs")),
    ("order", include_str!("order.rs")),
    ("movement", include_str!("movement.rs")),
    ("trees", include_str!("trees.rs")),
    ("window", include_str!("window.rs")),
    ("conv", include_str!("conv.rs")),
    ("matmul", include_str!("matmul.rs")),
    ("top_k", include_str!("top_k.rs")),
];
