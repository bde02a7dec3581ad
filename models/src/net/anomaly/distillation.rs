//! The score of a larger network, learned by a small one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{SCORE, vector};
use crate::net::layers::Flow;
use crate::net::ops::dense;
use crate::net::{Builder, NetError};

/// How the teacher's score becomes what the student learns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeacherScale {
    /// As it is.
    Linear,
    /// Its natural logarithm, of at least 10^-6: squared differences span decades.
    #[default]
    Log,
}

impl TeacherScale {
    /// What the student learns for a score of the teacher.
    pub fn apply(self, score: f64) -> f64 {
        match self {
            Self::Linear => score,
            Self::Log => libm::log(score.max(1e-6)),
        }
    }
}

/// `method = "distillation"`: `model.layers` and a dense layer give one number, which learns the
/// score of a trained teacher on the background (as in CICADA, arXiv:2510.15672, section 3) with
/// the loss of `train.loss`, `mean_squared` or `huber`. Deployed is that number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistillationConfig {
    /// The teacher: an ONNX file of the same inputs, executed in double precision, whose first
    /// output is one number; relative to the working directory.
    pub teacher: PathBuf,
    /// How its score becomes what is learned.
    #[serde(default)]
    pub scale: TeacherScale,
}

impl DistillationConfig {
    pub(super) fn build(&self, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        vector("anomaly", builder, flow)?;
        let score = dense(builder, "output", flow.value, 1, true)?;
        builder.output(SCORE, score);
        Ok(())
    }
}
