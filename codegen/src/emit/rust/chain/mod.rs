//! Nodes applied to one element on its way, as straight-line Rust.

mod arithmetic;
mod order;
mod requantize;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use trigforge::{Format, Overflow};

use super::container::Container;
use super::rounding::Rounding;
use super::tables::{Label, Tables};
use crate::ir::{Interval, Module, Node, NodeId};
use crate::ops::Op;

/// An element on its way: `v` of a container, at the flat index `j`.
pub(super) struct Chain<'a> {
    module: &'a Module,
    ranges: &'a [Vec<Interval>],
    tables: &'a mut Tables,
    /// Container of `v`.
    container: Container,
    /// The node that is being written.
    current: NodeId,
    /// Statements so far.
    code: TokenStream,
}

/// The hull of all elements' ranges.
pub(super) fn hull(ranges: &[Interval]) -> Interval {
    let hull = ranges.iter().copied().reduce(Interval::hull);
    hull.unwrap_or(Interval::point(0))
}

/// The narrowest container in which a value can be made and requantised by the
/// node that follows, if that is one.
pub(super) fn container_for(
    ranges: &[Vec<Interval>],
    module: &Module,
    id: NodeId,
    next: Option<&NodeId>,
) -> Container {
    let range = &ranges[id.index()];
    let smallest = Container::of_range(hull(range));
    let Some(next) = next.map(|&id| module.node(id)) else {
        return smallest;
    };
    let Op::Requantize(modes) = &next.op else {
        return smallest;
    };
    Rounding::new(range, &module.node(id).ty, &next.ty)
        .and_then(|rounding| rounding.container(smallest, modes))
        .unwrap_or(Container::I64)
}

impl<'a> Chain<'a> {
    pub(super) fn new(
        module: &'a Module,
        ranges: &'a [Vec<Interval>],
        tables: &'a mut Tables,
        head: NodeId,
        container: Container,
    ) -> Self {
        Self {
            module,
            ranges,
            tables,
            container,
            current: head,
            code: TokenStream::new(),
        }
    }

    /// Applies nodes in order to the value of `from`.
    pub(super) fn apply(
        &mut self,
        mut from: NodeId,
        nodes: &[NodeId],
    ) -> Result<(), (NodeId, String)> {
        for (position, &id) in nodes.iter().enumerate() {
            let node = self.module.node(id);
            self.current = id;
            match &node.op {
                Op::Reshape(_) => {}
                Op::Relu(_) => {
                    if !self.cut_at_zero(node, nodes.get(position + 1)) {
                        self.code.extend(quote! { let v = relu(v); });
                    }
                }
                Op::Square(_) => {
                    let next = nodes.get(position + 1);
                    let container = container_for(self.ranges, self.module, id, next);
                    let from_range = hull(&self.ranges[from.index()]);
                    self.cast(container.max(Container::of_range(from_range)));
                    self.code.extend(quote! { let v = v.wmul(v); });
                }
                Op::Requantize(modes) => self
                    .requantize(from, node, modes)
                    .map_err(|reason| (id, reason))?,
                Op::Add(_) | Op::Sub(_) | Op::Mul(_) => {
                    // Made in the container that the node after it needs too.
                    let next = nodes.get(position + 1);
                    let container = container_for(self.ranges, self.module, id, next);
                    let from_range = hull(&self.ranges[from.index()]);
                    self.cast(container.max(Container::of_range(from_range)));
                    self.arithmetic(from, node);
                }
                Op::Min(_) | Op::Max(_) | Op::Less(_) | Op::LessEqual(_) | Op::Equal(_) => {
                    self.order(from, node);
                }
                Op::Select(_) => self.select(from, node),
                Op::Abs(_) => {
                    // The magnitude of the smallest value may be wider than it.
                    let result = Container::of_range(hull(&self.ranges[id.index()]));
                    self.cast(self.container.max(result));
                    let ty = self.container.ident();
                    self.code
                        .extend(quote! { let v = v.max(v.wmul(-1 as #ty)); });
                }
                Op::Sign(_) => self.code.extend(quote! { let v = sign(v); }),
                Op::Table(table) => {
                    let entries = self.constant(node.args[1]).to_vec();
                    let container = Container::of_range(hull(&self.ranges[id.index()]));
                    let name = self
                        .tables
                        .integers(self.label("entries"), container, &entries);
                    let first = Literal::i64_unsuffixed(table.first);
                    self.code
                        .extend(quote! { let v = lookup(&#name, v.to_i64() - #first); });
                    self.container = container;
                }
                _ => return Err((id, "it is not applied element by element".to_owned())),
            }
            from = id;
        }
        Ok(())
    }

    /// Whether the next node makes zero of all that is negative, as a `relu`
    /// in front of it does. It must not shift to the left, since what is
    /// negative may be too large for that.
    fn cut_at_zero(&self, relu: &Node, next: Option<&NodeId>) -> bool {
        let Some(next) = next.map(|&id| self.module.node(id)) else {
            return false;
        };
        let Op::Requantize(modes) = &next.op else {
            return false;
        };
        // What is negative must not leave the container on its way either.
        let inside = |id: NodeId| {
            let how = Rounding::new(&self.ranges[id.index()], &relu.ty, &next.ty);
            how.and_then(|how| how.container(self.container, modes))
        };
        if inside(relu.args[0]) != inside(self.current) {
            return false;
        }
        let saturates = matches!(modes.overflow, Overflow::Sat | Overflow::SatSym);
        let f = relu.ty.formats.uniform_f();
        let mut formats = next.ty.formats.entries().iter();
        saturates && formats.all(|to| !to.k() && f.is_some_and(|f| to.f() <= f))
    }

    /// Converts the value to another container.
    pub(super) fn cast(&mut self, to: Container) {
        if to != self.container {
            let ty = to.ident();
            self.code.extend(quote! { let v = v.cast::<#ty>(); });
            self.container = to;
        }
    }

    /// The statements, and the container that the value is left in.
    pub(super) fn finish(self) -> (TokenStream, Container) {
        (self.code, self.container)
    }

    /// Takes an input's bits as a port of its width does.
    pub(super) fn port(&mut self, node: &Node) {
        let formats = node.ty.element_formats();
        // A container that is exactly as wide takes the same bits itself.
        if formats
            .iter()
            .all(|f| f.k() && f.width() == self.container.bits())
        {
            return;
        }
        // Of a format, a port has but the width and the sign.
        let words: Vec<_> = formats
            .iter()
            .map(|format| Interval::of(*format))
            .map(|word| Format::covering(word.lo.into(), word.hi.into(), 0))
            .map(|format| format.unwrap_or(Format::ZERO))
            .collect();
        let format = self.formats(&words);
        self.code.extend(quote! { let v = port(v, #format); });
    }

    fn label(&self, what: &'static str) -> Label<'a> {
        Label::new(what, self.module, self.current)
    }

    fn constant(&self, id: NodeId) -> &'a [i64] {
        match &self.module.node(id).op {
            Op::Constant(constant) => &constant.mantissas,
            _ => &[],
        }
    }

    /// A constant per element, or one for all.
    ///
    /// Arithmetic is modulo the container's width, and so are the constants.
    fn integers(&mut self, values: &[i64]) -> TokenStream {
        let ty = self.container.ident();
        let spare = 64 - self.container.bits();
        let values: Vec<_> = values.iter().map(|m| m << spare >> spare).collect();
        match shared(&values) {
            Some(&value) => {
                let value = Literal::i64_unsuffixed(value);
                quote! { (#value as #ty) }
            }
            None => {
                let name = self
                    .tables
                    .integers(self.label("constants"), self.container, &values);
                quote! { at(&#name, j) }
            }
        }
    }

    fn shifts(&mut self, values: &[i32]) -> TokenStream {
        match shared(values) {
            Some(&value) => {
                let value = Literal::i32_unsuffixed(value);
                quote! { #value }
            }
            None => {
                let name = self.tables.shifts(self.label("shifts"), values);
                quote! { at(&#name, j) }
            }
        }
    }

    fn formats(&mut self, values: &[Format]) -> TokenStream {
        match shared(values) {
            Some(format) => fix(*format),
            None => {
                let name = self.tables.formats(self.label("formats"), values);
                quote! { at(&#name, j) }
            }
        }
    }
}

/// The value of all elements, if they share one.
pub(super) fn shared<T: PartialEq>(values: &[T]) -> Option<&T> {
    let first = values.first()?;
    values.iter().all(|value| value == first).then_some(first)
}

/// A format as an expression.
pub(super) fn fix(format: Format) -> TokenStream {
    let k = format.k();
    let i = Literal::i32_unsuffixed(format.i());
    let f = Literal::i32_unsuffixed(format.f());
    quote! { fix(#k, #i, #f) }
}

/// The name of a mode's variant.
fn mode(mode: impl std::fmt::Debug) -> proc_macro2::Ident {
    quote::format_ident!("{}", format!("{mode:?}"))
}
