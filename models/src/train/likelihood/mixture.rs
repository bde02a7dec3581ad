//! A mixture of Gaussians of the target, or of its logarithm with a logarithmic scale, and quantiles
//! by the pinball loss `max(p u, (p - 1) u)` of `u = t - q` (R. Koenker and G. Bassett, Econometrica
//! 46 (1978) 33).

use burn::tensor::{Tensor, activation};

use super::Sample;
use crate::net::head::QUANTILES;

impl Sample {
    pub(super) fn mixture(&self) -> Tensor<2> {
        let (means, logs) = (self.group(0), self.group(1));
        let shares = activation::log_softmax(self.group(2), 1);
        let pull = (self.target.clone() - means) * logs.clone().neg().exp();
        let each = shares - logs - pull.clone() * pull * 0.5;
        let most = each.clone().detach().max_dim(1);
        let total = (each - most.clone()).exp().sum_dim(1).log() + most;
        let mut loss = total.neg();
        let first = self.learned.groups * self.learned.size;
        for (index, (_, share)) in QUANTILES.iter().enumerate() {
            let quantile = self.numbers.clone().narrow(1, first + index, 1);
            let above = self.target.clone() - quantile;
            let low = above.clone() * (*share - 1.0);
            loss = loss + (above * *share).max_pair(low);
        }
        loss
    }
}
