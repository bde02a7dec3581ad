//! Runs a core in Verilator, cycle by cycle.

mod build;

pub use build::{SimulationError, Simulator, VerilogKernel};
