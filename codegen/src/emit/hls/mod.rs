//! HLS C++ of a module: one call for each node, weights and tables as constant
//! arrays, in the layout of a project of hls4ml.
//!
//! The layers are templates, written by hand (`fpga/hls/`), over nothing but
//! `ap_int`, `ap_fixed` and `hls::stream`. Values are mantissas; what a layer
//! must know of formats stands in its configuration.

mod bench;
mod index;
mod integer;
mod layers;
mod project;
mod tables;
mod top;

pub(crate) use self::bench::{call, words};
pub use self::top::{Port, Ports};

use std::path::PathBuf;

use thiserror::Error;

use super::{Kernel, Unsupported, Vectors};
use crate::hardware::Part;
use crate::ir::Module;
use crate::validate::Info;

/// Hand-written headers that kernels use: file name and text.
pub const HEADERS: &[(&str, &str)] = &[
    ("choices.h", include_str!("../../../../fpga/hls/choices.h")),
    ("common.h", include_str!("../../../../fpga/hls/common.h")),
    (
        "elementwise.h",
        include_str!("../../../../fpga/hls/elementwise.h"),
    ),
    (
        "movement.h",
        include_str!("../../../../fpga/hls/movement.h"),
    ),
    (
        "products.h",
        include_str!("../../../../fpga/hls/products.h"),
    ),
    (
        "reductions.h",
        include_str!("../../../../fpga/hls/reductions.h"),
    ),
    (
        "requantize.h",
        include_str!("../../../../fpga/hls/requantize.h"),
    ),
    (
        "trigforge.h",
        include_str!("../../../../fpga/hls/trigforge.h"),
    ),
];

/// How events enter and results leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Io {
    /// All elements at once.
    #[default]
    Parallel,
    /// Packets of the last axis, one after the other.
    Stream,
}

/// What a kernel is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// How events enter and results leave.
    pub io: Io,
    /// Multiply-accumulates that share a multiplier, from 1.
    pub reuse: usize,
    /// The part of the project.
    pub part: Part,
    /// The clock of the project.
    pub clock_mhz: f64,
}

impl Default for Options {
    fn default() -> Self {
        let target = crate::hardware::Target::default();
        Self {
            io: Io::Parallel,
            reuse: 1,
            part: target.part,
            clock_mhz: target.clock_mhz,
        }
    }
}

impl Options {
    /// Whether layers are processes of their own, not parts of one pipeline.
    pub(self) fn is_dataflow(&self) -> bool {
        self.reuse > 1 || self.io == Io::Stream
    }
}

/// Why a module has no HLS C++.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HlsError {
    /// Nodes that cannot be written, all of them.
    #[error("{}", listed(.0))]
    Unsupported(Vec<Unsupported>),
    /// A part that the vendor's tool does not know.
    #[error("HLS C++ is for parts of AMD, which {0} is not; take one of {1}")]
    Part(&'static str, String),
    /// Scalar gates, which have no layers.
    #[error("a circuit has no layers to write as HLS C++; its targets are rust and verilog")]
    Circuit,
    /// A reuse factor that is none.
    #[error("a multiplier is used {0} times; expected 1 or more")]
    Reuse(usize),
}

fn listed(refused: &[Unsupported]) -> String {
    let lines: Vec<_> = refused.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Writes a valid module: `firmware/`, a project, and with vectors a test bench.
///
/// # Errors
///
/// Every node that cannot be written, or options that make no sense.
pub fn emit(
    module: &Module,
    info: &Info,
    options: &Options,
    vectors: Option<&Vectors>,
) -> Result<Kernel, HlsError> {
    if options.reuse == 0 {
        return Err(HlsError::Reuse(options.reuse));
    }
    let device = project::device(options.part).ok_or_else(|| {
        let known = Part::ALL.into_iter();
        let known = known.filter(|&part| project::device(part).is_some());
        let names: Vec<_> = known.map(Part::name).collect();
        HlsError::Part(options.part.name(), names.join(", "))
    })?;
    let ports = Ports::of(module);
    let mut files = top::firmware(module, info, *options, &ports)?;
    for (name, text) in HEADERS {
        files.push((format!("firmware/trigforge/{name}"), (*text).to_owned()));
    }
    files.extend(project::project(&ports, options, device, vectors.is_some()));
    if let Some(vectors) = vectors {
        files.extend(bench::bench(&ports, options.io, vectors));
    }
    let files = files.into_iter();
    Ok(Kernel {
        files: files
            .map(|(path, text)| (PathBuf::from(path), text))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;
    use crate::validate::validate;

    const SMALL: &str = r#"
        trigforge-ir 0.1
        module "small"
        %0 "x" = input {rounding=RND_CONV, overflow=SAT} : [1, 2] fix(1,3,4)
        %1 "w" = const {mantissas=[1, -2, 3, 4]} : [2, 2] fix(1,2,1)
        %2 "y" = dense %0, %1
        output "y" = %2
    "#;

    #[test]
    fn the_same_module_gives_the_same_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let module = parse(SMALL)?;
        let info = validate(&module)?;
        let options = Options::default();
        let once = emit(&module, &info, &options, None)?;
        assert_eq!(once, emit(&module, &info, &options, None)?);
        let top = &once.files[0].1;
        let call =
            "trigforge::dense<x0_x_t, w2_t, b2_t, y0_y_t, config2>(x0_x, w2, b2, y0_y); // y";
        assert!(top.contains(call), "{top}");
        Ok(())
    }

    #[test]
    fn options_without_sense_are_refused() -> Result<(), Box<dyn std::error::Error>> {
        let module = parse(SMALL)?;
        let info = validate(&module)?;
        let refusal = |options: Options| match emit(&module, &info, &options, None) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        let reuse = Options {
            reuse: 0,
            ..Options::default()
        };
        assert!(refusal(reuse).contains("0 times"));
        let part = Options {
            part: Part::Lfe5u,
            ..Options::default()
        };
        assert!(refusal(part).contains("xcvu9p"), "{}", refusal(part));
        Ok(())
    }
}
