//! `Einsum`: sums of products by index labels, as a matrix product between
//! transposes and reshapes.

use super::Writer;
use crate::ir::element_count;
use crate::real::{Id, Op, Reduction};

/// A label of an axis: a letter, or an axis under an ellipsis counted from the
/// right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Ellipsis(usize),
    Letter(char),
}

/// A tensor and the label of each axis.
struct Labelled {
    id: Id,
    labels: Vec<Label>,
}

pub(in crate::import::onnx) fn write(
    to: &mut Writer<'_>,
    equation: &str,
    args: &[Id],
) -> Result<Id, String> {
    let equation: String = equation.split_whitespace().collect();
    let (inputs, output) = match equation.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (equation.as_str(), None),
    };
    let terms: Vec<_> = inputs.split(',').collect();
    if terms.len() != args.len() {
        return Err(format!(
            "equation `{equation}` has {} terms, the node {} operands",
            terms.len(),
            args.len()
        ));
    }
    let mut operands = Vec::new();
    for (term, &id) in terms.iter().zip(args) {
        let labels = labels(term, to.shape(id).len())?;
        operands.push(diagonal(to, Labelled { id, labels })?);
    }
    let ellipsis = operands.iter().flat_map(|operand| &operand.labels);
    let ellipsis = ellipsis.filter(|label| matches!(label, Label::Ellipsis(_)));
    let ellipsis = ellipsis.copied().min().map_or(0, |label| match label {
        Label::Ellipsis(axis) => MOST_AXES - axis,
        Label::Letter(_) => 0,
    });
    let output = match output {
        Some(output) => labels_of_output(output, ellipsis)?,
        None => implicit(&operands),
    };
    let sum = match operands.as_slice() {
        [one] => summed(to, one, |label| output.contains(&label))?,
        [a, b] => product(to, a, b, &output)?,
        more => return Err(format!("{} operands, one or two are taken", more.len())),
    };
    ordered(to, &sum, &output)
}

/// More axes than any tensor has; ellipsis axes count down from it.
const MOST_AXES: usize = 64;

fn labels(term: &str, rank: usize) -> Result<Vec<Label>, String> {
    let letters = term.replace("...", "");
    let wrong = || format!("term `{term}` does not fit an operand of {rank} dimensions");
    if !letters.chars().all(|c| c.is_ascii_alphabetic()) {
        return Err(format!("term `{term}` holds more than letters and `...`"));
    }
    let hidden = match term.matches("...").count() {
        0 if letters.len() == rank => 0,
        1 => rank.checked_sub(letters.len()).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    Ok(with_ellipsis(term, hidden))
}

fn labels_of_output(term: &str, hidden: usize) -> Result<Vec<Label>, String> {
    let letters = term.replace("...", "");
    let labels = with_ellipsis(term, hidden);
    let mut sorted = labels.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != labels.len() || !letters.chars().all(|c| c.is_ascii_alphabetic()) {
        return Err(format!("`{term}` is not a valid output term"));
    }
    Ok(labels)
}

fn with_ellipsis(term: &str, hidden: usize) -> Vec<Label> {
    let (before, after) = term.split_once("...").unwrap_or((term, ""));
    let ellipsis = (MOST_AXES - hidden..MOST_AXES).map(Label::Ellipsis);
    let ellipsis = ellipsis.filter(|_| term.contains("..."));
    before
        .chars()
        .map(Label::Letter)
        .chain(ellipsis)
        .chain(after.chars().map(Label::Letter))
        .collect()
}

/// Ellipsis axes, then the labels that stand once, in alphabetical order.
fn implicit(operands: &[Labelled]) -> Vec<Label> {
    let all: Vec<_> = operands.iter().flat_map(|o| o.labels.clone()).collect();
    let mut output: Vec<_> = all
        .iter()
        .copied()
        .filter(|label| {
            let count = all.iter().filter(|other| *other == label).count();
            matches!(label, Label::Ellipsis(_)) || count == 1
        })
        .collect();
    output.sort_unstable();
    output.dedup();
    output
}

/// Takes the diagonal of axes that share a label.
fn diagonal(to: &mut Writer<'_>, operand: Labelled) -> Result<Labelled, String> {
    let mut labels = operand.labels.clone();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() == operand.labels.len() {
        return Ok(operand);
    }
    let shape = to.shape(operand.id).to_vec();
    let mut kept = Vec::new();
    for label in &operand.labels {
        if !kept.contains(label) {
            kept.push(*label);
        }
    }
    let mut sizes = Vec::new();
    let mut strides = Vec::new();
    for label in &kept {
        let axes = (0..shape.len()).filter(|&axis| operand.labels[axis] == *label);
        let axes: Vec<_> = axes.collect();
        if axes.iter().any(|&axis| shape[axis] != shape[axes[0]]) {
            return Err("a repeated label stands for axes of different sizes".to_owned());
        }
        sizes.push(shape[axes[0]]);
        let stride = |axis: usize| element_count(&shape[axis + 1..]);
        strides.push(axes.into_iter().map(stride).sum::<usize>());
    }
    let indices = (0..element_count(&sizes))
        .map(|flat| {
            let mut rest = flat;
            let mut source = 0;
            for axis in (0..sizes.len()).rev() {
                source += (rest % sizes[axis]) * strides[axis];
                rest /= sizes[axis];
            }
            source
        })
        .collect();
    let flat = to.reshape(operand.id, vec![element_count(&shape)])?;
    let taken = to.op(Op::Gather { axis: 0, indices }, &[flat])?;
    Ok(Labelled {
        id: to.reshape(taken, sizes)?,
        labels: kept,
    })
}

/// Sums away the axes whose label is not kept.
fn summed(
    to: &mut Writer<'_>,
    operand: &Labelled,
    keep: impl Fn(Label) -> bool,
) -> Result<Labelled, String> {
    let shape = to.shape(operand.id).to_vec();
    let gone = |axis: &usize| !keep(operand.labels[*axis]);
    let axes: Vec<_> = (0..shape.len()).filter(gone).collect();
    let sum = to.reduce(Reduction::Sum, operand.id, &axes)?;
    let left = (0..shape.len()).filter(|axis| !gone(axis));
    let (shape, labels) = left.map(|axis| (shape[axis], operand.labels[axis])).unzip();
    Ok(Labelled {
        id: to.reshape(sum, shape)?,
        labels,
    })
}

fn product(
    to: &mut Writer<'_>,
    a: &Labelled,
    b: &Labelled,
    output: &[Label],
) -> Result<Labelled, String> {
    let a = summed(to, a, |l| output.contains(&l) || b.labels.contains(&l))?;
    let b = summed(to, b, |l| output.contains(&l) || a.labels.contains(&l))?;
    let size = |to: &Writer<'_>, operand: &Labelled, label: Label| {
        let axis = operand.labels.iter().position(|l| *l == label);
        axis.map(|axis| to.shape(operand.id)[axis])
    };
    let mut batch = Vec::new();
    let mut inner = Vec::new();
    for &label in a.labels.iter().filter(|l| b.labels.contains(l)) {
        if size(to, &a, label) != size(to, &b, label) {
            return Err("axes of one label differ in size".to_owned());
        }
        match output.contains(&label) {
            true => batch.push(label),
            false => inner.push(label),
        }
    }
    let own = |of: &Labelled, other: &Labelled| -> Vec<Label> {
        let own = of.labels.iter().filter(|l| !other.labels.contains(l));
        own.copied().collect()
    };
    let (rows, columns) = (own(&a, &b), own(&b, &a));
    let sizes = |to: &Writer<'_>, of: &Labelled, labels: &[Label]| -> Vec<usize> {
        labels.iter().filter_map(|&l| size(to, of, l)).collect()
    };
    let batch_sizes = sizes(to, &a, &batch);
    let inner_size = element_count(&sizes(to, &a, &inner));
    let (row_sizes, column_sizes) = (sizes(to, &a, &rows), sizes(to, &b, &columns));
    let left = ordered(to, &a, &[&batch[..], &rows, &inner].concat())?;
    let right = ordered(to, &b, &[&batch[..], &inner, &columns].concat())?;
    let shaped = |matrix: [usize; 2]| [&batch_sizes[..], &matrix].concat();
    let left = to.reshape(left, shaped([element_count(&row_sizes), inner_size]))?;
    let right = to.reshape(right, shaped([inner_size, element_count(&column_sizes)]))?;
    let product = to.matmul(left, right)?;
    let shape = [&batch_sizes[..], &row_sizes, &column_sizes].concat();
    Ok(Labelled {
        id: to.reshape(product, shape)?,
        labels: [batch, rows, columns].concat(),
    })
}

/// Brings axes into an order of labels; a label that is missing is an axis of 1.
fn ordered(to: &mut Writer<'_>, operand: &Labelled, order: &[Label]) -> Result<Id, String> {
    let mut permutation = Vec::new();
    for label in order {
        let axis = operand.labels.iter().position(|l| l == label);
        permutation.push(axis.ok_or("the output has a label that no operand has")?);
    }
    to.transpose(operand.id, permutation)
}
