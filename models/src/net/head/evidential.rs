//! The parameters of a normal-inverse-gamma distribution (arXiv:1910.02600).
//!
//! Learned are `gamma`, `ln v`, `ln(alpha - 1)` and `ln beta`, so that both uncertainties are
//! sums: `2 ln sigma_syst = ln beta - ln(alpha - 1)`, `2 ln sigma_stat = 2 ln sigma_syst - ln v`.

use super::Head;
use crate::net::ops::{scale, subtract};
use crate::net::{NetError, Value};

impl Head<'_> {
    pub(super) fn evidential(&mut self, x: Value) -> Result<(), NetError> {
        let gamma = self.number("gamma", x)?;
        let v = self.number("log_v", x)?;
        let alpha = self.number("log_alpha", x)?;
        let beta = self.number("log_beta", x)?;
        let builder = &mut *self.builder;
        let variance = subtract(builder, "syst.variance", beta, alpha);
        let syst = scale(builder, "syst", variance, -1);
        let variance = subtract(builder, "stat.variance", variance, v);
        let stat = scale(builder, "stat", variance, -1);
        self.output.mean(self.builder, gamma);
        self.output.sigma(self.builder, "sigma_syst", syst, gamma);
        self.output.sigma(self.builder, "sigma_stat", stat, gamma);
        self.output.judge(self.builder, &[gamma, v, alpha, beta]);
        Ok(())
    }
}
