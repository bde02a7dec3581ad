//! CSV files with a line of names, by runs of lines.
//!
//! Columns called `x[0]`, `x[1]`, ... are also one column `x` of lists. An empty cell is null.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::csv::{ByteRecord, ReaderBuilder, Trim};

use super::{BATCH, Batches, Cells, Field, Kind, Reader, Values};
use crate::data::DataError;

/// Lines of a group.
const GROUP: usize = 1 << 15;

type Lines = ::csv::Reader<BufReader<File>>;

/// An open CSV file.
pub(super) struct Csv {
    path: PathBuf,
    fields: Vec<Field>,
    /// For each field the columns of the file.
    columns: Vec<Vec<usize>>,
    groups: Vec<usize>,
    /// Where each group begins, in bytes.
    starts: Vec<u64>,
}

impl Csv {
    /// Reads the file once: its names, the number types of the columns that are mentioned, and
    /// where its lines are.
    pub(super) fn open(path: &Path, mentioned: &BTreeSet<String>) -> Result<Self, DataError> {
        let mut lines = lines(path, 0, true)?;
        let header = lines.headers().map_err(|error| malformed(path, &error))?;
        let names: Vec<String> = header.iter().map(str::to_owned).collect();
        let base = |name: &String| name.split('[').next().unwrap_or_default().to_owned();
        let needed = |name: &String| mentioned.contains(name) || mentioned.contains(&base(name));
        let needed: Vec<bool> = names.iter().map(needed).collect();
        let mut kinds = vec![Kind::Int; names.len()];
        let (mut groups, mut starts) = (Vec::new(), Vec::new());
        let mut record = ByteRecord::new();
        let mut row = 0;
        loop {
            let at = lines.position().byte();
            let more = lines.read_byte_record(&mut record);
            if !more.map_err(|error| malformed(path, &error))? {
                break;
            }
            if row % GROUP == 0 {
                starts.push(at);
                groups.push(0);
            }
            if let Some(rows) = groups.last_mut() {
                *rows += 1;
            }
            for (column, cell) in record.iter().enumerate().filter(|(c, _)| needed[*c]) {
                widen(&mut kinds[column], cell, row);
            }
            row += 1;
        }
        let (fields, columns) = fields(&names, &kinds);
        Ok(Self {
            path: path.to_owned(),
            fields,
            columns,
            groups,
            starts,
        })
    }

    /// The next rows of a group, at most `most`.
    fn batch(
        &self,
        lines: &mut Lines,
        wanted: &[usize],
        most: usize,
    ) -> Result<Vec<Cells>, DataError> {
        let mut cells: Vec<Cells> = wanted
            .iter()
            .map(|field| Cells {
                values: match self.fields[*field].kind {
                    Kind::Int => Values::Int(Vec::new()),
                    _ => Values::Float(Vec::new()),
                },
                nulls: Vec::new(),
            })
            .collect();
        let mut record = ByteRecord::new();
        for row in 0..most {
            let more = lines.read_byte_record(&mut record);
            if !more.map_err(|error| malformed(&self.path, &error))? {
                break;
            }
            for (field, cells) in wanted.iter().zip(&mut cells) {
                for column in &self.columns[*field] {
                    let cell = record.get(*column).unwrap_or_default();
                    if cell.is_empty() && cells.nulls.last() != Some(&row) {
                        cells.nulls.push(row);
                    }
                    let read = match &mut cells.values {
                        Values::Float(values) => push(values, cell),
                        Values::Int(values) => push(values, cell),
                    };
                    if !read {
                        let name = &self.fields[*field].name;
                        let reason = format!("column '{name}' has changed since it was opened");
                        return Err(malformed(&self.path, &reason));
                    }
                }
            }
        }
        Ok(cells)
    }
}

/// Appends the number in a cell, 0 for an empty one; or says that there is no such number.
fn push<T: std::str::FromStr + Default>(values: &mut Vec<T>, cell: &[u8]) -> bool {
    let number = match cell {
        [] => Some(T::default()),
        cell => std::str::from_utf8(cell)
            .ok()
            .and_then(|text| text.parse().ok()),
    };
    number.map(|number| values.push(number)).is_some()
}

/// Makes the type of a column one that takes this cell, too.
fn widen(kind: &mut Kind, cell: &[u8], row: usize) {
    let text = std::str::from_utf8(cell).unwrap_or("bytes that are no UTF-8");
    let fits = match kind {
        Kind::Int => text.is_empty() || text.parse::<i64>().is_ok(),
        Kind::Float => text.is_empty() || text.parse::<f32>().is_ok(),
        Kind::Other(_) => true,
    };
    if !fits {
        *kind = match text.parse::<f32>() {
            Ok(_) => Kind::Float,
            Err(_) => {
                let shown: String = text.chars().take(40).collect();
                Kind::Other(format!("'{}' in row {row}", shown.escape_debug()))
            }
        };
    }
}

/// The columns of scalars, and the lists that some of them make together.
fn fields(names: &[String], kinds: &[Kind]) -> (Vec<Field>, Vec<Vec<usize>>) {
    let field = |name: &str, kind: &Kind, slots: Option<usize>| Field {
        name: name.to_owned(),
        kind: kind.clone(),
        slots,
        unit: None,
    };
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    let mut lists: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for (column, (name, kind)) in names.iter().zip(kinds).enumerate() {
        fields.push(field(name, kind, None));
        columns.push(vec![column]);
        let index = name.strip_suffix(']').and_then(|name| name.split_once('['));
        if let Some((base, Ok(slot))) = index.map(|(base, slot)| (base, slot.parse())) {
            lists.entry(base).or_default().insert(slot, column);
        }
    }
    for (base, slots) in lists {
        let complete = slots.keys().copied().eq(0..slots.len());
        if !complete || names.iter().any(|name| name == base) {
            continue;
        }
        let of_list: Vec<usize> = slots.into_values().collect();
        let widest = of_list
            .iter()
            .map(|column| &kinds[*column])
            .max_by_key(|kind| match kind {
                Kind::Int => 0,
                Kind::Float => 1,
                Kind::Other(_) => 2,
            });
        fields.push(field(
            base,
            widest.unwrap_or(&Kind::Int),
            Some(of_list.len()),
        ));
        columns.push(of_list);
    }
    (fields, columns)
}

impl Reader for Csv {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn groups(&self) -> &[usize] {
        &self.groups
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(&self, group: usize, wanted: &[usize]) -> Result<Batches<'_>, DataError> {
        let mut lines = lines(&self.path, self.starts[group], false)?;
        let rows = self.groups[group];
        let wanted = wanted.to_vec();
        Ok(Box::new((0..rows).step_by(BATCH).map(move |start| {
            self.batch(&mut lines, &wanted, BATCH.min(rows - start))
        })))
    }
}

/// A reader from this byte on.
fn lines(path: &Path, from: u64, named: bool) -> Result<Lines, DataError> {
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    file.seek(SeekFrom::Start(from)).map_err(io)?;
    Ok(ReaderBuilder::new()
        .has_headers(named)
        .trim(Trim::All)
        .from_reader(file))
}

fn malformed(path: &Path, error: &impl std::fmt::Display) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        kind: "CSV",
        reason: error.to_string(),
    }
}
