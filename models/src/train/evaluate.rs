//! The network on whole parts of the data: ranges, results, loss.

use burn::tensor::{DType, Device, Tensor};

use super::TrainError;
use super::data::Rows;
use super::loss::{Objective, total_loss};
use super::noise::{STILL, noise};
use super::penalty::number;
use crate::net::{Mode, Net, Prepared, Ranges, Run};

/// Events that are computed at a time.
const BLOCK: usize = 2048;

/// A network with its numbers, as it is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Fixed<'a> {
    pub(super) net: &'a Net,
    pub(super) parameters: &'a [f32],
    pub(super) ranges: &'a Ranges,
    pub(super) mode: Mode,
}

impl Fixed<'_> {
    /// All results for every event, row after row. In [`DType::F64`] a quantised network is
    /// exact: every number is an integer times a power of two, far below 2^53 steps.
    pub(super) fn outputs(&self, rows: &Rows, dtype: DType) -> Result<Vec<f64>, TrainError> {
        let count = self.net.outputs.len();
        self.numbers(rows, dtype, |mut results| {
            results.truncate(count);
            Some(Tensor::cat(results, 1)).filter(|_| count > 0)
        })
    }

    /// Some of the results for every event, row after row.
    fn numbers(
        &self,
        rows: &Rows,
        dtype: DType,
        which: impl Fn(Vec<Tensor<2>>) -> Option<Tensor<2>>,
    ) -> Result<Vec<f64>, TrainError> {
        let device = Device::flex();
        let prepared = Prepared::new(self.net, self.mode, self.parameters, self.ranges);
        let run = Run::new(&prepared, &device, dtype);
        let mut out = Vec::new();
        for first in (0..rows.rows).step_by(BLOCK) {
            let count = BLOCK.min(rows.rows - first);
            let inputs = rows.inputs(first, count, &device, dtype);
            if let Some(output) = which(self.net.forward(&run, &inputs)) {
                let block: Vec<f64> =
                    output
                        .try_to_vec_as()
                        .map_err(|error| TrainError::Backend {
                            reason: error.to_string(),
                        })?;
                out.extend(block);
            }
        }
        Ok(out)
    }

    /// Mean loss and, for classes, accuracy.
    pub(super) fn judge(
        &self,
        objective: Objective<'_>,
        rows: &Rows,
    ) -> Result<(f64, Option<f64>), TrainError> {
        if self.net.objective.is_some() {
            return Ok((self.objective(rows)?, None));
        }
        let mut values = if self.net.penalties.is_empty() {
            vec![self.numbers(rows, DType::F32, |results| self.net.judged(results))?]
        } else {
            self.learning(rows)?
        };
        let penalties = values.split_off(1);
        let outputs = values.pop().unwrap_or_default();
        let (total, weight) = match self.net.penalties_alone {
            true => (0.0, 1.0),
            false => total_loss(
                objective,
                &outputs,
                &rows.labels,
                &rows.targets,
                &rows.weights,
            )?,
        };
        let classes = outputs.len() / rows.rows.max(1);
        let accuracy = (!rows.labels.is_empty())
            .then(|| crate::metrics::accuracy(&outputs, classes, &rows.labels));
        let beside = objective
            .decorrelation
            .map(|d| d.whole(&outputs, rows.truth()));
        let terms = self.net.penalties.iter().zip(&penalties);
        let terms = terms.map(|(this, values)| number(this, values, &rows.weights));
        let terms: f64 = terms.sum();
        Ok((total / weight + beside.unwrap_or(0.0) + terms, accuracy))
    }

    /// For every event what the loss looks at, and the value of each penalty.
    fn learning(&self, rows: &Rows) -> Result<Vec<Vec<f64>>, TrainError> {
        let (device, dtype) = (Device::flex(), DType::F32);
        let prepared = Prepared::new(self.net, self.mode, self.parameters, self.ranges);
        let run = Run::new(&prepared, &device, dtype);
        let mut all = vec![Vec::new(); 1 + self.net.penalties.len()];
        for first in (0..rows.rows).step_by(BLOCK) {
            let count = BLOCK.min(rows.rows - first);
            let inputs = rows.inputs(first, count, &device, dtype);
            for (all, values) in all.iter_mut().zip(self.net.learning(&run, &inputs)) {
                let block: Vec<f64> =
                    values
                        .try_to_vec_as()
                        .map_err(|error| TrainError::Backend {
                            reason: error.to_string(),
                        })?;
                all.extend(block);
            }
        }
        Ok(all)
    }
}

impl Fixed<'_> {
    /// The mean of what the network itself says that the training minimises.
    fn objective(&self, rows: &Rows) -> Result<f64, TrainError> {
        let (device, dtype) = (Device::flex(), DType::F32);
        let prepared = Prepared::new(self.net, self.mode, self.parameters, self.ranges);
        let run = Run::new(&prepared, &device, dtype);
        let (mut sum, mut weight) = (0.0, 0.0);
        for first in (0..rows.rows).step_by(BLOCK) {
            let count = BLOCK.min(rows.rows - first);
            let inputs = with_noise(self.net, rows, first, count, &device);
            let Some(each) = self.net.objective(&run, &inputs) else {
                break;
            };
            let each: Vec<f32> = each.try_to_vec_as().map_err(|error| TrainError::Backend {
                reason: error.to_string(),
            })?;
            for (value, own) in each.iter().zip(&rows.weights[first..]) {
                sum += f64::from(*value) * f64::from(*own);
                weight += f64::from(*own);
            }
        }
        Ok(sum / weight)
    }
}

/// The inputs of `count` events from `first` on, with the noise that is theirs whenever they are
/// looked at.
fn with_noise(
    net: &Net,
    rows: &Rows,
    first: usize,
    count: usize,
    device: &Device,
) -> Vec<Tensor<2>> {
    let mut inputs = rows.inputs(first, count, device, DType::F32);
    let own = first..first + count;
    inputs.extend(noise(net, 0, STILL, own, device, DType::F32));
    inputs
}

/// Adds the ranges of all activations on `rows` to `ranges`, every layer before them rounded but
/// none saturating.
pub(super) fn observe(
    net: &Net,
    parameters: &[f32],
    rows: &Rows,
    ranges: &mut Ranges,
) -> Result<(), TrainError> {
    let device = Device::flex();
    let prepared = Prepared::observing(net, parameters);
    for first in (0..rows.rows).step_by(BLOCK) {
        let count = BLOCK.min(rows.rows - first);
        let run = Run::new(&prepared, &device, DType::F32);
        let inputs = with_noise(net, rows, first, count, &device);
        match net.objective {
            Some(_) => drop(net.objective(&run, &inputs)),
            None if net.penalties.is_empty() => drop(net.forward(&run, &inputs)),
            None => drop(net.learning(&run, &inputs)),
        }
        if let Some(seen) = run.observed() {
            ranges.include(&seen.map_err(|reason| TrainError::Backend { reason })?);
        }
    }
    Ok(())
}
