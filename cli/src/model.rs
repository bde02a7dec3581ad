//! The model that a verb works on.

use std::path::{Path, PathBuf};

use clap::Args;
use miette::{IntoDiagnostic, Result, WrapErr, miette};
use trigforge_codegen::import;
use trigforge_codegen::ir::Module;
use trigforge_codegen::quantize::{Calibration, DEFAULT_WIDTH, PostTraining, load};

use crate::arrays;

/// A model file, and how it becomes integers if it is a float model.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Model file: QONNX or float ONNX (.onnx), or the textual form (.ir)
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
    /// Reads the model as a valid module.
    pub fn load(&self) -> Result<Module> {
        let float = match &self.calib {
            None => None,
            Some(file) => Some(PostTraining {
                calibration: calibration(&self.path, file)?,
                width: self.width,
            }),
        };
        load(&self.path, float.as_ref()).into_diagnostic()
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

/// Names and shapes of a module's inputs.
pub fn input_shapes(module: &Module) -> Vec<arrays::Shape> {
    module
        .inputs()
        .map(|(_, node)| arrays::Shape {
            name: node.name.clone(),
            dims: node.ty.shape.clone(),
        })
        .collect()
}

/// Names and shapes of a module's outputs.
pub fn output_shapes(module: &Module) -> Vec<arrays::Shape> {
    module
        .outputs()
        .iter()
        .map(|output| arrays::Shape {
            name: output.name.clone(),
            dims: module.node(output.node).ty.shape.clone(),
        })
        .collect()
}
