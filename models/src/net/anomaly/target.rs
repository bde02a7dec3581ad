//! What a detector reconstructs: its own prepared input, before it was rounded to trained widths.

use std::collections::BTreeMap;

use crate::net::layers::Flow;
use crate::net::ops::{concat, reshape, slice};
use crate::net::{Builder, NetError, Value};

/// The numbers to reconstruct.
pub(in crate::net) struct Target {
    /// `[numbers]`, as they leave the transforms of the inputs.
    pub(in crate::net) value: Value,
    /// The weight of each in the sum of squares.
    pub(in crate::net) weights: Vec<f32>,
    /// Whether the score holds the magnitude of its difference rather than the square.
    pub(super) absolute: Vec<bool>,
}

/// Collects the columns of all inputs whose weight is not 0; a column without an entry in `weights`
/// has the weight 1. `absolute` are the columns whose differences count by their magnitude.
///
/// # Errors
///
/// A weight that is neither 0 nor a power of two, one of a column that there is not, or none left;
/// a column of `absolute` that has no part in the score.
pub(in crate::net) fn target(
    builder: &mut Builder,
    flow: &Flow,
    weights: &BTreeMap<String, f64>,
    absolute: &[String],
) -> Result<Target, NetError> {
    let wrong = |key, found: String, expected: &str| NetError::Setting {
        layer: "target".to_owned(),
        key,
        found,
        expected: expected.to_owned(),
    };
    let columns = || flow.inputs.iter().flat_map(|input| &input.columns);
    for (column, weight) in weights {
        if !columns().any(|known| known == column) {
            let expected = "columns of the inputs";
            return Err(wrong("weights", format!("'{column}'"), expected));
        }
        let power = *weight > 0.0 && weight.log2().fract() == 0.0 && weight.log2().abs() <= 16.0;
        if *weight != 0.0 && !power {
            let found = format!("{column} = {weight}");
            return Err(wrong("weights", found, "0 or a power of two"));
        }
    }
    let counts =
        |name: &String| columns().any(|known| known == name) && weights.get(name) != Some(&0.0);
    if let Some(name) = absolute.iter().find(|name| !counts(name)) {
        let expected = "columns of the inputs with a weight above 0";
        return Err(wrong("absolute", format!("'{name}'"), expected));
    }
    let (mut parts, mut all, mut magnitudes) = (Vec::new(), Vec::new(), Vec::new());
    for input in &flow.inputs {
        let shape = builder.shape(input.prepared).to_vec();
        // An image has one column, of all its pixels.
        let whole = shape.len() == 3;
        for (at, column) in input.columns.iter().enumerate() {
            let weight = weights.get(column).copied().unwrap_or(1.0) as f32;
            if weight == 0.0 {
                continue;
            }
            let name = format!("target.{}.{at}", input.name);
            let one = match whole {
                true => input.prepared,
                false => slice(builder, &name, input.prepared, at, 1),
            };
            let numbers = builder.shape(one).iter().product();
            parts.push(reshape(builder, &format!("{name}.flat"), one, &[numbers]));
            all.resize(all.len() + numbers, weight);
            magnitudes.resize(all.len(), absolute.contains(column));
        }
    }
    if parts.is_empty() {
        return Err(wrong("weights", "0 for all".to_owned(), "one above 0"));
    }
    Ok(Target {
        value: concat(builder, "target", &parts),
        weights: all,
        absolute: magnitudes,
    })
}
