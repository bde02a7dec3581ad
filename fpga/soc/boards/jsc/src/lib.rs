//! The shipped jet tagger `jsc-mlp` in the trigger loop.

#![no_std]

use kernel::{INPUT_FORMATS, Input, Output};
use trigforge_soc::{Kernel, Threshold};

/// Accepts jets whose logit for a top quark reaches 2: class 4, whose format
/// has 12 fractional bits.
pub const TOP: Threshold = Threshold {
    score: 4,
    least: 2 << 12,
};

/// The kernel.
#[derive(Debug, Clone, Copy)]
pub struct Jsc;

impl Kernel for Jsc {
    type Feature = i16;
    type Event = Input;
    type Score = i32;
    type Scores = Output;

    fn empty() -> Input {
        [0; 16]
    }

    fn limits(feature: usize) -> (i64, i64) {
        match INPUT_FORMATS.get(feature) {
            Some(&format) => (format.min(), format.max()),
            None => (i64::MIN, i64::MAX),
        }
    }

    fn infer(event: &Input) -> Output {
        kernel::infer(event)
    }
}
