//! Where post-training quantisation rounds, and how many bits each place gets.

use std::collections::BTreeMap;

use crate::ir::Formats;
use crate::real::{Graph, Id, Node};

/// Narrowest and widest quantiser.
const WIDTHS: std::ops::RangeInclusive<u32> = 2..=32;

/// What a rounded value is to the operation that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A computed value or an input: one format.
    Activation,
    /// A constant of a contraction: one format, or one per output channel.
    Weights {
        /// The axis of the output channels.
        axis: usize,
    },
    /// An element-wise constant, or an input that feeds none but element-wise
    /// operations: a format per element, all of one width.
    Elementwise,
}

impl Role {
    /// How many widths a value can have.
    pub(super) fn channels(self, value: &Node) -> usize {
        match self {
            Self::Weights { axis } => value.shape.get(axis).copied().unwrap_or(1),
            Self::Activation | Self::Elementwise => 1,
        }
    }
}

/// A value that gets a quantiser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The node of the model without quantisers.
    pub value: Id,
    /// Its name.
    pub name: String,
    /// What it is to the operation that takes it.
    pub role: Role,
    /// Whether it is a constant.
    pub constant: bool,
    /// Number of elements.
    pub elements: usize,
    /// Number of widths that it can have.
    pub channels: usize,
    /// The formats that it got.
    pub formats: Formats,
}

impl Site {
    pub(super) fn new(graph: &Graph, value: Id, role: Role, formats: Formats) -> Self {
        let node = graph.node(value);
        Self {
            value,
            name: node.name.clone(),
            role,
            constant: graph.constant(value).is_some(),
            elements: crate::ir::element_count(&node.shape),
            channels: role.channels(node),
            formats,
        }
    }
}

/// The bits of one quantiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits {
    /// All bits, the sign included.
    pub width: u32,
    /// Integer bits fewer than the range needs: the values that they would hold
    /// saturate, and as many more fractional bits are kept.
    pub clip: u32,
}

impl Bits {
    /// Bits that hold the whole range.
    pub const fn wide(width: u32) -> Self {
        Self { width, clip: 0 }
    }
}

/// The bits of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteBits {
    /// The same for all elements.
    Tensor(Bits),
    /// Per output channel, each with the range of its own.
    Channels(Vec<Bits>),
}

impl SiteBits {
    /// The bits of every channel, one entry for a whole tensor.
    pub fn entries(&self) -> &[Bits] {
        match self {
            Self::Tensor(bits) => std::slice::from_ref(bits),
            Self::Channels(each) => each,
        }
    }
}

/// The bits of every site of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widths {
    default: SiteBits,
    stated: BTreeMap<Id, SiteBits>,
}

impl Widths {
    /// One width for all sites.
    pub const fn all(width: u32) -> Self {
        Self {
            default: SiteBits::Tensor(Bits::wide(width)),
            stated: BTreeMap::new(),
        }
    }

    /// States the bits of one site.
    pub fn set(&mut self, value: Id, bits: SiteBits) {
        self.stated.insert(value, bits);
    }

    /// The bits of a site.
    pub fn of(&self, value: Id) -> &SiteBits {
        self.stated.get(&value).unwrap_or(&self.default)
    }

    /// A width that no quantiser can have, if there is one.
    pub(super) fn wrong(&self) -> Option<u32> {
        std::iter::once(&self.default)
            .chain(self.stated.values())
            .flat_map(SiteBits::entries)
            .map(|bits| bits.width)
            .find(|width| !WIDTHS.contains(width))
    }
}
