//! Variational autoencoders: a bottleneck with a prior.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::autoencoder::{decode, distance, reconstruction};
use super::target::target;
use super::{SCORE, check_bits, defaults, fixed, total, vector};
use crate::net::layers::{Flow, LayerConfig};
use crate::net::ops::{
    Function, activation, add, dense, divergence, function, multiply, sample, scale, shift,
    subtract, sum,
};
use crate::net::{Builder, NetError, Value};

/// What a variational autoencoder deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariationalScore {
    /// `sum_j mu_j^2`: no decoder and no variances (arXiv:2108.03986, section 4; AXOL1TL,
    /// arXiv:2411.19506).
    MuSquared,
    /// The divergence of the posterior from the prior: no decoder.
    Divergence,
    /// `sum_j w_j (r_j - x_j)^2` at `z = mu`.
    Reconstruction,
}

impl VariationalScore {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::MuSquared => "the squared length of the mean in the latent space",
            Self::Divergence => "the divergence of the posterior from the prior",
            Self::Reconstruction => {
                "the weighted squared difference of the input and its reconstruction from the \
                 mean in the latent space"
            }
        }
    }
}

/// `method = "variational"`: behind `model.layers`, the encoder, stand the means `mu` and the
/// logarithms `l` of the variances of a Gaussian in `latent` dimensions; `z = mu + exp(l / 2) e` is
/// drawn from it with standard normal `e` while training, and `decoder` and a dense layer give `r`.
/// Minimised is (arXiv:1312.6114, with beta as in arXiv:1804.03599)
///
/// ```text
/// 1/2 sum_j w_j (r_j - x_j)^2 + beta / 2 sum_k (mu_k^2 + exp(l_k) - 1 - l_k)
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariationalConfig {
    /// Dimensions of the latent space.
    pub latent: usize,
    /// The layers behind it.
    pub decoder: Vec<LayerConfig>,
    /// Weight of the divergence.
    #[serde(default = "defaults::beta")]
    pub beta: f64,
    /// What is deployed; what it does not need is not exported.
    pub score: VariationalScore,
    /// The weight `w` of each column: 0 or a power of two; 1 where it is not named.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    /// Columns whose differences count by their magnitude in a score by reconstruction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absolute: Vec<String>,
    /// Bits of each number that is squared in the score, signs not counted.
    #[serde(default = "defaults::score_bits")]
    pub score_bits: u32,
}

impl VariationalConfig {
    pub(super) fn build(&self, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        check_bits("score_bits", self.score_bits)?;
        vector("anomaly", builder, flow)?;
        let target = target(builder, flow, &self.weights, &self.absolute)?;
        let mean = dense(builder, "mu", flow.value, self.latent, true)?;
        builder.deployed = self.score == VariationalScore::Divergence;
        let log_variance = dense(builder, "log_variance", flow.value, self.latent, true)?;

        builder.deployed = self.score == VariationalScore::Reconstruction;
        let noise = builder.noise("noise", self.latent);
        let drawn = sample(builder, "z", mean, log_variance, noise);
        flow.value = activation(builder, "z.out", drawn, false);
        let given = decode(builder, flow, &self.decoder, &target)?;

        let score = match self.score {
            VariationalScore::MuSquared => {
                builder.deployed = true;
                let squares = self.squares(builder, mean)?;
                total(builder, "score.sum", squares)
            }
            VariationalScore::Divergence => self.divergence(builder, mean, log_variance)?,
            VariationalScore::Reconstruction => {
                reconstruction(builder, given, &target, self.score_bits)?
            }
        };
        builder.output(SCORE, score);

        builder.deployed = false;
        let distance = distance(builder, given, &target, 0.5);
        let prior = divergence(builder, "objective.divergence", mean, log_variance);
        let both = sum(builder, "objective", distance, prior, self.beta as f32);
        builder.objective(both);
        Ok(())
    }

    fn squares(&self, builder: &mut Builder, mean: Value) -> Result<Value, NetError> {
        let rounded = fixed(builder, "score.mu", mean, self.score_bits, false);
        multiply(builder, "score.squares", rounded, rounded)
    }

    /// `sum_k (mu_k^2 + exp(l_k) - 1 - l_k) / 2`, the exponential as a table.
    fn divergence(
        &self,
        builder: &mut Builder,
        mean: Value,
        log_variance: Value,
    ) -> Result<Value, NetError> {
        builder.deployed = true;
        let squares = self.squares(builder, mean)?;
        let bits = self.score_bits;
        let log = fixed(builder, "score.log_variance", log_variance, bits, false);
        let variance = function(builder, "score.exp", log, Function::Exp { top: 0.0 });
        let variance = fixed(builder, "score.variance", variance, bits, false);
        let rest = subtract(builder, "score.rest", variance, log);
        let rest = shift(builder, "score.one", rest, vec![-1.0]);
        let each = add(builder, "score.each", squares, rest);
        let twice = total(builder, "score.sum", each);
        Ok(scale(builder, "score.half", twice, -1))
    }
}
