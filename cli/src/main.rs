//! The `trigforge` command: from a trained model to a kernel that gives the
//! same bits, and the proof that it does.

mod arrays;
mod commands;
mod hardware;
mod hls;
mod model;
mod precision;

use clap::{Parser, Subcommand};
use miette::Result;

/// Trigger-level inference: one trained model in, the same bits out of every
/// kernel.
#[derive(Debug, Parser)]
#[command(
    name = "trigforge",
    version,
    propagate_version = true,
    after_help = "Start with `trigforge demo`: it takes the shipped jet tagger through every step."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(commands::inspect::Args),
    Compile(commands::compile::Args),
    Run(commands::run::Args),
    Verify(commands::verify::Args),
    Latency(commands::latency::Args),
    Adders(commands::adders::Args),
    Estimate(commands::estimate::Args),
    Synth(commands::estimate::SynthArgs),
    Data(commands::data::Args),
    Train(commands::train::Args),
    Evaluate(commands::evaluate::Args),
    Sweep(commands::sweep::Args),
    Demo(commands::demo::Args),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Compile(args) => commands::compile::run(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Latency(args) => commands::latency::run(&args),
        Command::Adders(args) => commands::adders::run(&args),
        Command::Estimate(args) => commands::estimate::run(&args),
        Command::Synth(args) => commands::estimate::synth(&args),
        Command::Data(args) => commands::data::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Sweep(args) => commands::sweep::run(&args),
        Command::Demo(args) => commands::demo::run(&args),
    }
}
