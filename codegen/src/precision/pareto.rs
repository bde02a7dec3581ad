//! Models that no other one beats in both cost and loss.

use super::loss::Loss;
use crate::quantize::Widths;

/// A choice of formats and what it costs and loses.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The bits of every site.
    pub widths: Widths,
    /// Effective bit operations (arXiv:2405.00645).
    pub ebops: u64,
    /// Bits of all weights and activations that are rounded.
    pub bits: u64,
    /// The loss on the events that the search looked at.
    pub loss: Loss,
}

/// A model that has a cost and a loss.
pub trait Priced {
    /// Effective bit operations (arXiv:2405.00645).
    fn ebops(&self) -> u64;
    /// What may be lost; a number.
    fn loss(&self) -> f64;
    /// Of models that are equal in both, the one with fewer bits is better.
    fn bits(&self) -> u64 {
        0
    }

    /// Whether it is no worse than another in cost and in loss; of equal ones
    /// the one with fewer bits is better.
    fn covers(&self, other: &Self) -> bool {
        let (this, that) = (self.loss(), other.loss());
        let equal = self.ebops() == other.ebops() && this == that;
        self.ebops() <= other.ebops() && this <= that && !(equal && other.bits() < self.bits())
    }
}

impl Priced for Point {
    fn ebops(&self) -> u64 {
        self.ebops
    }

    fn loss(&self) -> f64 {
        self.loss.upper()
    }

    fn bits(&self) -> u64 {
        self.bits
    }
}

impl Point {
    /// Whether it is to be preferred within a limit.
    pub(super) fn is_cheaper_than(&self, other: &Self) -> bool {
        let cost = |point: &Self| (point.ebops, point.loss.upper(), point.bits);
        cost(self) < cost(other)
    }
}

/// The models that no other one covers, cheapest first.
#[derive(Debug, Clone)]
pub struct Front<P> {
    points: Vec<P>,
}

impl<P> Default for Front<P> {
    fn default() -> Self {
        Self { points: Vec::new() }
    }
}

impl<P: Priced> Front<P> {
    /// Adds a model, unless it is covered, and drops what it covers.
    pub fn add(&mut self, point: P) {
        if self.points.iter().any(|known| known.covers(&point)) {
            return;
        }
        self.points.retain(|known| !point.covers(known));
        let at = self
            .points
            .partition_point(|known| known.ebops() < point.ebops());
        self.points.insert(at, point);
    }

    /// The models, cheapest first.
    pub fn points(&self) -> &[P] {
        &self.points
    }
}

impl Front<Point> {
    /// The points that cost more than one and lose no more than a limit, cheapest
    /// first.
    pub(super) fn dearer_than(&self, point: &Point, limit: f64) -> Vec<Point> {
        let dearer = |other: &&Point| other.ebops > point.ebops && other.loss.upper() <= limit;
        self.points.iter().filter(dearer).cloned().collect()
    }

    /// At most `most` points: those nearest to evenly spaced costs on a
    /// logarithmic scale, and always both ends and the point `kept`.
    pub(super) fn thinned(&self, most: usize, kept: &Point) -> Vec<Point> {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return Vec::new();
        };
        let scale = |point: &Point| (point.ebops.max(1) as f64).ln();
        let (low, span) = (scale(first), scale(last) - scale(first));
        let mut chosen = vec![false; self.points.len()];
        for step in 0..most.max(2) {
            let target = low + span * step as f64 / (most.max(2) - 1) as f64;
            let nearest = (0..self.points.len()).min_by(|&a, &b| {
                let off = |at: usize| (scale(&self.points[at]) - target).abs();
                off(a).total_cmp(&off(b))
            });
            if let Some(nearest) = nearest {
                chosen[nearest] = true;
            }
        }
        let points = self.points.iter().zip(chosen);
        points
            .filter(|(point, chosen)| *chosen || *point == kept)
            .map(|(point, _)| point.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(ebops: u64, loss: f64) -> Point {
        Point {
            widths: Widths::all(8),
            ebops,
            bits: 0,
            loss: Loss {
                value: loss,
                error: 0.0,
            },
        }
    }

    #[test]
    fn what_is_dearer_keeps_the_limit() {
        let mut front = Front::default();
        for (ebops, loss) in [(10, 0.4), (20, 0.3), (30, 0.2), (40, 0.1)] {
            front.add(point(ebops, loss));
        }
        assert_eq!(costs(&front.dearer_than(&point(20, 0.3), 0.25)), [30, 40]);
        assert_eq!(costs(&front.dearer_than(&point(10, 0.4), 0.15)), [40]);
    }

    fn costs(points: &[Point]) -> Vec<u64> {
        points.iter().map(|point| point.ebops).collect()
    }

    #[test]
    fn covered_points_are_dropped() {
        let mut front = Front::default();
        for (ebops, loss) in [(100, 0.1), (50, 0.3), (80, 0.4), (100, 0.2), (60, 0.1)] {
            front.add(point(ebops, loss));
        }
        assert_eq!(costs(&front.points), [50, 60]);
        front.add(point(50, 0.3));
        front.add(point(40, 0.05));
        assert_eq!(costs(&front.points), [40]);
    }

    #[test]
    fn a_long_front_is_thinned_but_keeps_its_ends_and_the_choice() {
        let mut front = Front::default();
        for step in 0..=100 {
            front.add(point(1000 + 10 * step, 1.0 / (1 + step) as f64));
        }
        let kept = point(1030, 0.25);
        let thinned = front.thinned(5, &kept);
        assert_eq!(costs(&thinned), [1000, 1030, 1190, 1410, 1680, 2000]);
    }
}
