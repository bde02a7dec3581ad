//! Emitters: from a valid module to source code of a kernel.
//!
//! Every emitter takes a module and what [`crate::validate`] found of it, and
//! gives the files of a kernel or one typed [`Unsupported`]. It never panics,
//! and the same module gives the same bytes.

pub mod hls;
mod names;
pub mod rust;
pub mod verilog;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::verify::Events;

/// What an emitter does not write, for a module that is valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("node %{index} `{name}` ({operation}) cannot be emitted as {target}: {reason}")]
pub struct Unsupported {
    /// Position in the module.
    pub index: usize,
    /// The node's name, escaped.
    pub name: String,
    /// The operation.
    pub operation: &'static str,
    /// The target's name.
    pub target: &'static str,
    /// Why.
    pub reason: String,
}

/// Events and the results that a kernel must give for them, for a test bench.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vectors {
    /// What goes in.
    pub events: Events,
    /// The mantissas of all outputs in a row, for each event.
    pub results: Vec<Vec<i64>>,
}

/// Source files of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// Paths relative to the kernel's folder, and contents.
    pub files: Vec<(PathBuf, String)>,
}

impl Kernel {
    /// Writes the files into a folder, each to a temporary first.
    ///
    /// # Errors
    ///
    /// The file that could not be written.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        for (path, text) in &self.files {
            write_file(&folder.join(path), text.as_bytes())?;
        }
        Ok(())
    }
}

/// A file that could not be written.
#[derive(Debug, Error)]
#[error("cannot write {}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
///
/// The file, if its folder cannot be made or written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let attempt = || -> std::io::Result<()> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, bytes)?;
        set_default_permissions(file.path())?;
        file.persist(path)?;
        Ok(())
    };
    attempt().map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })
}

/// Temporary files are private; what they become is not.
#[cfg(unix)]
fn set_default_permissions(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_default_permissions(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
