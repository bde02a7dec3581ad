//! From the zero-padded lists of one jet to its constituents in a fixed order.

use std::f64::consts::{PI, TAU};

use super::ObservableError;

/// The lists of one jet, one element for each slot; lists that an observable does not read may be
/// empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jet<'a> {
    /// Transverse momenta in any one unit; 0 in an empty slot.
    pub pt: &'a [f32],
    /// Rapidities.
    pub y: &'a [f32],
    /// Azimuths in radians, on any branch.
    pub phi: &'a [f32],
    /// PDG particle numbers.
    pub pid: &'a [f32],
}

/// One constituent; what its list does not give is 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constituent {
    /// Share of the transverse momentum of all constituents that count.
    pub(super) z: f64,
    pub(super) y: f64,
    pub(super) phi: f64,
    pub(super) pid: f32,
}

/// The constituents of `jet`, hardest first, at most `limit` of them.
///
/// The order depends on the values alone: equal momenta are ordered by `y`, `phi` and `pid`. Lists
/// are as long as that of the momenta, or empty.
pub(super) fn constituents(
    jet: &Jet<'_>,
    limit: Option<usize>,
) -> Result<Vec<Constituent>, ObservableError> {
    let mut found = Vec::with_capacity(jet.pt.len());
    for (slot, &pt) in jet.pt.iter().enumerate() {
        if pt == 0.0 {
            continue;
        }
        if !(pt > 0.0 && pt.is_finite()) {
            return Err(ObservableError::Momentum { slot, value: pt });
        }
        found.push(Constituent {
            z: f64::from(pt),
            y: f64::from(element("y", jet.y, slot)?),
            phi: f64::from(element("phi", jet.phi, slot)?),
            pid: element("pid", jet.pid, slot)?,
        });
    }
    found.sort_unstable_by(|a, b| {
        b.z.total_cmp(&a.z)
            .then(a.y.total_cmp(&b.y))
            .then(a.phi.total_cmp(&b.phi))
            .then(a.pid.total_cmp(&b.pid))
    });
    found.truncate(limit.unwrap_or(usize::MAX));
    let total: f64 = found.iter().map(|c| c.z).sum();
    for constituent in &mut found {
        constituent.z /= total;
    }
    Ok(found)
}

fn element(list: &'static str, values: &[f32], slot: usize) -> Result<f32, ObservableError> {
    let value = values.get(slot).copied().unwrap_or(0.0);
    if value.is_finite() {
        return Ok(value);
    }
    Err(ObservableError::NotFinite { slot, list, value })
}

/// Azimuth difference on the branch from `-pi` to `pi`.
pub(super) fn wrap(phi: f64) -> f64 {
    // The remainder is exact, so no accuracy is lost far away from the branch.
    let turned = phi % TAU;
    if turned > PI {
        turned - TAU
    } else if turned < -PI {
        turned + TAU
    } else {
        turned
    }
}

/// Squared distance in rapidity and azimuth.
pub(super) fn distance2(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dy, dphi) = (a.0 - b.0, wrap(a.1 - b.1));
    dy * dy + dphi * dphi
}

/// Rapidity and azimuth of the sum of the constituents' four-vectors, taken as massless.
///
/// Massless, `E + pz = pT e^y` and `E - pz = pT e^-y`, so the axis moves with a boost along the
/// beam. No constituents give the origin.
pub(super) fn axis(jet: &[Constituent]) -> (f64, f64) {
    let Some(hardest) = jet.first() else {
        return (0.0, 0.0);
    };
    let (mut plus, mut minus, mut px, mut py) = (0.0, 0.0, 0.0, 0.0);
    for c in jet {
        // Relative to the hardest, so that neither the rapidity nor the branch of the azimuth costs
        // accuracy.
        let (y, phi) = (c.y - hardest.y, wrap(c.phi - hardest.phi));
        plus += c.z * y.exp();
        minus += c.z * (-y).exp();
        px += c.z * phi.cos();
        py += c.z * phi.sin();
    }
    (
        hardest.y + 0.5 * (plus / minus).ln(),
        hardest.phi + py.atan2(px),
    )
}
