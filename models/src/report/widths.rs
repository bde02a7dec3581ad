//! Bits of weights and activations.

use serde::{Deserialize, Serialize};
use trigforge_codegen::ir::{Module, Node};
use trigforge_codegen::ops::Op;
use trigforge_codegen::validate::Info;

use super::Cost;

/// What has the bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WidthKind {
    /// Weights of a layer.
    Weight,
    /// What a layer hands on.
    Activation,
}

/// Bits of every element of one tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerWidths {
    /// Name of the tensor.
    pub name: String,
    /// What it is.
    pub kind: WidthKind,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Bits of each element, in C order; 0 where it is pruned. Of a weight, those from its first
    /// to its last set bit, as the EBOPs count them.
    pub bits: Vec<u8>,
    /// Effective bit operations of the multiplications by this tensor; 0 for activations, which
    /// are counted with the weights.
    pub ebops: u64,
}

impl LayerWidths {
    /// The widths of an integer model: of the constant factor of every product, and of every value
    /// that is rounded, in the order of execution.
    pub fn of(module: &Module, info: &Info) -> Vec<Self> {
        let costs = info.costs(module);
        let mut found = Vec::new();
        for (node, cost) in module.nodes().iter().zip(&costs) {
            match node.op {
                Op::Dense(_) | Op::Conv(_) | Op::MatMul(_) => {
                    let factors = node.args.iter().take(2).map(|arg| module.node(*arg));
                    found.extend(factors.filter_map(weights).map(|widths| Self {
                        ebops: cost.ebops,
                        ..widths
                    }));
                }
                Op::Input(_) | Op::Requantize(_) => found.push(Self {
                    name: node.name.clone(),
                    kind: WidthKind::Activation,
                    shape: node.ty.shape.clone(),
                    bits: (node.ty.element_formats().iter())
                        .map(|format| u8::try_from(format.width()).unwrap_or(u8::MAX))
                        .collect(),
                    ebops: 0,
                }),
                _ => {}
            }
        }
        found
    }

    /// Mean bits of an element, pruned ones included.
    pub fn mean(&self) -> f64 {
        let bits: u64 = self.bits.iter().map(|bits| u64::from(*bits)).sum();
        bits as f64 / self.bits.len().max(1) as f64
    }

    /// The greatest width.
    pub fn most(&self) -> u8 {
        self.bits.iter().copied().max().unwrap_or(0)
    }

    /// Number of elements of width zero.
    pub fn pruned(&self) -> usize {
        self.bits.iter().filter(|bits| **bits == 0).count()
    }

    /// Number of elements of each width from 0 up to the greatest.
    pub fn histogram(&self) -> Vec<usize> {
        let mut counts = vec![0; usize::from(self.most()) + 1];
        for bits in &self.bits {
            counts[usize::from(*bits)] += 1;
        }
        counts
    }
}

fn weights(node: &Node) -> Option<LayerWidths> {
    let Op::Constant(constant) = &node.op else {
        return None;
    };
    let significant = |mantissa: &i64| match mantissa.unsigned_abs() {
        0 => 0,
        size => (u64::BITS - size.leading_zeros() - size.trailing_zeros()) as u8,
    };
    Some(LayerWidths {
        name: node.name.clone(),
        kind: WidthKind::Weight,
        shape: node.ty.shape.clone(),
        bits: constant.mantissas.iter().map(significant).collect(),
        ebops: 0,
    })
}

impl Cost {
    /// What one event costs an integer model.
    pub fn of(module: &Module, info: &Info) -> Self {
        let costs = info.costs(module);
        Self {
            parameters: costs.iter().map(|cost| cost.parameters).sum(),
            multiplications: costs.iter().map(|cost| cost.macs).sum(),
            ebops: Some(costs.iter().map(|cost| cost.ebops).sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use trigforge_codegen::ir::parse;
    use trigforge_codegen::validate::validate;

    use super::*;

    #[test]
    fn widths_of_a_module_are_those_that_its_ebops_count() {
        let module = parse(
            r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {rounding=RND_CONV, overflow=SAT} : [1,2] fix(1,2,4)
%1 "w" = const {mantissas=[12, 0, 5, -1]} : [2,2] fix(1,3,2)
%2 "y" = dense %0, %1
output "y" = %2
"#,
        )
        .expect("module");
        let info = validate(&module).expect("valid");
        let found = LayerWidths::of(&module, &info);
        let names: Vec<_> = found
            .iter()
            .map(|w| (w.name.as_str(), w.bits.clone()))
            .collect();
        assert_eq!(names, [("x", vec![7, 7]), ("w", vec![2, 0, 3, 1])]);
        // 7 bits of each input times 2 + 3 + 1 bits of weights.
        assert_eq!((found[1].ebops, found[0].ebops), (42, 0));
        let cost = Cost::of(&module, &info);
        assert_eq!(
            (cost.parameters, cost.multiplications, cost.ebops),
            (3, 3, Some(42))
        );
    }

    #[test]
    fn bits_by_hand() {
        let widths = LayerWidths {
            name: "fc1".to_owned(),
            kind: WidthKind::Weight,
            shape: vec![2, 2],
            bits: vec![0, 3, 3, 2],
            ebops: 8,
        };
        assert_eq!((widths.mean(), widths.most(), widths.pruned()), (2.0, 3, 1));
        assert_eq!(widths.histogram(), [1, 0, 1, 2]);
    }
}
