//! The values of the next trial, as a pure function of the sweep, its number and the trials
//! before it.

use std::convert::Infallible;

use rand_core::TryRng;
use toml::Value;
use tpe::{TpeOptimizer, categorical_range, histogram_estimator, parzen_estimator, range};

use super::pareto::{Scored, ranked};
use super::range::Range;
use super::space::{Method, Space};
use crate::seed::{Purpose, Stream};

/// So many trials are drawn at random before the estimator is asked.
const RANDOM_TRIALS: usize = 10;
/// Draws until values are taken that an earlier trial had; the second half of them is left to
/// chance, for the estimator insists on its favourites.
const DRAWS: usize = 128;

/// A trial before the one that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Earlier<'a> {
    /// Its values, in the order of the parameters.
    pub(super) values: &'a [Value],
    /// Whether it may be known how it went. All are known in a sequence; of trials that run
    /// beside each other, those that are over in any order of events.
    pub(super) known: bool,
    /// How it went; `None` where it failed.
    pub(super) scored: Option<Scored>,
}

/// The values of trial `number`, in the order of the parameters.
pub(super) fn propose(space: &Space, number: usize, earlier: &[Earlier<'_>]) -> Vec<Value> {
    if space.method == Method::Grid {
        return grid(space, number);
    }
    let mut random = Random(Stream::new(space.seed, Purpose::Sweep { trial: number }));
    let guided = space.method == Method::Tpe && number >= RANDOM_TRIALS;
    let judged = judged(earlier);
    let mut values = Vec::new();
    for draw in 0..DRAWS {
        let parameters = space.parameters.values().enumerate();
        values = parameters
            .map(|(at, range)| {
                let coordinate = if guided && draw < DRAWS / 2 {
                    ask(range, judged.iter().map(|values| &values[at]), &mut random)
                } else {
                    range.extent() * random.unit()
                };
                range.value(coordinate)
            })
            .collect();
        if earlier.iter().all(|trial| trial.values != values) {
            break;
        }
    }
    values
}

/// The combination of a grid: the last parameter changes fastest.
fn grid(space: &Space, number: usize) -> Vec<Value> {
    let mut rest = number;
    let mut values: Vec<_> = space
        .parameters
        .values()
        .rev()
        .map(|range| {
            let count = range.grid_count().unwrap_or(1);
            let value = range.grid_value(rest % count);
            rest /= count;
            value
        })
        .collect();
    values.reverse();
    values
}

/// The values of the known trials from best to worst; those that failed come last.
fn judged<'a>(earlier: &[Earlier<'a>]) -> Vec<&'a [Value]> {
    let known: Vec<_> = earlier.iter().filter(|trial| trial.known).collect();
    let scored: Vec<Scored> = known.iter().filter_map(|trial| trial.scored).collect();
    let values = |scored: &Scored| {
        let trial = known.iter().find(|trial| trial.scored == Some(*scored));
        trial.map(|trial| trial.values)
    };
    let good = ranked(&scored);
    let failed = known.iter().filter(|trial| trial.scored.is_none());
    good.iter()
        .filter_map(values)
        .chain(failed.map(|trial| trial.values))
        .collect()
}

/// A coordinate where the best trials are dense and the others are not.
fn ask<'a>(of: &Range, judged: impl Iterator<Item = &'a Value>, random: &mut Random) -> f64 {
    let unknown = of.extent() * random.unit();
    let (estimator, limits) = match of {
        Range::Choice(values) => (histogram_estimator(), categorical_range(values.len())),
        _ => (parzen_estimator(), range(0.0, of.extent())),
    };
    let Ok(limits) = limits else {
        return unknown;
    };
    let mut optimizer = TpeOptimizer::new(estimator, limits);
    for (rank, value) in judged.enumerate() {
        if let Some(coordinate) = of.coordinate(value) {
            // What the estimator refuses is outside of the range, and tells nothing.
            let _ = optimizer.tell(coordinate, rank as f64);
        }
    }
    optimizer.ask(random).unwrap_or(unknown)
}

/// The trainer's own stream behind the interface that the estimator expects.
struct Random(Stream);

impl Random {
    /// A number in `[0, 1)` on a grid of 2^-53.
    fn unit(&mut self) -> f64 {
        (self.0.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.0.bits() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.bits())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.0.bits().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn space(method: &str, parameters: &str) -> Space {
        let text = format!("method = \"{method}\"\nseed = 5\n[parameters]\n{parameters}");
        Space::from_text(&text, Path::new("s.toml")).expect("space")
    }

    /// Runs trials one after the other; `judge` gives EBOPs and loss, or fails.
    fn run(
        space: &Space,
        trials: usize,
        judge: impl Fn(&[Value]) -> Option<(u64, f64)>,
    ) -> Vec<(Vec<Value>, Option<Scored>)> {
        let mut done: Vec<(Vec<Value>, Option<Scored>)> = Vec::new();
        for trial in 0..trials {
            let earlier: Vec<_> = done
                .iter()
                .map(|(values, scored)| Earlier {
                    values,
                    known: true,
                    scored: *scored,
                })
                .collect();
            let values = propose(space, trial, &earlier);
            let scored = judge(&values).map(|(ebops, loss)| Scored { trial, ebops, loss });
            done.push((values, scored));
        }
        done
    }

    fn float(value: &Value) -> f64 {
        value.as_float().expect("float")
    }

    #[test]
    fn a_grid_counts_like_an_odometer() {
        let space = space(
            "grid",
            "b = { choice = [\"x\", \"y\"] }\na = { int = [1, 2] }",
        );
        let values: Vec<_> = (0..4).map(|n| propose(&space, n, &[])).collect();
        let pair = |a: i64, b: &str| vec![Value::Integer(a), Value::String(b.to_owned())];
        assert_eq!(
            values,
            [pair(1, "x"), pair(1, "y"), pair(2, "x"), pair(2, "y")]
        );
    }

    #[test]
    fn random_values_fill_the_range_and_depend_on_the_seed() {
        let mut space = space("random", "a = { log = [1e-4, 1.0] }");
        let values = |space: &Space| -> Vec<f64> {
            let done = run(space, 400, |_| None);
            done.iter().map(|(values, _)| float(&values[0])).collect()
        };
        let first = values(&space);
        assert_eq!(first, values(&space));
        let small = first.iter().filter(|v| **v < 1e-2).count();
        assert!(
            (150..250).contains(&small),
            "{small} of 400 below the middle"
        );
        space.seed = 6;
        assert_ne!(first, values(&space));
    }

    #[test]
    fn no_combination_is_drawn_twice_while_others_are_left() {
        for method in ["random", "tpe"] {
            let space = space(method, "a = { int = [0, 3] }\nb = { choice = [1, 2, 3] }");
            let judge = |values: &[Value]| Some((values[0].as_integer()? as u64, 0.5));
            let mut done: Vec<String> = run(&space, 12, judge)
                .iter()
                .map(|(values, _)| format!("{values:?}"))
                .collect();
            done.sort_unstable();
            done.dedup();
            assert_eq!(done.len(), 12, "{method}");
        }
    }

    #[test]
    fn failed_trials_are_avoided() {
        let judge = |values: &[Value]| {
            let a = float(&values[0]);
            (a < 0.5).then_some((100, a))
        };
        let (mut first, mut last) = (0, 0);
        for seed in 0..20 {
            let mut space = space("tpe", "a = { float = [0.0, 1.0] }");
            space.seed = seed;
            let done = run(&space, 60, judge);
            let failed = |part: &[(Vec<Value>, Option<Scored>)]| {
                part.iter().filter(|(_, scored)| scored.is_none()).count()
            };
            first += failed(&done[..10]);
            last += failed(&done[40..]);
        }
        println!("failed: {first} of the first 200, {last} of the last 400");
        assert!(first > 70, "half of the random ones fail");
        assert!(last < 40, "{last} of 400 fail at the end");
    }

    #[test]
    fn the_estimator_finds_a_better_front_than_chance() {
        // Cost and loss pull the first parameter apart; the others only add to the loss.
        let parameters = "bits = { log = [1.0, 100.0] }\nrate = { log = [1e-5, 1e-1] }\n\
                          kind = { choice = [\"p\", \"q\", \"r\"] }\nbatch = { int = [0, 9] }";
        let judge = |values: &[Value]| {
            let batch = values[0].as_integer()? as f64;
            let (bits, kind, rate) = (float(&values[1]), values[2].as_str()?, float(&values[3]));
            let off = (rate / 1e-3).log10().powi(2)
                + f64::from(u8::from(kind != "q"))
                + ((batch - 6.0) / 3.0).powi(2);
            Some(((100.0 * bits) as u64, 1.0 / bits + off))
        };
        let area = |method: &str, seed: u64| {
            let mut space = space(method, parameters);
            space.seed = seed;
            let done = run(&space, 40, judge);
            let scored: Vec<Scored> = done.iter().filter_map(|(_, scored)| *scored).collect();
            // Area that the front leaves below it, over the logarithm of the cost.
            let mut area = 0.0;
            let (mut from, mut loss) = (100f64.ln(), 2.0f64);
            for point in super::super::pareto::front(&scored) {
                let at = (point.ebops as f64).ln();
                area += (at - from) * loss;
                (from, loss) = (at, loss.min(point.loss));
            }
            area + (10_000f64.ln() - from) * loss
        };
        let mean = |method| (0..20).map(|seed| area(method, seed)).sum::<f64>() / 20.0;
        let (random, tpe) = (mean("random"), mean("tpe"));
        println!("area below the front: random {random:.3}, tpe {tpe:.3}");
        assert!(tpe < 0.9 * random, "random {random:.3}, tpe {tpe:.3}");
    }
}
