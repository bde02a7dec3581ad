//! Verilog-2005 of a design: one module for each layer, a core that wires them,
//! and what stands around the core.
//!
//! The text is made of expressions of exact width alone, so that no tool has to
//! extend or cut anything; `verilator --lint-only -Wall` has nothing to say.

mod bench;
mod bits;
mod core;
mod gates;
mod layer;
mod module;
mod project;
mod rounding;
mod signals;
mod wrappers;

pub use self::core::{Bus, Ports};
pub use self::module::{Module, Signal, modules};

use std::path::PathBuf;

use self::signals::Signals;
use super::{Kernel, Vectors};
use crate::hardware::Design;

/// Hand-written modules that designs use: file name and text.
pub const PRIMITIVES: &[(&str, &str)] = &[
    (
        "trigforge_valid.v",
        include_str!("../../../../fpga/rtl/trigforge_valid.v"),
    ),
    (
        "trigforge_fifo.v",
        include_str!("../../../../fpga/rtl/trigforge_fifo.v"),
    ),
    (
        "trigforge_stream.v",
        include_str!("../../../../fpga/rtl/trigforge_stream.v"),
    ),
    (
        "trigforge_lite.v",
        include_str!("../../../../fpga/rtl/trigforge_lite.v"),
    ),
];

/// Writes a design: the core and its wrappers in `rtl/`, constraints and
/// scripts in `project/`, and with vectors a test bench in `bench/`.
pub fn emit(design: &Design, vectors: Option<&Vectors>) -> Kernel {
    let ports = Ports::of(design);
    let signals = Signals::new(design);
    let layers: Vec<_> = (0..design.sections.len())
        .filter_map(|section| {
            let layer = layer::layer(design, &signals, &ports.name, section)?;
            Some((section, layer))
        })
        .collect();
    let core = core::core(design, &signals, &ports, &layers);
    let mut modules = vec![(ports.core(), core)];
    modules.extend(
        layers
            .into_iter()
            .map(|(_, layer)| (layer.name, layer.text)),
    );
    modules.push(wrappers::stream(&ports));
    modules.push(wrappers::lite(&ports));
    let rtl = |(name, text): (String, String)| (format!("rtl/{name}.v"), text);
    let mut files: Vec<_> = modules.into_iter().map(rtl).collect();
    for (name, text) in PRIMITIVES {
        files.push((format!("rtl/{name}"), (*text).to_owned()));
    }
    let sources: Vec<_> = files.iter().map(|(path, _)| path.clone()).collect();
    files.extend(project::project(&ports, &design.schedule.target, &sources));
    if let Some(vectors) = vectors {
        let (name, text) = bench::bench(&ports, vectors);
        files.push((format!("bench/{name}.v"), text));
    }
    let files = files
        .into_iter()
        .map(|(path, text)| (PathBuf::from(path), text));
    Kernel {
        files: files.collect(),
    }
}
