//! The interpreter's results, computed once for all boards.

use std::collections::HashMap;

use anyhow::Result;
use trigforge_codegen::interp::EventError;
use trigforge_codegen::ports::{Execute, Ports};
use trigforge_codegen::verify::Events;

/// Answers with what an interpreter gave for the same event.
pub struct Known<'a> {
    interpreter: &'a dyn Execute,
    results: HashMap<Vec<i64>, Vec<Vec<i64>>>,
}

impl<'a> Known<'a> {
    /// Executes all events.
    pub fn new(interpreter: &'a dyn Execute, events: &Events) -> Result<Self> {
        let mut results = HashMap::new();
        for event in 0..events.len() {
            let inputs = events.inputs(event);
            results.insert(inputs.concat(), interpreter.run(&inputs)?);
        }
        Ok(Self {
            interpreter,
            results,
        })
    }
}

impl Execute for Known<'_> {
    fn ports(&self) -> &Ports {
        self.interpreter.ports()
    }

    fn run(&self, inputs: &[&[i64]]) -> Result<Vec<Vec<i64>>, EventError> {
        match self.results.get(&inputs.concat()) {
            Some(outputs) => Ok(outputs.clone()),
            None => self.interpreter.run(inputs),
        }
    }
}
