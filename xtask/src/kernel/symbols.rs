//! Symbols of compiled code.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSymbol};

/// The symbols of a library or of an object file.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Those that it holds itself.
    pub defined: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Symbols {
    /// Those that something else would have to bring.
    pub fn undefined(&self) -> Vec<String> {
        self.used.difference(&self.defined).cloned().collect()
    }

    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        let file = object::File::parse(bytes)?;
        for symbol in file.symbols() {
            let name = symbol.name()?.to_owned();
            if name.is_empty() {
                continue;
            }
            match symbol.is_undefined() {
                true => self.used.insert(name),
                false => self.defined.insert(name),
            };
        }
        Ok(())
    }
}

/// The symbols that a library or an object file needs from elsewhere.
pub fn undefined(path: &Path) -> Result<Vec<String>> {
    Ok(read(path)?.undefined())
}

/// Reads an object file, or all object files of a library.
pub fn read(path: &Path) -> Result<Symbols> {
    let shown = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(shown)?;
    let mut symbols = Symbols::default();
    if !bytes.starts_with(&object::archive::MAGIC) {
        symbols.add(&bytes).with_context(shown)?;
        return Ok(symbols);
    }
    let archive = ArchiveFile::parse(bytes.as_slice()).with_context(shown)?;
    for member in archive.members() {
        let member = member.with_context(shown)?;
        // Not code: what the compiler keeps for itself.
        if member.name() == b"lib.rmeta" {
            continue;
        }
        symbols
            .add(member.data(bytes.as_slice())?)
            .with_context(shown)?;
    }
    Ok(symbols)
}
