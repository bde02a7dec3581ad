//! Pooling over particles: one vector for an event, whatever the order of its particles.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::{Reduction, activation, masked, reduce, scale};
use crate::net::{Builder, NetError};

/// What becomes of the particles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Their sum (deep sets, arXiv:1703.06114; particle-flow networks, arXiv:1810.05165).
    Sum,
    /// Their sum times the power of two that is nearest to one over the number of slots, so that
    /// it stays of the size of one particle. Not divided by the number of particles.
    Mean,
    /// The greatest; of values that are never negative, so that an empty slot is 0.
    Max,
}

/// `type = "pool"`: `[particles, features]` to `[features]`. Empty slots do not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// What becomes of the particles.
    pub kind: Pooling,
}

impl Layer for PoolConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let [slots, _] = particles(name, builder, flow)?;
        let mut value = flow.value;
        if let Some(mask) = flow.mask.take() {
            if self.kind == Pooling::Max && !builder.is_positive(value) {
                return Err(NetError::Setting {
                    layer: name.to_owned(),
                    key: "kind",
                    found: "max".to_owned(),
                    expected: "sum or mean, or a layer with relu = true in front: \
                               an empty slot counts as 0"
                        .to_owned(),
                });
            }
            value = masked(builder, &format!("{name}.kept"), value, mask);
        }
        let reduction = match self.kind {
            Pooling::Sum | Pooling::Mean => Reduction::Sum,
            Pooling::Max => Reduction::Max,
        };
        let mut pooled = reduce(builder, name, value, 0, reduction, false);
        if self.kind == Pooling::Mean {
            pooled = scale(builder, &format!("{name}.mean"), pooled, one_over(slots));
        }
        flow.value = activation(builder, &format!("{name}.out"), pooled, false);
        Ok(())
    }
}

/// The power of two nearest to one over a number.
pub(super) fn one_over(count: usize) -> i32 {
    -((count.max(1) as f64).log2().round() as i32)
}

/// Slots and features of the value that flows.
///
/// # Errors
///
/// A value that is no list of particles.
pub(super) fn particles(
    name: &str,
    builder: &Builder,
    flow: &Flow,
) -> Result<[usize; 2], NetError> {
    match builder.shape(flow.value) {
        &[slots, features] => Ok([slots, features]),
        other => Err(NetError::Shape {
            layer: name.to_owned(),
            found: other.to_vec(),
            expected: "[particles, features]".to_owned(),
        }),
    }
}
