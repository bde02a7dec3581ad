//! Networks side by side: each has its own Gaussian likelihood, and they may repel each other.
//!
//! The repulsion is that of arXiv:2106.11642 in the space of functions, with the means that the
//! members give for an event as the space: with `k_ij = exp(-(m_i - m_j)^2 / 2 h^2)`,
//!
//! ```text
//! repulsion / N sum_i (sum_j k(m_i, [m_j])) / [sum_j k_ij]
//! ```
//!
//! where brackets are constants for the gradient and `N` is the number of training events. The
//! bandwidth `h^2` is the mean squared distance of two members over `2 ln(M + 1)`.

use burn::tensor::Tensor;

use super::Sample;

/// Least squared bandwidth: keeps members that agree from being torn apart.
const LEAST: f64 = 1e-8;

impl Sample {
    pub(super) fn members(&self, repulsion: f64, rows: usize) -> Tensor<2> {
        let means = self.group(0);
        let likelihood = self.gaussian(means.clone(), self.group(1)).mean_dim(1);
        if repulsion == 0.0 {
            return likelihood;
        }
        let kernel = repulsive(means);
        likelihood + kernel * (repulsion / rows.max(1) as f64)
    }
}

/// The mean over the members of `sum_j k(m_i, [m_j]) / [sum_j k_ij]`, which is 1 and whose slope is
/// the repulsion; `[batch, 1]`.
pub(super) fn repulsive(means: Tensor<2>) -> Tensor<2> {
    let [batch, members] = means.dims();
    let own: Tensor<3> = means.clone().reshape([batch, members, 1]);
    let others: Tensor<3> = means.detach().reshape([batch, 1, members]);
    let away = own - others;
    let square = away.clone() * away;
    let pairs = (members * (members - 1)).max(1) as f64;
    let total = square.clone().detach().sum_dim(1).sum_dim(2);
    let scale = 1.0 / (pairs * 2.0 * ((members + 1) as f64).ln());
    let bandwidth = (total * scale).clamp_min(LEAST);
    let kernel = (square / (bandwidth * -2.0)).exp();
    let all = kernel.clone().detach().sum_dim(2);
    let ratio = kernel.sum_dim(2) / all;
    ratio.reshape([batch, members]).mean_dim(1)
}
