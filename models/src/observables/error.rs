//! What can be wrong with a jet or with the entry that asks for an observable.

/// An error in the lists of one jet, or in a parameter. The reader adds file and row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObservableError {
    /// A list is shorter or longer than the list of transverse momenta.
    #[error("the list of {list} has {found} slots, but that of pt has {expected}")]
    Length {
        /// Which list: "y", "phi" or "pid".
        list: &'static str,
        /// Its slots.
        found: usize,
        /// The slots of `pt`.
        expected: usize,
    },
    /// A transverse momentum is negative, NaN or infinite.
    #[error("slot {slot}: pt is {value}; expected a positive number, or 0 for an empty slot")]
    Momentum {
        /// The slot, counted from 0.
        slot: usize,
        /// The value found.
        value: f32,
    },
    /// An angle or a particle number of a constituent is NaN or infinite.
    #[error("slot {slot}: {list} is {value}; expected a finite number")]
    NotFinite {
        /// The slot, counted from 0.
        slot: usize,
        /// Which list.
        list: &'static str,
        /// The value found.
        value: f32,
    },
    /// The particle number of a constituent is no particle of the PDG's numbering.
    #[error(
        "pid {pid} is no PDG particle number of known charge; expected numbers such as 22 or -211"
    )]
    Particle {
        /// The number found.
        pid: f32,
    },
    /// A parameter is out of its range.
    #[error("{key} is {found}; expected {expected}")]
    Parameter {
        /// The key in the entry.
        key: &'static str,
        /// The value found.
        found: String,
        /// The range that is allowed.
        expected: &'static str,
    },
}
