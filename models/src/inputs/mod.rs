//! From physical units to the network's inputs: the exact beginning of the exported graph.
//!
//! For every column, in this order:
//!
//! 1. round to a raw grid of `raw_bits` bits whose step is a power of two, and saturate;
//! 2. `clip`, to bounds on that grid;
//! 3. `log`: the natural logarithm, rounded to a grid of [`LOG_STEP`]; a table in the kernel;
//! 4. subtract an offset on the grid, multiply by a power of two; with `unit` the offset is 0 and
//!    the factor `1 / unit`.
//!
//! With `one_hot` the column is rounded to whole numbers instead and compared with each value.
//! Empty slots of a list become 0. Every result is exact in single precision, so `qonnx`, the
//! trainer and an integer kernel agree. Where the network begins its own quantiser rounds the
//! result to trained widths.

mod column;
mod export;

use serde::{Deserialize, Serialize};

pub use column::{ColumnTransform, LOG_STEP, Steps};
pub use export::export;

use crate::data::{ColumnSummary, DataConfig, Events, InputSpec, Transform};

/// What the fit needs to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputOptions {
    /// Bits of the raw grid, the sign included.
    pub raw_bits: u32,
    /// Share of the values that each end of the raw range may cut off.
    pub tail: f64,
}

/// How one input of the file becomes an input of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputTransform {
    /// Name of the input.
    pub name: String,
    /// Shape in the file: scalars `[columns]`, lists `[slots, columns]`, an image `[c, h, w]`.
    pub shape: Vec<usize>,
    /// Number of the column that says which slots are empty.
    pub mask: Option<usize>,
    /// One entry for each column; a single one for an image.
    pub columns: Vec<ColumnTransform>,
}

impl InputTransform {
    /// Chooses grids, offsets and scales from the training part.
    pub fn fit(
        spec: &InputSpec,
        summaries: &[ColumnSummary],
        data: &DataConfig,
        options: &InputOptions,
    ) -> Self {
        let plain = Transform::default();
        let column = |(name, summary): (&String, &ColumnSummary)| {
            let transform = data.transform.get(name).unwrap_or(&plain);
            ColumnTransform::fit(name, summary, transform, options)
        };
        Self {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            mask: spec.mask,
            columns: spec.columns.iter().zip(summaries).map(column).collect(),
        }
    }

    /// Whether the input is an image, whose numbers all have the same transform.
    fn is_image(&self) -> bool {
        self.shape.len() == 3
    }

    /// Shape of the network's input for one event.
    pub fn network_shape(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        if !self.is_image()
            && let Some(last) = shape.last_mut()
        {
            *last = self.columns.iter().map(ColumnTransform::outputs).sum();
        }
        shape
    }

    /// For each number of the last axis of [`InputTransform::network_shape`] the name of its
    /// column; for an image the one column.
    pub fn output_columns(&self) -> Vec<String> {
        let names = |column: &ColumnTransform| vec![column.name.clone(); column.outputs()];
        self.columns.iter().flat_map(names).collect()
    }

    /// Numbers of one event in the file.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The network's input for events in physical units, row after row: with `exact`, rounded as
    /// the graph does; else as the float network sees them.
    pub fn apply(&self, values: &[f32], exact: bool) -> Vec<f32> {
        if self.is_image() {
            let Some(column) = self.columns.first() else {
                return Vec::new();
            };
            let one = |value: &f32| column.number(*value, exact);
            return values.iter().map(one).collect();
        }
        let width = self.columns.len().max(1);
        let outputs: usize = self.columns.iter().map(ColumnTransform::outputs).sum();
        let mut out = Vec::with_capacity(values.len() / width * outputs);
        for slot in values.chunks_exact(width) {
            if self
                .mask
                .is_some_and(|mask| self.is_empty(slot, mask, exact))
            {
                out.resize(out.len() + outputs, 0.0);
                continue;
            }
            for (column, value) in self.columns.iter().zip(slot) {
                column.append(*value, exact, &mut out);
            }
        }
        out
    }

    /// 1 for each slot that holds a particle, 0 for an empty one; nothing without a mask.
    pub fn mask(&self, values: &[f32], exact: bool) -> Option<Vec<f32>> {
        let mask = self.mask?;
        let slots = values.chunks_exact(self.columns.len().max(1));
        let present = |slot: &[f32]| f32::from(u8::from(!self.is_empty(slot, mask, exact)));
        Some(slots.map(present).collect())
    }

    /// A slot is empty where the column is not above 0 on its raw grid.
    fn is_empty(&self, slot: &[f32], mask: usize, exact: bool) -> bool {
        let value = if exact {
            self.columns[mask].raw(slot[mask])
        } else {
            slot[mask]
        };
        value <= 0.0
    }
}

/// All network inputs of some events: of each input its numbers and, where it has one, its mask.
pub fn network_inputs(
    transforms: &[InputTransform],
    events: &Events,
    exact: bool,
) -> Vec<Vec<f32>> {
    let mut out = Vec::new();
    for (transform, values) in transforms.iter().zip(&events.inputs) {
        out.push(transform.apply(values, exact));
        out.extend(transform.mask(values, exact));
    }
    out
}

/// The name of an input in the exported graph and in samples: `x` where it is the only one.
pub fn port<'a>(transforms: &[InputTransform], transform: &'a InputTransform) -> &'a str {
    if transforms.len() == 1 {
        "x"
    } else {
        &transform.name
    }
}
