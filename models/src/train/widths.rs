//! The widths that the quantised stage begins with.

use super::TrainError;
use super::data::Rows;
use super::evaluate::observe;
use crate::net::{Format, Kind, Net, Ranges};

/// Fractional bits at which an activation is as good as not rounded, while ranges are taken.
const FINE: f32 = 24.0;

/// The parameters with every quantiser at its first width: so many bits above the step as the
/// configuration says, for the range of the whole weight tensor, or of each group of an activation.
pub(super) fn first_widths(
    net: &Net,
    parameters: &[f32],
    calibration: &Rows,
) -> Result<Vec<f32>, TrainError> {
    let mut parameters = parameters.to_vec();
    for quantiser in &net.quantisers {
        parameters[net.parameters[quantiser.fractional.0].range()].fill(FINE);
    }
    let mut ranges = Ranges::unseen(net);
    observe(net, &parameters, calibration, &mut ranges)?;
    let floats = parameters.clone();
    for quantiser in &net.quantisers {
        let bits = quantiser.bits as i32;
        let fractional = |magnitude: f64| {
            // A group that is always zero gets the width of one around 1.
            let magnitude = if magnitude > 0.0 { magnitude } else { 1.0 };
            (bits - Format::integer_bits(magnitude, 30)) as f32
        };
        let target = &mut parameters[net.parameters[quantiser.fractional.0].range()];
        match (quantiser.kind, quantiser.weight) {
            (Kind::Activation, _) | (_, None) => {
                for (out, width) in target.iter_mut().zip(quantiser.widths()) {
                    let low = if quantiser.positive {
                        0.0
                    } else {
                        ranges.low[width]
                    };
                    *out = fractional(f64::from(ranges.high[width].max(-low)));
                }
            }
            (Kind::Weight | Kind::Bias, Some(weight)) => {
                let values = &floats[net.parameters[weight.0].range()];
                let most = values.iter().fold(0f32, |most, v| most.max(v.abs()));
                target.fill(fractional(f64::from(most)));
            }
        }
    }
    Ok(parameters)
}

/// The parameters before the first epoch.
pub(super) fn start(net: &Net, seed: u64) -> Vec<f32> {
    use crate::net::Start;
    use crate::seed::{Purpose, Stream};
    let mut out = Vec::with_capacity(net.parameter_count());
    for (index, parameter) in net.parameters.iter().enumerate() {
        match &parameter.start {
            Start::He { fan_in } => {
                let limit = (6.0 / *fan_in as f32).sqrt();
                let mut stream = Stream::new(seed, Purpose::Initialise(index));
                let value = || limit * (2.0 * stream.uniform() - 1.0);
                out.extend(std::iter::repeat_with(value).take(parameter.len()));
            }
            Start::Constant(value) => out.extend(std::iter::repeat_n(*value, parameter.len())),
            Start::Values(values) => out.extend_from_slice(values),
        }
    }
    net.follow(&mut out);
    out
}
