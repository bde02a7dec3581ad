//! The exported file, read back and executed with integers.

use std::path::Path;

use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::load;

use super::TrainError;
use crate::data::Dataset;

/// Logits of every row, from the integer interpreter on the QONNX file at `path`.
///
/// # Errors
///
/// A file that codegen's importer refuses, or rows that do not fit its input.
pub fn integer_logits(path: &Path, data: &Dataset) -> Result<Vec<f64>, TrainError> {
    let failed = |reason: String| TrainError::ReadBack {
        path: path.to_owned(),
        reason,
    };
    let module = load(path, None).map_err(|e| failed(e.to_string()))?;
    let interpreter = Interpreter::new(&module).map_err(|e| failed(e.to_string()))?;
    let mut logits = Vec::new();
    for row in data.features().chunks_exact(data.width()) {
        let row: Vec<f64> = row.iter().map(|v| f64::from(*v)).collect();
        let input = interpreter
            .encode(0, &row)
            .map_err(|e| failed(e.to_string()))?;
        let outputs = interpreter
            .run(&[&input.mantissas])
            .map_err(|e| failed(e.to_string()))?;
        if let Some(mantissas) = outputs.first() {
            logits.extend(interpreter.decode(0, mantissas));
        }
    }
    Ok(logits)
}

/// Fails unless the integers are what the trainer's own forward pass gave.
pub(super) fn compare(
    path: &Path,
    integer: &[f64],
    trainer: &[f64],
    classes: usize,
) -> Result<(), TrainError> {
    let different = integer.iter().zip(trainer).position(|(a, b)| a != b);
    let reason = match different {
        Some(at) => format!(
            "row {}, logit {}: the integer interpreter gives {}, the trainer {}",
            at / classes,
            at % classes,
            integer[at],
            trainer[at]
        ),
        None if integer.len() != trainer.len() => {
            format!(
                "{} logits, the trainer has {}",
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
        assert!(compare(path, &[1.0, 2.0], &[1.0, 2.0], 2).is_ok());
        let error = compare(path, &[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.25], 2);
        let text = error.expect_err("error").to_string();
        assert!(text.contains("row 1, logit 1"), "{text}");
        assert!(compare(path, &[1.0], &[1.0, 2.0], 2).is_err());
    }
}
