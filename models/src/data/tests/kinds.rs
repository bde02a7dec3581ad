//! CSV, NPZ and NPY files.

use std::fmt::Write;
use std::fs::File;

use ndarray::{Array1, Array2, Array3};
use ndarray_npy::{NpzWriter, write_npy};

use super::*;

const ROWS: usize = 60;

fn cell(row: usize, slot: usize, feature: usize) -> f32 {
    ((row * 31 + slot * 7 + feature * 3) % 50) as f32 + 0.5
}

fn error(dir: &Path, text: &str) -> String {
    let opened = Source::open(&config(dir, text));
    opened.map(|_| ()).expect_err("an error").to_string()
}

fn contains(text: &str, part: &str) {
    assert!(text.contains(part), "'{part}' is not in: {text}");
}

/// Lines with a list of three slots in columns `p[0]`, ...
fn csv(rows: usize) -> String {
    let mut text = "mass, p[0],p[1], p[2],name,label,event\n".to_owned();
    for row in 0..rows {
        let p = [0, 1, 2].map(|slot| cell(row, slot, 0));
        let (label, event) = (row % 2, row / 3);
        writeln!(
            text,
            "{row}, {},{}, {:e},\"a, b\",{label},{event}",
            p[0], p[1], p[2]
        )
        .expect("text");
    }
    text
}

const CSV: &str = "path = \"DIR/a.csv\"\nlabel = \"label\"\nclasses = [\"no\", \"yes\"]\n";

#[test]
fn csv_has_scalars_and_lists() {
    let dir = tempfile::tempdir().expect("tempdir");
    std::fs::write(dir.path().join("a.csv"), csv(ROWS)).expect("write");
    let text = format!(
        "{CSV}{SPLIT}[[data.inputs]]\nname = \"s\"\ncolumns = [\"mass\", \"p[1]\", \"double\"]\n\
         [[data.inputs]]\nname = \"p\"\ncolumns = [\"p\"]\nparticles = 3\n\
         [data.derive]\ndouble = \"2 * p[2]\"\n"
    );
    let source = Source::open(&config(dir.path(), &text)).expect("source");
    assert_eq!(source.inputs()[1].shape, [3, 1]);
    for part in Part::ALL {
        let events = events(&source, part, None);
        for (at, scalars) in events.inputs[0].chunks(3).enumerate() {
            let row = scalars[0] as usize;
            assert_eq!(scalars[1..], [cell(row, 1, 0), 2.0 * cell(row, 2, 0)]);
            let list = &events.inputs[1][3 * at..3 * at + 3];
            assert_eq!(list, [0, 1, 2].map(|slot| cell(row, slot, 0)));
            assert_eq!(events.labels[at], row % 2);
        }
    }
}

#[test]
fn csv_is_streamed_from_any_line() {
    let dir = tempfile::tempdir().expect("tempdir");
    let rows = (1 << 16) + 5000;
    std::fs::write(dir.path().join("a.csv"), csv(rows)).expect("write");
    let text = format!(
        "{CSV}memory_rows = 8000\nheld_back_rows = {rows}\nfeatures = [\"mass\", \"p[0]\"]\n{SPLIT}"
    );
    let source = Source::open(&config(dir.path(), &text)).expect("source");
    assert!(!source.in_memory());
    let mut all = Vec::new();
    for part in Part::ALL {
        for values in events(&source, part, Some((1, 1))).inputs[0].chunks(2) {
            let row = values[0] as usize;
            assert_eq!(values[1], cell(row, 0, 0));
            all.push(row);
        }
    }
    all.sort_unstable();
    assert_eq!(all, (0..rows).collect::<Vec<_>>());
}

#[test]
fn csv_refuses_by_column_and_row() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("a.csv");
    let text = format!("{CSV}features = [\"mass\"]\n{SPLIT}");
    let with = |from: &str, to: &str, text: &str| {
        std::fs::write(&path, csv(ROWS).replacen(from, to, 1)).expect("write");
        error(dir.path(), text)
    };
    contains(
        &with("\n20,", "\nnan,", &text),
        "a.csv: column 'mass', row 20 is NaN",
    );
    contains(
        &with("\n20,", "\n,", &text),
        "column 'mass', row 20 is null",
    );
    contains(
        &with("\n20,", "\nlow,", &text),
        "column 'mass' is 'low' in row 20",
    );
    contains(&with("\n20,", "\n20,1,", &text), "not a readable CSV file");
    contains(
        &with(",0,0\n", ",0.5,0\n", &text),
        "data.label expects integers",
    );
    let name = text.replace("mass", "name");
    contains(&with("x", "x", &name), "column 'name' is 'a, b' in row 0");
    let absent = text.replace("mass", "q");
    contains(
        &with("x", "x", &absent),
        "no column 'q'; the file has 'mass', 'p[0]'",
    );
}

fn npz(path: &Path, labels: usize) {
    let mut writer = NpzWriter::new_compressed(File::create(path).expect("create"));
    let cloud = Array3::from_shape_fn((ROWS, 4, 2), |(row, slot, f)| cell(row, slot, f));
    let flat = Array2::from_shape_fn((ROWS, 2), |(row, f)| f64::from(cell(row, 0, f)));
    let label: Array1<i32> = (0..labels).map(|row| (row % 2) as i32).collect();
    let other = Array1::from(vec![1.0f32; 3]);
    writer.add_array("cloud", &cloud).expect("cloud");
    writer.add_array("flat", &flat).expect("flat");
    writer.add_array("label", &label).expect("label");
    writer.add_array("of_others", &other).expect("other");
    writer.finish().expect("finish");
}

const NPZ: &str = "path = \"DIR/a.npz\"\nlabel = \"label\"\nclasses = [\"no\", \"yes\"]\n";

#[test]
fn npz_has_columns_of_arrays_of_any_shape() {
    let dir = tempfile::tempdir().expect("tempdir");
    npz(&dir.path().join("a.npz"), ROWS);
    let text = format!(
        "{NPZ}{SPLIT}[[data.inputs]]\nname = \"s\"\ncolumns = [\"flat[1]\", \"sum\"]\n\
         [[data.inputs]]\nname = \"p\"\ncolumns = [\"cloud[1]\", \"cloud[0]\"]\nparticles = 3\n\
         [[data.inputs]]\nname = \"i\"\ncolumns = [\"cloud\"]\nimage = [1, 4, 2]\n\
         [data.derive]\nsum = \"flat[0] + flat[1]\"\n"
    );
    let config = config(dir.path(), &text);
    let source = Source::open(&config).expect("source");
    let split = Split::new(Path::new("t"), ROWS, &config.split).expect("split");
    for part in Part::ALL {
        let found = events(&source, part, None);
        for (at, row) in split.rows(part).iter().enumerate() {
            let [a, b] = [0, 1].map(|feature| cell(*row, 0, feature));
            assert_eq!(found.inputs[0][2 * at..2 * at + 2], [b, a + b]);
            let all: Vec<f32> = (0..8).map(|i| cell(*row, i / 2, i % 2)).collect();
            assert_eq!(found.inputs[2][8 * at..8 * at + 8], all);
            let swapped: Vec<f32> = (0..6).map(|i| cell(*row, i / 2, 1 - i % 2)).collect();
            assert_eq!(found.inputs[1][6 * at..6 * at + 6], swapped);
        }
    }
}

#[test]
fn arrays_of_different_lengths_are_refused() {
    let dir = tempfile::tempdir().expect("tempdir");
    npz(&dir.path().join("a.npz"), ROWS - 1);
    let found = error(
        dir.path(),
        &format!("{NPZ}features = [\"flat[0]\"]\n{SPLIT}"),
    );
    contains(&found, "column 'label' has 59 rows, but 'flat' has 60");
    let found = error(
        dir.path(),
        &format!("{NPZ}features = [\"flat[2]\"]\n{SPLIT}"),
    );
    contains(&found, "column 'label' has 59 rows");
    npz(&dir.path().join("a.npz"), ROWS);
    let found = error(
        dir.path(),
        &format!("{NPZ}features = [\"flat[2]\"]\n{SPLIT}"),
    );
    contains(&found, "no column 'flat[2]'; the file has ");
    contains(&found, "'flat[0]', 'flat[1]', 'flat'");
}

#[test]
fn npy_is_one_array() {
    let dir = tempfile::tempdir().expect("tempdir");
    let x = Array2::from_shape_fn((ROWS, 3), |(row, f)| match f {
        2 => (row % 2) as i64,
        _ => (row * (f + 1)) as i64,
    });
    write_npy(dir.path().join("a.npy"), &x).expect("write");
    let text = format!(
        "path = \"DIR/a.npy\"\nfeatures = [\"x[0]\", \"x[1]\"]\nlabel = \"x[2]\"\n\
         classes = [\"no\", \"yes\"]\n{SPLIT}"
    );
    let source = Source::open(&config(dir.path(), &text)).expect("source");
    let train = events(&source, Part::Train, None);
    assert!(train.inputs[0].chunks(2).all(|row| row[1] == 2.0 * row[0]));
    std::fs::write(dir.path().join("a.npy"), b"\x93NUMPY and then nothing").expect("write");
    contains(&error(dir.path(), &text), "a.npy: not a readable NPY file");
}

#[test]
fn parts_are_written_for_others() {
    let dir = tempfile::tempdir().expect("tempdir");
    npz(&dir.path().join("a.npz"), ROWS);
    let text = format!(
        "{NPZ}{SPLIT}[[data.inputs]]\nname = \"p\"\ncolumns = [\"cloud[0]\"]\nparticles = 4\n"
    );
    let source = Source::open(&config(dir.path(), &text)).expect("source");
    let written = source.write(&dir.path().join("parts")).expect("written");
    assert_eq!(written.len(), 3);
    // They read back as a file of events themselves.
    let text = format!(
        "path = \"DIR/parts/train.npz\"\nlabel = \"labels\"\nclasses = [\"no\", \"yes\"]\n\
         weight = \"weights\"\n{SPLIT}[[data.inputs]]\nname = \"p\"\ncolumns = [\"p[0]\"]\n\
         particles = 4\n"
    );
    let again = Source::open(&config(dir.path(), &text)).expect("source");
    let train = events(&source, Part::Train, None);
    let split = Split::new(Path::new("t"), train.rows, &config(dir.path(), &text).split);
    let rows = split.expect("split").rows(Part::Train).to_vec();
    assert_eq!(events(&again, Part::Train, None), train.select(&rows));
}

#[test]
fn other_kinds_are_named() {
    let text = format!("{NPZ}features = [\"a\"]\n{SPLIT}").replace("npz", "root");
    let found = error(Path::new("."), &text);
    contains(
        &found,
        "a.root: unknown kind of data file; expected a name that ends in .parquet",
    );
}

#[test]
#[cfg(not(feature = "hdf5"))]
fn without_hdf5_it_says_how_to_have_it() {
    let dir = tempfile::tempdir().expect("tempdir");
    let text = format!("{CSV}features = [\"mass\"]\n{SPLIT}").replace(".csv", ".h5");
    contains(&error(dir.path(), &text), "with the feature hdf5");
}
