//! The body of `infer`: one statement for each step of the plan.
//!
//! This file stores values and dispatches; a file each says how a family of
//! operations makes its elements.

mod contraction;
mod conv;
mod dense;
mod matmul;
mod movement;
mod pairs;
mod reduce;
mod top_k;
mod trees;
mod window;

use std::collections::HashMap;

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

use self::window::Pool;
use super::chain::{Chain, container_for, hull};
use super::container::Container;
use super::plan::{Head, Step};
use super::tables::{Label, Tables};
use crate::emit::Unsupported;
use crate::emit::names::{comment, identifier_tail};
use crate::ir::{Interval, Module, NodeId};
use crate::ops::Op;

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

    fn shape(&self, id: NodeId) -> &'a [usize] {
        &self.module.node(id).ty.shape
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
        let ty = match self.stores_bytes(result) {
            true => format_ident!("Value"),
            false => stored.ident(),
        };
        let count = Literal::usize_unsuffixed(count);
        let statement = match (step.head, &self.module.node(step.head.id()).op) {
            (Head::Computed(id), Op::Dense(_)) => {
                let code = self.dense(id, step, stored, &name)?;
                quote! { let mut #name: [#ty; #count] = scratch(); #code }
            }
            (Head::Computed(id), Op::Concat(concat)) => {
                self.concat(id, concat, step, stored, &name)?
            }
            (Head::Computed(id), Op::Conv(conv)) if !self.is_depthwise(id, conv) => {
                let sizes = self.conv_sizes(id, conv)?;
                let code = self.conv(id, &sizes, step, stored, &name)?;
                quote! { let mut #name: [#ty; #count] = scratch(); #code }
            }
            (Head::Computed(id), Op::MatMul(_)) => {
                let code = self.matmul(id, step, stored, &name)?;
                quote! { let mut #name: [#ty; #count] = scratch(); #code }
            }
            (Head::Computed(id), Op::Trees(trees)) => {
                let code = self.trees(id, trees, step, stored)?;
                quote! { let #name: [#ty; #count] = #code; }
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

    /// Whether a value is stored for products of bytes alone, in the type that these like best.
    fn stores_bytes(&self, id: NodeId) -> bool {
        let range = hull(&self.ranges[id.index()]);
        let is_output = self.module.outputs().iter().any(|output| output.node == id);
        let mut uses = self
            .module
            .ids()
            .filter(|&user| self.module.node(user).args.contains(&id))
            .peekable();
        range.lo >= 0
            && range.hi <= u8::MAX.into()
            && !is_output
            && uses.peek().is_some()
            && uses.all(|user| self.takes_bytes(user, id))
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
        let (mut code, container) = chain.finish();
        if self.stores_bytes(step.result()) {
            code.extend(quote! { let v = v.cast::<Value>(); });
        }
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
        if let Some(movement) = node.op.as_movement() {
            return self.moved(id, movement);
        }
        match &node.op {
            Op::Add(_)
            | Op::Sub(_)
            | Op::Mul(_)
            | Op::Min(_)
            | Op::Max(_)
            | Op::Less(_)
            | Op::LessEqual(_)
            | Op::Equal(_) => self.pair(id, container),
            Op::Select(_) => self.select(id, container),
            Op::ReduceMax(op) => {
                let wins = quote! { below(v, m, sign_bit) };
                self.extremum(id, op.axis, container, &wins)
            }
            Op::ReduceMin(op) => {
                let wins = quote! { below(m, v, sign_bit) };
                self.extremum(id, op.axis, container, &wins)
            }
            Op::ReduceSum(op) => self.sum(id, op.axis, container),
            Op::ArgMax(op) => {
                let wins = match op.last {
                    true => quote! { not_above(best, m, sign_bit) },
                    false => quote! { below(best, m, sign_bit) },
                };
                self.arg(id, op.axis, container, &wins)
            }
            Op::ArgMin(op) => {
                let wins = match op.last {
                    true => quote! { not_above(m, best, sign_bit) },
                    false => quote! { below(m, best, sign_bit) },
                };
                self.arg(id, op.axis, container, &wins)
            }
            Op::Pad(pad) => self.padded(id, pad),
            Op::Conv(op) => {
                let sizes = self.conv_sizes(id, op)?;
                self.depthwise(id, &sizes, step)
            }
            Op::MaxPool(op) => {
                let plane = op.window.over(self.shape(node.args[0]), &op.size);
                self.pool(id, Pool::Max, plane, step)
            }
            Op::SumPool(op) => {
                let plane = op.window.over(self.shape(node.args[0]), &op.size);
                self.pool(id, Pool::Sum, plane, step)
            }
            Op::TopK(op) => self.top_k(id, op),
            Op::Lookup(_) => self.lookup(id),
            Op::Abs(_)
            | Op::Sign(_)
            | Op::Table(_)
            | Op::Relu(_)
            | Op::Requantize(_)
            | Op::Reshape(_)
            | Op::Square(_) => {
                // Of constants alone; computed once, when the model is imported.
                Err(self.unsupported(id, "all its operands are constants; fold it"))
            }
            _ => Err(self.unsupported(id, "this operation has no Rust kernel")),
        }
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
}

/// Whether statements use the index `j` of their element.
fn mentions_index(code: &TokenStream) -> bool {
    code.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "j",
        TokenTree::Group(group) => mentions_index(&group.stream()),
        _ => false,
    })
}
