//! Another input beside what flows.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::concat;
use crate::net::{Builder, NetError};

/// `type = "join"`: puts the numbers of another input behind those that flow. Both are vectors
/// (behind `pool` or `flatten`), or lists of equally many particles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinConfig {
    /// Name of the input.
    pub with: String,
}

impl Layer for JoinConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let other = flow.input(name, "with", &self.with)?.value;
        let (here, there) = (builder.shape(flow.value), builder.shape(other));
        let rows = |shape: &[usize]| shape.split_last().map(|(_, rows)| rows.to_vec());
        if rows(here) != rows(there) {
            return Err(NetError::Shape {
                layer: name.to_owned(),
                found: here.to_vec(),
                expected: format!(
                    "the shape {there:?} of '{}' but for the last axis; \
                     pool or flatten before joining",
                    self.with
                ),
            });
        }
        flow.value = concat(builder, name, &[flow.value, other]);
        Ok(())
    }
}
