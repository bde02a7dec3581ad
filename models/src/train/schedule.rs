//! How learning rate and cost weight move through a stage.

use crate::config::CostConfig;

/// Learning rate of step `step` out of `total`: as many halves of a cosine as there are cycles, each
/// from `rate` to its final share.
pub(super) fn learning_rate(
    rate: f64,
    final_share: f64,
    cycles: usize,
    step: usize,
    total: usize,
) -> f64 {
    let length = total.div_ceil(cycles.max(1)).max(1);
    // What comes after the last cycle stays at its end.
    let within = if step < total { step % length } else { length };
    let part = within as f64 / length as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
    rate * (final_share + (1.0 - final_share) * cosine)
}

/// Share of the stage after which a target of bit operations should be held.
const ARRIVAL: f64 = 0.7;

/// Weight of a bit operation in epoch `epoch` of `epochs`.
///
/// With a target, `before` is the weight of the last epoch and `ebops` its cost: the wanted cost
/// falls geometrically to the target until [`ARRIVAL`], and the weight grows while the cost is
/// above the wanted one and falls while it is below.
pub(super) fn beta(
    config: &CostConfig,
    epoch: usize,
    epochs: usize,
    before: Option<f64>,
    ebops: Option<(f64, f64)>,
) -> f64 {
    let part = epoch as f64 / (epochs.saturating_sub(1)).max(1) as f64;
    match (config.target, before, ebops) {
        (Some(target), Some(before), Some((first, now))) => {
            let target = target.max(1) as f64;
            let way = (part / ARRIVAL).min(1.0);
            let wanted = first.max(target) * (target / first.max(target)).powf(way);
            let excess = (now.max(1.0) / wanted).ln();
            before * excess.clamp(-0.3, 0.3).exp()
        }
        (Some(_), ..) => config.beta,
        (None, ..) => {
            let last = config.beta_final.unwrap_or(config.beta);
            if config.beta == 0.0 {
                return 0.0;
            }
            config.beta * (last / config.beta).powf(part)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_starts_halves_and_ends() {
        assert_eq!(learning_rate(0.1, 0.0, 1, 0, 10), 0.1);
        assert!((learning_rate(0.1, 0.2, 1, 5, 10) - 0.06).abs() < 1e-12);
        assert!((learning_rate(0.1, 0.2, 1, 10, 10) - 0.02).abs() < 1e-12);
        let cycle = |step| learning_rate(0.1, 0.2, 2, step, 20);
        assert_eq!((cycle(0), cycle(10)), (0.1, 0.1));
        assert!((cycle(5) - 0.06).abs() < 1e-12 && (cycle(15) - 0.06).abs() < 1e-12);
        assert!((cycle(20) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn beta_ramps_geometrically() {
        let config = CostConfig {
            beta: 1e-6,
            beta_final: Some(1e-4),
            ..CostConfig::default()
        };
        let at = |epoch| beta(&config, epoch, 11, None, None);
        assert!((at(0) - 1e-6).abs() < 1e-18);
        assert!((at(5) - 1e-5).abs() < 1e-12);
        assert!((at(10) - 1e-4).abs() < 1e-12);
    }

    #[test]
    fn the_controller_pushes_towards_the_target() {
        let config = CostConfig {
            beta: 1e-6,
            target: Some(1000),
            ..CostConfig::default()
        };
        let at = |epoch, now| beta(&config, epoch, 101, Some(1e-6), Some((10_000.0, now)));
        assert!(at(80, 2000.0) > 1e-6);
        assert!(at(80, 500.0) < 1e-6);
        // Early on, the wanted cost is still near the first one.
        assert!(at(1, 5000.0) < 1e-6);
    }
}
