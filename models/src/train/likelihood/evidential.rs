//! The likelihood of a target under a normal-inverse-gamma distribution of mean and variance.
//!
//! With `counts = 0` it is that of arXiv:1910.02600: the marginal likelihood, a Student distribution of
//! `2 alpha` degrees of freedom around `gamma`, plus `penalty |r| (2 v + alpha)`. It depends on `v` and
//! `beta` through `beta (1 + v) / v` alone, so that `v` is left to the penalty and to where it began.
//!
//! With `counts = c > 0` the likelihood is the expected one (arXiv:2105.04471) and each of the `N`
//! training events is worth `c` observations: the divergence from a flat prior is divided by `c N`,
//!
//! ```text
//! (ln beta - psi(alpha) + alpha r^2 / beta + 1 / v) / 2
//!     + (ln v / 2 + alpha psi(alpha) - ln Gamma(alpha) - alpha) / (c N)
//! ```
//!
//! whose minimum is the conjugate posterior of `c N` observations: `v = c N`, `alpha = c N / 2`,
//! `beta / alpha` the variance.

use burn::tensor::Tensor;

use super::Sample;
use super::gamma::{digamma, ln_gamma};

impl Sample {
    pub(super) fn evidential(&self, penalty: f64, counts: f64, rows: usize) -> Tensor<2> {
        let gamma = self.group(0);
        let (log_v, log_beta) = (self.group(1), self.group(3));
        let alpha = self.group(2).exp() + 1.0;
        let residual = self.residual(gamma.clone());
        let unit = self.unit(gamma);
        let v = log_v.clone().exp();
        let square = residual.clone() * residual.clone();
        if counts > 0.0 {
            let share = 1.0 / (counts * rows.max(1) as f64);
            let psi = digamma(alpha.clone());
            let distance = alpha.clone() * square * log_beta.clone().neg().exp();
            let likelihood = (log_beta - psi.clone() + distance + v.recip()) * 0.5;
            let prior = log_v * 0.5 + alpha.clone() * psi - ln_gamma(alpha.clone()) - alpha;
            return likelihood + prior * share + unit;
        }
        let omega = log_beta.exp() * (v.clone() + 1.0) * 2.0;
        let half = alpha.clone() + 0.5;
        let student = log_v.neg() * 0.5 - alpha.clone() * omega.clone().log()
            + half.clone() * (square * v.clone() + omega).log()
            + ln_gamma(alpha.clone())
            - ln_gamma(half);
        student + residual.abs() * (v * 2.0 + alpha) * penalty + unit
    }
}
