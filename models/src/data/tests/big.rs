//! A file larger than memory, on request:
//!
//! ```text
//! TRIGFORGE_BIG_DATA_GB=10 cargo test --release -p trigforge-models big_data -- --ignored --nocapture
//! ```

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::FileReader;
use ::parquet::file::serialized_reader::SerializedFileReader;
use ::parquet::file::writer::SerializedFileWriter;

use super::*;

/// Repeats the row groups of a Parquet file until the copy has this many bytes.
fn repeat(from: &Path, to: &Path, bytes: u64) {
    let source = File::open(from).expect("open");
    let reader = SerializedFileReader::new(source.try_clone().expect("handle")).expect("reader");
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr().root_schema_ptr();
    let properties = WriterProperties::builder()
        .set_key_value_metadata(metadata.file_metadata().key_value_metadata().cloned());
    let out = File::create(to).expect("create");
    let mut writer =
        SerializedFileWriter::new(out, schema, Arc::new(properties.build())).expect("writer");
    while (writer.bytes_written() as u64) < bytes {
        for group in metadata.row_groups() {
            let mut copy = writer.next_row_group().expect("row group");
            for column in group.columns() {
                let close = ColumnCloseResult {
                    bytes_written: column.compressed_size() as u64,
                    rows_written: group.num_rows() as u64,
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                copy.append_column(&source, close).expect("column");
            }
            copy.close().expect("row group");
        }
    }
    writer.close().expect("close");
}

/// The most memory that this process has had, in MiB.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

#[test]
#[ignore = "writes a large file; see the head of this file"]
fn big_data_is_read_in_bounded_memory() {
    let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/jsc/train.parquet");
    if !set.exists() {
        eprintln!("skipped: {} is absent", set.display());
        return;
    }
    let size = std::env::var("TRIGFORGE_BIG_DATA_GB").ok();
    let size: f64 = size.and_then(|size| size.parse().ok()).unwrap_or(10.0);
    let dir = tempfile::tempdir().expect("tempdir");
    repeat(&set, &dir.path().join("big.parquet"), (size * 1e9) as u64);
    let text = format!(
        "path = \"DIR/big.parquet\"\nlabel = \"label\"\nmemory_rows = 400000\n\
         classes = [\"g\", \"q\", \"W\", \"Z\", \"t\"]\n{SPLIT}\
         [[data.inputs]]\nname = \"features\"\ncolumns = [\"mass_mmdt\", \"multiplicity\"]\n\
         [[data.inputs]]\nname = \"particles\"\nparticles = 32\nmask = \"const_pt\"\n\
         columns = [\"const_pt\", \"const_deta\", \"const_dphi\"]\n"
    );
    let started = Instant::now();
    let source = Source::open(&config(dir.path(), &text)).expect("source");
    assert!(!source.in_memory());
    let all = source.counts().all;
    let rate = |rows: usize, started: Instant| rows as f64 / started.elapsed().as_secs_f64();
    println!("{all} rows checked, {:.0} rows/s", rate(all, started));
    for epoch in 0..2 {
        let started = Instant::now();
        let mut rows = 0;
        for chunk in source.chunks(Part::Train, Some((1, epoch))) {
            rows += chunk.expect("chunk").rows;
        }
        assert_eq!(rows, source.rows(Part::Train));
        println!(
            "epoch {epoch}: {rows} of {all} rows, {:.0} read/s",
            rate(all, started)
        );
    }
    let peak = peak_mib().expect("memory of this process");
    println!("peak memory {peak:.0} MiB for {size} GB");
    assert!(peak < 2048.0, "{peak} MiB");
}
