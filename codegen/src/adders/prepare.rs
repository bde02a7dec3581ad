//! A product brought into one unit, without repetitions, in blocks.

use std::collections::HashMap;

use super::decompose::Task;
use super::digits::weight;
use super::graph::{Source, Term};
use super::subexpressions::MOST_COLUMNS;
use super::{AdderError, Column, Options, Product};
use crate::ir::Interval;

/// Bits of a weight, its sign not counted, that the search can represent.
const MOST_BITS: u32 = 60;

/// Pairs of digits of one column, summed over columns, that one search may
/// consider: some seconds' worth. Beyond it, inputs are divided into groups.
pub(super) const MOST_PAIRS: u64 = 1 << 25;

/// A product without repetitions, in one unit.
pub(super) struct Prepared {
    /// The inputs, then the offsets of columns.
    pub sources: Vec<Source>,
    /// The unit of all columns is `2^-f`.
    f: i32,
    /// Columns of which none is a power of two times another, nor zero.
    pub unique: Vec<Vec<i64>>,
    /// The source that each of them includes once, in their unit.
    offsets: Vec<Option<u32>>,
    /// For each column of the product what it is.
    images: Vec<Image>,
}

/// A column of the product.
#[derive(Clone, Copy)]
enum Image {
    /// `± unique * 2^shift`.
    Unique {
        unique: usize,
        shift: i32,
        negative: bool,
    },
    /// A source, for a column without weights.
    Offset(u32),
    Zero,
}

/// A column up to its sign and a power of two: with odd weights among its own,
/// the first of them positive, and an odd offset.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Canonical {
    weights: Vec<i64>,
    offset: (i64, i32),
}

/// Where a column lies relative to its canonical form.
#[derive(Clone, Copy)]
struct Pose {
    /// Fractional bits of the canonical weights.
    f: i32,
    negative: bool,
}

impl Canonical {
    /// `None` if all weights are zero.
    fn of(column: &Column) -> Option<(Self, Pose)> {
        let first = *column.weights.iter().find(|&&w| w != 0)?;
        let low = column
            .weights
            .iter()
            .fold(0, |all, w| all | w)
            .trailing_zeros();
        let pose = Pose {
            f: column.f - low as i32,
            negative: first < 0,
        };
        // Only i64::MIN has no opposite, and it is refused for its size.
        let sign = |w: i64| if pose.negative { w.wrapping_neg() } else { w };
        let weights = column.weights.iter().map(|&w| sign(w >> low)).collect();
        let offset = match column.offset {
            (0, _) => (0, 0),
            (m, f) => {
                let low = m.trailing_zeros();
                (sign(m >> low), f - low as i32 - pose.f)
            }
        };
        Some((Self { weights, offset }, pose))
    }
}

impl Prepared {
    pub fn new(product: &Product) -> Result<Self, AdderError> {
        let canonical: Vec<_> = product.columns.iter().map(Canonical::of).collect();
        // Each column has its own lowest bit; all are brought to the finest.
        let poses = canonical.iter().flatten().map(|(_, pose)| pose.f);
        let f = poses.max().unwrap_or(0);
        let mut prepared = Self {
            sources: product.inputs.clone(),
            f,
            unique: Vec::new(),
            offsets: Vec::new(),
            images: Vec::with_capacity(product.columns.len()),
        };
        let mut known: HashMap<Canonical, (usize, Pose)> = HashMap::new();
        for (column, canonical) in canonical.into_iter().enumerate() {
            let Some((canonical, pose)) = canonical else {
                let image = match product.columns[column].offset {
                    (0, _) => Image::Zero,
                    offset => Image::Offset(prepared.constant(offset)),
                };
                prepared.images.push(image);
                continue;
            };
            let (unique, of) = match known.get(&canonical) {
                Some(&unique) => unique,
                None => {
                    let unique = prepared.add(&canonical, pose, (column, product))?;
                    known.insert(canonical, (unique, pose));
                    (unique, pose)
                }
            };
            prepared.images.push(Image::Unique {
                unique,
                shift: of.f - pose.f,
                negative: pose.negative != of.negative,
            });
        }
        Ok(prepared)
    }

    /// Adds a unique column, with the sign of the first that there is.
    fn add(
        &mut self,
        canonical: &Canonical,
        pose: Pose,
        (column, product): (usize, &Product),
    ) -> Result<usize, AdderError> {
        let scale = self.f - pose.f;
        let mut weights = Vec::with_capacity(canonical.weights.len());
        for (row, &weight) in canonical.weights.iter().enumerate() {
            let bits = 64 - weight.unsigned_abs().leading_zeros();
            if weight != 0 && bits.saturating_add_signed(scale) > MOST_BITS {
                return Err(AdderError::LargeWeight {
                    column,
                    row,
                    weight: product.columns[column].weights[row],
                    most: MOST_BITS,
                });
            }
            let sign = if pose.negative { -1 } else { 1 };
            weights.push(if weight == 0 {
                0
            } else {
                (sign * weight) << scale
            });
        }
        let offset = match product.columns[column].offset {
            (0, _) => None,
            (m, f) => Some(self.constant((m, f - self.f))),
        };
        self.unique.push(weights);
        self.offsets.push(offset);
        Ok(self.unique.len() - 1)
    }

    fn constant(&mut self, (mantissa, f): (i64, i32)) -> u32 {
        self.sources.push(Source {
            range: Interval::point(mantissa),
            f,
            depth: 0,
        });
        self.sources.len() as u32 - 1
    }

    /// The columns in blocks that are searched together.
    pub fn tasks(&self, options: &Options) -> Vec<(Vec<usize>, Task)> {
        let depths: Vec<_> = self.sources.iter().map(|source| source.depth).collect();
        let inputs = self.unique.first().map_or(0, Vec::len);
        let pairs: u64 = self.unique.iter().map(|column| pairs(column)).sum();
        // The pairs of one column fall with the square of the size of a group,
        // the groups rise with it.
        let groups = pairs.div_ceil(MOST_PAIRS).max(1) as usize;
        let size = inputs.div_ceil(groups).max(1);
        let groups: Vec<u32> = (0..self.sources.len())
            .map(|source| (source.min(inputs) / size) as u32)
            .collect();
        let limit = options.extra_depth.map(|extra| {
            let least = self.unique.chunks(1).zip(self.offsets.chunks(1));
            let least = least.map(|(column, offset)| {
                let single = Task {
                    weights: column.to_vec(),
                    offsets: offset.to_vec(),
                    depths: depths.clone(),
                    groups: Vec::new(),
                    limit: None,
                };
                single.least_depth()
            });
            (least.max().unwrap_or(0) + extra).min(62)
        });
        let blocks = self.unique.len().div_ceil(MOST_COLUMNS - 1).max(1);
        let block = self.unique.len().div_ceil(blocks).max(1);
        let all: Vec<usize> = (0..self.unique.len()).collect();
        all.chunks(block)
            .map(|columns| {
                let task = Task {
                    weights: columns.iter().map(|&c| self.unique[c].clone()).collect(),
                    offsets: columns.iter().map(|&c| self.offsets[c]).collect(),
                    depths: depths.clone(),
                    groups: groups.clone(),
                    limit,
                };
                (columns.to_vec(), task)
            })
            .collect()
    }

    /// The columns of the product from the unique ones.
    pub fn outputs(&self, sums: &[Option<Term>]) -> Vec<Option<Term>> {
        let outputs = self.images.iter().map(|image| match *image {
            Image::Zero => None,
            Image::Offset(wire) => Some(Term {
                wire,
                shift: 0,
                negative: false,
            }),
            Image::Unique {
                unique,
                shift,
                negative,
            } => sums[unique].map(|sum| Term {
                wire: sum.wire,
                shift: sum.shift + shift - self.f,
                negative: sum.negative != negative,
            }),
        });
        outputs.collect()
    }
}

/// Pairs of digits of one column.
pub(super) fn pairs(column: &[i64]) -> u64 {
    let digits: u64 = column.iter().map(|&w| u64::from(weight(w))).sum();
    digits * digits / 2
}
