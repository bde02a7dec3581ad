//! The exported file, read back and executed with integers.

use std::path::Path;

use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::load;

use super::TrainError;
use crate::data::Events;

/// What the integers of a file gave for some events.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerOutputs {
    /// The first output of every event, one after the other.
    pub values: Vec<f64>,
    /// Effective bit operations of an event, as codegen counts them.
    pub ebops: u64,
    /// Multiplications of an event.
    pub multiplications: u64,
}

/// The first output of every event, from the integer interpreter on the QONNX file at `path`. Uses
/// all processors.
///
/// # Errors
///
/// A file that codegen's importer refuses, or events that do not fit its inputs.
pub fn integer_outputs(path: &Path, events: &Events) -> Result<IntegerOutputs, TrainError> {
    let failed = |reason: String| TrainError::ReadBack {
        path: path.to_owned(),
        reason,
    };
    let module = load(path, None).map_err(|e| failed(causes(&e)))?;
    let interpreter = Interpreter::new(&module).map_err(|e| failed(e.to_string()))?;
    let costs = interpreter.info().costs(&module);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = events.rows.div_ceil(threads).max(1);
    let parts: Vec<Result<Vec<f64>, String>> = std::thread::scope(|scope| {
        let part = |first: usize| {
            let rows = first..(first + share).min(events.rows);
            let interpreter = &interpreter;
            scope.spawn(move || outputs(interpreter, events, rows))
        };
        let workers: Vec<_> = (0..events.rows).step_by(share).map(part).collect();
        let gone = || Err("the interpreter stopped".to_owned());
        let join =
            |worker: std::thread::ScopedJoinHandle<'_, _>| worker.join().unwrap_or_else(|_| gone());
        workers.into_iter().map(join).collect()
    });
    let mut values = Vec::new();
    for part in parts {
        values.extend(part.map_err(failed)?);
    }
    Ok(IntegerOutputs {
        values,
        ebops: costs.iter().map(|cost| cost.ebops).sum(),
        multiplications: costs.iter().map(|cost| cost.macs).sum(),
    })
}

/// The first output of some events.
fn outputs(
    interpreter: &Interpreter<'_>,
    events: &Events,
    rows: std::ops::Range<usize>,
) -> Result<Vec<f64>, String> {
    let mut out = Vec::new();
    for row in rows {
        let mut encoded = Vec::with_capacity(events.inputs.len());
        for (index, values) in events.inputs.iter().enumerate() {
            let width = values.len() / events.rows.max(1);
            let values: Vec<f64> = values[row * width..(row + 1) * width]
                .iter()
                .map(|v| f64::from(*v))
                .collect();
            let input = interpreter.encode(index, &values);
            encoded.push(input.map_err(|e| e.to_string())?.mantissas);
        }
        let inputs: Vec<&[i64]> = encoded.iter().map(Vec::as_slice).collect();
        let outputs = interpreter.run(&inputs).map_err(|e| e.to_string())?;
        if let Some(mantissas) = outputs.first() {
            out.extend(interpreter.decode(0, mantissas));
        }
    }
    Ok(out)
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
