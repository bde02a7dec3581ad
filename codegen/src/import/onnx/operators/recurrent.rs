//! Attributes and operands of `RNN`, `GRU` and `LSTM`.

use super::{Row, Types, row};
use crate::import::onnx::call::Call;
use crate::import::onnx::composed::Writer;
use crate::import::onnx::composed::recurrent::{
    Activation, Cell, Direction, Recurrence, activation, unroll,
};
use crate::import::onnx::scope::{Scope, Value};
use crate::real::Id;

pub(super) const ROWS: &[Row] = &[
    row("GRU", 7, (3, 6), Types::FirstFloat, gru),
    row("LSTM", 7, (3, 8), Types::FirstFloat, lstm),
    row("RNN", 7, (3, 6), Types::FirstFloat, rnn),
];

fn rnn(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    translate(scope, call, Cell::Rnn)
}

fn gru(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let linear_before_reset = call.attributes.int("linear_before_reset", 0)? != 0;
    let cell = Cell::Gru {
        linear_before_reset,
    };
    translate(scope, call, cell)
}

fn lstm(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let input_forget = call.attributes.int("input_forget", 0)? != 0;
    translate(scope, call, Cell::Lstm { input_forget })
}

fn translate(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, cell: Cell) -> Result<Id, String> {
    let direction = match call.attributes.string("direction")?.as_deref() {
        None | Some("forward") => Direction::Forward,
        Some("reverse") => Direction::Reverse,
        Some("bidirectional") => Direction::Both,
        Some(other) => {
            let other = crate::import::shorten(other);
            return Err(format!("attribute `direction` is `{other}`"));
        }
    };
    let hidden = call.attributes.int("hidden_size", 0)?;
    let batch_first = match call.attributes.int("layout", 0)? {
        0 => false,
        1 => true,
        other => return Err(format!("attribute `layout` is {other}, expected 0 or 1")),
    };
    let clip = match call.attributes.has("clip") {
        true => Some(call.attributes.float("clip", 0.0)?),
        false => None,
    };
    let activations = activations(call, cell, direction)?;
    let name = call.name;
    let swapped = |scope: &mut Scope<'_>, id: Option<Id>| match (id, batch_first) {
        (Some(id), true) => Writer::new(&mut scope.graph, name)
            .transpose(id, vec![1, 0, 2])
            .map(Some),
        (id, _) => Ok(id),
    };
    let x = swapped(scope, Some(call.arg(0)?))?.ok_or("operand 0 is missing")?;
    let w = call.arg(1)?;
    let stated = scope.graph.node(call.arg(2)?).shape.last().copied();
    if hidden != 0 && usize::try_from(hidden).ok() != stated {
        return Err(format!(
            "attribute `hidden_size` is {hidden}, R says otherwise"
        ));
    }
    let lengths = call
        .constant_ints(scope, 4, "the sequence lengths")?
        .map(|lengths| {
            let lengths = lengths.iter().map(|&length| usize::try_from(length));
            lengths.collect::<Result<Vec<_>, _>>()
        })
        .transpose()
        .map_err(|_| "a sequence length is negative".to_owned())?;
    let batch = scope.graph.node(x).shape.get(1).copied();
    if lengths.as_ref().is_some_and(|l| Some(l.len()) != batch) {
        return Err("there is not one sequence length per sequence".to_owned());
    }
    let recurrence = Recurrence {
        cell,
        direction,
        activations,
        clip,
        x,
        w,
        r: call.arg(2)?,
        b: call.optional_arg(3),
        lengths,
        initial_h: swapped(scope, call.optional_arg(5))?,
        initial_c: swapped(scope, call.optional_arg(6))?,
        peepholes: call.optional_arg(7),
    };
    let mut to = Writer::new(&mut scope.graph, call.name);
    let unrolled = unroll(&mut to, &recurrence)?;
    let (y, mut last) = (unrolled.y, vec![unrolled.last_h]);
    last.extend(unrolled.last_c);
    let y = match batch_first {
        true => to.transpose(y, vec![2, 0, 1, 3])?,
        false => y,
    };
    let element = call.element;
    for id in last {
        let id = match batch_first {
            true => to.transpose(id, vec![1, 0, 2])?,
            false => id,
        };
        call.further.push(Value { id, element });
    }
    Ok(y)
}

fn activations(
    call: &mut Call<'_, '_>,
    cell: Cell,
    direction: Direction,
) -> Result<Vec<Activation>, String> {
    for parameters in ["activation_alpha", "activation_beta"] {
        let given = call.attributes.floats(parameters)?;
        if given.is_some_and(|given| !given.is_empty()) {
            return Err(format!("attribute `{parameters}` is not taken"));
        }
    }
    let directions = if direction == Direction::Both { 2 } else { 1 };
    match call.attributes.strings("activations")? {
        Some(names) => names
            .iter()
            .map(|name| activation(&String::from_utf8_lossy(name)))
            .collect(),
        None => cell
            .default_functions()
            .repeat(directions)
            .into_iter()
            .map(activation)
            .collect(),
    }
}
