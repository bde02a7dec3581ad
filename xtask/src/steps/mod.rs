//! The steps of `cargo xtask test`, in their order.

mod alir;
mod ap_fixed;
mod clippy;
mod demo;
mod deny;
mod doc;
mod fmt;
mod generators;
mod hls;
pub mod kernel;
mod no_std;
mod onnx_nodes;
mod qonnx;
mod soc;
mod suites;
mod targets;
mod trees;
mod unit;
mod verilog;

use anyhow::Result;

use crate::context::{Context, Outcome};

/// One step.
#[derive(Debug)]
pub struct Step {
    /// What `--only` takes.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(&Context) -> Result<Outcome>,
}

/// All steps. The cheap ones come first.
pub const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "the code is formatted",
        run: fmt::run,
    },
    Step {
        name: "clippy",
        about: "no warning of the compiler or of clippy",
        run: clippy::run,
    },
    Step {
        name: "doc",
        about: "the documentation builds without a warning",
        run: doc::run,
    },
    Step {
        name: "deny",
        about: "licences, sources and advisories of the dependencies",
        run: deny::run,
    },
    Step {
        name: "test",
        about: "all tests of the workspace",
        run: unit::run,
    },
    Step {
        name: "no-std",
        about: "core and emitted kernel build for three bare-metal targets",
        run: no_std::run,
    },
    Step {
        name: "kernel",
        about: "the compiled kernel: no panic, float, heap, call; one instruction count",
        run: kernel::run,
    },
    Step {
        name: "targets",
        about: "kernels on Arm and RISC-V cores in QEMU: bits, instructions, stack",
        run: targets::run,
    },
    Step {
        name: "soc",
        about: "the firmware's tests, and its decisions and log on two boards in QEMU",
        run: soc::run,
    },
    Step {
        name: "suites",
        about: "the kernel of every conformance suite: the same proof, operation by operation",
        run: suites::run,
    },
    Step {
        name: "verilog",
        about: "the Verilog of the shipped models: lint, test bench, cycle-true simulation",
        run: verilog::run,
    },
    Step {
        name: "hls",
        about: "the HLS C++ of the shipped models and of every suite: no warning, the same bits",
        run: hls::run,
    },
    Step {
        name: "trees",
        about: "tree ensembles decide as the libraries that trained them",
        run: trees::run,
    },
    Step {
        name: "alir",
        about: "circuits of alkaid and da4ml compute what those packages do",
        run: alir::run,
    },
    Step {
        name: "qonnx",
        about: "the shipped models compute what the Python package qonnx does",
        run: qonnx::run,
    },
    Step {
        name: "generators",
        about: "the scripts that make the data sets: columns, determinism, physics",
        run: generators::run,
    },
    Step {
        name: "ap-fixed",
        about: "formats, roundings and overflows are those of the headers of ap_fixed",
        run: ap_fixed::run,
    },
    Step {
        name: "onnx-nodes",
        about: "the node tests of ONNX in the float engine: passed, refused, failed",
        run: onnx_nodes::run,
    },
    Step {
        name: "demo",
        about: "the demo ends within a minute, offline, with kernel and report",
        run: demo::run,
    },
];
