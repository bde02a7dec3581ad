//! Several networks side by side: an ensemble, or frozen samples of Bayesian weights.
//!
//! Learned are the means of all members and then the logarithms of their sigmas. With `M` members:
//!
//! ```text
//! m = sum m_i / M    sigma_syst^2 = sum exp(2 l_i) / M    sigma_stat^2 = sum (m_i - m)^2 / (M - 1)
//! ```

use super::{Head, Output};
use crate::net::layers::{Flow, LayerConfig};
use crate::net::ops::{
    Distribution, Draws, Function, Reduction, activation, add, concat, distribution, drawn,
    function, reduce, scale, shift, subtract,
};
use crate::net::{NetError, Value};

/// Bits of numbers between tables: of deviations, and of squares relative to the greatest.
const BITS: u32 = 12;

/// Least deviation whose logarithm is taken.
const LEAST: f32 = 1.0 / (1u32 << 20) as f32;

/// Squares further below the greatest than `exp(-2 * 7.75)` count as this far.
const TOP: f32 = 7.75;

impl Head<'_> {
    pub(super) fn ensemble(
        &mut self,
        flow: &Flow,
        members: usize,
        layers: &[LayerConfig],
    ) -> Result<(), NetError> {
        let mut outputs = Vec::with_capacity(members);
        for member in 0..members {
            let mut own = flow.clone();
            for (index, layer) in layers.iter().enumerate() {
                let name = format!("member{member}.{}{}", layer.kind(), index + 1);
                layer.layer().build(&name, self.builder, &mut own)?;
            }
            let mean = self.number(&format!("member{member}.mean"), own.value)?;
            let sigma = self.number(&format!("member{member}.log_sigma"), own.value)?;
            outputs.push((mean, sigma));
        }
        self.combine(&outputs)
    }

    pub(super) fn bayesian(
        &mut self,
        x: Value,
        units: &[usize],
        draws: &Draws,
    ) -> Result<(), NetError> {
        let mut inputs = self.builder.shape(x).last().copied().unwrap_or(1);
        let mut layers: Vec<Distribution> = Vec::with_capacity(units.len());
        for (index, units) in units.iter().enumerate() {
            let name = format!("bayesian{}", index + 1);
            layers.push(distribution(self.builder, &name, inputs, *units, draws));
            inputs = *units;
        }
        let last = ["mean_raw", "log_sigma"]
            .map(|name| distribution(self.builder, name, inputs, 1, draws));
        let mut outputs = Vec::with_capacity(draws.members);
        for member in 0..draws.members {
            let mut own = x;
            for (index, layer) in layers.iter().enumerate() {
                let name = format!("member{member}.bayesian{}", index + 1);
                let sum = drawn(self.builder, &name, own, layer, member)?;
                own = activation(self.builder, &format!("{name}.out"), sum, true);
            }
            let mut number = |what: &str, of: &Distribution| {
                let name = format!("member{member}.{what}");
                let sum = drawn(self.builder, &name, own, of, member)?;
                Ok(self
                    .output
                    .learned(self.builder, &format!("{name}.out"), sum))
            };
            let mean = number("mean", &last[0])?;
            let sigma = number("log_sigma", &last[1])?;
            outputs.push((mean, sigma));
        }
        self.combine(&outputs)
    }

    /// Mean and uncertainties of the members.
    fn combine(&mut self, members: &[(Value, Value)]) -> Result<(), NetError> {
        let (means, sigmas): (Vec<Value>, Vec<Value>) = members.iter().copied().unzip();
        let exponent = -(members.len().ilog2() as i32);
        let builder = &mut *self.builder;
        let all_means = concat(builder, "members.means", &means);
        let all_sigmas = concat(builder, "members.log_sigmas", &sigmas);
        let total = reduce(builder, "members.total", all_means, 0, Reduction::Sum, true);
        let mean = scale(builder, "members.mean", total, exponent);

        let away = subtract(builder, "members.away", all_means, mean);
        let away = Output::index(builder, "members.deviation", away, BITS, false);
        let magnitude = Function::LogMagnitude { least: LEAST };
        let away = function(builder, "members.log_deviation", away, magnitude);
        let away = self
            .output
            .learned(builder, "members.log_deviation.out", away);
        let fewer = (members.len() - 1) as f64;
        let stat = self.half_log_of_squares("stat", away, fewer);
        let syst = self.half_log_of_squares("syst", all_sigmas, members.len() as f64);

        self.output.mean(self.builder, mean);
        self.output.sigma(self.builder, "sigma_syst", syst, mean);
        self.output.sigma(self.builder, "sigma_stat", stat, mean);
        self.output.judge(self.builder, &[all_means, all_sigmas]);
        Ok(())
    }

    /// `ln(sum exp(2 x_i) / count) / 2` of a vector of rounded logarithms, rounded. The squares are
    /// taken relative to the greatest, so that they need few bits whatever their size.
    fn half_log_of_squares(&mut self, name: &str, logs: Value, count: f64) -> Value {
        let builder = &mut *self.builder;
        let sub = |what: &str| format!("{name}.{what}");
        let most = reduce(builder, &sub("most"), logs, 0, Reduction::Max, true);
        let below = subtract(builder, &sub("below"), logs, most);
        let lifted = shift(builder, &sub("lifted"), below, vec![TOP]);
        let lifted = Output::index(builder, &sub("lifted.out"), lifted, BITS, true);
        let double = scale(builder, &sub("double"), lifted, 1);
        let exp = Function::Exp { top: 2.0 * TOP };
        let squares = function(builder, &sub("squares"), double, exp);
        let squares = Output::rounded(builder, &sub("squares.out"), squares, BITS, true);
        let sum = reduce(builder, &sub("sum"), squares, 0, Reduction::Sum, true);
        let sum = Output::index(builder, &sub("sum.out"), sum, BITS, true);
        let half = function(builder, &sub("half"), sum, Function::HalfLog { least: 1.0 });
        let half = shift(
            builder,
            &sub("mean"),
            half,
            vec![(-0.5 * count.ln()) as f32],
        );
        let half = self.output.learned(builder, &sub("half.out"), half);
        let total = add(builder, &sub("log"), half, most);
        self.output.learned(builder, &sub("log.out"), total)
    }
}
