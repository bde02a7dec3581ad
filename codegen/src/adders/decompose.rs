//! Columns as sums of other columns and of what is then left.
//!
//! A column is computed from nothing, from another column, which is added or
//! subtracted, or from a common centre, a vector that is computed only for this.
//! Prim's algorithm finds the tree in which fewest digits are left
//! (arXiv:2507.04535, section 4.2, without the centre). Each column stands as
//! one term in those computed from it, so that sub-expressions are sought in
//! all of them together.

use super::digits::{Digits, weight};
use super::subexpressions::{Columns, MOST_COLUMNS, power};

/// The columns of a product, all in one unit.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// Weights of the inputs, by column.
    pub weights: Vec<Vec<i64>>,
    /// The source that is added to a column once, if any.
    pub offsets: Vec<Option<u32>>,
    /// Adders in a row in front of each source.
    pub depths: Vec<u32>,
    /// The group of each source.
    pub groups: Vec<u32>,
    /// The bound on the depth of each column.
    pub limit: Option<u32>,
}

/// Which tree is to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether there is a centre.
    pub centre: bool,
    /// The most columns above a column; none of them but the centre if 0.
    pub height: u32,
}

impl Shape {
    /// Every column from nothing.
    pub const FLAT: Self = Self {
        centre: false,
        height: 0,
    };
}

/// A column in order of evaluation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The column of the task; `None` for the centre.
    pub column: Option<usize>,
    /// The node by which later columns refer to this one, if they do. Its
    /// offset is then not part of it.
    pub node: Option<u32>,
}

/// Columns rewritten, and in which order they are to be evaluated.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub columns: Columns,
    pub steps: Vec<Step>,
}

impl Plan {
    /// Offsets that are added after the sum of a column that others refer to.
    pub fn later_offsets(&self, task: &Task) -> usize {
        let referred = self.steps.iter().filter(|step| step.node.is_some());
        referred
            .filter_map(|step| task.offsets[step.column?])
            .count()
    }
}

/// Where a column hangs in the tree.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Position of the parent in the order, and whether it is subtracted.
    parent: Option<(usize, bool)>,
    level: u32,
    bears: bool,
}

/// Columns that are not in the tree yet: digits left, and the place for it.
#[derive(Clone, Copy, Debug)]
struct Offer {
    digits: u32,
    place: Place,
}

/// The depth of a column that later ones refer to where none is bounded.
const UNBOUNDED: u32 = 60;

impl Task {
    fn load(&self, digits: impl Iterator<Item = u32>) -> u64 {
        digits.zip(&self.depths).fold(0u64, |sum, (count, &depth)| {
            sum.saturating_add(u64::from(count).saturating_mul(power(depth)))
        })
    }

    /// The least depth in which every column can be summed.
    pub fn least_depth(&self) -> u32 {
        let columns = self.weights.iter().zip(&self.offsets);
        let loads = columns.map(|(weights, offset)| {
            let load = self.load(weights.iter().map(|&w| weight(w)));
            load.saturating_add(offset.map_or(0, |at| power(self.depths[at as usize])))
        });
        depth_of(loads.max().unwrap_or(0))
    }

    /// The tree of a shape; `None` if it would be another shape's.
    pub fn plan(&self, shape: Shape) -> Option<Plan> {
        if shape == Shape::FLAT {
            let order: Vec<_> = (0..self.weights.len())
                .map(|column| (column, Place::default()))
                .collect();
            return Some(self.write(&order, &self.weights, None));
        }
        let centre = match shape.centre {
            true => Some(self.centre()?),
            false => None,
        };
        let mut vectors: Vec<Vec<i64>> = self.weights.clone();
        vectors.extend(centre.iter().cloned());
        let order = self.tree(shape, &vectors)?;
        let centre = centre.map(|_| vectors.len() - 1);
        Some(self.write(&order, &vectors, centre))
    }

    /// For each input the number that leaves fewest digits in all columns.
    fn centre(&self) -> Option<Vec<i64>> {
        if self.weights.len() < 2 || self.weights.len() >= MOST_COLUMNS {
            return None;
        }
        let inputs = self.weights[0].len();
        let mut centre = Vec::with_capacity(inputs);
        for input in 0..inputs {
            let row: Vec<_> = self.weights.iter().map(|column| column[input]).collect();
            let mut candidates = vec![0];
            for &w in &row {
                let mut sum = 0i64;
                for (power, minus) in Digits::of(w).terms().collect::<Vec<_>>().iter().rev() {
                    sum += (1i64 << power) * if *minus { -1 } else { 1 };
                    candidates.push(sum);
                }
            }
            candidates.sort_unstable();
            candidates.dedup();
            let left = |c: i64| weight(c) + row.iter().map(|&w| difference(w, c)).sum::<u32>();
            let best = candidates.into_iter().min_by_key(|&c| (left(c), c))?;
            centre.push(best);
        }
        centre.iter().any(|&c| c != 0).then_some(centre)
    }

    /// Prim's algorithm; the centre, if there is one, is the last vector.
    fn tree(&self, shape: Shape, vectors: &[Vec<i64>]) -> Option<Vec<(usize, Place)>> {
        let bound = self.limit.map(power);
        let centre = shape.centre.then(|| vectors.len() - 1);
        let offset_load = |column: usize| {
            let offset = self.offsets.get(column).copied().flatten();
            offset.map_or(0, |at| power(self.depths[at as usize]))
        };
        // The budget of a column at this level that bears others.
        let budget = |level: u32| match self.limit {
            Some(limit) => (limit + level).checked_sub(shape.height),
            None => Some(UNBOUNDED),
        };
        let place = |load: u64, column: usize, parent, level: u32| -> Option<Place> {
            let Some(bound) = bound else {
                let bears = level < shape.height;
                return Some(Place {
                    parent,
                    level,
                    bears,
                });
            };
            if load.saturating_add(offset_load(column)) > bound {
                return None;
            }
            let bears = level < shape.height && budget(level).is_some_and(|b| load <= power(b));
            Some(Place {
                parent,
                level,
                bears,
            })
        };
        let mut offers = Vec::with_capacity(vectors.len());
        for (column, vector) in vectors.iter().enumerate() {
            let digits = vector.iter().map(|&w| weight(w)).sum();
            let load = self.load(vector.iter().map(|&w| weight(w)));
            let place = place(load, column, None, 0)?;
            offers.push(Some(Offer { digits, place }));
        }
        let mut order: Vec<(usize, Place)> = Vec::with_capacity(vectors.len());
        let mut next = centre;
        while let Some(column) = next.or_else(|| {
            let open = offers.iter().enumerate();
            let open = open.filter_map(|(column, offer)| Some((offer.as_ref()?.digits, column)));
            open.min().map(|(_, column)| column)
        }) {
            next = None;
            let Some(offer) = offers[column].take() else {
                break;
            };
            let at = order.len();
            order.push((column, offer.place));
            let is_centre = Some(column) == centre;
            let depth = match (is_centre, self.limit) {
                (true, Some(_)) => depth_of(self.load(vectors[column].iter().map(|&w| weight(w)))),
                (true, None) => UNBOUNDED,
                _ => match budget(offer.place.level).filter(|_| offer.place.bears) {
                    Some(depth) => depth,
                    None => continue,
                },
            };
            let level = if is_centre { 0 } else { offer.place.level + 1 };
            for (other, open) in offers.iter_mut().enumerate() {
                let Some(open) = open else {
                    continue;
                };
                let pairs = || vectors[other].iter().zip(&vectors[column]);
                for (minus, left) in [
                    (false, pairs().map(|(&a, &b)| difference(a, b)).collect()),
                    (true, pairs().map(|(&a, &b)| difference(a, -b)).collect()),
                ] as [(bool, Vec<u32>); 2]
                {
                    let digits = 1 + left.iter().sum::<u32>();
                    if digits >= open.digits {
                        continue;
                    }
                    let load = power(depth).saturating_add(self.load(left.into_iter()));
                    if let Some(place) = place(load, other, Some((at, minus)), level) {
                        *open = Offer { digits, place };
                    }
                }
            }
        }
        order
            .iter()
            .any(|(_, place)| place.parent.is_some())
            .then_some(order)
    }

    /// Digits of the columns in this order, with the largest depths that leave
    /// room for the columns computed from each.
    fn write(&self, order: &[(usize, Place)], vectors: &[Vec<i64>], centre: Option<usize>) -> Plan {
        let residues: Vec<Vec<i64>> = order
            .iter()
            .map(|&(column, place)| match place.parent {
                None => vectors[column].clone(),
                Some((parent, minus)) => {
                    let parent = &vectors[order[parent].0];
                    let pairs = vectors[column].iter().zip(parent);
                    pairs
                        .map(|(a, b)| if minus { a + b } else { a - b })
                        .collect()
                }
            })
            .collect();
        let mut limits = vec![self.limit; order.len()];
        let mut referred = vec![false; order.len()];
        for (at, &(column, place)) in order.iter().enumerate().rev() {
            let Some((parent, _)) = place.parent else {
                continue;
            };
            let mut own = self.load(residues[at].iter().map(|&w| weight(w)));
            if !referred[at]
                && let Some(offset) = self.offsets.get(column).copied().flatten()
            {
                own = own.saturating_add(power(self.depths[offset as usize]));
            }
            referred[parent] = true;
            if let Some(limit) = limits[at] {
                let room = power(limit).saturating_sub(own).max(1).ilog2();
                limits[parent] = limits[parent].map(|limit| limit.min(room));
            }
        }
        let mut columns = Columns {
            depths: self.depths.clone(),
            groups: self.groups.clone(),
            limits,
            terms: Vec::with_capacity(order.len()),
        };
        let mut steps: Vec<Step> = Vec::with_capacity(order.len());
        for (at, &(column, place)) in order.iter().enumerate() {
            let mut terms: Vec<_> = (0u32..)
                .zip(residues[at].iter().map(|&w| Digits::of(w)))
                .filter(|(_, digits)| digits.both() != 0)
                .collect();
            if let Some((parent, minus)) = place.parent
                && let Some(node) = steps[parent].node
            {
                let one = Digits::ONE;
                terms.push((node, if minus { one.negated() } else { one }));
            }
            let offset = self.offsets.get(column).copied().flatten();
            if let (false, Some(offset)) = (referred[at], offset) {
                terms.push((offset, Digits::ONE));
            }
            columns.terms.push(terms);
            let node = referred[at].then(|| {
                let depth = columns.limits[at].unwrap_or(UNBOUNDED);
                columns.depths.push(depth);
                columns.groups.push(0);
                columns.depths.len() as u32 - 1
            });
            let column = (Some(column) != centre).then_some(column);
            steps.push(Step { column, node });
        }
        Plan { columns, steps }
    }
}

/// Digits of `a - b`.
const fn difference(a: i64, b: i64) -> u32 {
    weight(a - b)
}

/// The least depth that holds a load.
fn depth_of(load: u64) -> u32 {
    load.max(1).next_power_of_two().ilog2()
}
