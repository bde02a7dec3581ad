//! What can be wrong with a network's description.

/// Why a network cannot be built.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetError {
    /// A layer does not fit the value that it is given.
    #[error("layer '{layer}': its input has shape {found:?}; expected {expected}")]
    Shape {
        /// The layer.
        layer: String,
        /// Shape per event.
        found: Vec<usize>,
        /// What would fit.
        expected: String,
    },
    /// A setting of a layer is out of its range.
    #[error("layer '{layer}': {key} is {found}; expected {expected}")]
    Setting {
        /// The layer.
        layer: String,
        /// The key in the configuration.
        key: &'static str,
        /// The value found.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A product has an operand whose numbers have no width.
    #[error(
        "node '{node}': operand '{operand}' enters a product without a format; \
         put a quantiser before it"
    )]
    NoWidth {
        /// The node.
        node: String,
        /// The operand.
        operand: String,
    },
}
