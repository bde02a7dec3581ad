//! Learned sums of four-vectors: the combination layer of LoLa (arXiv:1707.08966).

use serde::{Deserialize, Serialize};

use super::dense::yes;
use super::pool::particles;
use super::{Flow, Layer};
use crate::net::ops::{Reduction, activation_of, concat, dense, masked, reduce, transpose};
use crate::net::{Builder, NetError};

/// `type = "combination"`: `[particles, F]` to `[vectors, F]`, each new vector a learned sum of the
/// given ones, `sum_i C[i, j] k_i`. A decay `t -> W b` is such a sum. For particles sorted by pT;
/// empty slots are 0. The numbers of the input must have no offset and one scale: see `unit` of
/// the column transform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CombinationConfig {
    /// Number of learned sums.
    pub vectors: usize,
    /// Whether the sum of all particles and the particles themselves stand before them.
    #[serde(default = "yes")]
    pub keep: bool,
}

impl Layer for CombinationConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        particles(name, builder, flow)?;
        if !(1..=1024).contains(&self.vectors) {
            return Err(NetError::Setting {
                layer: name.to_owned(),
                key: "vectors",
                found: self.vectors.to_string(),
                expected: "1 to 1024".to_owned(),
            });
        }
        if let Some(mask) = flow.mask.take() {
            flow.value = masked(builder, &format!("{name}.kept"), flow.value, mask);
        }
        // The sums run over the particles, and products over the last axis: [F, particles].
        let given = transpose(builder, &format!("{name}.given"), flow.value, &[1, 0]);
        let learned = dense(builder, name, given, self.vectors, false)?;
        let granularity = builder.activations.granularity;
        let learned = activation_of(builder, &format!("{name}.out"), learned, false, granularity);
        let all = if self.keep {
            let total = format!("{name}.total");
            let total = reduce(builder, &total, given, 1, Reduction::Sum, true);
            let rounded = format!("{name}.total.out");
            let total = activation_of(builder, &rounded, total, false, granularity);
            let all = [total, given, learned];
            concat(builder, &format!("{name}.all"), &all)
        } else {
            learned
        };
        flow.value = transpose(builder, &format!("{name}.vectors"), all, &[1, 0]);
        Ok(())
    }
}
