//! Measures a compiled kernel on the host: time event by event, instructions.

mod instructions;
mod pin;

use std::process::Command;

use thiserror::Error;

pub use instructions::{InstructionCount, Instructions, count_instructions};

use crate::emit::Kernel;
use crate::ports::WithPorts;
use crate::verify::{BuildError, BuildOptions, Events, RunError, RustKernel};

const PROGRAM: &str = include_str!("program.rs");

/// A measurement that could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LatencyError {
    /// The kernel could not be compiled.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The kernel could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There are no events to time.
    #[error("there are no events to time")]
    Empty,
}

/// Times of single events, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// Of the kernel, the clock included; in order of size.
    pub kernel: Vec<u64>,
    /// Of the same loop without a kernel; in order of size.
    pub null: Vec<u64>,
    /// The processor that the program was bound to, if it was.
    pub cpu: Option<usize>,
}

impl Times {
    /// The time that a share of events does not exceed; the largest for 1.
    pub fn percentile(times: &[u64], share: f64) -> u64 {
        let rank = libm::ceil(share * times.len() as f64) as usize;
        times
            .get(rank.max(1) - 1)
            .or(times.last())
            .copied()
            .unwrap_or(0)
    }
}

/// Compiles a kernel for this host and times it on events, one by one.
///
/// # Errors
///
/// A kernel that cannot be compiled or run.
pub fn time(
    model: &impl WithPorts,
    kernel: &Kernel,
    events: &Events,
) -> Result<Times, LatencyError> {
    if events.is_empty() {
        return Err(LatencyError::Empty);
    }
    let options = BuildOptions {
        cpu: Some("native".to_owned()),
    };
    let built = RustKernel::build_with(model, kernel, &options, PROGRAM)?;
    let given = built.write_events(events).map_err(RunError::Write)?;
    let path = built.folder().join("times");
    let cpu = pin::last_cpu();
    let output = pin::bound(cpu, || {
        Command::new(built.program()).args([&given, &path]).output()
    });
    let output = output.map_err(RunError::Exchange)?;
    if !output.status.success() {
        return Err(LatencyError::Run(RunError::Failed {
            status: output.status,
            messages: String::from_utf8_lossy(&output.stderr).into_owned(),
        }));
    }
    let bytes = std::fs::read(path).map_err(RunError::Exchange)?;
    let (words, _) = bytes.as_chunks::<8>();
    let all: Vec<_> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    if all.len() != 2 * events.len() {
        return Err(LatencyError::Run(RunError::Length {
            expected: 2 * events.len(),
            found: all.len(),
        }));
    }
    let (kernel, null) = all.split_at(events.len());
    let sorted = |times: &[u64]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        times
    };
    Ok(Times {
        kernel: sorted(kernel),
        null: sorted(null),
        cpu,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times: Vec<u64> = (1..=1000).collect();
        assert_eq!(Times::percentile(&times, 0.5), 500);
        assert_eq!(Times::percentile(&times, 0.999), 999);
        assert_eq!(Times::percentile(&times, 0.9999), 1000);
        assert_eq!(Times::percentile(&times, 1.0), 1000);
        assert_eq!(Times::percentile(&[7], 0.5), 7);
        assert_eq!(Times::percentile(&[], 0.5), 0);
    }
}
