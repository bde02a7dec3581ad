//! Sums and products with constants, applied to one element on its way.

use quote::quote;

use super::Chain;
use crate::exact::shift_left_wrapping;
use crate::ir::{Node, NodeId, broadcast_indices};
use crate::ops::Op;

impl Chain<'_> {
    pub(super) fn arithmetic(&mut self, from: NodeId, node: &Node) {
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
}
