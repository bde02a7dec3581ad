//! Runs HLS C++ on a processor, with the headers of `ap_int` and `ap_fixed`.

mod build;

pub use build::{CompileError, Headers, HlsKernel, WAIVED};
