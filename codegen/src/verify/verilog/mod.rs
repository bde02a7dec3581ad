//! Runs a design in Verilator, cycle by cycle.

mod build;
mod shape;

pub use build::{Around, SimulationError, Simulator, VerilogKernel};
