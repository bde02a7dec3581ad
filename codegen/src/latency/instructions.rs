//! Counts the instructions of a kernel with valgrind, which counts exactly.

use std::process::Command;

use super::LatencyError;
use crate::emit::Kernel;
use crate::ports::WithPorts;
use crate::verify::{BuildOptions, Events, RunError, RustKernel};

/// Instructions of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstructionCount {
    /// Over all events.
    pub total: u64,
    /// Number of events.
    pub events: u64,
    /// What the kernel was compiled for (`target-cpu`).
    pub cpu: String,
}

impl InstructionCount {
    /// Instructions per event, if every event takes the same.
    pub fn per_event(&self) -> f64 {
        self.total as f64 / self.events as f64
    }
}

/// A count, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instructions {
    /// Counted.
    Counted(InstructionCount),
    /// Not counted, for this reason.
    Unknown(String),
}

/// What to compile for so that valgrind understands it: this host, but not its
/// AVX-512.
fn countable_cpu() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return "x86-64-v3";
    }
    "native"
}

/// Counts the instructions between entry into and return from the kernel.
///
/// # Errors
///
/// A kernel that cannot be compiled. A valgrind that is missing or fails is
/// no error but a reason.
pub fn count_instructions(
    model: &impl WithPorts,
    kernel: &Kernel,
    events: &Events,
) -> Result<Instructions, LatencyError> {
    let version = Command::new("valgrind").arg("--version").output();
    if version.is_err() {
        let reason = "valgrind is not installed (Debian: apt-get install valgrind)";
        return Ok(Instructions::Unknown(reason.to_owned()));
    }
    if events.is_empty() {
        return Err(LatencyError::Empty);
    }
    let cpu = countable_cpu();
    let options = BuildOptions {
        cpu: Some(cpu.to_owned()),
    };
    let built = RustKernel::build(model, kernel, &options)?;
    let given = built.write_events(events).map_err(RunError::Write)?;
    let profile = built.folder().join("callgrind.out");
    let mut out_file = std::ffi::OsString::from("--callgrind-out-file=");
    out_file.push(&profile);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=trigforge_infer"])
        .arg(out_file)
        .arg(built.program())
        .args([given, built.folder().join("results")])
        .output()
        .map_err(RunError::Exchange)?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        let last = messages.lines().last().unwrap_or("").to_owned();
        return Ok(Instructions::Unknown(format!("valgrind failed: {last}")));
    }
    let text = std::fs::read_to_string(profile).map_err(RunError::Exchange)?;
    let total = text
        .lines()
        .find_map(|line| {
            line.strip_prefix("totals:")
                .or(line.strip_prefix("summary:"))
        })
        .and_then(|number| number.trim().parse().ok());
    Ok(match total {
        Some(total) => Instructions::Counted(InstructionCount {
            total,
            events: events.len() as u64,
            cpu: cpu.to_owned(),
        }),
        None => Instructions::Unknown("valgrind gave no total".to_owned()),
    })
}
