//! The best networks of one side within a budget.

use std::collections::BTreeMap;

use super::run::{Count, Point, Run, Side};

/// The networks of one seed, cheapest first, each more accurate on the
/// validation part than all that are cheaper.
pub type Front = Vec<Point>;

/// One front for each seed of a side, over all its runs. Networks whose cost is
/// not known in this count are left out.
pub fn by_seed(runs: &[Run], side: Side, count: Count) -> Vec<Front> {
    let mut seeds: BTreeMap<u64, Vec<Point>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.side == side) {
        let points = seeds.entry(run.seed).or_default();
        points.push(run.last);
        points.extend(&run.front);
    }
    seeds
        .into_values()
        .map(|points| front(points, count))
        .filter(|front| !front.is_empty())
        .collect()
}

fn front(mut points: Vec<Point>, count: Count) -> Front {
    points.retain(|point| point.cost(count).is_some());
    points.sort_by(|a, b| {
        let cost = a.cost(count).cmp(&b.cost(count));
        cost.then(b.validation_accuracy.total_cmp(&a.validation_accuracy))
    });
    let mut kept: Front = Vec::new();
    for point in points {
        let best = kept.last().map_or(-1.0, |last| last.validation_accuracy);
        if point.validation_accuracy > best {
            kept.push(point);
        }
    }
    kept
}

/// The network that the validation part chooses among those within a budget.
pub fn within(front: &Front, count: Count, budget: u64) -> Option<&Point> {
    front
        .iter()
        .take_while(|point| point.cost(count).is_some_and(|cost| cost <= budget))
        .last()
}

/// Mean and its standard error; no error from a single value.
pub fn mean(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
    Some((mean, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(ebops: u64, accuracy: f64) -> Point {
        Point {
            validation_accuracy: accuracy,
            test_accuracy: accuracy - 0.01,
            ebops: Some(ebops),
            ebops_exact: ebops / 2,
        }
    }

    #[test]
    fn a_front_holds_what_nothing_cheaper_beats() {
        let points = vec![
            point(400, 0.61),
            point(100, 0.5),
            point(400, 0.6),
            point(200, 0.6),
            point(300, 0.6),
        ];
        let front = front(points, Count::Peer);
        assert_eq!(front, [point(100, 0.5), point(200, 0.6), point(400, 0.61)]);
        assert_eq!(within(&front, Count::Peer, 399), Some(&point(200, 0.6)));
        assert_eq!(within(&front, Count::Exact, 200), Some(&point(400, 0.61)));
        assert_eq!(within(&front, Count::Peer, 99), None);
    }

    #[test]
    fn the_error_of_a_mean_needs_two_values() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[2.0]), Some((2.0, None)));
        assert_eq!(mean(&[1.0, 3.0]), Some((2.0, Some(1.0))));
    }
}
