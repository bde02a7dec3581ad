//! Events of a model: its sample, extremes, and random ones.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use ndarray::{ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::NpzReader;
use trigforge_codegen::ir::Module;
use trigforge_codegen::ports::WithPorts;
use trigforge_codegen::verify::Events;

use crate::steps::kernel;

/// The first events of the sample beside a model, in the inputs' formats.
pub fn sample(module: &Module, folder: &Path, count: usize) -> Result<Events> {
    let path = folder.join("sample.npz");
    let shown = || path.display().to_string();
    let mut archive = NpzReader::new(File::open(&path).with_context(shown)?)?;
    let ports = module.ports();
    let mut columns: Vec<Vec<f32>> = Vec::new();
    for input in &ports.inputs {
        let array: ArrayD<f32> = archive
            .by_name::<OwnedRepr<f32>, IxDyn>(&input.name)
            .with_context(|| format!("{}: input `{}`", shown(), input.name))?;
        columns.push(array.into_iter().collect());
    }
    let mut events = Events::new(module);
    for event in 0..count {
        let mut inputs = Vec::new();
        for (index, (input, column)) in ports.inputs.iter().zip(&columns).enumerate() {
            let width = input.ty.len();
            let Some(row) = column.get(event * width..(event + 1) * width) else {
                ensure!(index == 0, "{}: the inputs differ in their events", shown());
                return Ok(events);
            };
            let row: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
            inputs.push(ports.encode(index, &row)?.mantissas);
        }
        events.push(&inputs);
    }
    Ok(events)
}

/// Events of the sample, then the extremes and random ones, as many of each.
pub fn mixed(module: &Module, folder: &Path, count: usize) -> Result<Events> {
    let mut events = sample(module, folder, count)?;
    ensure!(!events.is_empty(), "{} holds no event", folder.display());
    let other = kernel::events(module, count);
    for event in 0..other.len() {
        let inputs: Vec<_> = other
            .inputs(event)
            .into_iter()
            .map(<[i64]>::to_vec)
            .collect();
        events.push(&inputs);
    }
    Ok(events)
}
