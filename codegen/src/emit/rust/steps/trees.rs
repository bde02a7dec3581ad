//! Steps that walk tree ensembles.
//!
//! Trees of one class and one depth are walked together. A tree that is not
//! much smaller than a whole one of its depth is filled up to it; others are
//! linked nodes. Splits that the range of their feature decides are left out,
//! and trees of one leaf are added to the base.

mod layout;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use self::layout::{Group, Layout, groups};
use super::Steps;
use crate::emit::Unsupported;
use crate::emit::rust::chain::{container_for, hull};
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::{Label, list};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{Interval, NodeId};
use crate::ops::{Op, Trees};

/// Features that an index of one byte counts.
const BYTE: usize = 1 << 8;

impl Steps<'_> {
    /// An array of the sums, with the chain applied to each.
    pub(super) fn trees(
        &mut self,
        id: NodeId,
        trees: &Trees,
        step: &Step,
        stored: Container,
    ) -> Result<TokenStream, Unsupported> {
        let node = self.module.node(id);
        let [x, leaves, base] = [0, 1, 2].map(|index| self.module.node(node.args[index]));
        let (Op::Constant(leaf_values), Op::Constant(base_values)) = (&leaves.op, &base.op) else {
            return Err(self.unsupported(id, "its leaves and base are not constants"));
        };
        let features = x.ty.shape.last().copied().unwrap_or(1);
        let room = features.next_power_of_two().max(BYTE);
        if room > 1 << 16 {
            return Err(self.unsupported(id, "more than 65536 features"));
        }
        let index_type = match room {
            BYTE => quote! { u8 },
            _ => quote! { u16 },
        };
        let f = Trees::result_f(&leaves.ty, &base.ty);
        let width = leaves.ty.shape[1];
        let mut values = Vec::with_capacity(leaf_values.mantissas.len());
        for (&m, format) in leaf_values
            .mantissas
            .iter()
            .zip(leaves.ty.element_formats())
        {
            let value = i64::try_from(shift_left(m.into(), f - format.f()));
            values
                .push(value.map_err(|_| {
                    self.unsupported(id, "an aligned leaf needs more than 64 bits")
                })?);
        }
        let mut offsets: Vec<_> = base_values
            .mantissas
            .iter()
            .zip(base.ty.element_formats())
            .map(|(&m, format)| shift_left_wrapping(m, f - format.f()))
            .collect();
        let x_ranges: Vec<_> = (0..features)
            .map(|feature| {
                let ranges = self.ranges[node.args[0].index()].iter();
                hull(
                    &ranges
                        .skip(feature)
                        .step_by(features)
                        .copied()
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        let layout = groups(trees, &x_ranges);
        for &(class, leaf) in &layout.constants {
            let values = &values[leaf * width..][..width];
            for (offset, value) in offsets[class..].iter_mut().zip(values) {
                *offset = offset.wrapping_add(*value);
            }
        }
        let accumulator =
            container_for(self.ranges, self.module, id, step.chain.first()).max(Container::I32);
        let spare = 64 - accumulator.bits();
        let offsets: Vec<_> = offsets.iter().map(|m| m << spare >> spare).collect();
        let label = Label::new("base", self.module, id);
        let base = self.tables.integers(label, accumulator, &offsets);
        let buffer = self.operand(node.args[0])?;
        let mut walks = TokenStream::new();
        for group in &layout.groups {
            let types = Types {
                threshold: buffer.container,
                feature: index_type.to_string(),
                width,
            };
            walks.extend(self.walk(id, group, &types, &values, accumulator));
        }
        let (code, _) = self.chain(id, step, accumulator, stored)?;
        let name = buffer.name;
        let count = Literal::usize_unsuffixed(node.ty.len());
        let features = Literal::usize_unsuffixed(features);
        let classes = Literal::usize_unsuffixed(offsets.len());
        let room = Literal::usize_unsuffixed(room);
        let (x_type, ty) = (buffer.container.ident(), accumulator.ident());
        Ok(quote! {{
            let mut all: [#ty; #count] = scratch();
            let (xs, _) = #name.as_chunks::<#features>();
            let (ys, _) = all.as_chunks_mut::<#classes>();
            for (x, sums) in xs.iter().zip(ys) {
                let x: [#x_type; #room] = features(x);
                *sums = #base;
                #walks
            }
            fill(|j| { let v = at(&all, j); #code v })
        }})
    }

    /// Adds the leaves of one group.
    fn walk(
        &mut self,
        id: NodeId,
        group: &Group,
        types: &Types,
        values: &[i64],
        accumulator: Container,
    ) -> TokenStream {
        let (class, depth) = (group.class, Literal::usize_unsuffixed(group.depth));
        let class = Literal::usize_unsuffixed(class);
        let ty = accumulator.ident();
        let walk = match &group.layout {
            Layout::Whole { splits, leaves } => {
                let splits = self.whole_splits(id, types, splits);
                let leaves = self.leaves(id, types, values, leaves);
                quote! { walk_whole::<_, _, _, _, _, #depth, _, _, _>(&x, &#splits, &#leaves) }
            }
            Layout::Linked {
                nodes,
                leaves,
                roots,
            } => {
                let (threshold, feature) = (types.threshold.ident(), &types.feature);
                let kind = format!("[({threshold}, {feature}, [u32; 2]); {}]", nodes.len());
                let nodes = nodes
                    .iter()
                    .map(|(split, next)| format!("({}, {}, {next:?})", split.0, split.1));
                let label = Label::new("nodes", self.module, id);
                let nodes = self.tables.add(label, &kind, &list(nodes));
                let leaves = self.leaves(id, types, values, std::slice::from_ref(leaves));
                let kind = format!("[u32; {}]", roots.len());
                let label = Label::new("roots", self.module, id);
                let roots = list(roots.iter().map(u32::to_string));
                let roots = self.tables.add(label, &kind, &roots);
                quote! {
                    walk_linked::<_, _, _, _, _, #depth, _, _, _>(&x, &#nodes, &#leaves[0], &#roots)
                }
            }
        };
        quote! { add_from::<#ty, _, _>(sums, #class, &#walk); }
    }

    fn whole_splits(&mut self, id: NodeId, types: &Types, trees: &[Vec<(i64, usize)>]) -> Ident {
        let (threshold, feature) = (types.threshold.ident(), &types.feature);
        let each = trees.first().map_or(0, Vec::len);
        let kind = format!("[[({threshold}, {feature}); {each}]; {}]", trees.len());
        let rows = trees.iter().map(|tree| {
            let row = list(tree.iter().map(|(t, feature)| format!("({t}, {feature})")));
            row.replace('\n', "\n    ")
        });
        let label = Label::new("splits", self.module, id);
        self.tables.add(label, &kind, &rows_of(rows))
    }

    /// Values of leaves, by tree and position in it.
    fn leaves(
        &mut self,
        id: NodeId,
        types: &Types,
        values: &[i64],
        trees: &[Vec<Option<usize>>],
    ) -> Ident {
        let width = types.width;
        let used = trees.iter().flatten().flatten();
        let points: Vec<_> = used
            .flat_map(|leaf| &values[leaf * width..][..width])
            .map(|&m| Interval::point(m))
            .collect();
        let container = Container::of_range(hull(&points)).max(Container::I16);
        let each = trees.first().map_or(0, Vec::len);
        let kind = format!(
            "[[[{}; {width}]; {each}]; {}]",
            container.ident(),
            trees.len()
        );
        let rows = trees.iter().map(|tree| {
            let row = list(tree.iter().map(|leaf| match leaf {
                Some(leaf) => format!("{:?}", &values[leaf * width..][..width]),
                None => format!("[0; {width}]"),
            }));
            row.replace('\n', "\n    ")
        });
        let label = Label::new("leaves", self.module, id);
        self.tables.add(label, &kind, &rows_of(rows))
    }
}

/// Types of the tables of one node.
struct Types {
    threshold: Container,
    feature: String,
    width: usize,
}

/// A list with an item a line.
fn rows_of(rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<_> = rows.map(|row| format!("\n    {row},")).collect();
    format!("[{}\n]", rows.concat())
}
