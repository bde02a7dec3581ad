//! What is not exact in a module, for the user to read.

use std::fmt;

/// A place where the integers are not exactly what the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The node's name.
    pub node: String,
    /// What is lost there, and how much at most.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "`{}`: {}",
            crate::import::shorten(&self.node),
            self.text
        )
    }
}
