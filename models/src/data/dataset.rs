//! Checked features and labels, ready for training.

use super::{DataError, Table, Values};

/// A feature matrix with one class label for every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    features: Vec<f32>,
    labels: Vec<usize>,
    width: usize,
}

impl Dataset {
    /// Takes feature and label columns out of a table and checks every value.
    ///
    /// # Errors
    ///
    /// Columns that are missing, NaN and infinities, constant features, labels that are no class
    /// number, and classes without a single row.
    pub fn from_table(
        table: &Table,
        features: &[String],
        label: &str,
        classes: &[String],
    ) -> Result<Self, DataError> {
        let width = features.len();
        let mut matrix = vec![0f32; table.rows() * width];
        for (j, name) in features.iter().enumerate() {
            let values = feature(table, name)?;
            for (row, value) in values.iter().enumerate() {
                matrix[row * width + j] = *value;
            }
        }
        Ok(Self {
            features: matrix,
            labels: labels(table, label, classes)?,
            width,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The feature matrix, row after row.
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// The class of every row.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The rows with the given numbers, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let row = |r: &usize| &self.features[r * self.width..(r + 1) * self.width];
        Self {
            features: rows.iter().flat_map(row).copied().collect(),
            labels: rows.iter().map(|r| self.labels[*r]).collect(),
            width: self.width,
        }
    }
}

fn feature(table: &Table, name: &str) -> Result<Vec<f32>, DataError> {
    let path = || table.path().to_owned();
    let column = || name.to_owned();
    let values: Vec<f32> = match table.column(name)? {
        Values::Float(values) => values.clone(),
        Values::Int(values) => values.iter().map(|v| *v as f32).collect(),
    };
    if let Some(row) = values.iter().position(|v| !v.is_finite()) {
        let value = values[row];
        return Err(DataError::NotFinite {
            path: path(),
            column: column(),
            row,
            value,
        });
    }
    match values.split_first() {
        Some((&value, rest)) if rest.iter().all(|v| *v == value) => Err(DataError::Constant {
            path: path(),
            column: column(),
            value,
        }),
        _ => Ok(values),
    }
}

fn labels(table: &Table, name: &str, classes: &[String]) -> Result<Vec<usize>, DataError> {
    let path = || table.path().to_owned();
    let column = || name.to_owned();
    let Values::Int(values) = table.column(name)? else {
        return Err(DataError::ColumnType {
            path: path(),
            column: column(),
            found: "a floating-point column".to_owned(),
            expected: "an integer column of class numbers",
        });
    };
    let mut labels = Vec::with_capacity(values.len());
    let mut seen = vec![false; classes.len()];
    for (row, &found) in values.iter().enumerate() {
        match usize::try_from(found) {
            Ok(class) if class < classes.len() => {
                seen[class] = true;
                labels.push(class);
            }
            _ => {
                let classes = classes.len();
                return Err(DataError::Label {
                    path: path(),
                    column: column(),
                    row,
                    found,
                    classes,
                });
            }
        }
    }
    match seen.iter().position(|s| !s) {
        Some(class) => {
            let name = classes[class].clone();
            Err(DataError::EmptyClass {
                path: path(),
                column: column(),
                class,
                name,
            })
        }
        None => Ok(labels),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::Column;

    fn dataset(a: Vec<f32>, label: Vec<i64>) -> Result<Dataset, DataError> {
        let columns = vec![
            Column {
                name: "a".into(),
                values: Values::Float(a),
            },
            Column {
                name: "b".into(),
                values: Values::Int(vec![4, 5, 6]),
            },
            Column {
                name: "label".into(),
                values: Values::Int(label),
            },
        ];
        let table = Table::new(Path::new("t.npz"), columns)?;
        let classes = ["g".to_owned(), "q".to_owned()];
        Dataset::from_table(&table, &["b".into(), "a".into()], "label", &classes)
    }

    #[test]
    fn holds_rows_in_the_order_of_the_features() {
        let data = dataset(vec![1.0, 2.0, 3.0], vec![0, 1, 0]).expect("dataset");
        assert_eq!(data.features(), [4.0, 1.0, 5.0, 2.0, 6.0, 3.0]);
        let part = data.select(&[2, 0]);
        assert_eq!(part.features(), [6.0, 3.0, 4.0, 1.0]);
        assert_eq!(
            (part.labels(), part.rows(), part.width()),
            (&[0, 0][..], 2, 2)
        );
    }

    #[test]
    fn refuses_bad_cells_by_column_and_row() {
        let text = |a, label| dataset(a, label).expect_err("error").to_string();
        assert!(text(vec![1.0, f32::NAN, 3.0], vec![0, 1, 0]).contains("'a', row 1 is NaN"));
        assert!(text(vec![1.0, 2.0, f32::INFINITY], vec![0, 1, 0]).contains("'a', row 2 is inf"));
        assert!(text(vec![1.0; 3], vec![0, 1, 0]).contains("'a' is 1 in every row"));
        assert!(text(vec![1.0, 2.0, 3.0], vec![0, 1, 2]).contains("row 2 is 2; expected a class"));
        assert!(text(vec![1.0, 2.0, 3.0], vec![0, -1, 0]).contains("row 1 is -1"));
        assert!(text(vec![1.0, 2.0, 3.0], vec![0, 0, 0]).contains("never holds 1 ('q')"));
        assert!(text(vec![1.0, 2.0], vec![0, 0, 0]).contains("'b' has 3 rows, but 'a' has 2"));
    }
}
