//! `trigforge latency`: time and instructions per event on this host.

use std::path::PathBuf;

use miette::{IntoDiagnostic, Result, miette};
use serde::Serialize;
use trigforge_codegen::emit::write_file;
use trigforge_codegen::emit::{Kernel, rust};
use trigforge_codegen::latency::{Instructions, Times, count_instructions, time};
use trigforge_codegen::ports::WithPorts;
use trigforge_codegen::verify::{Events, random_events};

use super::print_json;
use crate::model::ModelArgs;

/// Instructions are counted on this many events: every event takes the same.
const COUNTED_EVENTS: usize = 100;

/// Measure a model's kernel on this host, event by event
///
/// The kernel is compiled with this host's instruction set, bound to one
/// processor, and runs on distinct events. Times include reading the clock
/// twice; the null loop shows what that alone takes. Instructions are counted
/// with valgrind, if it is installed; it knows no AVX-512, so there the count
/// is of a build for x86-64-v3.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    trigforge latency models/zoo/jsc-mlp/model.onnx --budget 5us")]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Number of events
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    events: usize,
    /// Fail if p99.9 is above this time, such as 1us or 250ns
    #[arg(long, value_name = "TIME", value_parser = parse_nanoseconds)]
    budget: Option<u64>,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE.json")]
    out: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Percentiles in nanoseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Percentiles {
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
    pub p99_99: u64,
    pub max: u64,
}

impl Percentiles {
    fn of(times: &[u64]) -> Self {
        let at = |share| Times::percentile(times, share);
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: at(1.0),
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub events: usize,
    pub kernel_ns: Percentiles,
    pub null_loop_ns: Percentiles,
    pub cpu: Option<usize>,
    pub instructions_per_event: Option<f64>,
    pub instructions_counted_for: Option<String>,
    pub instructions_unknown_because: Option<String>,
    #[serde(skip)]
    pub times: Times,
}

pub fn run(args: &Args) -> Result<()> {
    let model = args.model.load()?;
    let events = random_events(&model, args.events, 1);
    let measured = measure(
        &model,
        &model
            .rust_kernel(rust::Options::default())
            .into_diagnostic()?,
        &events,
    )?;
    if let Some(path) = &args.out {
        let text = serde_json::to_string_pretty(&measured).into_diagnostic()?;
        write_file(path, text.as_bytes()).into_diagnostic()?;
    }
    match args.json {
        true => print_json(&measured)?,
        false => print(&measured),
    }
    match args.budget {
        Some(budget) if measured.kernel_ns.p99_9 > budget => Err(miette!(
            help = "a busy machine shows in the null loop too; instructions per event do not \
                    depend on it",
            "over budget: p99.9 is {} ns, the budget {budget} ns",
            measured.kernel_ns.p99_9
        )),
        _ => Ok(()),
    }
}

/// Times a model's kernel on events and counts its instructions.
pub fn measure(model: &impl WithPorts, kernel: &Kernel, events: &Events) -> Result<Measured> {
    let times = time(model, kernel, events).into_diagnostic()?;
    let counted = events.truncated(COUNTED_EVENTS);
    let instructions = count_instructions(model, kernel, &counted).into_diagnostic()?;
    let (per_event, counted_for, unknown) = match instructions {
        Instructions::Counted(count) => (Some(count.per_event()), Some(count.cpu), None),
        Instructions::Unknown(reason) => (None, None, Some(reason)),
    };
    Ok(Measured {
        events: events.len(),
        kernel_ns: Percentiles::of(&times.kernel),
        null_loop_ns: Percentiles::of(&times.null),
        cpu: times.cpu,
        instructions_per_event: per_event,
        instructions_counted_for: counted_for,
        instructions_unknown_because: unknown,
        times,
    })
}

/// Prints the figures as a table.
pub fn print(measured: &Measured) {
    let bound = match measured.cpu {
        Some(cpu) => format!("bound to processor {cpu}"),
        None => "not bound to a processor".to_owned(),
    };
    println!(
        "{} events, {bound}; nanoseconds, clock included",
        measured.events
    );
    println!(
        "{:<10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "p50", "p90", "p99", "p99.9", "p99.99", "max"
    );
    for (name, p) in [
        ("kernel", &measured.kernel_ns),
        ("null loop", &measured.null_loop_ns),
    ] {
        println!(
            "{name:<10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            p.p50, p.p90, p.p99, p.p99_9, p.p99_99, p.max
        );
    }
    match (
        &measured.instructions_per_event,
        &measured.instructions_counted_for,
    ) {
        (Some(count), Some(cpu)) => println!("{count} instructions per event (target-cpu {cpu})"),
        _ => println!(
            "instructions not counted: {}",
            measured
                .instructions_unknown_because
                .as_deref()
                .unwrap_or("unknown")
        ),
    }
}

/// A time such as `250ns`, `1us` or `0.5ms`, in nanoseconds.
fn parse_nanoseconds(text: &str) -> Result<u64, String> {
    let units = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
    ];
    let parsed = units.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        Some(number * factor)
    });
    parsed
        .filter(|ns| ns.is_finite() && *ns >= 0.0)
        .map(|ns| ns as u64)
        .ok_or_else(|| format!("`{text}` is not a time such as 250ns, 1us or 0.5ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(parse_nanoseconds("250ns"), Ok(250));
        assert_eq!(parse_nanoseconds("1us"), Ok(1_000));
        assert_eq!(parse_nanoseconds("1.5µs"), Ok(1_500));
        assert_eq!(parse_nanoseconds("2s"), Ok(2_000_000_000));
        assert!(parse_nanoseconds("1").is_err());
        assert!(parse_nanoseconds("-1ns").is_err());
    }
}
