//! Noise that a network is given while it is trained: a pure function of seed, step and row, so
//! that it depends neither on how a batch is cut nor on when a training was interrupted.

use burn::tensor::{DType, Device, Tensor};

use super::data::matrix;
use crate::net::Net;
use crate::seed::{Purpose, Stream};

/// The step that validation and calibration are said to be.
pub(super) const STILL: u64 = u64::MAX;

/// Standard normal numbers for the noise input of a network, one row for each of `rows`; `None`
/// for a network without one.
pub(super) fn noise(
    net: &Net,
    seed: u64,
    step: u64,
    rows: impl ExactSizeIterator<Item = usize>,
    device: &Device,
    dtype: DType,
) -> Option<Tensor<2>> {
    let size = net.nodes[net.noise?.0].elements();
    let count = rows.len();
    let mut values = Vec::with_capacity(count * size + 1);
    for row in rows {
        let end = values.len() + size;
        let mut stream = Stream::new(seed, Purpose::Noise { step, row });
        while values.len() < end {
            values.extend(stream.normal_pair());
        }
        values.truncate(end);
    }
    Some(matrix(values, count, device, dtype))
}
