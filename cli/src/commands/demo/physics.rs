//! The sample of the demonstration: what both models say of it, and which of
//! its values saturate.

use std::path::Path;

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use serde::Serialize;
use trigforge_codegen::import;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, NodeId};
use trigforge_codegen::ops::Op;
use trigforge_codegen::ports::WithPorts;
use trigforge_codegen::real;
use trigforge_codegen::verify::Events;

use crate::arrays::{read_labels, read_real};
use crate::model::input_shapes;

/// How often the elements of one value were outside of its format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saturation {
    /// Name of the value.
    pub name: String,
    /// Its formats.
    pub format: String,
    /// Saturated events, element by element.
    pub counts: Vec<usize>,
}

/// The sample with what both models say of it.
#[derive(Debug)]
pub struct Physics {
    /// The sample as mantissas.
    pub events: Events,
    /// True classes.
    pub labels: Vec<usize>,
    /// Logits of the float model, event by event.
    pub float: Vec<f64>,
    /// Logits of the integer interpreter, event by event.
    pub fixed: Vec<f64>,
    /// Of the inputs and of every rounding, in the model's order.
    pub saturation: Vec<Saturation>,
}

/// Runs the float model and the integer interpreter on the sample.
pub fn evaluate_sample(interpreter: &Interpreter<'_>, folder: &Path) -> Result<Physics> {
    let module = interpreter.module();
    let path = folder.join("sample.npz");
    let sample = read_real(&path, &input_shapes(&module.ports()))?;
    let labels = read_labels(&path, "label")?;
    if labels.len() != sample.len() {
        return Err(miette!(
            "the sample has {} jets and {} labels",
            sample.len(),
            labels.len()
        ));
    }
    let float = import::read(&folder.join("float.onnx")).into_diagnostic()?;
    let (inputs_at, rounded) = counted(module);
    let mut physics = Physics {
        events: Events::new(module),
        labels,
        float: Vec::new(),
        fixed: Vec::new(),
        saturation: inputs_at
            .iter()
            .chain(&rounded)
            .map(|&id| empty(module, id))
            .collect(),
    };
    for (row, inputs) in sample.iter().enumerate() {
        let values: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let logits = real::evaluate(&float, &values)
            .into_diagnostic()
            .wrap_err_with(|| format!("jet {row} of the sample"))?;
        physics.float.extend(logits.iter().flatten());
        let encoded = inputs.iter().enumerate();
        let encoded = encoded.map(|(input, values)| interpreter.encode(input, values));
        let encoded = encoded.collect::<Result<Vec<_>, _>>().into_diagnostic()?;
        let mantissas: Vec<_> = encoded.iter().map(|e| e.mantissas.clone()).collect();
        physics.events.push(&mantissas);
        let results = interpreter
            .run_all(&physics.events.inputs(row))
            .into_diagnostic()?;
        for (output, declared) in module.outputs().iter().enumerate() {
            let mantissas = &results[declared.node.index()];
            physics.fixed.extend(interpreter.decode(output, mantissas));
        }
        let roundings = rounded
            .iter()
            .map(|&id| interpreter.saturated(id, &results));
        let cut = encoded.into_iter().map(|e| e.saturated).chain(roundings);
        for (saturation, cut) in physics.saturation.iter_mut().zip(cut) {
            for (count, cut) in saturation.counts.iter_mut().zip(cut) {
                *count += usize::from(cut);
            }
        }
    }
    Ok(physics)
}

/// The inputs and the roundings of a module.
fn counted(module: &Module) -> (Vec<NodeId>, Vec<NodeId>) {
    let of = |wanted: fn(&Op) -> bool| {
        module
            .ids()
            .filter(|&id| wanted(&module.node(id).op))
            .collect()
    };
    (
        of(|op| matches!(op, Op::Input(_))),
        of(|op| matches!(op, Op::Requantize(_))),
    )
}

fn empty(module: &Module, id: NodeId) -> Saturation {
    let node = module.node(id);
    Saturation {
        name: node.name.clone(),
        format: match node.ty.formats.entries() {
            [format] => format.to_string(),
            several => {
                let widest = node.ty.formats.max_width();
                format!("{} formats of at most {widest} bits", several.len())
            }
        },
        counts: vec![0; node.ty.len()],
    }
}
