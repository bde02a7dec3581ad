//! ALIR and DAIS: circuits of alkaid and da4ml (arXiv:2507.04535), as JSON.
//!
//! A program is a list of scalar operations with a stated interval each, which
//! is the circuit level in other words. What each operation means is in the
//! specification of those tools, `docs/alir.md` and `docs/dais.md` of their
//! repositories; what is taken of it is in `docs/importers.md`. The intervals
//! are not believed: the builder derives its own, and a stated one counts only
//! where the operation rounds to it or reads bits by their position.

mod decode;
mod forms;
mod program;
mod translate;

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{ImportError, Unsupported};
use crate::circuit::Circuit;

/// Most bytes of a file, packed and unpacked.
const LARGEST: u64 = 32 << 20;

/// What a file packed by gzip starts with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of a file that may be packed, and its SHA-256 in hex; `None` if it
/// is no text, or unpacked and larger than a circuit may be.
///
/// # Errors
///
/// A file that cannot be read or unpacked, or is too large.
fn text(path: &Path) -> Result<Option<(String, String)>, ImportError> {
    let unreadable = |source| ImportError::Read {
        path: path.to_owned(),
        source,
    };
    let not_a_model = |reason: String| ImportError::NotAModel {
        path: path.to_owned(),
        reason,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let packed = bytes.starts_with(&GZIP);
    if !packed && bytes.len() as u64 > LARGEST {
        // Too large for a circuit, but not for another kind of model.
        return Ok(None);
    }
    if packed {
        let packed = std::mem::take(&mut bytes);
        flate2::read::MultiGzDecoder::new(packed.as_slice())
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| not_a_model(format!("it cannot be unpacked: {error}")))?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(not_a_model(format!(
            "it has more than the {LARGEST} bytes that are read of a JSON file"
        )));
    }
    Ok(String::from_utf8(bytes).ok().map(|text| (text, hash)))
}

/// Reads a circuit of alkaid or da4ml; `None` if the file is nothing like it.
///
/// # Errors
///
/// A file that cannot be read, is broken, or holds what is not taken.
pub fn read(path: &Path) -> Result<Option<Circuit>, ImportError> {
    let Some((text, hash)) = text(path)? else {
        return Ok(None);
    };
    let wrapped = text.trim_start().starts_with('{')
        && ["\"ALIRModel\"", "\"DAISModel\""]
            .iter()
            .any(|meta| text.contains(meta));
    if !wrapped && !text.trim_start().starts_with('[') {
        return Ok(None);
    }
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut circuit = parse(&text, &name).map_err(|refusal| match refusal {
        Refusal::Invalid(reason) => ImportError::Invalid {
            path: path.to_owned(),
            reason,
        },
        Refusal::Unsupported(items) => ImportError::UnsupportedCircuit {
            path: path.to_owned(),
            items,
        },
    })?;
    circuit.source_sha256 = Some(hash);
    Ok(Some(circuit))
}

/// Why a program is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The text breaks the rules of its format.
    Invalid(String),
    /// All that is not taken.
    Unsupported(Vec<Unsupported>),
}

/// Reads the JSON of a program.
///
/// # Errors
///
/// Text that is no program, or everything in it that is not taken.
pub fn parse(text: &str, name: &str) -> Result<Circuit, Refusal> {
    let json = serde_json::from_str(text)
        .map_err(|error| Refusal::Invalid(format!("it is not JSON: {error}")))?;
    let program = program::read(&json)?;
    translate::circuit(&program, name)
}
