//! An observable as a configuration names it.

use serde::{Deserialize, Serialize};

use super::constituents::{Jet, constituents};
use super::{ObservableError, formulas};

/// One observable, the columns that hold the jet's lists, and its parameters.
///
/// `pt`, `y`, `phi` and `pid` are names of columns of fixed-size lists. `particles` keeps that many
/// of the hardest constituents; the momentum fractions are then those among the ones kept. With no
/// constituent every observable is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "observable", rename_all = "snake_case", deny_unknown_fields)]
pub enum Observable {
    /// Number of constituents.
    NPf {
        /// Transverse momenta.
        pt: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Girth, the mean distance from the jet axis: `sum pT_i dR(i, jet) / sum pT_i`.
    ///
    /// Gallicchio and Schwartz, arXiv:1106.3076. The axis is the direction of the summed
    /// four-vectors of massless constituents. One constituent gives 0.
    WPf {
        /// Transverse momenta.
        pt: String,
        /// Rapidities.
        y: String,
        /// Azimuths in radians.
        phi: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Fragmentation of the momentum: `sqrt(sum pT_i^2) / sum pT_i`, 1 for one constituent.
    ///
    /// CMS-PAS-JME-13-002.
    Ptd {
        /// Transverse momenta.
        pt: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Two-point energy correlation: `sum_(i<j) pT_i pT_j dR_ij^beta / (sum pT_i)^2`.
    ///
    /// Larkoski, Salam, Thaler, arXiv:1305.0007 (their `C_1^(beta)`). Quark-gluon taggers use a
    /// small `beta`, by default 0.2. One constituent gives 0.
    CBeta {
        /// Transverse momenta.
        pt: String,
        /// Rapidities.
        y: String,
        /// Azimuths in radians.
        phi: String,
        /// Power of the distance, above 0.
        #[serde(default = "quark_gluon_beta")]
        beta: f64,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Roundness: the smaller over the larger eigenvalue of the covariance matrix of `(y, phi)` over
    /// the constituents with the weights `pT_i^2`; from 0 (a line) to 1 (round).
    ///
    /// The matrix is that of CMS-PAS-JME-13-002, so this is the square of their minor over their
    /// major axis. Fewer than two different directions give 0.
    RLambda {
        /// Transverse momenta.
        pt: String,
        /// Rapidities.
        y: String,
        /// Azimuths in radians.
        phi: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Entropy of the momentum fractions `z_i = pT_i / sum pT`: `-sum z_i ln z_i`, 0 for one
    /// constituent and at most the logarithm of their number; it is not divided by that.
    ///
    /// The negative of the `zlogz` of the hls4ml LHC jet set, on all constituents.
    SFrag {
        /// Transverse momenta.
        pt: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Entropy of the species: `-sum_k f_k ln f_k`, where `f_k` is the share of the constituents
    /// whose PDG number is `k`.
    ///
    /// Particle and antiparticle are different species. One species gives 0.
    SPid {
        /// Transverse momenta.
        pt: String,
        /// PDG particle numbers.
        pid: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
    /// Charged momentum fraction: the share of the transverse momentum that charged constituents
    /// carry, from 0 to 1.
    EQ {
        /// Transverse momenta.
        pt: String,
        /// PDG particle numbers.
        pid: String,
        /// Most constituents that count.
        particles: Option<usize>,
    },
}

fn quark_gluon_beta() -> f64 {
    0.2
}

/// The column of each list of a jet, as far as an observable reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JetColumns<'a> {
    /// Transverse momenta.
    pub pt: &'a str,
    /// Rapidities.
    pub y: Option<&'a str>,
    /// Azimuths.
    pub phi: Option<&'a str>,
    /// PDG particle numbers.
    pub pid: Option<&'a str>,
}

impl<'a> JetColumns<'a> {
    /// The columns that are read, in the order of the fields.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        [Some(self.pt), self.y, self.phi, self.pid]
            .into_iter()
            .flatten()
    }
}

impl Observable {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NPf { .. } => "n_pf",
            Self::WPf { .. } => "w_pf",
            Self::Ptd { .. } => "ptd",
            Self::CBeta { .. } => "c_beta",
            Self::RLambda { .. } => "r_lambda",
            Self::SFrag { .. } => "s_frag",
            Self::SPid { .. } => "s_pid",
            Self::EQ { .. } => "e_q",
        }
    }

    /// Which columns the lists of [`Jet`] are read from.
    pub fn columns(&self) -> JetColumns<'_> {
        let (pt, y, phi, pid) = match self {
            Self::NPf { pt, .. } | Self::Ptd { pt, .. } | Self::SFrag { pt, .. } => {
                (pt, None, None, None)
            }
            Self::WPf { pt, y, phi, .. }
            | Self::CBeta { pt, y, phi, .. }
            | Self::RLambda { pt, y, phi, .. } => (pt, Some(y.as_str()), Some(phi.as_str()), None),
            Self::SPid { pt, pid, .. } | Self::EQ { pt, pid, .. } => {
                (pt, None, None, Some(pid.as_str()))
            }
        };
        JetColumns { pt, y, phi, pid }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    ///
    /// A `beta` that is not above 0 and at most 10, or a limit of no particles.
    pub fn check(&self) -> Result<(), ObservableError> {
        if let Self::CBeta { beta, .. } = self
            && !(*beta > 0.0 && *beta <= 10.0)
        {
            return Err(ObservableError::Parameter {
                key: "beta",
                found: beta.to_string(),
                expected: "a number above 0 and at most 10",
            });
        }
        if self.particles() == Some(0) {
            return Err(ObservableError::Parameter {
                key: "particles",
                found: "0".to_owned(),
                expected: "at least 1, or no such key for all constituents",
            });
        }
        Ok(())
    }

    fn particles(&self) -> Option<usize> {
        match self {
            Self::NPf { particles, .. }
            | Self::WPf { particles, .. }
            | Self::Ptd { particles, .. }
            | Self::CBeta { particles, .. }
            | Self::RLambda { particles, .. }
            | Self::SFrag { particles, .. }
            | Self::SPid { particles, .. }
            | Self::EQ { particles, .. } => *particles,
        }
    }
}

/// The value of `observable` for one jet, rounded once from double precision.
///
/// # Errors
///
/// A parameter out of range ([`Observable::check`]); lists of different lengths, or a list that the
/// observable reads and that is missing; a negative momentum, a number that is not finite in a
/// filled slot, or a particle number without a known charge.
pub fn compute(observable: &Observable, jet: &Jet<'_>) -> Result<f32, ObservableError> {
    observable.check()?;
    let columns = observable.columns();
    let read = Jet {
        pt: jet.pt,
        y: read("y", columns.y, jet.y, jet.pt)?,
        phi: read("phi", columns.phi, jet.phi, jet.pt)?,
        pid: read("pid", columns.pid, jet.pid, jet.pt)?,
    };
    let jet = constituents(&read, observable.particles())?;
    let value = match observable {
        Observable::NPf { .. } => jet.len() as f64,
        Observable::WPf { .. } => formulas::girth(&jet),
        Observable::Ptd { .. } => formulas::momentum_fragmentation(&jet),
        Observable::CBeta { beta, .. } => formulas::correlation(&jet, *beta),
        Observable::RLambda { .. } => formulas::roundness(&jet),
        Observable::SFrag { .. } => formulas::momentum_entropy(&jet),
        Observable::SPid { .. } => formulas::species_entropy(&jet),
        Observable::EQ { .. } => formulas::charged_fraction(&jet)?,
    };
    // An empty sum is -0 in Rust; adding 0 makes it +0 and changes nothing else.
    Ok((value + 0.0) as f32)
}

/// The list if the observable reads it, checked for its length; otherwise no list.
fn read<'a>(
    list: &'static str,
    column: Option<&str>,
    values: &'a [f32],
    pt: &[f32],
) -> Result<&'a [f32], ObservableError> {
    match column {
        None => Ok(&[]),
        Some(_) if values.len() == pt.len() => Ok(values),
        Some(_) => Err(ObservableError::Length {
            list,
            found: values.len(),
            expected: pt.len(),
        }),
    }
}
