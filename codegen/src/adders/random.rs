//! Numbers that look random and are the same everywhere.

/// A number that depends on every bit of another (the finaliser of
/// `SplitMix64`, by S. Vigna, public domain).
pub(super) const fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
