//! Rows as the trainer takes them.

/// What one input of the network is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSpec {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// `[F]` for scalars, `[particles, F]` for lists, `[C, H, W]` for an image.
    pub shape: Vec<usize>,
    /// The column that is 0 in an empty slot, by its place in `columns`.
    pub mask: Option<usize>,
}

impl InputSpec {
    /// Numbers of one row.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The column of an element, by its place in `columns`.
    pub fn column_of(&self, element: usize) -> usize {
        element % self.columns.len().max(1)
    }
}

/// Rows in physical units.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Events {
    /// Number of rows.
    pub rows: usize,
    /// For each input, `rows` times its elements, row after row. An empty slot is 0 throughout.
    pub inputs: Vec<Vec<f32>>,
    /// The class of each row; empty for regression.
    pub labels: Vec<usize>,
    /// For each row all targets; empty for classification.
    pub targets: Vec<f32>,
    /// For each row all spectators.
    pub spectators: Vec<f32>,
    /// The weight of each row; 1 where the configuration names no column of weights.
    pub weights: Vec<f32>,
}

impl Events {
    /// No rows yet, of this many inputs.
    pub(super) fn empty(inputs: usize) -> Self {
        Self {
            inputs: vec![Vec::new(); inputs],
            ..Self::default()
        }
    }

    /// The rows with the given numbers, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self::empty(self.inputs.len());
        selected.extend(self, rows);
        selected
    }

    /// Appends all rows of `other`.
    pub(crate) fn append(&mut self, other: Self) {
        for (to, mut from) in self.inputs.iter_mut().zip(other.inputs) {
            to.append(&mut from);
        }
        self.labels.extend(other.labels);
        self.targets.extend(other.targets);
        self.spectators.extend(other.spectators);
        self.weights.extend(other.weights);
        self.rows += other.rows;
    }

    /// Appends the rows of `other` with the given numbers.
    pub(super) fn extend(&mut self, other: &Self, rows: &[usize]) {
        fn append<T: Copy>(to: &mut Vec<T>, from: &[T], all: usize, rows: &[usize]) {
            let width = from.len() / all.max(1);
            to.reserve(rows.len() * width);
            for row in rows {
                to.extend_from_slice(&from[row * width..(row + 1) * width]);
            }
        }
        for (to, from) in self.inputs.iter_mut().zip(&other.inputs) {
            append(to, from, other.rows, rows);
        }
        append(&mut self.labels, &other.labels, other.rows, rows);
        append(&mut self.targets, &other.targets, other.rows, rows);
        append(&mut self.spectators, &other.spectators, other.rows, rows);
        append(&mut self.weights, &other.weights, other.rows, rows);
        self.rows += rows.len();
    }
}
