//! One format for elements that an operation takes with one alone, exactly.

use trigforge::{Format, Overflow, Rounding};

use crate::ir::{Formats, NodeId, TensorType};
use crate::ops::Requantize;

use super::integer::Writer;

impl Writer<'_> {
    /// A node in which elements of the same group have the same format, one
    /// that holds all of theirs.
    pub(super) fn aligned(
        &mut self,
        name: &str,
        node: NodeId,
        group: impl Fn(usize) -> usize,
    ) -> Result<NodeId, String> {
        let ty = self.builder.ty(node).clone();
        if matches!(ty.formats, Formats::Uniform(_)) {
            return Ok(node);
        }
        let all = ty.element_formats();
        let count = (0..all.len()).map(&group).max().map_or(0, |last| last + 1);
        let mut shared: Vec<Option<Format>> = vec![None; count];
        for (at, &format) in all.iter().enumerate() {
            let shared = &mut shared[group(at)];
            *shared = match *shared {
                None => Some(format),
                Some(other) => {
                    let (i, f) = (format.i().max(other.i()), format.f().max(other.f()));
                    let both = Format::new(format.k() || other.k(), i, f);
                    Some(both.ok_or("its elements' formats differ by too many bits")?)
                }
            };
        }
        let formats = (0..all.len()).map(|at| shared[group(at)].unwrap_or(Format::ZERO));
        let formats: Vec<_> = formats.collect();
        if formats == all {
            return Ok(node);
        }
        // Nothing is lost: each format holds what it replaces.
        let op = Requantize {
            rounding: Rounding::Trn,
            overflow: Overflow::Sat,
        };
        let formats = Formats::each(ty.shape.clone(), formats);
        let ty = TensorType { formats, ..ty };
        self.add(name, op, &[node], Some(ty))
    }
}
