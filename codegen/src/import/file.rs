//! Reads a model file with an eye on its size and first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ImportError;

/// Models above this size keep their weights elsewhere, and are none that a
/// trigger could hold.
const LARGEST: u64 = 1 << 30;

/// The first bytes of a file, up to 16; none of a folder.
pub(super) fn start(path: &Path) -> Result<Vec<u8>, ImportError> {
    let mut start = Vec::new();
    let read = |file: File| file.take(16).read_to_end(&mut start);
    match std::fs::metadata(path).map(|metadata| metadata.is_dir()) {
        Ok(true) => Ok(start),
        _ => match File::open(path).and_then(read) {
            Ok(_) => Ok(start),
            Err(source) => Err(ImportError::Read {
                path: path.to_owned(),
                source,
            }),
        },
    }
}

/// The bytes of an ONNX file and their SHA-256 in hex.
pub(super) fn read(
    path: &Path,
    looks_right: impl Fn(u8) -> bool,
) -> Result<(Vec<u8>, String), ImportError> {
    read_expected(path, "an ONNX file", looks_right)
}

/// The bytes of a file of the expected kind and their SHA-256 in hex.
pub(super) fn read_expected(
    path: &Path,
    expected: &str,
    looks_right: impl Fn(u8) -> bool,
) -> Result<(Vec<u8>, String), ImportError> {
    let unreadable = |source| ImportError::Read {
        path: path.to_owned(),
        source,
    };
    let not_a_model = |reason: String| ImportError::NotAModel {
        path: path.to_owned(),
        reason,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(not_a_model(format!("it is a folder, expected {expected}")));
    }
    if metadata.len() > LARGEST {
        return Err(not_a_model(format!(
            "it has {} bytes, more than the {LARGEST} that are read",
            metadata.len()
        )));
    }
    let mut bytes = Vec::new();
    let mut first = [0];
    if file.read(&mut first).map_err(unreadable)? == 0 {
        return Err(not_a_model(format!(
            "the file is empty, expected {expected}"
        )));
    }
    if !looks_right(first[0]) {
        return Err(not_a_model(format!(
            "the first byte is {:#04x}{}, expected {expected}",
            first[0],
            kind(first[0])
        )));
    }
    bytes.push(first[0]);
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let hash = Sha256::digest(&bytes);
    let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, hex))
}

/// What a first byte that is not the expected one tells.
fn kind(first: u8) -> &'static str {
    match first {
        b'P' => {
            ", as in a zip archive (.keras, .npz, .pt; the model must be exported, to QONNX or \
             through Alkaid)"
        }
        0x1f => ", as in a gzip file, and it holds no circuit of Alkaid",
        b'{' | b'[' => ", as in JSON, which holds no model here (a circuit, a tree ensemble)",
        0x89 => ", as in an HDF5 file (.h5; the model must be exported to ONNX or QONNX)",
        _ => "",
    }
}
