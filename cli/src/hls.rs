//! What HLS C++ is made for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result};
use trigforge_codegen::emit::hls::{Io, Options, Ports};
use trigforge_codegen::emit::{Kernel, Vectors};
use trigforge_codegen::model::Model;
use trigforge_codegen::verify::hls::{Headers, HlsKernel};

use crate::hardware::HardwareArgs;

/// How events enter and results leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IoType {
    /// All elements of an event at once
    Parallel,
    /// Packets of the last axis, one after the other
    Stream,
}

/// Interface and reuse of HLS C++.
#[derive(Debug, Args)]
pub struct HlsArgs {
    /// How events enter HLS C++ and results leave [default: parallel]
    #[arg(long, value_enum)]
    io: Option<IoType>,
    /// Multiply-accumulates of HLS C++ that share a multiplier [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    reuse: Option<u32>,
}

impl HlsArgs {
    /// Whether any of them is on the command line.
    pub fn is_given(&self) -> bool {
        self.io.is_some() || self.reuse.is_some()
    }

    /// What was asked for.
    pub fn options(&self, hardware: &HardwareArgs) -> Options {
        let target = hardware.target();
        Options {
            io: match self.io {
                Some(IoType::Stream) => Io::Stream,
                Some(IoType::Parallel) | None => Io::Parallel,
            },
            reuse: self.reuse.map_or(1, |reuse| reuse as usize),
            part: target.part,
            clock_mhz: target.clock_mhz,
        }
    }
}

/// Where the headers of ap_fixed are.
#[derive(Debug, Args)]
pub struct HeaderArgs {
    /// Folder of ap_fixed.h, to compile HLS C++ with [default: $AP_TYPES, or
    /// $XILINX_HLS/include]
    #[arg(long, value_name = "DIR")]
    ap_types: Option<PathBuf>,
}

impl HeaderArgs {
    /// HLS C++ of a model, compiled for this host.
    pub fn build(&self, model: &Model, options: &Options) -> Result<HlsKernel> {
        let headers = Headers::find(self.ap_types.as_deref()).into_diagnostic()?;
        let (ports, kernel) = kernel(model, options, None)?;
        HlsKernel::build(&ports, &kernel, options.io, &headers).into_diagnostic()
    }
}

/// HLS C++ of a model, with a test bench if there are vectors.
pub fn kernel(
    model: &Model,
    options: &Options,
    vectors: Option<&Vectors>,
) -> Result<(Ports, Kernel)> {
    model.hls_kernel(options, vectors).into_diagnostic()
}
