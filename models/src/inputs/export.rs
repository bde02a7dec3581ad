//! The transform of an input as nodes of the exported graph.

use super::InputTransform;
use super::column::{ColumnTransform, Steps, log_format};
use crate::export::{OnnxGraph, attribute};
use crate::net::Format;

/// Adds one input of the file with its transform; returns the names of the network's inputs that
/// it becomes: the numbers and, where slots can be empty, the mask.
///
/// `port` is the name of the graph's input.
pub fn export(graph: &mut OnnxGraph<'_>, port: &str, input: &InputTransform) -> Vec<String> {
    let name = &input.name;
    let x = graph.input(port, &input.shape);
    let raw = raw(graph, input, &x);
    let Some(mask) = input.mask else {
        return vec![transformed(graph, input, &raw)];
    };
    // [slots, 1], 1 where the column is above 0.
    let slots = input.shape[0];
    let level = slice(
        graph,
        &format!("{name}.mask.level"),
        &raw,
        mask,
        &[slots, 1],
    );
    let zero = graph.constant(&format!("{name}.mask.zero"), &[], &[0.0]);
    let above = format!("{name}.mask.above");
    graph.untyped_node("Greater", &[&above], &[&level, &zero], Vec::new());
    let float = vec![attribute::integer("to", 1)];
    let present = format!("{name}.mask.present");
    let present = graph.node_with("Cast", &present, &[&above], &[slots, 1], float);
    let numbers = transformed(graph, input, &raw);
    let shape = input.network_shape();
    let kept = graph.node(
        "Mul",
        &format!("{name}.kept"),
        &[&numbers, &present],
        &shape,
    );
    let axes = graph.integers(&format!("{name}.mask.axis"), &[2]);
    let flat = format!("{name}.mask");
    vec![
        kept,
        graph.node("Squeeze", &flat, &[&present, &axes], &[slots]),
    ]
}

/// Rounding to the raw grids.
fn raw(graph: &mut OnnxGraph<'_>, input: &InputTransform, x: &str) -> String {
    if !graph.is_quantised() {
        return x.to_owned();
    }
    let name = format!("{}.raw", input.name);
    let formats: Vec<Format> = (0..input.elements())
        .map(|element| input.columns[column_of(input, element)].raw)
        .collect();
    let shape = [&[1], input.shape.as_slice()].concat();
    graph.quant(&name, x, &formats, &shape, 1);
    name
}

/// The column of an element of an event.
fn column_of(input: &InputTransform, element: usize) -> usize {
    if input.is_image() {
        0
    } else {
        element % input.columns.len().max(1)
    }
}

/// The numbers after the raw grid. Columns that all do the same are done together; else each by
/// itself.
fn transformed(graph: &mut OnnxGraph<'_>, input: &InputTransform, raw: &str) -> String {
    let plain = |column: &ColumnTransform| {
        matches!(
            column.steps,
            Steps::Number {
                clip: None,
                log: false,
                ..
            }
        )
    };
    let shape = input.network_shape();
    if input.is_image() || input.columns.iter().all(plain) {
        let columns: Vec<&ColumnTransform> = input.columns.iter().collect();
        return numbers(graph, &input.name, &columns, raw, &shape);
    }
    let mut parts = Vec::with_capacity(input.columns.len());
    for (index, column) in input.columns.iter().enumerate() {
        let name = format!("{}.{}", input.name, column.name);
        let mut shape = input.shape.clone();
        if let Some(last) = shape.last_mut() {
            *last = 1;
        }
        let one = slice(graph, &format!("{name}.raw"), raw, index, &shape);
        parts.push(match &column.steps {
            Steps::Number { .. } => numbers(graph, &name, &[column], &one, &shape),
            Steps::OneHot(values) => one_hot(graph, &name, values, &one, &shape),
        });
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let axis = vec![attribute::integer("axis", -1)];
    let name = format!("{}.columns", input.name);
    graph.node_with("Concat", &name, &parts, &shape, axis)
}

/// Clip, logarithm, shift and scale of columns that stand side by side; a single one may clip or
/// take the logarithm.
fn numbers(
    graph: &mut OnnxGraph<'_>,
    name: &str,
    columns: &[&ColumnTransform],
    x: &str,
    shape: &[usize],
) -> String {
    let mut x = x.to_owned();
    let mut offsets = Vec::with_capacity(columns.len());
    let mut factors = Vec::with_capacity(columns.len());
    for column in columns {
        let Steps::Number {
            clip,
            log,
            offset,
            scale_exponent,
        } = &column.steps
        else {
            continue;
        };
        if let Some([least, most]) = clip {
            let least = graph.constant(&format!("{name}.least"), &[], &[*least]);
            let most = graph.constant(&format!("{name}.most"), &[], &[*most]);
            x = graph.node(
                "Clip",
                &format!("{name}.clipped"),
                &[&x, &least, &most],
                shape,
            );
        }
        if *log {
            x = graph.node("Log", &format!("{name}.log"), &[&x], shape);
            if graph.is_quantised() {
                let rounded = format!("{name}.log.rounded");
                let formats = vec![log_format(); shape.iter().product()];
                graph.quant(&rounded, &x, &formats, &[&[1], shape].concat(), 1);
                x = rounded;
            }
        }
        offsets.push(*offset);
        factors.push(f64::from(*scale_exponent).exp2() as f32);
    }
    let along: &[usize] = if offsets.len() == 1 {
        &[]
    } else {
        &[offsets.len()]
    };
    let offset = graph.constant(&format!("{name}.offset"), along, &offsets);
    let x = graph.node("Sub", &format!("{name}.centred"), &[&x, &offset], shape);
    let factor = graph.constant(&format!("{name}.factor"), along, &factors);
    graph.node("Mul", &format!("{name}.scaled"), &[&x, &factor], shape)
}

/// One element for each value of a column of shape `[..., 1]`.
fn one_hot(
    graph: &mut OnnxGraph<'_>,
    name: &str,
    values: &[f32],
    x: &str,
    shape: &[usize],
) -> String {
    let constant = graph.constant(&format!("{name}.values"), &[values.len()], values);
    let equal = format!("{name}.equal");
    graph.untyped_node("Equal", &[&equal], &[x, &constant], Vec::new());
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = values.len();
    }
    let float = vec![attribute::integer("to", 1)];
    graph.node_with("Cast", &format!("{name}.one_hot"), &[&equal], &shape, float)
}

/// Column `index` along the last axis, kept as an axis of length 1.
fn slice(graph: &mut OnnxGraph<'_>, name: &str, x: &str, index: usize, shape: &[usize]) -> String {
    let index = index as i64;
    let start = graph.integers(&format!("{name}.start"), &[index]);
    let end = graph.integers(&format!("{name}.end"), &[index + 1]);
    let axis = graph.integers(&format!("{name}.axis"), &[shape.len() as i64]);
    graph.node("Slice", name, &[x, &start, &end, &axis], shape)
}
