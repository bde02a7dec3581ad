//! Arrays as columns. Rows are the first axis; an array with one axis is a column of scalars. Of an
//! array `x` with more axes, `x[j]` is element `j` of the last axis: scalars where there are two axes,
//! lists where there are three. `x` by itself is then the column of lists of all elements of a row,
//! as for an image.

use std::path::Path;

use super::{Field, Kind};
use crate::data::DataError;

/// Where the cells of a column are.
pub(super) struct Place {
    /// Number of the array.
    pub(super) array: usize,
    /// Element of the last axis; none for all of a row.
    pub(super) element: Option<usize>,
}

/// The columns of the arrays of a file.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) fields: Vec<Field>,
    /// For each field; none for what is no array of numbers.
    pub(super) places: Vec<Option<Place>>,
    /// The first array with its rows.
    first: Option<(String, usize)>,
}

impl Columns {
    /// Rows of every array.
    pub(super) fn rows(&self) -> usize {
        self.first.as_ref().map_or(0, |(_, rows)| *rows)
    }

    /// Adds something that is no array of numbers.
    pub(super) fn refuse(&mut self, key: String) {
        self.push_other(key, "an array that is no table of numbers".to_owned());
    }

    /// Adds what no role takes, in words.
    pub(super) fn push_other(&mut self, key: String, what: String) {
        self.push(key, Kind::Other(what), None, None);
    }

    /// Adds the columns of array number `array`.
    ///
    /// # Errors
    ///
    /// Another number of rows than the first array has; `path` is what errors call the file.
    pub(super) fn add(
        &mut self,
        path: &Path,
        key: String,
        array: usize,
        kind: &Kind,
        shape: &[usize],
    ) -> Result<(), DataError> {
        let rows = shape.first().copied().unwrap_or(0);
        let (reference, expected) = self.first.get_or_insert_with(|| (key.clone(), rows));
        if rows != *expected {
            return Err(DataError::Length {
                path: path.to_owned(),
                column: key,
                found: rows,
                reference: reference.clone(),
                expected: *expected,
            });
        }
        let place = |element| Some(Place { array, element });
        if let [_, inner @ .., width] = shape {
            let slots = (!inner.is_empty()).then(|| inner.iter().product());
            for element in 0..*width {
                let name = format!("{key}[{element}]");
                self.push(name, kind.clone(), slots, place(Some(element)));
            }
        }
        let slots = match shape {
            [_, rest @ ..] if !rest.is_empty() => Some(rest.iter().product()),
            _ => None,
        };
        self.push(key, kind.clone(), slots, place(None));
        Ok(())
    }

    fn push(&mut self, name: String, kind: Kind, slots: Option<usize>, place: Option<Place>) {
        self.fields.push(Field {
            name,
            kind,
            slots,
            unit: None,
        });
        self.places.push(place);
    }
}
