//! Constant folding: what does not depend on an event is computed once, and
//! scales and offsets after a float matrix product become part of it.

use super::{EvalError, Graph, Id, Node, Op, Tensor, evaluate_all};

/// Folds constants and drops nodes that no output needs.
///
/// A rounding of a constant stays, since its format is part of the model. A
/// product with a constant per column, after a product with a float matrix that
/// nothing else uses, is folded into the matrix (batch normalisation); a
/// rounded matrix is left alone, for that would change the model.
///
/// # Errors
///
/// A constant expression that is not finite.
pub fn fold(graph: &Graph) -> Result<Graph, EvalError> {
    let uses = graph.use_counts();
    let mut folder = Folder {
        old: graph,
        uses,
        new: Graph {
            name: graph.name.clone(),
            source_sha256: graph.source_sha256.clone(),
            ..Graph::default()
        },
        renamed: Vec::with_capacity(graph.nodes.len()),
    };
    for id in graph.ids() {
        let folded = folder.node(id)?;
        folder.renamed.push(folded);
    }
    let Folder {
        mut new, renamed, ..
    } = folder;
    let outputs = graph.outputs.iter();
    new.outputs = outputs
        .map(|(name, id)| (name.clone(), renamed[id.0]))
        .collect();
    Ok(drop_unused(&new))
}

/// Rewrites a graph node by node.
struct Folder<'a> {
    old: &'a Graph,
    uses: Vec<usize>,
    new: Graph,
    /// For each old node, the new one with its value.
    renamed: Vec<Id>,
}

impl Folder<'_> {
    fn node(&mut self, id: Id) -> Result<Id, EvalError> {
        let old = self.old.node(id);
        let node = Node {
            args: old.args.iter().map(|arg| self.renamed[arg.0]).collect(),
            ..old.clone()
        };
        let constants: Option<Vec<_>> = node
            .args
            .iter()
            .map(|&arg| self.new.constant(arg))
            .collect();
        let foldable = node.op.is_foldable();
        if let (true, Some(constants)) = (foldable, constants) {
            let tensor = evaluate_constant(&node, &constants)?;
            return Ok(self.new.constant_node(node.name, tensor));
        }
        let folded = match node.op {
            Op::Mul => self.fold_scale(id, &node),
            Op::Add => self.fold_offset(id, &node),
            _ => None,
        };
        Ok(folded.unwrap_or_else(|| {
            self.new.nodes.push(node);
            Id(self.new.nodes.len() - 1)
        }))
    }

    /// Whether an operand of the old node has no other use.
    fn used_once(&self, id: Id, operand: usize) -> bool {
        self.uses[self.old.node(id).args[operand].0] == 1
    }

    /// The operand that is computed and the constant, with their positions.
    fn split_constant(&self, node: &Node) -> Option<(usize, Id, Tensor)> {
        let [a, b] = [node.args[0], node.args[1]];
        match (self.new.constant(a), self.new.constant(b)) {
            (None, Some(tensor)) => Some((0, a, tensor.clone())),
            (Some(tensor), None) => Some((1, b, tensor.clone())),
            _ => None,
        }
    }

    /// `(x W [+ b]) s` becomes `x (W s) [+ b s]`.
    fn fold_scale(&mut self, id: Id, node: &Node) -> Option<Id> {
        let (operand, x, scale) = self.split_constant(node)?;
        if !self.used_once(id, operand) {
            return None;
        }
        let (product, bias) = match self.new.node(x).op {
            Op::MatMul => (x, None),
            Op::Add => {
                let (_, product, bias) = self.split_constant(self.new.node(x))?;
                (product, Some(bias))
            }
            _ => return None,
        };
        let product = self.new.node(product).clone();
        if product.op != Op::MatMul {
            return None;
        }
        let [x, matrix_id] = [product.args[0], product.args[1]];
        let matrix = self.new.constant(matrix_id)?;
        let &[_, columns] = matrix.shape() else {
            return None;
        };
        let per_column = per_column(&scale, columns)?;
        let matrix = matrix * &per_column;
        let matrix_name = self.new.node(matrix_id).name.clone();
        let matrix = self.new.constant_node(matrix_name, matrix);
        let product = self
            .new
            .op_node(&product.name, Op::MatMul, &[x, matrix])
            .ok()?;
        match bias {
            None => Some(product),
            Some(bias) => {
                let bias = self.new.constant_node(&node.name, bias * &per_column);
                self.new.op_node(&node.name, Op::Add, &[product, bias]).ok()
            }
        }
    }

    /// `(x + a) + b` becomes `x + (a + b)`, where `x` is a product with a float
    /// matrix.
    fn fold_offset(&mut self, id: Id, node: &Node) -> Option<Id> {
        let (operand, x, b) = self.split_constant(node)?;
        if !self.used_once(id, operand) || self.new.node(x).op != Op::Add {
            return None;
        }
        let (_, product, a) = self.split_constant(self.new.node(x))?;
        let matrix = *self.new.node(product).args.get(1)?;
        if self.new.node(product).op != Op::MatMul || self.new.constant(matrix).is_none() {
            return None;
        }
        let offset = self.new.constant_node(&node.name, a + b);
        self.new
            .op_node(&node.name, Op::Add, &[product, offset])
            .ok()
    }
}

/// A scale per column of a matrix, as one row; `None` if it varies otherwise.
fn per_column(scale: &Tensor, columns: usize) -> Option<Tensor> {
    let width = *scale.shape().last().unwrap_or(&1);
    let row = scale.len() == width && (width == 1 || width == columns);
    row.then(|| scale.flatten().into_owned().into_dyn())
}

fn evaluate_constant(node: &Node, args: &[&Tensor]) -> Result<Tensor, EvalError> {
    let mut alone = Graph::default();
    let ids = args
        .iter()
        .map(|&tensor| alone.constant_node("", tensor.clone()))
        .collect();
    alone.nodes.push(Node {
        args: ids,
        ..node.clone()
    });
    let mut values = evaluate_all(&alone, &[])?;
    Ok(values.pop().unwrap_or_default())
}

/// Keeps the inputs and what the outputs need.
fn drop_unused(graph: &Graph) -> Graph {
    let mut needed = vec![false; graph.nodes.len()];
    for (_, id) in &graph.outputs {
        needed[id.0] = true;
    }
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        needed[index] |= node.op == Op::Input;
        if needed[index] {
            node.args.iter().for_each(|arg| needed[arg.0] = true);
        }
    }
    let mut renamed = vec![Id(0); graph.nodes.len()];
    let mut kept = Graph {
        name: graph.name.clone(),
        source_sha256: graph.source_sha256.clone(),
        ..Graph::default()
    };
    for (index, node) in graph.nodes.iter().enumerate().filter(|(i, _)| needed[*i]) {
        renamed[index] = Id(kept.nodes.len());
        kept.nodes.push(Node {
            args: node.args.iter().map(|arg| renamed[arg.0]).collect(),
            ..node.clone()
        });
    }
    let outputs = graph.outputs.iter();
    kept.outputs = outputs
        .map(|(name, id)| (name.clone(), renamed[id.0]))
        .collect();
    kept
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn scale_and_offset_fold_into_the_matrix() -> Result<(), Box<dyn std::error::Error>> {
        let mut graph = Graph::default();
        let x = graph.input_node("x", vec![1, 2]);
        let w = ndarray::arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).into_dyn();
        let w = graph.constant_node("w", w);
        let b = graph.constant_node("b", arr1(&[1.0, 1.0, 1.0]).into_dyn());
        let s = graph.constant_node("s", arr1(&[2.0, 0.5, -1.0]).into_dyn());
        let t = graph.constant_node("t", arr1(&[0.0, 10.0, 0.25]).into_dyn());
        let y = graph.op_node("mm", Op::MatMul, &[x, w])?;
        let y = graph.op_node("add", Op::Add, &[y, b])?;
        let y = graph.op_node("scale", Op::Mul, &[y, s])?;
        let y = graph.op_node("shift", Op::Add, &[y, t])?;
        graph.outputs.push(("y".to_owned(), y));
        let folded = fold(&graph)?;
        let ops: Vec<_> = folded.nodes.iter().map(|node| node.op.name()).collect();
        assert_eq!(ops, ["input", "constant", "matmul", "constant", "add"]);
        let event = [3.0, -7.0];
        assert_eq!(
            super::super::evaluate(&graph, &[&event])?,
            super::super::evaluate(&folded, &[&event])?
        );
        Ok(())
    }
}
