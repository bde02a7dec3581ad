//! The body of `infer`: one statement for each step of the plan.

use std::collections::HashMap;

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::chain::{Chain, container_for, hull};
use super::container::Container;
use super::plan::{Head, Step};
use super::tables::{Label, Tables};
use crate::emit::Unsupported;
use crate::emit::names::{comment, identifier_tail};
use crate::exact::shift_left_wrapping;
use crate::ir::{Interval, Module, NodeId, broadcast_indices, element_count};
use crate::ops::{Dense, Op};

/// A value that is stored: a local array.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    pub(super) name: Ident,
    pub(super) container: Container,
}

/// Writes steps.
pub(super) struct Steps<'a> {
    module: &'a Module,
    ranges: &'a [Vec<Interval>],
    pub(super) tables: Tables,
    buffers: HashMap<NodeId, Buffer>,
    pub(super) body: TokenStream,
}

impl<'a> Steps<'a> {
    /// `inputs` are the parameters of `infer`, for each input node.
    pub(super) fn new(
        module: &'a Module,
        ranges: &'a [Vec<Interval>],
        inputs: HashMap<NodeId, Buffer>,
    ) -> Self {
        Self {
            module,
            ranges,
            tables: Tables::default(),
            buffers: inputs,
            body: TokenStream::new(),
        }
    }

    pub(super) fn buffer(&self, id: NodeId) -> Option<&Buffer> {
        self.buffers.get(&id)
    }

    fn unsupported(&self, id: NodeId, reason: impl Into<String>) -> Unsupported {
        let node = self.module.node(id);
        Unsupported {
            index: id.index(),
            name: comment(&node.name),
            operation: node.op.as_operation().name(),
            target: "rust",
            reason: reason.into(),
        }
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<(), Unsupported> {
        let result = step.result();
        let node = self.module.node(result);
        let count = node.ty.len();
        let stored = self.stored_container(result);
        let tail = identifier_tail(&node.name);
        let name = match tail.as_str() {
            "" => format_ident!("v{}", result.index()),
            tail => format_ident!("v{}_{}", result.index(), tail),
        };
        let ty = stored.ident();
        let count = Literal::usize_unsuffixed(count);
        let statement = match (step.head, &self.module.node(step.head.id()).op) {
            (Head::Computed(id), Op::Dense(_)) => {
                let code = self.dense(id, step, stored, &name)?;
                quote! { let mut #name: [#ty; #count] = scratch(); #code }
            }
            (head, _) => {
                let (element, container) = self.element(head, step)?;
                let (code, _) = self.chain(head.id(), step, container, stored)?;
                quote! { let #name: [#ty; #count] = fill(|j| { #element #code v }); }
            }
        };
        self.body.extend(statement);
        let buffer = Buffer {
            name,
            container: stored,
        };
        self.buffers.insert(result, buffer);
        Ok(())
    }

    /// Outputs are stored in the narrowest container of their formats, other
    /// values in one that the dense kernel takes.
    fn stored_container(&self, id: NodeId) -> Container {
        let formats = Container::of_formats(self.module.node(id).ty.formats.entries());
        match self.module.outputs().iter().any(|output| output.node == id) {
            true => formats,
            false => formats.max(Container::I16),
        }
    }

    /// The chain's statements, from a container to the one that is stored.
    fn chain(
        &mut self,
        from: NodeId,
        step: &Step,
        container: Container,
        stored: Container,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let mut chain = Chain::new(self.module, self.ranges, &mut self.tables, from, container);
        if let (Head::Computed(id), Op::Input(_)) = (step.head, &self.module.node(from).op) {
            chain.port(self.module.node(id));
        }
        let applied = chain.apply(from, &step.chain);
        chain.cast(stored);
        let (code, container) = chain.finish();
        applied.map_err(|(id, reason)| self.unsupported(id, reason))?;
        Ok((code, container))
    }

    /// A stored or constant operand as an array.
    fn operand(&mut self, id: NodeId) -> Result<Buffer, Unsupported> {
        if let Some(buffer) = self.buffers.get(&id) {
            return Ok(buffer.clone());
        }
        match &self.module.node(id).op {
            Op::Constant(constant) => {
                let container = Container::of_range(hull(&self.ranges[id.index()]));
                let name = self.tables.integers(
                    Label::new("constants", self.module, id),
                    container,
                    &constant.mantissas,
                );
                Ok(Buffer { name, container })
            }
            _ => Err(self.unsupported(id, "internal error: its value is not stored")),
        }
    }

    /// Statements that make `v`, element `j` of the head.
    fn element(
        &mut self,
        head: Head,
        step: &Step,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let id = head.id();
        let node = self.module.node(id);
        if matches!(head, Head::Stored(_)) || matches!(node.op, Op::Input(_)) {
            let Buffer { name, container } = self.operand(id)?;
            return Ok((quote! { let v = at(&#name, j); }, container));
        }
        let container = container_for(self.ranges, self.module, id, step.chain.first());
        match &node.op {
            Op::Add(_) | Op::Sub(_) | Op::Mul(_) => self.pair(id, container),
            Op::ReduceMax(op) => self.reduce(id, op.axis, container, &quote! { a.max(b) }),
            Op::ReduceSum(op) => self.reduce(id, op.axis, container, &quote! { a.wadd(b) }),
            Op::Transpose(op) => {
                let source = node.args[0];
                let indices = op.indices(&self.module.node(source).ty.shape);
                let index = self.index(id, &indices);
                let Buffer { name, container } = self.operand(source)?;
                Ok((quote! { let v = at(&#name, #index); }, container))
            }
            Op::Table(_) | Op::Relu(_) | Op::Requantize(_) | Op::Reshape(_) => {
                // Of constants alone; computed once, when the model is imported.
                Err(self.unsupported(id, "all its operands are constants; fold it"))
            }
            _ => Err(self.unsupported(id, "this operation has no Rust kernel")),
        }
    }

    /// An element-wise operation on two arrays.
    fn pair(
        &mut self,
        id: NodeId,
        container: Container,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let node = self.module.node(id);
        let mut loads = Vec::new();
        let mut widest = container;
        for &arg in &node.args {
            let buffer = self.operand(arg)?;
            let ty = &self.module.node(arg).ty;
            let indices: Vec<_> = broadcast_indices(&ty.shape, &node.ty.shape).collect();
            let index = self.index(id, &indices);
            widest = widest.max(buffer.container);
            let formats = ty.element_formats();
            let to = node.ty.element_formats();
            let shifts: Vec<_> = indices
                .iter()
                .zip(&to)
                .map(|(&from, to)| to.f() - formats[from].f())
                .collect();
            loads.push((buffer.name, index, shifts));
        }
        let ty = widest.ident();
        let mut code = TokenStream::new();
        for ((name, index, shifts), local) in loads.into_iter().zip([quote!(a), quote!(b)]) {
            code.extend(quote! { let #local = at(&#name, #index).cast::<#ty>(); });
            if matches!(node.op, Op::Mul(_)) || shifts.iter().all(|&shift| shift == 0) {
                continue;
            }
            let shift = match super::chain::shared(&shifts) {
                Some(&shift) => {
                    let shift = Literal::i32_unsuffixed(shift);
                    quote! { #shift }
                }
                None => {
                    let table = self
                        .tables
                        .shifts(Label::new("shifts", self.module, id), &shifts);
                    quote! { at(&#table, j) }
                }
            };
            code.extend(quote! { let #local = #local.wshl(#shift as u32); });
        }
        code.extend(match node.op {
            Op::Add(_) => quote! { let v = a.wadd(b); },
            Op::Sub(_) => quote! { let v = a.wadd(b.wmul(-1 as #ty)); },
            _ => quote! { let v = a.wmul(b); },
        });
        Ok((code, widest))
    }

    fn reduce(
        &mut self,
        id: NodeId,
        axis: usize,
        container: Container,
        combine: &TokenStream,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let source = self.module.node(id).args[0];
        let shape = &self.module.node(source).ty.shape;
        let inner = element_count(&shape[axis + 1..]);
        let length = shape[axis];
        let buffer = self.operand(source)?;
        let container = container.max(buffer.container);
        let ty = container.ident();
        let name = buffer.name;
        let stride = Literal::usize_unsuffixed(inner);
        let block = Literal::usize_unsuffixed(inner * length);
        let length = Literal::usize_unsuffixed(length);
        let code = quote! {
            let first = j / #stride * #block + j % #stride;
            let mut v = at(&#name, first).cast::<#ty>();
            for k in 1..#length {
                let (a, b) = (v, at(&#name, first + k * #stride).cast::<#ty>());
                v = #combine;
            }
        };
        Ok((code, container))
    }

    /// An index for element `j`, from a list of all.
    fn index(&mut self, id: NodeId, indices: &[usize]) -> TokenStream {
        if indices.iter().copied().eq(0..indices.len()) {
            return quote! { j };
        }
        if indices.iter().all(|&index| index == 0) {
            return quote! { 0 };
        }
        let table = self
            .tables
            .indices(Label::new("indices", self.module, id), indices);
        quote! { at(&#table, j) }
    }

    /// A matrix product into an array, with the chain as its epilogue.
    fn dense(
        &mut self,
        id: NodeId,
        step: &Step,
        stored: Container,
        into: &Ident,
    ) -> Result<TokenStream, Unsupported> {
        let node = self.module.node(id);
        let (x, w) = (
            self.module.node(node.args[0]),
            self.module.node(node.args[1]),
        );
        let (inputs, outputs) = (w.ty.shape[0], w.ty.shape[1]);
        let positions = x.ty.len() / inputs;
        let bias = node.args.get(2).map(|&id| self.module.node(id));
        let f = Dense::result_f(&x.ty, &w.ty, bias.map(|b| &b.ty));
        let weights = self.aligned_weights(id, f)?;
        let bias = match bias.map(|b| (&b.op, b.ty.element_formats())) {
            Some((Op::Constant(b), formats)) => b
                .mantissas
                .iter()
                .zip(formats)
                .map(|(&m, format)| shift_left_wrapping(m, f - format.f()))
                .collect(),
            _ => vec![0; outputs],
        };
        let accumulator =
            container_for(self.ranges, self.module, id, step.chain.first()).max(Container::I32);
        let buffer = self.operand(node.args[0])?;
        let range = |values: &[i64]| {
            let points: Vec<_> = values.iter().map(|&m| Interval::point(m)).collect();
            hull(&points)
        };
        let w_container = Container::of_range(range(&weights)).max(Container::I16);
        let label = Label::new("weights", self.module, id);
        let w = self.tables.matrix(label, w_container, &weights, outputs);
        let spare = 64 - accumulator.bits();
        let bias: Vec<_> = bias.iter().map(|m| m << spare >> spare).collect();
        let label = Label::new("bias", self.module, id);
        let b = self.tables.integers(label, accumulator, &bias);
        let (code, _) = self.chain(id, step, accumulator, stored)?;
        let name = buffer.name;
        if positions == 1 {
            let index = match mentions_index(&code) {
                true => quote! { j },
                false => quote! { _ },
            };
            return Ok(
                quote! { dense_into(&#name, &#w, &#b, |#index, v| { #code v }, &mut #into); },
            );
        }
        let inputs = Literal::usize_unsuffixed(inputs);
        let outputs = Literal::usize_unsuffixed(outputs);
        Ok(match mentions_index(&code) {
            true => quote! {
                let (xs, _) = #name.as_chunks::<#inputs>();
                let (ys, _) = #into.as_chunks_mut::<#outputs>();
                for (p, (x, y)) in xs.iter().zip(ys).enumerate() {
                    dense_into(x, &#w, &#b, |o, v| {
                        let j = p * #outputs + o;
                        #code
                        v
                    }, y);
                }
            },
            false => quote! {
                let (xs, _) = #name.as_chunks::<#inputs>();
                let (ys, _) = #into.as_chunks_mut::<#outputs>();
                for (x, y) in xs.iter().zip(ys) {
                    dense_into(x, &#w, &#b, |_, v| { #code v }, y);
                }
            },
        })
    }

    /// Weights so shifted that all products of a sum have `f` fractional bits.
    fn aligned_weights(&self, id: NodeId, f: i32) -> Result<Vec<i64>, Unsupported> {
        let node = self.module.node(id);
        let (x, w) = (
            self.module.node(node.args[0]),
            self.module.node(node.args[1]),
        );
        let Op::Constant(weights) = &w.op else {
            return Err(self.unsupported(id, "its matrix is not a constant"));
        };
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let x_formats = x.ty.element_formats();
        let alike = |row: usize| {
            let mut all = x_formats
                .iter()
                .skip(row)
                .step_by(rows)
                .map(|format| format.f());
            let first = all.next();
            all.all(|f| Some(f) == first)
        };
        if !(0..rows).all(alike) {
            return Err(self.unsupported(
                id,
                "formats of its operand differ between positions; requantize it first",
            ));
        }
        weights
            .mantissas
            .iter()
            .zip(w.ty.element_formats())
            .enumerate()
            .map(|(at, (&m, format))| {
                let shift = f - x_formats[at / columns].f() - format.f();
                let exact = crate::exact::shift_left(m.into(), shift);
                i64::try_from(exact)
                    .map_err(|_| self.unsupported(id, "an aligned weight needs more than 64 bits"))
            })
            .collect()
    }
}

/// Whether statements use the index `j` of their element.
fn mentions_index(code: &TokenStream) -> bool {
    code.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "j",
        TokenTree::Group(group) => mentions_index(&group.stream()),
        _ => false,
    })
}
