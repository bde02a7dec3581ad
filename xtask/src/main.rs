//! What a contributor of trigforge runs: `cargo xtask test`, `cargo xtask fuzz`,
//! `cargo xtask peers`, `cargo xtask targets`, `cargo xtask soc`.
//!
//! It needs rustup, a C linker (`cc`), and, for some steps, tools from Debian's
//! apt; a step without its tool says how to get it.

mod ap_fixed;
mod context;
mod fuzz;
mod kernel;
mod peers;
mod process;
mod python;
mod soc;
mod steps;
mod targets;
mod test;
mod tools;
mod trees;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cargo xtask test                               everything that CI runs
  cargo xtask test --only fmt --only clippy      two of the steps
  cargo xtask test --only kernel --model my.onnx the proof for another model
  cargo xtask fuzz --seconds 600 onnx            hostile ONNX files for ten minutes
  cargo xtask peers jsc-pareto                   our trainer beside HGQ2: hours
  cargo xtask peers adders --sizes 4,8,16        our adder graphs beside da4ml's
  cargo xtask peers estimate                     the estimate beside Yosys: an hour
  cargo xtask peers networks                     our Verilog beside da4ml's and alkaid's
  cargo xtask targets --only cortex-m4           the zoo's kernels on a Cortex-M4, in QEMU
  cargo xtask soc                                the firmware of every board, in QEMU

`cargo` itself links with `cc`: `apt-get install gcc libc6-dev` on a bare machine.";

/// What a contributor of trigforge runs.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Test(test::Arguments),
    Fuzz(fuzz::Arguments),
    Peers(peers::Arguments),
    Targets(targets::Arguments),
    Soc(soc::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Peers(arguments) => peers::run(&arguments),
        Task::Targets(arguments) => targets::run(&arguments),
        Task::Soc(arguments) => soc::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
