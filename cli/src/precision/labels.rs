//! The true class of each calibration event.

use std::path::Path;

use miette::{Result, miette};
use ndarray::{ArrayD, Axis};

use crate::arrays::{array_names, read_array};

/// Names that an array of labels may have.
const NAMES: [&str; 2] = ["y", "label"];

/// Labels of a calibration file, or the arrays that it has instead.
#[derive(Debug)]
pub enum Labels {
    /// One class per event.
    Found(Vec<usize>),
    /// No array is named `y` or `label`.
    Missing(Vec<String>),
}

/// Reads the labels of a calibration file: an array `y` or `label`, of a class
/// per event or of one-hot rows.
pub fn read(path: &Path) -> Result<Labels> {
    let found = array_names(path)?;
    match NAMES.iter().find(|name| found.iter().any(|f| f == *name)) {
        None => Ok(Labels::Missing(found)),
        Some(name) => {
            let array = read_array(path, name)?;
            let labels = classes(&array)
                .map_err(|reason| miette!("{}: the labels `{name}` {reason}", path.display()))?;
            Ok(Labels::Found(labels))
        }
    }
}

/// The error that says why a metric cannot be measured.
pub fn missing(path: &Path, metric: &str, found: &[String]) -> miette::Report {
    let found = match found {
        [] => "one array without a name (.npy)".to_owned(),
        names => format!("the arrays {}", names.join(", ")),
    };
    miette!(
        help = "put the class of each event into an .npz file, next to the inputs, or use \
                --metric mse or kl",
        "the metric {metric} needs labels: {} holds no array `y` or `label`, but {found}",
        path.display()
    )
}

fn classes(array: &ArrayD<f64>) -> Result<Vec<usize>, String> {
    let class = |row: usize, value: f64| match value >= 0.0 && value.fract() == 0.0 {
        true => Ok(value as usize),
        false => Err(format!("hold {value} in row {row}, which is no class")),
    };
    match *array.shape() {
        [_] | [_, 1] => array
            .iter()
            .enumerate()
            .map(|(row, &v)| class(row, v))
            .collect(),
        [_, _] => {
            let rows = array.axis_iter(Axis(0)).enumerate();
            rows.map(|(row, values)| {
                let ones: Vec<_> = (0..values.len()).filter(|&at| values[at] == 1.0).collect();
                let zeros = values.iter().filter(|value| **value == 0.0).count();
                match ones.as_slice() {
                    &[one] if zeros + 1 == values.len() => Ok(one),
                    _ => Err(format!(
                        "have several columns, and row {row} is not one-hot"
                    )),
                }
            })
            .collect()
        }
        _ => Err(format!(
            "have shape {:?}, expected [n] or [n, classes]",
            array.shape()
        )),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2, arr3};

    use super::*;

    #[test]
    fn classes_and_one_hot_rows_are_read() {
        let read = |array: ArrayD<f64>| classes(&array);
        assert_eq!(read(arr1(&[0.0, 2.0, 1.0]).into_dyn()), Ok(vec![0, 2, 1]));
        assert_eq!(read(arr2(&[[1.0], [0.0]]).into_dyn()), Ok(vec![1, 0]));
        let one_hot = arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
        assert_eq!(read(one_hot.into_dyn()), Ok(vec![2, 0]));
        let wrong = read(arr1(&[0.0, 0.5]).into_dyn());
        assert!(wrong.is_err_and(|reason| reason.contains("0.5 in row 1")));
        let wrong = read(arr2(&[[0.0, 1.0], [1.0, 1.0]]).into_dyn());
        assert!(wrong.is_err_and(|reason| reason.contains("row 1 is not one-hot")));
        let wrong = read(arr3(&[[[1.0]]]).into_dyn());
        assert!(wrong.is_err_and(|reason| reason.contains("[1, 1, 1]")));
    }
}
