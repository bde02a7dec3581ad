//! `cargo xtask peers`: ours and another package on the same task, in turns.

mod adders;
mod estimate;
mod front;
mod hgq2;
mod networks;
mod ours;
mod picture;
mod run;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::context::Context;
use run::{Beta, Count, Run, Side};

/// Does the same task with trigforge and with another package, and compares.
///
/// What makes the comparison fair is written in `benches/peers/README.md`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    comparison: Comparison,
}

#[derive(Debug, clap::Subcommand)]
enum Comparison {
    JscPareto(JscPareto),
    Adders(adders::Adders),
    Estimate(estimate::Estimates),
    Networks(networks::Networks),
}

/// Accuracy of the jet tagger against effective bit operations, beside HGQ2.
///
/// Runs that are in the result files already are not done again, so an
/// interrupted call is continued by the same call.
#[derive(Debug, clap::Args)]
struct JscPareto {
    /// Seeds of both sides.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u64>,
    /// Weights of a bit operation in our loss: BETA, or FIRST:LAST for one that
    /// grows over the run.
    #[arg(long, value_delimiter = ',', default_value = BETAS)]
    betas: Vec<Beta>,
    /// Weights of a bit operation in HGQ2's loss.
    #[arg(long, value_delimiter = ',', default_value = PEER_BETAS)]
    peer_betas: Vec<Beta>,
    /// Epochs of both sides.
    #[arg(long, default_value_t = 300)]
    epochs: usize,
    /// Events in a batch, on both sides.
    #[arg(long, default_value_t = 512)]
    batch: usize,
    /// Configuration of our side; beta, seed, epochs and batch size are put in.
    #[arg(long, default_value = "benches/peers/jsc-mlp.toml")]
    config: PathBuf,
    /// Folder of results [default: xtask/peers below cargo's target folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Trains nothing: table and pictures of the results that are there.
    #[arg(long)]
    report_only: bool,
}

/// Runs at one weight for the dear end, one that grows for the cheap end: what
/// gave our trainer its best front on the validation part.
const BETAS: &str = "1e-6,3e-6,1e-5,3e-5,5e-5:3e-3";
/// The same for HGQ2.
const PEER_BETAS: &str = "1e-6,3e-6,1e-5,3e-5,1e-4,1e-6:1e-3";
/// Effective bit operations at which the sides are compared.
const BUDGETS: [u64; 7] = [300, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

/// Runs the comparison that is asked for.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let arguments = match &arguments.comparison {
        Comparison::JscPareto(arguments) => arguments,
        Comparison::Adders(arguments) => return adders::run(arguments),
        Comparison::Estimate(arguments) => return estimate::run(arguments),
        Comparison::Networks(arguments) => return networks::run(arguments),
    };
    let context = Context::new(None, true)?;
    let out = match &arguments.out {
        Some(out) => context.root.join(out),
        None => context.work("peers"),
    };
    std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let files = [out.join("trigforge.json"), out.join("hgq2.json")];
    if !arguments.report_only {
        train(&context, arguments, &out, &files)?;
    }
    let mut runs = run::read(&files[0])?;
    runs.extend(run::read(&files[1])?);
    runs.retain(|run| run.epochs == arguments.epochs && run.batch == arguments.batch);
    report(&runs, &out)?;
    Ok(ExitCode::SUCCESS)
}

fn train(
    context: &Context,
    arguments: &JscPareto,
    out: &std::path::Path,
    files: &[PathBuf; 2],
) -> Result<()> {
    let ours = ours::Trainer::new(context, &arguments.config, out)?;
    let peer = hgq2::Trainer::new(context, &arguments.config, out)?;
    let rounds = arguments.betas.len().max(arguments.peer_betas.len());
    for &seed in &arguments.seeds {
        // In turns, so that what else the machine does meets both alike.
        for round in 0..rounds {
            let size = run::Size {
                seed,
                epochs: arguments.epochs,
                batch: arguments.batch,
            };
            if let Some(&beta) = arguments.betas.get(round) {
                ours.train(beta, size, &files[0])?;
            }
            if let Some(&beta) = arguments.peer_betas.get(round) {
                peer.train(beta, size, &files[1])?;
            }
        }
    }
    Ok(())
}

/// Prints the tables and writes one picture for each count.
fn report(runs: &[Run], out: &std::path::Path) -> Result<()> {
    let mut text = table::runs(runs);
    for count in [Count::Exact, Count::Peer] {
        let fronts = Side::ALL.map(|side| front::by_seed(runs, side, count));
        text += &table::budgets(&fronts, count, &BUDGETS);
        let name = format!("jsc-pareto-{}.svg", count.name());
        let file = out.join(&name);
        std::fs::write(&file, picture::svg(&fronts, count))
            .with_context(|| file.display().to_string())?;
    }
    text += &table::times(runs);
    print!("{text}");
    let file = out.join("jsc-pareto.md");
    std::fs::write(&file, text).with_context(|| file.display().to_string())?;
    println!("Tables and pictures: {}", out.display());
    Ok(())
}
