//! Where features come from.

use crate::Mantissa;

/// A source of events.
pub trait Source<F: Mantissa> {
    /// Why an event could not be read.
    type Error;

    /// Fills in the features of the next event; `false`, at once, if there is
    /// none yet.
    ///
    /// # Errors
    ///
    /// An event that could not be read whole; the next call takes the next one.
    fn read(&mut self, features: &mut [F]) -> Result<bool, Self::Error>;
}
