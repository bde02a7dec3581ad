//! Events in NumPy files: `.npy` for one tensor, `.npz` for tensors by name.

use std::fs;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use ndarray::{ArrayD, Axis, IxDyn, OwnedRepr};
use ndarray_npy::{
    NpzReader, NpzWriter, ReadNpyError, ReadNpyExt, ReadNpzError, ReadableElement, WritableElement,
    WriteNpyExt,
};
use thiserror::Error;
use trigforge_codegen::emit::{WriteError, write_file};

/// The name of a tensor and its shape for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Name in the model.
    pub name: String,
    /// Dimensions in the model.
    pub dims: Vec<usize>,
}

impl Shape {
    /// The dimensions of many events: without the model's own batch of one.
    pub fn per_event(&self) -> &[usize] {
        match self.dims.as_slice() {
            [1, rest @ ..] if !rest.is_empty() => rest,
            dims => dims,
        }
    }
}

/// A file of events that cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum ArrayError {
    /// It cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a NumPy file of numbers.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
    /// A tensor is missing.
    #[error("{} holds no array `{}`", path.display(), expected.escape_debug())]
    #[diagnostic(help("arrays found: {found}"))]
    Missing {
        /// The file.
        path: PathBuf,
        /// The model's input.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A tensor has another shape.
    #[error("{}: the array for `{}` has shape {found:?}, expected [n, {}]",
        path.display(), name.escape_debug(), join(expected))]
    Dims {
        /// The file.
        path: PathBuf,
        /// The model's input.
        name: String,
        /// Dimensions of one event.
        expected: Vec<usize>,
        /// The array's.
        found: Vec<usize>,
    },
    /// Tensors differ in their number of events.
    #[error("{}: `{}` has {found} events, the others {expected}", path.display(), name.escape_debug())]
    Events {
        /// The file.
        path: PathBuf,
        /// The model's input.
        name: String,
        /// Of the first.
        expected: usize,
        /// Of this one.
        found: usize,
    },
    /// A value is not a finite number.
    #[error("{}: row {row} of the array for `{}` holds {value}", path.display(), name.escape_debug())]
    #[diagnostic(help("remove the row, or replace the value"))]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The model's input.
        name: String,
        /// The event.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Results cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn join(dims: &[usize]) -> String {
    let dims: Vec<_> = dims.iter().map(usize::to_string).collect();
    dims.join(", ")
}

/// Per event, the values of each input.
pub type RealEvents = Vec<Vec<Vec<f64>>>;

/// Reads real events of a model's inputs.
pub fn read_real(path: &Path, inputs: &[Shape]) -> Result<RealEvents, ArrayError> {
    let arrays = read(path, inputs, "numbers", File::real)?;
    for (array, input) in arrays.iter().zip(inputs) {
        let events = array.shape().first().copied().unwrap_or(0);
        let width = array.len().checked_div(events).unwrap_or(1).max(1);
        let values = array.iter().copied().enumerate();
        if let Some((at, value)) = values.into_iter().find(|(_, value)| !value.is_finite()) {
            return Err(ArrayError::NotFinite {
                path: path.to_owned(),
                name: input.name.clone(),
                row: at / width,
                value,
            });
        }
    }
    Ok(by_event(&arrays))
}

/// Reads mantissas of a model's inputs.
pub fn read_mantissas(path: &Path, inputs: &[Shape]) -> Result<Vec<Vec<Vec<i64>>>, ArrayError> {
    let arrays = read(path, inputs, "integers", File::integers)?;
    Ok(by_event(&arrays))
}

/// Reads an array of labels, one per event.
pub fn read_labels(path: &Path, name: &str) -> Result<Vec<usize>, ArrayError> {
    let shape = Shape {
        name: name.to_owned(),
        dims: Vec::new(),
    };
    let arrays = read(path, &[shape], "integers", File::integers)?;
    let labels = arrays.into_iter().flatten().map(usize::try_from);
    labels
        .collect::<Result<_, _>>()
        .map_err(|_| ArrayError::Format {
            path: path.to_owned(),
            reason: format!("`{name}` holds a negative label"),
        })
}

/// Names of the arrays of a file; none for `.npy`, whose one array has no name.
pub fn array_names(path: &Path) -> Result<Vec<String>, ArrayError> {
    match open(path, &[])? {
        File::Npy(_) => Ok(Vec::new()),
        File::Npz(mut reader) => reader.names().map_err(|error| ArrayError::Format {
            path: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Reads an array of numbers of any shape.
pub fn read_array(path: &Path, name: &str) -> Result<ArrayD<f64>, ArrayError> {
    let format = |reason: String| ArrayError::Format {
        path: path.to_owned(),
        reason,
    };
    let array = open(path, &[])?.real(name).map_err(format)?;
    array.ok_or_else(|| format(format!("the array `{name}` does not hold numbers")))
}

/// Reads an array of integers of any shape, also where they are stored as real
/// numbers.
pub fn read_integers(path: &Path) -> Result<ArrayD<i64>, ArrayError> {
    let format = |reason: String| ArrayError::Format {
        path: path.to_owned(),
        reason,
    };
    let mut file = open(path, &[])?;
    if let Some(array) = file.integers("").map_err(format)? {
        return Ok(array);
    }
    let array = file.real("").map_err(format)?;
    let array = array.ok_or_else(|| format("the array does not hold numbers".to_owned()))?;
    // Every integer up to 2^53 has its own number in double precision.
    let exact = |value: f64| value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    match array.iter().find(|&&value| !exact(value)) {
        Some(value) => Err(format(format!(
            "{value} is not an integer of at most 53 bits"
        ))),
        None => Ok(array.mapv(|value| value as i64)),
    }
}

/// Writes results, one row per event: `.npy` for one tensor, else `.npz`.
///
/// `results` holds, per event, the values of each output.
pub fn write_results<T: WritableElement + Copy>(
    path: &Path,
    outputs: &[Shape],
    results: &[Vec<Vec<T>>],
) -> Result<(), ArrayError> {
    let failed = |reason: String| ArrayError::Format {
        path: path.to_owned(),
        reason,
    };
    let npz = path.extension().is_some_and(|extension| extension == "npz");
    if outputs.len() != 1 && !npz {
        return Err(failed(format!(
            "the model has {} outputs, which go into an .npz file",
            outputs.len()
        )));
    }
    let arrays = outputs.iter().enumerate().map(|(index, output)| {
        let mut dims = vec![results.len()];
        dims.extend(output.per_event());
        let values: Vec<T> = results
            .iter()
            .flat_map(|event| event[index].iter().copied())
            .collect();
        ArrayD::from_shape_vec(IxDyn(&dims), values).map_err(|error| failed(error.to_string()))
    });
    let mut bytes = Cursor::new(Vec::new());
    if npz {
        let mut writer = NpzWriter::new_compressed(&mut bytes);
        for (array, output) in arrays.zip(outputs) {
            writer
                .add_array(output.name.as_str(), &array?)
                .map_err(|error| failed(error.to_string()))?;
        }
        writer.finish().map_err(|error| failed(error.to_string()))?;
    } else {
        for array in arrays {
            array?
                .write_npy(&mut bytes)
                .map_err(|error| failed(error.to_string()))?;
        }
    }
    Ok(write_file(path, bytes.get_ref())?)
}

/// An open NumPy file.
enum File {
    Npy(PathBuf),
    Npz(NpzReader<BufReader<fs::File>>),
}

/// An array of the first element type that the file holds, converted.
macro_rules! first_that_reads {
    ($file:expr, $name:expr, $into:ty: $($from:ty),*) => {{
        $(
            if let Some(array) = $file.array::<$from>($name)? {
                return Ok(Some(array.mapv(|value| value as $into)));
            }
        )*
        Ok(None)
    }};
}

impl File {
    /// The array of this name as real numbers; `None` if it holds none.
    fn real(&mut self, name: &str) -> Result<Option<ArrayD<f64>>, String> {
        first_that_reads!(self, name, f64: f32, f64, i64, i32, i16, i8, u8)
    }

    /// The array of this name as integers; `None` if it holds none.
    fn integers(&mut self, name: &str) -> Result<Option<ArrayD<i64>>, String> {
        first_that_reads!(self, name, i64: i64, i32, i16, i8, u8)
    }

    /// The array of this name, if its elements are of the type.
    fn array<T: ReadableElement>(&mut self, name: &str) -> Result<Option<ArrayD<T>>, String> {
        let read = match self {
            Self::Npy(path) => {
                let file = fs::File::open(path).map_err(|error| error.to_string())?;
                ArrayD::<T>::read_npy(BufReader::new(file))
            }
            Self::Npz(reader) => match reader.by_name::<OwnedRepr<T>, IxDyn>(name) {
                Ok(array) => Ok(array),
                Err(ReadNpzError::Npy(error)) => Err(error),
                Err(error) => return Err(error.to_string()),
            },
        };
        match read {
            Ok(array) => Ok(Some(array)),
            Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Reads one array per shape and checks its dimensions.
fn read<T>(
    path: &Path,
    shapes: &[Shape],
    what: &str,
    load: impl Fn(&mut File, &str) -> Result<Option<ArrayD<T>>, String>,
) -> Result<Vec<ArrayD<T>>, ArrayError> {
    let format = |reason: String| ArrayError::Format {
        path: path.to_owned(),
        reason,
    };
    let mut file = open(path, shapes)?;
    let mut arrays: Vec<ArrayD<T>> = Vec::with_capacity(shapes.len());
    for shape in shapes {
        let array = load(&mut file, &shape.name).map_err(format)?;
        let array = array.ok_or_else(|| {
            format(format!(
                "the array for `{}` does not hold {what}",
                shape.name.escape_debug()
            ))
        })?;
        let events = array.shape().first().copied().unwrap_or(0);
        if array.shape().get(1..) != Some(shape.per_event())
            && array.shape().get(1..) != Some(&shape.dims)
        {
            return Err(ArrayError::Dims {
                path: path.to_owned(),
                name: shape.name.clone(),
                expected: shape.per_event().to_vec(),
                found: array.shape().to_vec(),
            });
        }
        let expected = arrays.first().map_or(events, |first| first.shape()[0]);
        if events != expected {
            return Err(ArrayError::Events {
                path: path.to_owned(),
                name: shape.name.clone(),
                expected,
                found: events,
            });
        }
        arrays.push(array);
    }
    Ok(arrays)
}

fn open(path: &Path, shapes: &[Shape]) -> Result<File, ArrayError> {
    let format = |reason: String| ArrayError::Format {
        path: path.to_owned(),
        reason,
    };
    let file = fs::File::open(path).map_err(|source| ArrayError::Open {
        path: path.to_owned(),
        source,
    })?;
    if path.extension().is_none_or(|extension| extension != "npz") {
        return match shapes.len() {
            0 | 1 => Ok(File::Npy(path.to_owned())),
            n => Err(format(format!(
                "{n} arrays are needed, which an .npz file holds"
            ))),
        };
    }
    let mut reader =
        NpzReader::new(BufReader::new(file)).map_err(|error| format(error.to_string()))?;
    let found = reader.names().map_err(|error| format(error.to_string()))?;
    if let Some(missing) = shapes.iter().find(|shape| !found.contains(&shape.name)) {
        return Err(ArrayError::Missing {
            path: path.to_owned(),
            expected: missing.name.clone(),
            found: found.join(", "),
        });
    }
    Ok(File::Npz(reader))
}

/// Per event, the values of each array.
fn by_event<T: Copy>(arrays: &[ArrayD<T>]) -> Vec<Vec<Vec<T>>> {
    let events = arrays.first().map_or(0, |array| array.shape()[0]);
    (0..events)
        .map(|event| {
            let rows = arrays.iter().map(|array| array.index_axis(Axis(0), event));
            rows.map(|row| row.iter().copied().collect()).collect()
        })
        .collect()
}
