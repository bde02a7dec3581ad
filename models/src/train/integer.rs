//! The exported file, read back and executed with integers.

use std::path::Path;

use trigforge_codegen::model::Model;
use trigforge_codegen::ops::Cost;
use trigforge_codegen::validate::validate;

use super::TrainError;
use crate::data::{Events, InputSpec};
use crate::execute::{Engine, Executable, ExecuteError};

/// What the integers of a file gave for some events.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerOutputs {
    /// Name of each output and its numbers for one event.
    pub ports: Vec<(String, usize)>,
    /// All outputs of every event, event after event.
    pub values: Vec<f64>,
    /// What one event costs, as codegen counts it.
    pub cost: Cost,
    /// Fractional bits of its first number.
    pub fractional: Option<i32>,
}

/// All outputs of every event, from the integer interpreter on the QONNX file at `path`; the
/// inputs of the events are those of `specs`. Uses all processors.
///
/// # Errors
///
/// A file that codegen's importer refuses, or events that do not fit its inputs.
pub fn integer_outputs(
    path: &Path,
    specs: &[InputSpec],
    events: &Events,
) -> Result<IntegerOutputs, TrainError> {
    outputs(path, |model| Ok(model.run(specs, events, &|_| {})?.values))
}

/// What the file at `path` costs, with these numbers as its outputs.
pub(super) fn outputs(
    path: &Path,
    values: impl FnOnce(&Executable) -> Result<Vec<f64>, ExecuteError>,
) -> Result<IntegerOutputs, TrainError> {
    let failed = |reason: String| TrainError::ReadBack {
        path: path.to_owned(),
        reason,
    };
    let model = Executable::load(path, Engine::Integer).map_err(|e| failed(causes(&e)))?;
    let values = values(&model).map_err(|e| failed(causes(&e)))?;
    let Some(Model::Graph(module)) = model.integer() else {
        return Err(failed("it is no graph".to_owned()));
    };
    let info = validate(module).map_err(|e| failed(e.to_string()))?;
    let mut cost = Cost::default();
    for node in info.costs(module) {
        cost.macs += node.macs;
        cost.ebops += node.ebops;
        cost.format_ebops += node.format_ebops;
        cost.parameters += node.parameters;
    }
    Ok(IntegerOutputs {
        ports: model.output_ports(),
        values,
        cost,
        fractional: model.fractional(),
    })
}

/// An error with all its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Fails unless the integers are what the trainer's own forward pass gave.
pub(super) fn compare(path: &Path, integer: &[f64], trainer: &[f64]) -> Result<(), TrainError> {
    let different = integer.iter().zip(trainer).position(|(a, b)| a != b);
    let reason = match different {
        Some(at) => format!(
            "number {} of {}: the integer interpreter gives {}, the trainer {}",
            at,
            integer.len(),
            integer[at],
            trainer[at]
        ),
        None if integer.len() != trainer.len() => {
            format!(
                "{} numbers, the trainer has {}",
                integer.len(),
                trainer.len()
            )
        }
        None => return Ok(()),
    };
    Err(TrainError::ReadBack {
        path: path.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_bit_is_found() {
        let path = Path::new("m.onnx");
        assert!(compare(path, &[1.0, 2.0], &[1.0, 2.0]).is_ok());
        let error = compare(path, &[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.25]);
        let text = error.expect_err("error").to_string();
        assert!(text.contains("number 3 of 4"), "{text}");
        assert!(compare(path, &[1.0], &[1.0, 2.0]).is_err());
    }
}
