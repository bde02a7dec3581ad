//! Jet substructure observables, computed from the constituents of one jet.
//!
//! An entry of `[data.derive]` with the key `observable` makes one number of each row's lists:
//!
//! ```toml
//! [data.derive]
//! c_02 = { observable = "c_beta", pt = "pt", y = "y", phi = "phi", beta = 0.2 }
//! ```
//!
//! | `observable` | formula | lists |
//! |---|---|---|
//! | `n_pf` | number of constituents | pt |
//! | `w_pf` | `sum z_i dR(i, jet)` | pt, y, phi |
//! | `ptd` | `sqrt(sum z_i^2)` | pt |
//! | `c_beta` | `sum_(i<j) z_i z_j dR_ij^beta` | pt, y, phi |
//! | `r_lambda` | `lambda_min / lambda_max` of the covariance matrix of `(y, phi)`, weights `z_i^2` | pt, y, phi |
//! | `s_frag` | `-sum z_i ln z_i` | pt |
//! | `s_pid` | `-sum_k f_k ln f_k`, `f_k` the share of species `k` in the number | pt, pid |
//! | `e_q` | `sum_charged z_i` | pt, pid |
//!
//! `z_i = pT_i / sum pT`, `dR^2 = dy^2 + dphi^2`, azimuth differences are wrapped, logarithms are
//! natural. Sources and choices are in `docs/observables.md` and at each variant of [`Observable`].
//!
//! Lists are zero padded: a slot is empty where its `pt` is 0, whatever the other lists hold there.
//! Constituents are brought into one order before anything is added up, and all sums are in double
//! precision, so a permutation of the slots changes no bit of the result.
//!
//! ```
//! use trigforge_models::observables::{Jet, Observable, compute};
//!
//! let ptd = Observable::Ptd { pt: "pt".into(), particles: None };
//! let jet = Jet { pt: &[3.0, 1.0, 0.0], ..Jet::default() };
//! assert_eq!(compute(&ptd, &jet)?, 10f32.sqrt() / 4.0);
//! # Ok::<(), trigforge_models::observables::ObservableError>(())
//! ```

mod charge;
mod constituents;
mod error;
mod formulas;
mod observable;
#[cfg(test)]
mod tests;

pub use constituents::Jet;
pub use error::ObservableError;
pub use observable::{JetColumns, Observable, compute};
