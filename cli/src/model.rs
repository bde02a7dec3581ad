//! The model that a verb works on.

use std::path::{Path, PathBuf};

use clap::Args;
use miette::{IntoDiagnostic, Result, WrapErr, miette};
use trigforge_codegen::import;
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::ports::Ports;
use trigforge_codegen::quantize::{Calibration, DEFAULT_WIDTH, PostTraining};

use crate::arrays;

/// A model file, and how it becomes integers if it is a float model.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Model file: QONNX or float ONNX (.onnx), a tree ensemble of XGBoost,
    /// LightGBM or conifer (.json, .txt), formulas (.formula), a circuit of alkaid
    /// or da4ml (.json, .json.gz), or a textual form (.ir)
    #[arg(value_name = "MODEL")]
    pub path: PathBuf,
    /// Events (.npy or .npz) whose ranges give formats to values without one
    #[arg(long, value_name = "FILE")]
    pub calib: Option<PathBuf>,
    /// Bits of weights and activations that have no format yet (with --calib)
    #[arg(long, value_name = "W", requires = "calib", default_value_t = DEFAULT_WIDTH)]
    pub width: u32,
}

impl ModelArgs {
    /// Reads the model, at the level that its file is at; what is not exact in
    /// it is said on standard error.
    pub fn load(&self) -> Result<Model> {
        let float = match &self.calib {
            None => None,
            Some(file) => Some(PostTraining {
                calibration: calibration(&self.path, file)?,
                width: self.width,
            }),
        };
        let (model, notes) = load(&self.path, float.as_ref()).into_diagnostic()?;
        for note in notes {
            eprintln!("note: {note}");
        }
        Ok(model)
    }
}

/// Reads calibration events for the inputs of a model.
pub fn calibration(model: &Path, file: &Path) -> Result<Calibration> {
    let graph = import::read(model).into_diagnostic()?;
    let inputs: Vec<_> = graph
        .inputs()
        .map(|(_, node)| arrays::Shape {
            name: node.name.clone(),
            dims: node.shape.clone(),
        })
        .collect();
    let events = arrays::read_real(file, &inputs)
        .wrap_err_with(|| format!("cannot calibrate with {}", file.display()))?;
    if events.is_empty() {
        return Err(miette!("{} holds no events", file.display()));
    }
    Ok(Calibration { events })
}

/// Names and shapes of a model's inputs.
pub fn input_shapes(ports: &Ports) -> Vec<arrays::Shape> {
    let shape = |input: &trigforge_codegen::ports::Input| arrays::Shape {
        name: input.name.clone(),
        dims: input.ty.shape.clone(),
    };
    ports.inputs.iter().map(shape).collect()
}

/// Names and shapes of a model's outputs.
pub fn output_shapes(ports: &Ports) -> Vec<arrays::Shape> {
    let shape = |output: &trigforge_codegen::ports::Output| arrays::Shape {
        name: output.name.clone(),
        dims: output.ty.shape.clone(),
    };
    ports.outputs.iter().map(shape).collect()
}
