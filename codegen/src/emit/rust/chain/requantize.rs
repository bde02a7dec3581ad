//! Loss of bits, applied to one element on its way.

use proc_macro2::Literal;
use quote::quote;
use trigforge::Overflow;

use super::{Chain, fix, mode, shared};
use crate::emit::rust::container::Container;
use crate::emit::rust::rounding::Rounding;
use crate::ir::{Interval, Node, NodeId};
use crate::ops::Requantize;

impl Chain<'_> {
    pub(super) fn requantize(
        &mut self,
        from: NodeId,
        node: &Node,
        modes: &Requantize,
    ) -> Result<(), String> {
        let from_ty = &self.module.node(from).ty;
        let wide = "its rounding needs more than 64 bits; requantize an operand first";
        let how = Rounding::new(&self.ranges[from.index()], from_ty, &node.ty).ok_or(wide)?;
        let container = how.container(self.container, modes).ok_or(wide)?;
        self.cast(container);
        if let Some(factors) = &how.factors {
            let factor = self.integers(factors);
            self.code.extend(quote! { let v = v.wmul(#factor); });
        }
        let (rounding, overflow) = (mode(modes.rounding), mode(modes.overflow));
        let to = node.ty.element_formats();
        let call = match (from_ty.formats.uniform_f(), shared(&to), shared(&how.to)) {
            // As a reader would write it.
            (Some(f), Some(&to), _) => {
                let (f, to) = (Literal::i32_unsuffixed(f), fix(to));
                quote! { requantize_in(v, #f, #to, Rounding::#rounding, Overflow::#overflow) }
            }
            (_, _, Some(&to)) => {
                let (f, to) = (Literal::i32_unsuffixed(how.f), fix(to));
                quote! { requantize_in(v, #f, #to, Rounding::#rounding, Overflow::#overflow) }
            }
            (_, _, None) if matches!(modes.overflow, Overflow::Sat | Overflow::SatSym) => {
                let bits = Literal::i32_unsuffixed(container.bits() as i32 - 1);
                let f = Literal::i32_unsuffixed(how.f);
                let symmetric = modes.overflow == Overflow::SatSym;
                let bounds = how.to.iter().map(|&format| {
                    let Interval { lo, hi } = Interval::of(format);
                    container.clamp(Interval {
                        // Of one bit, the only negative value stays (see `Overflow`).
                        lo: if symmetric && hi > 0 { lo.max(-hi) } else { lo },
                        hi,
                    })
                });
                let (lo, hi): (Vec<_>, Vec<_>) = bounds.map(|b| (b.lo, b.hi)).unzip();
                let (lo, hi) = (self.integers(&lo), self.integers(&hi));
                quote! {
                    requantize_in(v, #f, fix(true, #bits, 0), Rounding::#rounding, Overflow::Sat)
                        .max(#lo)
                        .min(#hi)
                }
            }
            _ => {
                let (f, to) = (Literal::i32_unsuffixed(how.f), self.formats(&how.to));
                quote! { requantize_in(v, #f, #to, Rounding::#rounding, Overflow::#overflow) }
            }
        };
        self.code.extend(quote! { let v = #call; });
        // Later nodes work in the narrower container, if it holds the result.
        let result = Container::of_formats(node.ty.formats.entries());
        if result < self.container {
            self.cast(result.max(Container::I16));
        }
        Ok(())
    }
}
