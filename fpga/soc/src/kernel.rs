//! What the loop asks of a kernel.

/// An element of an event or of scores: an integer of some width.
pub trait Mantissa: Copy {
    /// Bytes on a wire.
    const BYTES: usize;
    /// From the bytes of a wire, the highest first; of as many as `BYTES`.
    fn from_wire(bytes: &[u8]) -> Self;
    /// From a 32-bit register, whose low bits count.
    fn from_register(word: u32) -> Self;
    /// The number itself.
    fn value(self) -> i64;
}

macro_rules! mantissa {
    ($($integer:ty),*) => {$(
        impl Mantissa for $integer {
            const BYTES: usize = size_of::<$integer>();

            fn from_wire(bytes: &[u8]) -> Self {
                bytes.iter().fold(0, |value: i64, &byte| value << 8 | i64::from(byte)) as Self
            }

            fn from_register(word: u32) -> Self {
                word as Self
            }

            fn value(self) -> i64 {
                self.into()
            }
        }
    )*};
}

mantissa!(i8, i16, i32);

/// A kernel, as `trigforge compile --target rust` writes it, with one input.
pub trait Kernel {
    /// An element of an event.
    type Feature: Mantissa;
    /// `kernel::Input`.
    type Event: AsRef<[Self::Feature]> + AsMut<[Self::Feature]> + Clone;
    /// An element of the scores.
    type Score: Mantissa;
    /// `kernel::Output`.
    type Scores: AsRef<[Self::Score]> + Clone;

    /// An event of zeros.
    fn empty() -> Self::Event;

    /// Lowest and highest mantissa that the format of a feature holds.
    fn limits(feature: usize) -> (i64, i64);

    /// `kernel::infer`.
    fn infer(event: &Self::Event) -> Self::Scores;
}
