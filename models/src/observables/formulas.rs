//! The formulas, over constituents whose momentum fractions `z` add up to 1.

use super::ObservableError;
use super::charge::is_charged;
use super::constituents::{Constituent, axis, distance2, wrap};

/// `sum z_i dR(i, axis)`.
pub(super) fn girth(jet: &[Constituent]) -> f64 {
    let axis = axis(jet);
    jet.iter()
        .map(|c| c.z * distance2((c.y, c.phi), axis).sqrt())
        .sum()
}

/// `sqrt(sum z_i^2)`.
pub(super) fn momentum_fragmentation(jet: &[Constituent]) -> f64 {
    jet.iter().map(|c| c.z * c.z).sum::<f64>().sqrt()
}

/// `sum_(i<j) z_i z_j dR_ij^beta`.
pub(super) fn correlation(jet: &[Constituent], beta: f64) -> f64 {
    let mut sum = 0.0;
    for (i, a) in jet.iter().enumerate() {
        let mut with_harder = 0.0;
        for b in &jet[..i] {
            with_harder += b.z * distance2((a.y, a.phi), (b.y, b.phi)).powf(0.5 * beta);
        }
        sum += a.z * with_harder;
    }
    sum
}

/// Smaller over larger eigenvalue of the covariance matrix of `(y, phi)` with the weights `z_i^2`.
pub(super) fn roundness(jet: &[Constituent]) -> f64 {
    let Some(hardest) = jet.first() else {
        return 0.0;
    };
    let total: f64 = jet.iter().map(|c| c.z * c.z).sum();
    let mean = |value: &dyn Fn(&Constituent) -> f64| -> f64 {
        jet.iter().map(|c| c.z * c.z * value(c)).sum::<f64>() / total
    };
    // Coordinates relative to the hardest constituent: no branch cut runs through the jet.
    let y = |c: &Constituent| c.y - hardest.y;
    let phi = |c: &Constituent| wrap(c.phi - hardest.phi);
    let (y_mean, phi_mean) = (mean(&y), mean(&phi));
    let yy = mean(&|c| (y(c) - y_mean).powi(2));
    let pp = mean(&|c| (phi(c) - phi_mean).powi(2));
    let yp = mean(&|c| (y(c) - y_mean) * (phi(c) - phi_mean));
    let largest = 0.5 * (yy + pp) + (0.5 * (yy - pp)).hypot(yp);
    if largest == 0.0 {
        return 0.0;
    }
    // The determinant over the larger eigenvalue keeps the digits that a difference would lose.
    ((yy * pp - yp * yp) / largest / largest).clamp(0.0, 1.0)
}

/// `-sum z_i ln z_i`.
pub(super) fn momentum_entropy(jet: &[Constituent]) -> f64 {
    entropy(jet.iter().map(|c| c.z))
}

/// `-sum_k f_k ln f_k` over the distinct particle numbers.
pub(super) fn species_entropy(jet: &[Constituent]) -> f64 {
    let mut pids: Vec<f32> = jet.iter().map(|c| c.pid).collect();
    pids.sort_unstable_by(f32::total_cmp);
    let total = pids.len() as f64;
    entropy(
        pids.chunk_by(|a, b| a == b)
            .map(|species| species.len() as f64 / total),
    )
}

fn entropy(shares: impl Iterator<Item = f64>) -> f64 {
    -shares.map(|share| share * share.ln()).sum::<f64>()
}

/// `sum z_i` over the charged constituents.
pub(super) fn charged_fraction(jet: &[Constituent]) -> Result<f64, ObservableError> {
    let mut sum = 0.0;
    for c in jet {
        match is_charged(c.pid) {
            Some(true) => sum += c.z,
            Some(false) => {}
            None => return Err(ObservableError::Particle { pid: c.pid }),
        }
    }
    Ok(sum)
}
