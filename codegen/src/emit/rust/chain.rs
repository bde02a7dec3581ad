//! Nodes applied to one element on its way, as straight-line Rust.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use trigforge::{Format, Overflow, Rounding};

use super::container::Container;
use super::tables::{Label, Tables};
use crate::exact::shift_left_wrapping;
use crate::ir::{Interval, Module, Node, NodeId, TensorType, broadcast_indices};
use crate::ops::{Op, Requantize};

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
    let fits =
        |container: &Container| requantizes(*container, range, &module.node(id).ty, next, modes);
    let wide_enough = Container::ALL
        .into_iter()
        .filter(|c| *c >= smallest)
        .find(fits);
    wide_enough.unwrap_or(Container::I64)
}

fn requantizes(
    container: Container,
    range: &[Interval],
    from: &TensorType,
    node: &Node,
    modes: &Requantize,
) -> bool {
    let formats = from
        .element_formats()
        .into_iter()
        .zip(node.ty.element_formats());
    range
        .iter()
        .zip(formats)
        .all(|(&range, (from, to))| container.requantizes(range, from.f(), to, modes))
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
                Op::Relu(_) => self.code.extend(quote! { let v = relu(v); }),
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

    fn requantize(&mut self, from: NodeId, node: &Node, modes: &Requantize) -> Result<(), String> {
        let range = &self.ranges[from.index()];
        let from_ty = &self.module.node(from).ty;
        let container = Container::ALL
            .into_iter()
            .filter(|c| *c >= self.container)
            .find(|c| requantizes(*c, range, from_ty, node, modes))
            .ok_or("its rounding needs more than 64 bits; requantize an operand first")?;
        self.cast(container);
        let from_formats = from_ty.element_formats();
        let from_f: Vec<_> = from_formats.iter().map(|format| format.f()).collect();
        let f = self.shifts(&from_f);
        let to = self.formats(&node.ty.element_formats());
        let rounding = rounding(modes.rounding);
        let overflow = overflow(modes.overflow);
        self.code.extend(quote! {
            let v = requantize_in(v, #f, #to, Rounding::#rounding, Overflow::#overflow);
        });
        // Later nodes work in the narrower container, if it holds the result.
        let result = Container::of_formats(node.ty.formats.entries());
        if result < self.container {
            self.cast(result.max(Container::I16));
        }
        Ok(())
    }

    fn arithmetic(&mut self, from: NodeId, node: &Node) {
        let constant_first = matches!(self.module.node(node.args[0]).op, Op::Constant(_));
        let other = node.args[usize::from(!constant_first)];
        let other_formats = self.module.node(other).ty.element_formats();
        let from_formats = self.module.node(from).ty.element_formats();
        let result_formats = node.ty.element_formats();
        let pick = broadcast_indices(&self.module.node(other).ty.shape, &node.ty.shape);
        let (constants, f): (Vec<_>, Vec<_>) = pick
            .map(|at| (self.constant(other)[at], other_formats[at].f()))
            .unzip();
        if let Op::Mul(_) = node.op {
            if constants.iter().any(|&m| m != 1) {
                let constant = self.integers(&constants);
                self.code.extend(quote! { let v = v.wmul(#constant); });
            }
            return;
        }
        let aligned: Vec<_> = constants
            .iter()
            .zip(&f)
            .zip(&result_formats)
            .map(|((&m, f), to)| shift_left_wrapping(m, to.f() - f))
            .collect();
        let shifts: Vec<_> = result_formats
            .iter()
            .zip(&from_formats)
            .map(|(to, from)| to.f() - from.f())
            .collect();
        if shifts.iter().any(|&shift| shift != 0) {
            let shift = self.shifts(&shifts);
            self.code.extend(quote! { let v = v.wshl(#shift as u32); });
        }
        match (&node.op, constant_first) {
            (Op::Sub(_), false) => {
                let negated: Vec<_> = aligned.iter().map(|m| m.wrapping_neg()).collect();
                let constant = self.integers(&negated);
                self.code.extend(quote! { let v = v.wadd(#constant); });
            }
            (Op::Sub(_), true) => {
                let constant = self.integers(&aligned);
                let ty = self.container.ident();
                self.code
                    .extend(quote! { let v = #constant.wadd(v.wmul(-1 as #ty)); });
            }
            _ => {
                let constant = self.integers(&aligned);
                self.code.extend(quote! { let v = v.wadd(#constant); });
            }
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

/// The variant's name of a rounding mode.
pub(super) fn rounding(rounding: Rounding) -> proc_macro2::Ident {
    quote::format_ident!("{rounding:?}")
}

/// The variant's name of an overflow mode.
pub(super) fn overflow(overflow: Overflow) -> proc_macro2::Ident {
    quote::format_ident!("{overflow:?}")
}
