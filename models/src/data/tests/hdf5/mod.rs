//! HDF5 files that h5py wrote (`make.py`).

use super::*;

const ROWS: usize = 500;

fn cell(row: usize, slot: usize, feature: usize) -> f32 {
    ((row * 31 + slot * 7 + feature * 3) % 50) as f32 + 0.5
}

/// The table `[data]` for one of the files.
fn text(file: &str, rest: &str) -> String {
    format!(
        "path = \"{}/src/data/tests/hdf5/{file}.h5\"\nlabel = \"label\"\n\
         classes = [\"no\", \"yes\"]\n{rest}",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn error(file: &str, features: &str) -> String {
    let text = text(file, &format!("features = [{features}]\n{SPLIT}"));
    let opened = Source::open(&config(Path::new("."), &text));
    opened.map(|_| ()).expect_err("an error").to_string()
}

#[test]
fn every_type_layout_and_filter_is_read() {
    let columns = "\"row\", \"negative\", \"half\", \"big\", \"pair[1]\", \"jets/records/pt\", \
                   \"jets/records/n\", \"jets/records/b\", \"ratio\"";
    let rest = format!(
        "selection = [\"jets/records/n <= 0\"]\n{}\
         [[data.inputs]]\nname = \"s\"\ncolumns = [{columns}]\n\
         [[data.inputs]]\nname = \"p\"\n\
         columns = [\"jets/x[0]\", \"jets/x[1]\", \"tracks/pt\"]\nparticles = 3\n\
         [[data.inputs]]\nname = \"i\"\ncolumns = [\"pair\"]\nimage = [1, 1, 2]\n\
         [data.derive]\nratio = \"jets/records/pt / (1 + row)\"\n",
        SPLIT.replace("seed", "by = \"event\", seed")
    );
    for file in ["earliest", "latest"] {
        let source = Source::open(&config(Path::new("."), &text(file, &rest))).expect("source");
        assert_eq!(source.column_summary(0)[0].unit.as_deref(), Some("GeV"));
        let mut all = Vec::new();
        for part in Part::ALL {
            let events = events(&source, part, None);
            for (at, scalars) in events.inputs[0].chunks(9).enumerate() {
                let row = scalars[0] as usize;
                let x = row as f32;
                let first = cell(row, 0, 0);
                let record = [2.0 * x, -x, cell(row, 1, 1), 2.0 * x / (1.0 + x)];
                assert_eq!(scalars[1..5], [-x, first, first, cell(row, 0, 1)]);
                assert_eq!(scalars[5..], record);
                assert_eq!(events.labels[at], row % 2);
                let list = &events.inputs[1][9 * at..9 * at + 9];
                for (slot, values) in list.chunks(3).enumerate() {
                    let expected = [cell(row, slot, 0), cell(row, slot, 1), cell(row, slot, 0)];
                    assert_eq!(values, expected);
                }
                let image = &events.inputs[2][2 * at..2 * at + 2];
                assert_eq!(image, [first, cell(row, 0, 1)]);
                all.push(row);
            }
        }
        all.sort_unstable();
        assert_eq!(all, (0..ROWS).collect::<Vec<_>>());
    }
}

#[test]
fn long_files_are_streamed() {
    for memory in [8000, 50_000] {
        let rest = format!(
            "memory_rows = {memory}\nheld_back_rows = 40000\nfeatures = [\"row\"]\n{SPLIT}"
        );
        let source = Source::open(&config(Path::new("."), &text("long", &rest))).expect("source");
        assert_eq!(source.in_memory(), memory == 50_000);
        let mut all = Vec::new();
        for part in Part::ALL {
            let events = events(&source, part, Some((1, 1)));
            for (row, label) in events.inputs[0].iter().zip(&events.labels) {
                assert_eq!(*row as usize % 2, *label);
                all.push(*row as usize);
            }
        }
        all.sort_unstable();
        assert_eq!(all, (0..40_000).collect::<Vec<_>>());
    }
}

#[test]
fn refusals_name_column_and_row() {
    let found = error("latest", "\"row\", \"broken\"");
    assert!(found.contains("column 'broken', row 7 is NaN"), "{found}");
    let found = error("latest", "\"row\", \"short\"");
    assert!(found.contains("column 'short' has 5 rows"), "{found}");
    let found = error("latest", "\"row\", \"names\"");
    assert!(found.contains("column 'names' is"), "{found}");
    let found = error("latest", "\"row\", \"scalar\"");
    assert!(found.contains("column 'scalar' is"), "{found}");
    let found = error("latest", "\"row\", \"jets/pt\"");
    assert!(found.contains("'jets/pt'"), "{found}");
}

#[test]
fn damage_is_an_error() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("a.h5");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/tests/hdf5");
    let whole = std::fs::read(folder.join("latest.h5")).expect("file");
    let rest = format!("features = [\"row\", \"pair[0]\"]\n{SPLIT}");
    let text =
        format!("path = \"DIR/a.h5\"\nlabel = \"label\"\nclasses = [\"no\", \"yes\"]\n{rest}");
    let open = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("write");
        Source::open(&config(dir.path(), &text)).map(|_| ())
    };
    open(&whole).expect("the whole file");
    open(b"no HDF5").expect_err("an error");
    for share in 1..8 {
        open(&whole[..whole.len() * share / 8]).expect_err("an error");
    }
}
