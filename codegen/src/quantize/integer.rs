//! Writes a graph whose values have formats as an integer module.

use crate::import::Unsupported;
use crate::ir::{Builder, Module, NodeId, TensorType, prune};
use crate::ops::{self, Constant, Input, Requantize, Values};
use crate::real::{Graph, Id, Node, Op, Quantizer};

use super::{constant, softmax};

/// What a real node became.
#[derive(Clone, Copy, Debug)]
enum Lowered {
    Integer(NodeId),
    /// An input or a float constant, whose format the use decides.
    Pending,
    /// Refused, or dependent on what was.
    Refused,
}

/// Writes the integer module of a graph.
///
/// # Errors
///
/// Every value without an exact integer form, by name.
pub fn to_integer(graph: &Graph) -> Result<Module, Vec<Unsupported>> {
    let mut writer = Writer {
        graph,
        uses: graph.use_counts(),
        builder: Builder::new(graph.name.clone()),
        constants: Vec::new(),
        lowered: vec![Lowered::Pending; graph.nodes.len()],
        refused: Vec::new(),
    };
    // Inputs come first, in the model's order.
    for (id, node) in graph.inputs() {
        writer.lowered[id.0] = match writer.input(id, node) {
            Ok(input) => Lowered::Integer(input),
            Err(reason) => writer.refuse(node, reason),
        };
    }
    for id in graph.ids() {
        let node = graph.node(id);
        let refused = node
            .args
            .iter()
            .any(|arg| matches!(writer.lowered[arg.0], Lowered::Refused));
        writer.lowered[id.0] = match node.op {
            Op::Input => continue,
            Op::Constant(_) => Lowered::Pending,
            _ if refused => Lowered::Refused,
            _ => match writer.node(node) {
                Ok(integer) => Lowered::Integer(integer),
                Err(reason) => writer.refuse(node, reason),
            },
        };
    }
    for (name, id) in &graph.outputs {
        match writer.operand(*id, false) {
            Ok(node) => writer.builder.output(name, node),
            Err(reason) if reason.is_empty() => {}
            Err(reason) => {
                writer.refuse(graph.node(*id), reason);
            }
        }
    }
    if !writer.refused.is_empty() {
        return Err(writer.refused);
    }
    let mut module = prune(&writer.builder.finish());
    module.source_sha256 = Some(graph.source_sha256.clone()).filter(|hash| !hash.is_empty());
    Ok(module)
}

struct Writer<'a> {
    graph: &'a Graph,
    uses: Vec<usize>,
    builder: Builder,
    /// Mantissas of the constants in the module.
    constants: Vec<(NodeId, Constant)>,
    lowered: Vec<Lowered>,
    refused: Vec<Unsupported>,
}

impl Writer<'_> {
    fn refuse(&mut self, node: &Node, reason: String) -> Lowered {
        if !reason.is_empty() {
            self.refused.push(Unsupported {
                node: node.name.clone(),
                operator: node.op.name().to_owned(),
                reason,
            });
        }
        Lowered::Refused
    }

    /// An input takes the format of the quantiser behind it.
    fn input(&mut self, id: Id, node: &Node) -> Result<NodeId, String> {
        let mut quantizers = self
            .graph
            .nodes
            .iter()
            .filter(|user| user.args.contains(&id))
            .map(|user| match &user.op {
                Op::Quantize(quantizer) => Some(quantizer),
                _ => None,
            });
        let first = quantizers.next().unwrap_or_default();
        let is_output = self.graph.outputs.iter().any(|(_, output)| *output == id);
        match first {
            Some(first) if !is_output && quantizers.all(|q| q == Some(first)) => {
                let op = Input {
                    rounding: first.rounding,
                    overflow: first.overflow,
                };
                let ty = TensorType {
                    shape: node.shape.clone(),
                    formats: first.formats.clone(),
                };
                self.add(&node.name, op, &[], Some(ty))
            }
            _ => Err(
                "an input must go through one quantiser, which states its format; \
                      or give calibration events (--calib FILE --width W)"
                    .to_owned(),
            ),
        }
    }

    /// Adds a node, folding operations on constants.
    fn add(
        &mut self,
        name: &str,
        op: impl Into<ops::Op>,
        args: &[NodeId],
        ty: Option<TensorType>,
    ) -> Result<NodeId, String> {
        let op = op.into();
        let known: Option<Vec<_>> = args
            .iter()
            .map(|id| self.constant_of(*id).cloned())
            .collect();
        let id = self
            .builder
            .node(name, op.clone(), args, ty)
            .map_err(|error| error.reason)?;
        match known {
            Some(known) if !args.is_empty() => {
                let result = self.builder.ty(id).clone();
                let types: Vec<_> = args.iter().map(|id| self.builder.ty(*id).clone()).collect();
                let values: Vec<_> = known
                    .iter()
                    .zip(&types)
                    .map(|(constant, ty)| Values {
                        ty,
                        mantissas: &constant.mantissas,
                    })
                    .collect();
                let mantissas = op.as_operation().evaluate(&values, &result);
                self.add_constant(name, Constant { mantissas }, result)
            }
            _ => Ok(id),
        }
    }

    fn add_constant(
        &mut self,
        name: &str,
        constant: Constant,
        ty: TensorType,
    ) -> Result<NodeId, String> {
        let node = self.builder.node(name, constant.clone(), &[], Some(ty));
        let id = node.map_err(|error| error.reason)?;
        self.constants.push((id, constant));
        Ok(id)
    }

    fn constant_of(&self, id: NodeId) -> Option<&Constant> {
        let position = self
            .constants
            .binary_search_by_key(&id, |(id, _)| *id)
            .ok()?;
        Some(&self.constants[position].1)
    }

    /// The integer node of an operand; an empty reason if it was refused.
    fn operand(&mut self, id: Id, per_element: bool) -> Result<NodeId, String> {
        match self.lowered[id.0] {
            Lowered::Integer(node) => Ok(node),
            Lowered::Refused => Err(String::new()),
            Lowered::Pending => {
                let node = self.graph.node(id);
                let Op::Constant(tensor) = &node.op else {
                    return Err(format!("operand `{}` has no format", node.name));
                };
                let (constant, ty) = constant::exact(tensor, per_element)
                    .map_err(|reason| format!("operand `{}` is {reason}", node.name))?;
                self.add_constant(&node.name, constant, ty)
            }
        }
    }

    fn node(&mut self, node: &Node) -> Result<NodeId, String> {
        let name = node.name.as_str();
        match &node.op {
            Op::Input | Op::Constant(_) => Err("it has no operands".to_owned()),
            Op::Quantize(quantizer) => self.quantize(node, quantizer),
            Op::MatMul => {
                let x = self.operand(node.args[0], false)?;
                let w = self.operand(node.args[1], false)?;
                if self.constant_of(w).is_none() {
                    return Err("a product of two computed tensors is not taken".to_owned());
                }
                self.add(name, ops::Dense, &[x, w], None)
            }
            Op::Add => {
                if let Some(biased) = self.bias(node)? {
                    return Ok(biased);
                }
                let args = self.elementwise(node)?;
                self.add(name, ops::Add, &args, None)
            }
            Op::Sub => {
                let args = self.elementwise(node)?;
                self.add(name, ops::Sub, &args, None)
            }
            Op::Mul => {
                let args = self.elementwise(node)?;
                self.add(name, ops::Mul, &args, None)
            }
            Op::Relu => {
                let x = self.operand(node.args[0], false)?;
                self.add(name, ops::Relu, &[x], None)
            }
            Op::Reshape => {
                let x = self.operand(node.args[0], false)?;
                let shape = node.shape.clone();
                self.add(name, ops::Reshape { shape }, &[x], None)
            }
            Op::Transpose { permutation } => {
                let x = self.operand(node.args[0], false)?;
                let permutation = permutation.clone();
                self.add(name, ops::Transpose { permutation }, &[x], None)
            }
            Op::Softmax { axis } => {
                let x = self.operand(node.args[0], false)?;
                softmax::expand(&mut self.builder, name, x, *axis)
            }
            other => Err(format!("has no integer form yet: {}", other.name())),
        }
    }

    fn elementwise(&mut self, node: &Node) -> Result<[NodeId; 2], String> {
        Ok([
            self.operand(node.args[0], true)?,
            self.operand(node.args[1], true)?,
        ])
    }

    fn quantize(&mut self, node: &Node, quantizer: &Quantizer) -> Result<NodeId, String> {
        let from = self.graph.node(node.args[0]);
        match &from.op {
            // The input has this very format already.
            Op::Input => self.operand(node.args[0], false),
            Op::Constant(tensor) => {
                let (constant, ty) = constant::rounded(tensor, quantizer);
                self.add_constant(&from.name, constant, ty)
            }
            _ => {
                let x = self.operand(node.args[0], false)?;
                let op = Requantize {
                    rounding: quantizer.rounding,
                    overflow: quantizer.overflow,
                };
                let ty = TensorType {
                    shape: node.shape.clone(),
                    formats: quantizer.formats.clone(),
                };
                self.add(&node.name, op, &[x], Some(ty))
            }
        }
    }

    /// The sum of a matrix product that nothing else uses and a constant per
    /// column, as one operation: the same exact result.
    fn bias(&mut self, node: &Node) -> Result<Option<NodeId>, String> {
        for [product, bias] in [[0, 1], [1, 0]].map(|order| order.map(|i| node.args[i])) {
            let matmul = self.graph.node(product);
            if matmul.op != Op::MatMul || self.uses[product.0] != 1 {
                continue;
            }
            let columns = node.shape.last().copied();
            let shape = &self.graph.node(bias).shape;
            let per_column =
                shape.last().copied() == columns && shape.iter().rev().skip(1).all(|&dim| dim == 1);
            if !per_column || node.shape != matmul.shape {
                continue;
            }
            let bias = self.operand(bias, false)?;
            let Some(constant) = self.constant_of(bias).cloned() else {
                continue;
            };
            let ty = self.builder.ty(bias).clone();
            let flat = TensorType {
                shape: vec![constant.mantissas.len()],
                formats: crate::ir::Formats::each(
                    vec![constant.mantissas.len()],
                    ty.element_formats(),
                ),
            };
            let name = self.graph.node(node.args[1]).name.clone();
            let bias = self.add_constant(&name, constant, flat)?;
            let x = self.operand(matmul.args[0], false)?;
            let w = self.operand(matmul.args[1], false)?;
            return self
                .add(&node.name, ops::Dense, &[x, w, bias], None)
                .map(Some);
        }
        Ok(None)
    }
}
