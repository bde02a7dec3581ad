//! Verilog-2005 of a design: one module for each layer, a core that wires them,
//! and what stands around the core.
//!
//! The text is made of expressions of exact width alone, so that no tool has to
//! extend or cut anything; `verilator --lint-only -Wall` has nothing to say.

mod bits;
mod core;
mod gates;
mod layer;
mod rounding;
mod signals;

pub use self::core::{Bus, Ports};

use std::path::PathBuf;

use self::signals::Signals;
use super::Kernel;
use crate::hardware::Design;

/// Hand-written modules that designs use: file name and text.
pub const PRIMITIVES: &[(&str, &str)] = &[(
    "trigforge_valid.v",
    include_str!("../../../../fpga/rtl/trigforge_valid.v"),
)];

/// Writes a design.
pub fn emit(design: &Design) -> Kernel {
    let ports = Ports::of(design);
    let signals = Signals::new(design);
    let layers: Vec<_> = (0..design.sections.len())
        .filter_map(|section| {
            let layer = layer::layer(design, &signals, &ports.name, section)?;
            Some((section, layer))
        })
        .collect();
    let core = core::core(design, &signals, &ports, &layers);
    let rtl = |name: &str| PathBuf::from("rtl").join(name);
    let mut files = vec![(rtl(&format!("{}.v", ports.core())), core)];
    for (_, layer) in layers {
        files.push((rtl(&format!("{}.v", layer.name)), layer.text));
    }
    for (name, text) in PRIMITIVES {
        files.push((rtl(name), (*text).to_owned()));
    }
    Kernel { files }
}
