//! From a trained model to integer kernels that give the same bits everywhere.
//!
//! ```text
//! file --import--> real graph --quantize--> ir::Module --validate--> emit --> kernel
//!                                              |                               |
//!                                              +--> interp ------ verify ------+
//! ```
//!
//! The contract: when [`validate::validate`] returns `Ok`, [`interp`] executes
//! the module and [`emit`] returns a kernel or one typed `Unsupported`; neither
//! panics, and what is emitted is the same bytes each time. The integers of the
//! interpreter are the definition ([`ops`] says what each operation means);
//! [`verify`] compares a compiled kernel with them by `==`.

pub mod adders;
pub mod circuit;
pub mod emit;
mod exact;
pub mod hardware;
pub mod import;
pub mod interp;
pub mod ir;
pub mod latency;
pub mod lower;
pub mod model;
pub mod ops;
pub mod ports;
pub mod precision;
pub mod quantize;
pub mod real;
mod text;
pub mod threshold;
pub mod validate;
pub mod verify;
