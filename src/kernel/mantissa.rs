//! Integer containers a mantissa can live in.

mod sealed {
    /// Keeps [`Mantissa`](super::Mantissa) closed over the five containers.
    pub trait Sealed {}
}

/// An integer container: `i8`, `i16`, `i32` or `i64`, or `u8` for values that are not negative.
///
/// Sealed: a kernel's proof covers these and no others. All arithmetic
/// wraps, so that no operation has a panic path, not even in a debug build;
/// that nothing *does* wrap is proved by whoever chose the container.
///
/// # Panics
///
/// Never, in any method, for any argument.
pub trait Mantissa: sealed::Sealed + Copy + Ord + core::fmt::Debug {
    /// Width of the container in bits.
    const BITS: u32;
    /// The value zero.
    const ZERO: Self;
    /// The smallest value.
    const MIN: Self;
    /// The largest value.
    const MAX: Self;

    /// Keeps the low bits of `m` (two's complement).
    fn wrap_from(m: i64) -> Self;
    /// Takes the value of the container nearest to `m`.
    fn clamp_from(m: i64) -> Self;
    /// Widens to `i64`, without loss.
    fn to_i64(self) -> i64;
    /// Adds, wrapping.
    fn wadd(self, other: Self) -> Self;
    /// Multiplies, wrapping.
    fn wmul(self, other: Self) -> Self;
    /// Shifts left, dropping what leaves the container; 0 from `BITS` on.
    fn wshl(self, by: u32) -> Self;
    /// Shifts right arithmetically; 0 or -1 from `BITS` on.
    fn wshr(self, by: u32) -> Self;
    /// Bitwise and.
    fn and(self, other: Self) -> Self;

    /// Converts between containers, keeping the low bits when narrowing.
    #[inline(always)]
    fn cast<T: Mantissa>(self) -> T {
        T::wrap_from(self.to_i64())
    }
}

macro_rules! mantissa {
    ($($t:ty),*) => {$(
        impl sealed::Sealed for $t {}
        impl Mantissa for $t {
            const BITS: u32 = <$t>::BITS;
            const ZERO: Self = 0;
            const MIN: Self = <$t>::MIN;
            const MAX: Self = <$t>::MAX;

            #[inline(always)]
            fn wrap_from(m: i64) -> Self {
                m as $t
            }
            #[inline(always)]
            fn clamp_from(m: i64) -> Self {
                let m = if m < <$t>::MIN as i64 { <$t>::MIN as i64 } else { m };
                (if m > <$t>::MAX as i64 { <$t>::MAX as i64 } else { m }) as $t
            }
            #[inline(always)]
            fn to_i64(self) -> i64 {
                self as i64
            }
            #[inline(always)]
            fn wadd(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn wmul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn wshl(self, by: u32) -> Self {
                if by < <$t>::BITS { self.wrapping_shl(by) } else { 0 }
            }
            #[inline(always)]
            fn wshr(self, by: u32) -> Self {
                let last = <$t>::BITS - 1;
                self.wrapping_shr(if by < last { by } else { last })
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }
        }
    )*};
}

mantissa!(i8, i16, i32, i64, u8);
