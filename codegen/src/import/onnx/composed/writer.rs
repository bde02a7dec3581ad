//! Writes the operations that one operator of a file stands for.

use ndarray::IxDyn;

use crate::real::{Function, Graph, Id, Op, Reduction, Tensor};

/// Adds operations to a graph under one node's name.
pub(in crate::import::onnx) struct Writer<'g> {
    graph: &'g mut Graph,
    name: &'g str,
}

type Written = Result<Id, String>;

impl<'g> Writer<'g> {
    pub(in crate::import::onnx) fn new(graph: &'g mut Graph, name: &'g str) -> Self {
        Self { graph, name }
    }

    pub(in crate::import::onnx) fn shape(&self, id: Id) -> &[usize] {
        &self.graph.node(id).shape
    }

    pub(in crate::import::onnx) fn op(&mut self, op: Op, args: &[Id]) -> Written {
        self.graph.op_node(self.name, op, args)
    }

    pub(in crate::import::onnx) fn tensor(&mut self, tensor: Tensor) -> Id {
        self.graph.constant_node(self.name, tensor)
    }

    pub(in crate::import::onnx) fn scalar(&mut self, value: f64) -> Id {
        self.tensor(Tensor::from_elem(IxDyn(&[]), value))
    }

    pub(in crate::import::onnx) fn filled(&mut self, shape: &[usize], value: f64) -> Id {
        self.tensor(Tensor::from_elem(IxDyn(shape), value))
    }

    pub(in crate::import::onnx) fn add(&mut self, a: Id, b: Id) -> Written {
        self.op(Op::Add, &[a, b])
    }

    pub(in crate::import::onnx) fn sub(&mut self, a: Id, b: Id) -> Written {
        self.op(Op::Sub, &[a, b])
    }

    pub(in crate::import::onnx) fn mul(&mut self, a: Id, b: Id) -> Written {
        self.op(Op::Mul, &[a, b])
    }

    pub(in crate::import::onnx) fn matmul(&mut self, a: Id, b: Id) -> Written {
        self.op(Op::MatMul, &[a, b])
    }

    pub(in crate::import::onnx) fn unary(&mut self, function: Function, x: Id) -> Written {
        self.op(Op::Unary(function), &[x])
    }

    pub(in crate::import::onnx) fn reshape(&mut self, x: Id, shape: Vec<usize>) -> Written {
        if self.shape(x) == shape {
            return Ok(x);
        }
        self.graph.reshape_node(self.name, x, shape)
    }

    pub(in crate::import::onnx) fn expand(&mut self, x: Id, shape: Vec<usize>) -> Written {
        self.graph.expand_node(self.name, x, shape)
    }

    pub(in crate::import::onnx) fn transpose(&mut self, x: Id, permutation: Vec<usize>) -> Written {
        if permutation.iter().copied().eq(0..permutation.len()) {
            return Ok(x);
        }
        self.op(Op::Transpose { permutation }, &[x])
    }

    /// Reduces along several axes, each of which is kept with size 1.
    pub(in crate::import::onnx) fn reduce(
        &mut self,
        kind: Reduction,
        x: Id,
        axes: &[usize],
    ) -> Written {
        axes.iter()
            .try_fold(x, |x, &axis| self.op(Op::Reduce { kind, axis }, &[x]))
    }

    /// Elements `from..from + size` along one axis.
    pub(in crate::import::onnx) fn part(
        &mut self,
        x: Id,
        axis: usize,
        from: usize,
        size: usize,
    ) -> Written {
        let shape = self.shape(x).to_vec();
        if from == 0 && shape.get(axis) == Some(&size) {
            return Ok(x);
        }
        let mut starts = vec![0; shape.len()];
        let mut sizes = shape.clone();
        if axis >= shape.len() || from + size > shape[axis] {
            return Err(format!(
                "its operand of shape {shape:?} has no elements {from}..{} along axis {axis}",
                from + size
            ));
        }
        starts[axis] = from;
        sizes[axis] = size;
        let steps = vec![1; shape.len()];
        self.op(
            Op::Slice {
                starts,
                steps,
                sizes,
            },
            &[x],
        )
    }

    /// The element at one position of an axis, without that axis.
    pub(in crate::import::onnx) fn at(&mut self, x: Id, axis: usize, position: usize) -> Written {
        let part = self.part(x, axis, position, 1)?;
        let mut shape = self.shape(part).to_vec();
        shape.remove(axis);
        self.reshape(part, shape)
    }

    /// Operands one after the other along an axis.
    pub(in crate::import::onnx) fn concat(&mut self, axis: usize, parts: &[Id]) -> Written {
        match parts {
            [one] => Ok(*one),
            _ => self.op(Op::Concat { axis }, parts),
        }
    }

    /// Operands of one shape along a new axis.
    pub(in crate::import::onnx) fn stack(&mut self, axis: usize, parts: &[Id]) -> Written {
        let mut rows = Vec::with_capacity(parts.len());
        for &part in parts {
            let mut shape = self.shape(part).to_vec();
            shape.insert(axis, 1);
            rows.push(self.reshape(part, shape)?);
        }
        self.concat(axis, &rows)
    }
}
