//! A node with its operands while it is translated.

use super::attributes::Attributes;
use super::element::Element;
use super::proto::NodeProto;
use super::scope::{Scope, Value};
use crate::real::{Id, Tensor};

/// A node with its operands while it is translated.
pub(super) struct Call<'n, 'a> {
    /// Name of the node, or of its first output.
    pub(super) name: &'n str,
    /// Attributes not taken yet.
    pub(super) attributes: Attributes<'a>,
    args: &'n [Option<Value>],
    node: &'a NodeProto,
    /// Element type of the first result; that of the first operand unless set.
    pub(super) element: Element,
    /// Results after the first.
    pub(super) further: Vec<Value>,
}

impl<'n, 'a> Call<'n, 'a> {
    pub(super) fn new(name: &'n str, node: &'a NodeProto, args: &'n [Option<Value>]) -> Self {
        let first = args.first().copied().flatten();
        Self {
            name,
            attributes: Attributes::new(node),
            args,
            node,
            element: first.map_or(Element::Float, |value| value.element),
            further: Vec::new(),
        }
    }

    /// Whether the node is one of this operator.
    pub(super) fn is(&self, operator: &str) -> bool {
        self.node.op_type() == operator
    }

    /// How many operands the node lists, empty ones with them.
    pub(super) fn count(&self) -> usize {
        self.args.len()
    }

    /// How many results the node lists.
    pub(super) fn results(&self) -> usize {
        self.node.output.len()
    }

    /// Whether the file gives a result a name.
    pub(super) fn wants(&self, result: usize) -> bool {
        self.node
            .output
            .get(result)
            .is_some_and(|name| !name.is_empty())
    }

    /// An operand that must be there.
    pub(super) fn arg(&self, index: usize) -> Result<Id, String> {
        self.optional_arg(index)
            .ok_or_else(|| format!("operand {index} is missing"))
    }

    /// An operand that may be left out.
    pub(super) fn optional_arg(&self, index: usize) -> Option<Id> {
        Some(self.value(index)?.id)
    }

    /// An operand with its element type.
    pub(super) fn value(&self, index: usize) -> Option<Value> {
        self.args.get(index).copied().flatten()
    }

    /// All operands, none of which may be left out.
    pub(super) fn all(&self) -> Result<Vec<Id>, String> {
        (0..self.count()).map(|index| self.arg(index)).collect()
    }

    /// Element types of the operands that are there.
    pub(super) fn elements(&self) -> impl Iterator<Item = Element> {
        self.args.iter().flatten().map(|value| value.element)
    }

    /// The element type of an operand that must be there.
    pub(super) fn element_of(&self, index: usize) -> Result<Element, String> {
        let value = self.value(index);
        value
            .map(|value| value.element)
            .ok_or_else(|| format!("operand {index} is missing"))
    }

    /// Integers that the translation must know; `None` if they are left out.
    pub(super) fn constant_ints(
        &self,
        scope: &Scope<'_>,
        index: usize,
        what: &str,
    ) -> Result<Option<Vec<i64>>, String> {
        let Some(value) = self.value(index) else {
            return Ok(None);
        };
        let tensor = scope.constant(value.id, what)?;
        if !value.element.is_integer() {
            return Err(format!("{what}: {}, expected integers", value.element));
        }
        // Beyond 2^53 the value stands for "to the end"; the cast saturates.
        Ok(Some(tensor.iter().map(|&x| x as i64).collect()))
    }

    /// One integer that the translation must know.
    pub(super) fn constant_int(
        &self,
        scope: &Scope<'_>,
        index: usize,
        what: &str,
    ) -> Result<Option<i64>, String> {
        match self.constant_ints(scope, index, what)?.as_deref() {
            None => Ok(None),
            Some(&[one]) => Ok(Some(one)),
            Some(several) => Err(format!("{what}: {} numbers, expected one", several.len())),
        }
    }

    /// A constant of one element.
    pub(super) fn constant_scalar(
        &self,
        scope: &Scope<'_>,
        index: usize,
        what: &str,
    ) -> Result<Option<f64>, String> {
        let Some(id) = self.optional_arg(index) else {
            return Ok(None);
        };
        let tensor: &Tensor = scope.constant(id, what)?;
        match tensor.len() {
            1 => Ok(tensor.iter().copied().next()),
            n => Err(format!("{what}: {n} numbers, expected one")),
        }
    }

    /// Integers that were an attribute before an operator set and are an
    /// operand from it on.
    pub(super) fn ints_since(
        &mut self,
        scope: &Scope<'_>,
        opset: i64,
        name: &str,
        index: usize,
    ) -> Result<Option<Vec<i64>>, String> {
        if scope.opset >= opset {
            return self.constant_ints(scope, index, &format!("its {name}"));
        }
        self.no_operand_from(index)?;
        Ok(self.attributes.ints(name)?.map(<[i64]>::to_vec))
    }

    /// Refuses operands that the operator set does not have yet.
    pub(super) fn no_operand_from(&self, index: usize) -> Result<(), String> {
        match (index..self.count()).find(|&index| self.value(index).is_some()) {
            None => Ok(()),
            Some(index) => Err(format!("operand {index} is not one of this operator set")),
        }
    }
}

/// An axis that may count from the end.
pub(super) fn axis(value: i64, rank: usize) -> Result<usize, String> {
    let from_start = if value < 0 {
        value.saturating_add(rank as i64)
    } else {
        value
    };
    usize::try_from(from_start)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| format!("there is no axis {value} among {rank} dimensions"))
}

/// Several axes, each at most once.
pub(super) fn axes(values: &[i64], rank: usize) -> Result<Vec<usize>, String> {
    let mut axes = values
        .iter()
        .map(|&value| axis(value, rank))
        .collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    match axes.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(axes),
        Some(pair) => Err(format!("axis {} is given twice", pair[0])),
    }
}
