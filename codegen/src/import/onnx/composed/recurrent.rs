//! `RNN`, `GRU` and `LSTM`, unrolled: one set of operations per step.

use ndarray::IxDyn;

use super::Writer;
use crate::real::{Function, Id, Op, Tensor};

/// Which recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import::onnx) enum Cell {
    Rnn,
    Gru {
        /// The reset gate is applied after the product rather than before.
        linear_before_reset: bool,
    },
    Lstm {
        /// The forget gate is one minus the input gate.
        input_forget: bool,
    },
}

impl Cell {
    /// Gates that each have their weights.
    pub(in crate::import::onnx) fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru { .. } => 3,
            Self::Lstm { .. } => 4,
        }
    }

    /// Functions per direction, by their ONNX names, where a file states none.
    pub(in crate::import::onnx) fn default_functions(self) -> &'static [&'static str] {
        match self {
            Self::Rnn => &["Tanh"],
            Self::Gru { .. } => &["Sigmoid", "Tanh"],
            Self::Lstm { .. } => &["Sigmoid", "Tanh", "Tanh"],
        }
    }
}

/// A gate's function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::import::onnx) enum Activation {
    Relu,
    Unary(Function),
}

/// The function of an ONNX name, with its default parameters.
pub(in crate::import::onnx) fn activation(name: &str) -> Result<Activation, String> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "relu" => Activation::Relu,
        "sigmoid" => Activation::Unary(Function::Sigmoid),
        "tanh" => Activation::Unary(Function::Tanh),
        "softsign" => Activation::Unary(Function::Softsign),
        "softplus" => Activation::Unary(Function::Softplus),
        "hardsigmoid" => Activation::Unary(Function::HardSigmoid {
            alpha: 0.2,
            beta: 0.5,
        }),
        _ => {
            return Err(format!(
                "activation `{}` is not taken; taken are Relu, Sigmoid, Tanh, Softsign, Softplus \
                 and HardSigmoid",
                crate::import::shorten(name)
            ));
        }
    })
}

/// How a direction runs over the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import::onnx) enum Direction {
    Forward,
    Reverse,
    Both,
}

/// Everything a recurrent operator states. Operands have the shapes of ONNX
/// with `layout` 0.
pub(in crate::import::onnx) struct Recurrence {
    pub(in crate::import::onnx) cell: Cell,
    pub(in crate::import::onnx) direction: Direction,
    /// Per direction, one per function of the cell.
    pub(in crate::import::onnx) activations: Vec<Activation>,
    pub(in crate::import::onnx) clip: Option<f64>,
    /// `[steps, batch, inputs]`.
    pub(in crate::import::onnx) x: Id,
    /// `[directions, gates hidden, inputs]`.
    pub(in crate::import::onnx) w: Id,
    /// `[directions, gates hidden, hidden]`.
    pub(in crate::import::onnx) r: Id,
    /// `[directions, 2 gates hidden]`.
    pub(in crate::import::onnx) b: Option<Id>,
    /// Valid steps of each sequence of the batch.
    pub(in crate::import::onnx) lengths: Option<Vec<usize>>,
    /// `[directions, batch, hidden]`.
    pub(in crate::import::onnx) initial_h: Option<Id>,
    /// `[directions, batch, hidden]`.
    pub(in crate::import::onnx) initial_c: Option<Id>,
    /// `[directions, 3 hidden]`.
    pub(in crate::import::onnx) peepholes: Option<Id>,
}

/// What a recurrence gives.
pub(in crate::import::onnx) struct Unrolled {
    /// `[steps, directions, batch, hidden]`.
    pub(in crate::import::onnx) y: Id,
    /// `[directions, batch, hidden]`.
    pub(in crate::import::onnx) last_h: Id,
    /// `[directions, batch, hidden]`, of an LSTM.
    pub(in crate::import::onnx) last_c: Option<Id>,
}

/// One direction's weights, transposed for products from the left.
struct Weights {
    /// Products of all steps' inputs with the gates' weights, biases added:
    /// `[steps, batch, gates hidden]`.
    inputs: Id,
    /// `[hidden, gates hidden]`.
    r: Id,
    /// `[gates hidden]`, the recurrent bias where it is not in `inputs`.
    r_bias: Option<Id>,
    /// Input, output and forget gates' peepholes.
    peepholes: Option<[Id; 3]>,
    hidden: usize,
}

struct State {
    h: Id,
    c: Option<Id>,
}

pub(in crate::import::onnx) fn unroll(
    to: &mut Writer<'_>,
    of: &Recurrence,
) -> Result<Unrolled, String> {
    let &[steps, batch, inputs] = to.shape(of.x) else {
        return Err("its operand X must have three dimensions".to_owned());
    };
    let &[directions, rows, columns] = to.shape(of.w) else {
        return Err("its operand W must have three dimensions".to_owned());
    };
    let hidden = rows / of.cell.gates();
    let expected = if of.direction == Direction::Both {
        2
    } else {
        1
    };
    let functions = of.cell.default_functions().len();
    if directions != expected
        || columns != inputs
        || rows != hidden * of.cell.gates()
        || to.shape(of.r) != [directions, rows, hidden]
        || of.activations.len() != directions * functions
        || steps == 0
    {
        return Err(format!(
            "operands X {:?}, W {:?} and R {:?} do not fit {directions} directions of {} gates",
            to.shape(of.x),
            to.shape(of.w),
            to.shape(of.r),
            of.cell.gates()
        ));
    }
    let mut outputs = Vec::new();
    for direction in 0..directions {
        let reverse = of.direction == Direction::Reverse || direction == 1;
        if reverse && of.lengths.iter().flatten().any(|&length| length != steps) {
            return Err("sequence lengths that differ, in reverse, are not taken".to_owned());
        }
        let weights = weights(to, of, direction, hidden)?;
        let initial = |to: &mut Writer<'_>, given: Option<Id>| match given {
            Some(given) => to.at(given, 0, direction),
            None => Ok(to.filled(&[batch, hidden], 0.0)),
        };
        let mut state = State {
            h: initial(to, of.initial_h)?,
            c: None,
        };
        if let Cell::Lstm { .. } = of.cell {
            state.c = Some(initial(to, of.initial_c)?);
        }
        let activations = &of.activations[direction * functions..][..functions];
        let mut hs = vec![None; steps];
        for step in 0..steps {
            let position = if reverse { steps - 1 - step } else { step };
            let new = advance(to, of, &weights, activations, &state, position)?;
            let (next, shown) = masked(to, of, &state, new, position)?;
            hs[position] = Some(shown);
            state = next;
        }
        let hs: Vec<_> = hs.into_iter().flatten().collect();
        outputs.push((to.stack(0, &hs)?, state));
    }
    let ys: Vec<_> = outputs.iter().map(|(y, _)| *y).collect();
    let hs: Vec<_> = outputs.iter().map(|(_, state)| state.h).collect();
    let cs: Option<Vec<_>> = outputs.iter().map(|(_, state)| state.c).collect();
    Ok(Unrolled {
        y: to.stack(1, &ys)?,
        last_h: to.stack(0, &hs)?,
        last_c: cs.map(|cs| to.stack(0, &cs)).transpose()?,
    })
}

fn weights(
    to: &mut Writer<'_>,
    of: &Recurrence,
    direction: usize,
    hidden: usize,
) -> Result<Weights, String> {
    let rows = hidden * of.cell.gates();
    let turned = |to: &mut Writer<'_>, id: Id| {
        let matrix = to.at(id, 0, direction)?;
        to.transpose(matrix, vec![1, 0])
    };
    let w = turned(to, of.w)?;
    let r = turned(to, of.r)?;
    let mut inputs = to.matmul(of.x, w)?;
    let mut r_bias = None;
    if let Some(b) = of.b {
        if to.shape(b).len() != 2 || to.shape(b)[1] != 2 * rows {
            return Err(format!("its operand B has shape {:?}", to.shape(b)));
        }
        let both = to.at(b, 0, direction)?;
        let (wb, rb) = (to.part(both, 0, 0, rows)?, to.part(both, 0, rows, rows)?);
        inputs = to.add(inputs, wb)?;
        // A reset gate behind the product multiplies the recurrent bias too.
        match of.cell {
            Cell::Gru {
                linear_before_reset: true,
            } => r_bias = Some(rb),
            _ => inputs = to.add(inputs, rb)?,
        }
    }
    let peepholes = of
        .peepholes
        .map(|p| {
            let p = to.at(p, 0, direction)?;
            let mut part = |gate: usize| to.part(p, 0, gate * hidden, hidden);
            Ok::<_, String>([part(0)?, part(1)?, part(2)?])
        })
        .transpose()?;
    Ok(Weights {
        inputs,
        r,
        r_bias,
        peepholes,
        hidden,
    })
}

fn apply(to: &mut Writer<'_>, of: &Recurrence, f: Activation, x: Id) -> Result<Id, String> {
    let x = match of.clip {
        None => x,
        Some(clip) => {
            let (low, high) = (to.scalar(-clip), to.scalar(clip));
            let x = to.op(Op::Max, &[x, low])?;
            to.op(Op::Min, &[x, high])?
        }
    };
    match f {
        Activation::Relu => to.op(Op::Relu, &[x]),
        Activation::Unary(function) => to.unary(function, x),
    }
}

/// `1 - x`.
fn complement(to: &mut Writer<'_>, x: Id) -> Result<Id, String> {
    let one = to.scalar(1.0);
    to.sub(one, x)
}

fn advance(
    to: &mut Writer<'_>,
    of: &Recurrence,
    weights: &Weights,
    f: &[Activation],
    state: &State,
    position: usize,
) -> Result<State, String> {
    let x = to.at(weights.inputs, 0, position)?;
    match of.cell {
        Cell::Rnn => {
            let recurrent = to.matmul(state.h, weights.r)?;
            let sum = to.add(x, recurrent)?;
            let h = apply(to, of, f[0], sum)?;
            Ok(State { h, c: None })
        }
        Cell::Gru {
            linear_before_reset,
        } => gru(to, of, weights, f, state, x, linear_before_reset),
        Cell::Lstm { input_forget } => lstm(to, of, weights, f, state, x, input_forget),
    }
}

/// Gates z, r and h (arXiv:1406.1078).
fn gru(
    to: &mut Writer<'_>,
    of: &Recurrence,
    weights: &Weights,
    f: &[Activation],
    state: &State,
    x: Id,
    linear_before_reset: bool,
) -> Result<State, String> {
    let n = weights.hidden;
    let sum = |to: &mut Writer<'_>, from: usize, size: usize| {
        let r = to.part(weights.r, 1, from, size)?;
        let mut product = to.matmul(state.h, r)?;
        if let Some(bias) = weights.r_bias {
            let bias = to.part(bias, 0, from, size)?;
            product = to.add(product, bias)?;
        }
        Ok::<_, String>(product)
    };
    let gates = sum(to, 0, 2 * n)?;
    let x_gates = to.part(x, 1, 0, 2 * n)?;
    let gates = to.add(x_gates, gates)?;
    let gates = apply(to, of, f[0], gates)?;
    let (z, r) = (to.part(gates, 1, 0, n)?, to.part(gates, 1, n, n)?);
    let x_new = to.part(x, 1, 2 * n, n)?;
    let recurrent = if linear_before_reset {
        let product = sum(to, 2 * n, n)?;
        to.mul(r, product)?
    } else {
        let reset = to.mul(r, state.h)?;
        let matrix = to.part(weights.r, 1, 2 * n, n)?;
        to.matmul(reset, matrix)?
    };
    let new = to.add(x_new, recurrent)?;
    let new = apply(to, of, f[1], new)?;
    let keep = to.mul(z, state.h)?;
    let take = complement(to, z)?;
    let take = to.mul(take, new)?;
    Ok(State {
        h: to.add(take, keep)?,
        c: None,
    })
}

/// Gates i, o, f and c (Hochreiter and Schmidhuber, 1997).
fn lstm(
    to: &mut Writer<'_>,
    of: &Recurrence,
    weights: &Weights,
    f: &[Activation],
    state: &State,
    x: Id,
    input_forget: bool,
) -> Result<State, String> {
    let n = weights.hidden;
    let c = state.c.ok_or("internal error: an LSTM without a cell")?;
    let recurrent = to.matmul(state.h, weights.r)?;
    let sums = to.add(x, recurrent)?;
    let gate = |to: &mut Writer<'_>, index: usize, peep: Option<(Id, Id)>, f: Activation| {
        let mut sum = to.part(sums, 1, index * n, n)?;
        if let Some((weight, cell)) = peep {
            let product = to.mul(weight, cell)?;
            sum = to.add(sum, product)?;
        }
        apply(to, of, f, sum)
    };
    let peep = |index: usize, cell: Id| weights.peepholes.map(|p| (p[index], cell));
    let input = gate(to, 0, peep(0, c), f[0])?;
    let forget = match input_forget {
        true => complement(to, input)?,
        false => gate(to, 2, peep(2, c), f[0])?,
    };
    let new = gate(to, 3, None, f[1])?;
    let kept = to.mul(forget, c)?;
    let taken = to.mul(input, new)?;
    let c = to.add(kept, taken)?;
    let output = gate(to, 1, peep(1, c), f[0])?;
    // The cell is not clipped on its way out.
    let shown = match f[2] {
        Activation::Relu => to.op(Op::Relu, &[c])?,
        Activation::Unary(function) => to.unary(function, c)?,
    };
    Ok(State {
        h: to.mul(output, shown)?,
        c: Some(c),
    })
}

/// Past the end of a sequence the state stays and zeros are shown.
fn masked(
    to: &mut Writer<'_>,
    of: &Recurrence,
    old: &State,
    new: State,
    position: usize,
) -> Result<(State, Id), String> {
    let ended = |length: &usize| *length <= position;
    let Some(lengths) = of.lengths.as_ref().filter(|l| l.iter().any(ended)) else {
        let shown = new.h;
        return Ok((new, shown));
    };
    let mask = Tensor::from_shape_fn(IxDyn(&[lengths.len(), 1]), |index| {
        f64::from(u8::from(!ended(&lengths[index[0]])))
    });
    let mask = to.tensor(mask);
    let zero = to.scalar(0.0);
    let h = to.op(Op::Where, &[mask, new.h, old.h])?;
    let shown = to.op(Op::Where, &[mask, new.h, zero])?;
    let c = match (new.c, old.c) {
        (Some(new), Some(old)) => Some(to.op(Op::Where, &[mask, new, old])?),
        _ => None,
    };
    Ok((State { h, c }, shown))
}
