//! What can be wrong with a data file.

use std::path::PathBuf;

use crate::observables::ObservableError;

/// An error in the user's data: which file, column and row, what was expected, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened or read.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The data file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The extension names no known format.
    #[error("{}: unknown kind of data file; expected a name that ends in .parquet, .npz, .npy, .csv or .h5", path.display())]
    UnknownKind {
        /// The data file.
        path: PathBuf,
    },
    /// An HDF5 file, and trigforge was built without the feature that reads it.
    #[error("{}: this trigforge was built without HDF5; build it with the feature hdf5", path.display())]
    WithoutHdf5 {
        /// The data file.
        path: PathBuf,
    },
    /// The file is damaged or not what its extension says.
    #[error("{}: not a readable {kind} file: {reason}", path.display())]
    Malformed {
        /// The data file.
        path: PathBuf,
        /// The format that was expected.
        kind: &'static str,
        /// What the reader of that format said.
        reason: String,
    },
    /// Columns that were asked for are not in the file.
    #[error("{}: no column {}; the file has {}", path.display(), list(missing), list(found))]
    MissingColumns {
        /// The data file.
        path: PathBuf,
        /// The columns that are not there.
        missing: Vec<String>,
        /// All columns of the file.
        found: Vec<String>,
    },
    /// A column is of a type that is not supported in its role.
    #[error("{}: column '{column}' is {found}; expected {expected}", path.display())]
    ColumnType {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What is supported.
        expected: &'static str,
    },
    /// A cell is empty.
    #[error("{}: column '{column}', row {row} is null; fill or drop such rows first", path.display())]
    Null {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A cell is NaN or infinite.
    #[error("{}: column '{column}', row {row} is {value}; expected a finite number (drop such rows first)", path.display())]
    NotFinite {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The offending value.
        value: f32,
    },
    /// Two columns have different lengths.
    #[error("{}: column '{column}' has {found} rows, but '{reference}' has {expected}", path.display())]
    Length {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its length.
        found: usize,
        /// The column it is compared with.
        reference: String,
        /// The length of that one.
        expected: usize,
    },
    /// A column has the same value everywhere.
    #[error("{}: column '{column}' is {value} in every row of the training part; take it out of the inputs", path.display())]
    Constant {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its only value.
        value: f32,
    },
    /// A label is no class number.
    #[error("{}: column '{column}', row {row} is {found}; expected {}", path.display(), one_of(expected))]
    Label {
        /// The data file.
        path: PathBuf,
        /// The label column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The number found.
        found: i64,
        /// The numbers of the classes.
        expected: Vec<i64>,
    },
    /// A class of the configuration never occurs.
    #[error("{}: column '{column}' never holds {class} ('{name}'); correct data.classes or the file", path.display())]
    EmptyClass {
        /// The data file.
        path: PathBuf,
        /// The label column.
        column: String,
        /// Number of the class.
        class: usize,
        /// Its name.
        name: String,
    },
    /// Lists of one column differ in size.
    #[error("{}: column '{column}', row {row} is a list of {found}, but row 0 has {expected}; pad the lists to one size", path.display())]
    Slots {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The size of its list.
        found: usize,
        /// The size of the first list.
        expected: usize,
    },
    /// A column is not shaped as its input needs it.
    #[error("{}: column '{column}' holds {found}; {role} expects {expected}", path.display())]
    Shape {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What the file has.
        found: String,
        /// The key of the configuration that names the column.
        role: String,
        /// What that needs.
        expected: String,
    },
    /// An expression of the configuration cannot be computed.
    #[error("{key}: '{text}': {reason}")]
    Expression {
        /// The key of the configuration.
        key: String,
        /// The expression.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An observable cannot be computed of the lists of a row.
    #[error("{}: column '{column}', row {row}: {reason}", path.display())]
    Observable {
        /// The data file.
        path: PathBuf,
        /// The derived column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// Which list and slot.
        reason: ObservableError,
    },
    /// A derived column has the name of a column of the file.
    #[error("{}: data.derive.{column}: the file has a column of that name; choose another one", path.display())]
    Shadowed {
        /// The data file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// A part of the split holds no row of a class.
    #[error("{}: column '{column}': the {part} part has no row of class {class} ('{name}'); give more data or another seed in data.split", path.display())]
    AbsentClass {
        /// The data file.
        path: PathBuf,
        /// The label column.
        column: String,
        /// The part.
        part: &'static str,
        /// Number of the class.
        class: usize,
        /// Its name.
        name: String,
    },
    /// The weights of a part cancel.
    #[error("{}: column '{column}': the weights of the {part} part add up to {sum}; expected more than 0", path.display())]
    Weights {
        /// The data file.
        path: PathBuf,
        /// The column of weights.
        column: String,
        /// The part.
        part: &'static str,
        /// The sum.
        sum: f64,
    },
    /// No row of the training part has a slot that is not empty.
    #[error("{}: column '{column}' has only empty slots in the training part; correct data.inputs.mask", path.display())]
    NoSlots {
        /// The data file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// The rows of a part do not suffice for two mixed samples.
    #[error("{}: {} and {} rows of the two classes in the {part} part do not give two samples with {} and {} of the second; give more data or other data.mixture.shares", path.display(), given[0], given[1], shares[0], shares[1])]
    Mixture {
        /// The data file.
        path: PathBuf,
        /// The part.
        part: &'static str,
        /// Its rows of each class.
        given: [usize; 2],
        /// The shares asked for.
        shares: [f64; 2],
    },
    /// Mixed samples of files that are too large to be held.
    #[error("{}: data.mixture needs all rows in memory; raise data.memory_rows above {rows}", path.display())]
    StreamedMixture {
        /// The first data file.
        path: PathBuf,
        /// Rows of all files.
        rows: usize,
    },
    /// The configuration names no file.
    #[error("data.path or data.paths is missing; expected a file of events")]
    NoFile,
    /// A file of events cannot be written.
    #[error("{}: cannot be written: {reason}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Several things are wrong; all of them.
    #[error("{}", lines(problems))]
    Several {
        /// What is wrong, each.
        problems: Vec<DataError>,
    },
    /// A part of the split would hold no rows.
    #[error("{}: {rows} rows leave none for the {part} part; give more data or larger fractions in data.split", path.display())]
    EmptyPart {
        /// The data file.
        path: PathBuf,
        /// Rows of the file.
        rows: usize,
        /// The part without rows.
        part: &'static str,
    },
}

impl DataError {
    /// One error of a list, all of several.
    pub(super) fn all(mut problems: Vec<Self>) -> Result<(), Self> {
        match problems.len() {
            0 => Ok(()),
            1 => Err(problems.remove(0)),
            _ => Err(Self::Several { problems }),
        }
    }
}

fn lines(problems: &[DataError]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The numbers that a label may be; those from 0 on in short.
fn one_of(values: &[i64]) -> String {
    match values {
        [0, .., last] if (0..).zip(values).all(|(at, value)| at == *value) => {
            format!("a class number from 0 to {last}")
        }
        _ => {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            let values = values.join(", ");
            format!("one of data.label_values, {values}; leave other rows out by data.selection")
        }
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}
