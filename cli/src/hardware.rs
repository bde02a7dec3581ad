//! What a Verilog core is made for.

use std::fmt;

use clap::Args;
use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use trigforge_codegen::hardware::{Design, Part, Target};
use trigforge_codegen::model::Model;

/// Part, clock and latency of a core.
#[derive(Debug, Args)]
pub struct HardwareArgs {
    /// Part of the core: xcvu9p, xczu7ev, xc7a100t or (not for HLS) lfe5u [default:
    /// xcvu9p]
    #[arg(long, value_name = "PART", value_parser = part)]
    pub part: Option<Part>,
    /// Clock of the core, such as 360MHz [default: 200MHz]
    #[arg(long, value_name = "F", value_parser = megahertz)]
    clock: Option<f64>,
    /// Cycles from input to output [default: as few as the clock allows]
    #[arg(long, value_name = "N")]
    cycles: Option<u32>,
    /// Fail if they take longer, such as 50ns or 1us
    #[arg(long, value_name = "T", value_parser = nanoseconds)]
    budget: Option<f64>,
    /// How long to search for adders that products share: 0 takes the first, each
    /// step about as many searches again [default: 2]
    #[arg(long, value_name = "E")]
    effort: Option<u32>,
}

impl HardwareArgs {
    /// Whether any of them is on the command line.
    pub fn is_given(&self) -> bool {
        self.part.is_some() || self.clock.is_some() || self.is_scheduled()
    }

    /// Whether the number of cycles is asked for or bounded.
    pub fn is_scheduled(&self) -> bool {
        self.cycles.is_some() || self.budget.is_some()
    }

    /// What was asked for.
    pub fn target(&self) -> Target {
        let default = Target::default();
        Target {
            part: self.part.unwrap_or(default.part),
            clock_mhz: self.clock.unwrap_or(default.clock_mhz),
            latency: self.cycles,
            budget_ns: self.budget,
            effort: self.effort.unwrap_or(default.effort),
        }
    }

    /// The hardware of a model.
    pub fn design(&self, model: &Model) -> Result<Design> {
        Design::new(model, &self.target()).into_diagnostic()
    }
}

fn part(text: &str) -> Result<Part, String> {
    Part::from_name(text).ok_or_else(|| {
        let known = Part::ALL.map(Part::name).join(", ");
        format!("unknown part; known are {known}")
    })
}

/// A number with one of several units.
fn with_unit(text: &str, units: &[(&str, f64)]) -> Result<f64, String> {
    let lower = text.to_ascii_lowercase();
    let found = units.iter().find_map(|(unit, factor)| {
        let number: f64 = lower.strip_suffix(unit)?.trim().parse().ok()?;
        Some(number * factor)
    });
    let names = units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>();
    found
        .filter(|value| value.is_finite() && *value > 0.0)
        .ok_or_else(|| {
            format!(
                "expected a positive number and a unit of {}",
                names.join(", ")
            )
        })
}

fn megahertz(text: &str) -> Result<f64, String> {
    with_unit(text, &[("mhz", 1.0), ("ghz", 1e3)])
}

fn nanoseconds(text: &str) -> Result<f64, String> {
    with_unit(text, &[("ns", 1.0), ("us", 1e3)])
}

/// The time of a core.
#[derive(Debug, Serialize)]
pub struct Pipeline {
    part: &'static str,
    clock_mhz: f64,
    latency_cycles: u32,
    latency_ns: f64,
    /// The longest path that is expected between two registers.
    path_ns: f64,
    register_bits: u64,
}

impl Pipeline {
    /// That of a design.
    pub fn of(design: &Design) -> Self {
        let schedule = &design.schedule;
        Self {
            part: schedule.target.part.name(),
            clock_mhz: schedule.target.clock_mhz,
            latency_cycles: schedule.latency,
            latency_ns: schedule.nanoseconds(),
            path_ns: schedule.path_ns,
            register_bits: schedule.register_bits,
        }
    }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} at {} MHz: {} cycles, {:.1} ns; {} register bits",
            self.part, self.clock_mhz, self.latency_cycles, self.latency_ns, self.register_bits
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_budgets_have_units() {
        assert_eq!(megahertz("360MHz"), Ok(360.0));
        assert_eq!(megahertz("0.5 GHz"), Ok(500.0));
        assert_eq!(nanoseconds("50ns"), Ok(50.0));
        assert_eq!(nanoseconds("1us"), Ok(1000.0));
        for wrong in ["360", "-1MHz", "MHz", "NaNMHz", "0ns"] {
            assert!(megahertz(wrong).is_err() && nanoseconds(wrong).is_err());
        }
    }
}
