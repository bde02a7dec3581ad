//! How much each single bit matters.
//!
//! A move's sensitivity is how far it alone takes the outputs from the float
//! model's, as ZeroQ measures it (arXiv:2001.00281, section 3.2), here of the
//! exact integers. Moves are ranked by what they save for it.

use super::SearchError;
use super::batch::Batch;
use super::loss::Loss;
use super::measure::{Measured, Subject};
use super::moves::Move;

/// Distances below this share of the present one count alike.
const NOISE: f64 = 1e-3;
/// What a stored bit is worth in EBOPs: it decides between moves that cost and
/// lose the same.
const BIT: f64 = 1.0 / 1024.0;

/// A move by itself.
#[derive(Debug, Clone)]
pub(super) struct Sensitivity {
    /// The move.
    pub change: Move,
    /// The loss after it.
    pub loss: Loss,
    /// What it saves for what it loses.
    value: f64,
}

/// Measures a move by itself; `None` if it saves nothing.
pub(super) fn sensitivity(
    subject: &Subject<'_>,
    now: &Measured,
    base: Option<&Batch>,
    change: Move,
) -> Result<Option<(Sensitivity, Measured)>, SearchError> {
    let Some(widths) = change.apply(&now.sites, &now.point.widths) else {
        return Ok(None);
    };
    let after = subject.measure(&widths, base)?;
    let less = |before: u64, after: u64| before as f64 - after as f64;
    let saving =
        less(now.point.ebops, after.point.ebops) + BIT * less(now.point.bits, after.point.bits);
    if saving <= 0.0 {
        return Ok(None);
    }
    let farther = (after.distance - now.distance).max(0.0);
    let noise = (NOISE * now.distance).max(f64::MIN_POSITIVE);
    let sensitivity = Sensitivity {
        change,
        loss: after.point.loss,
        value: saving / (farther + noise),
    };
    Ok(Some((sensitivity, after)))
}

/// Brings the moves that save the most for what they lose to the front.
pub(super) fn rank(found: &mut [Sensitivity]) {
    found.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.change.cmp(&b.change)));
}
