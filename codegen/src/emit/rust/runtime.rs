//! The part of the core that every kernel carries: its source, as it is.

/// File names and contents, in the order in which they are written.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "mantissa",
        include_str!("../../../../src/kernel/mantissa.rs"),
    ),
    ("format", include_str!("../../../../src/kernel/format.rs")),
    (
        "requantize",
        include_str!("../../../../src/kernel/requantize.rs"),
    ),
    ("relu", include_str!("../../../../src/kernel/relu.rs")),
    (
        "elements",
        include_str!("../../../../src/kernel/elements.rs"),
    ),
    ("dense", include_str!("../../../../src/kernel/dense.rs")),
];
