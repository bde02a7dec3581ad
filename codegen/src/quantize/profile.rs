//! The range of every value over calibration events.

use ndarray::Zip;
use trigforge::Format;

use super::post_training::CalibrationError;
use super::sites::Bits;
use crate::real::{Graph, Tensor, encode, evaluate_all};

/// Events on which ranges are profiled: per event, the values of each input.
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    /// `events[e][i]` holds input `i` of event `e`, in C order.
    pub events: Vec<Vec<Vec<f64>>>,
}

/// The smallest and largest value of each element of a node.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) lo: Tensor,
    pub(super) hi: Tensor,
}

/// Profiles every node of a graph.
///
/// # Errors
///
/// Calibration events that are missing or do not fit.
pub(super) fn profile(
    graph: &Graph,
    calibration: &Calibration,
) -> Result<Vec<Profile>, CalibrationError> {
    let mut profiles: Vec<Profile> = Vec::new();
    for (event, inputs) in calibration.events.iter().enumerate() {
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let values = evaluate_all(graph, &inputs)
            .map_err(|source| CalibrationError::Event { event, source })?;
        if profiles.is_empty() {
            profiles.extend(values.into_iter().map(|value| Profile {
                lo: value.clone(),
                hi: value,
            }));
            continue;
        }
        for (profile, value) in profiles.iter_mut().zip(&values) {
            Zip::from(&mut profile.lo)
                .and(value)
                .for_each(|lo, &v| *lo = lo.min(v));
            Zip::from(&mut profile.hi)
                .and(value)
                .for_each(|hi, &v| *hi = hi.max(v));
        }
    }
    if profiles.is_empty() {
        return Err(CalibrationError::Empty);
    }
    Ok(profiles)
}

/// The format of a width that holds a range, less the clipped bits, with the
/// most fractional bits.
pub(super) fn covering(lo: f64, hi: f64, bits: Bits) -> Option<Format> {
    let (width, clip) = (bits.width as i32, bits.clip as i32);
    let reach = |value: f64| encode(value).filter(|v| v.m != 0).map(|v| v.integer_bits());
    let signed = lo < 0.0;
    let integer = reach(lo).max(reach(hi)).unwrap_or(0);
    // -2^i itself fits.
    let integer = match encode(lo) {
        Some(v) if v.m == -1 && reach(hi).is_none_or(|hi| hi < integer) => integer - 1,
        _ => integer,
    } - clip;
    Format::new(signed, integer, width - i32::from(signed) - integer)
}

/// The smallest of some values.
pub(super) fn smallest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.copied().fold(f64::INFINITY, f64::min)
}

/// The largest of some values.
pub(super) fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.copied().fold(f64::NEG_INFINITY, f64::max)
}
