//! Every operation of the real graph behind quantisers: the integers are what
//! the float engine gives, exactly; what has none is refused by name.

use ndarray::{ArrayD, IxDyn, arr0, arr1, arr2};
use trigforge::{Format, Overflow, Rounding};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::Formats;
use trigforge_codegen::quantize::to_integer_noted;
use trigforge_codegen::real::{
    Function, Graph, Id, IntegerRounding, Op, PoolKind, Quantizer, Reduction, ScaledQuantizer,
    evaluate,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn quantize(k: bool, i: i32, f: i32) -> Op {
    Op::Quantize(Quantizer {
        formats: Formats::Uniform(Format::new(k, i, f).unwrap_or(Format::ZERO)),
        rounding: Rounding::RndConv,
        overflow: Overflow::Sat,
    })
}

/// A graph from `x` of a shape, behind a quantiser of 6 bits, to what `build`
/// makes of it.
fn graph(
    shape: &[usize],
    build: impl FnOnce(&mut Graph, Id) -> Result<Id, String>,
) -> Result<Graph, String> {
    let mut graph = Graph::default();
    let x = graph.input_node("x", shape.to_vec());
    let x = graph.op_node("q", quantize(true, 3, 2), &[x])?;
    let y = build(&mut graph, x)?;
    graph.outputs.push(("y".to_owned(), y));
    Ok(graph)
}

/// Checks that the integers of some events are the float engine's values; says
/// what was noted.
fn exact(name: &str, graph: &Graph) -> Result<String, Box<dyn std::error::Error>> {
    let (module, notes) = to_integer_noted(graph).map_err(|items| format!("{name}: {items:?}"))?;
    let interpreter = Interpreter::new(&module)?;
    let (_, input) = graph.inputs().next().ok_or("no input")?;
    let size: usize = input.shape.iter().product();
    for event in 0..16 {
        // Eighths from -7.875 on: halves of a step, and values beyond it.
        let x: Vec<f64> = (0..size)
            .map(|i| ((i * 37 + event * 53) % 127) as f64 / 8.0 - 7.875)
            .collect();
        let expected = evaluate(graph, &[&x])?.swap_remove(0);
        let encoded = interpreter.encode(0, &x)?;
        let outputs = interpreter.run(&[&encoded.mantissas])?;
        let found = interpreter.decode(0, &outputs[0]);
        let expected: Vec<_> = expected.iter().copied().collect();
        assert_eq!(found, expected, "{name} of {x:?}");
    }
    let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
    Ok(notes.join("\n"))
}

fn unary(function: Function) -> Op {
    Op::Unary(function)
}

/// Operations of one operand of shape [2, 4], exact without any quantiser.
#[test]
fn operations_of_one_value_are_exact() -> Outcome {
    let reduce = |kind| Op::Reduce { kind, axis: 1 };
    let arg = |largest, last| Op::Arg {
        largest,
        axis: 1,
        last,
    };
    let cases = [
        Op::Relu,
        unary(Function::Abs),
        unary(Function::Neg),
        unary(Function::Sign),
        unary(Function::Floor),
        unary(Function::Ceil),
        unary(Function::Round),
        unary(Function::Truncate),
        unary(Function::Float32),
        reduce(Reduction::Sum),
        reduce(Reduction::Mean),
        reduce(Reduction::Max),
        reduce(Reduction::Min),
        arg(true, false),
        arg(false, true),
        Op::Transpose {
            permutation: vec![1, 0],
        },
        Op::Slice {
            starts: vec![1, 3],
            steps: vec![-1, -2],
            sizes: vec![2, 2],
        },
        Op::Pad {
            before: vec![0, 1],
            after: vec![1, 0],
            value: -0.5,
        },
        Op::Gather {
            axis: 1,
            indices: vec![3, 3, 0],
        },
    ];
    for op in cases {
        let name = op.name();
        let graph = graph(&[2, 4], |graph, x| graph.op_node("y", op, &[x]))?;
        assert_eq!(exact(name, &graph)?, "", "{name}");
    }
    let shape = vec![3, 2, 4];
    let expanded = graph(&[2, 4], |graph, x| graph.expand_node("y", x, shape))?;
    exact("expand", &expanded)?;
    Ok(())
}

/// Operations of a value and itself moved, or a constant.
#[test]
fn operations_of_several_values_are_exact() -> Outcome {
    let moved = Op::Gather {
        axis: 1,
        indices: vec![2, 0, 3, 1],
    };
    for op in [
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Min,
        Op::Max,
        Op::Less,
        Op::LessEqual,
        Op::Equal,
        Op::Concat { axis: 0 },
        Op::TopK {
            axis: 1,
            k: 2,
            largest: true,
        },
    ] {
        let name = op.name();
        let both = graph(&[2, 4], |graph, x| {
            let other = graph.op_node("moved", moved.clone(), &[x])?;
            graph.op_node("y", op.clone(), &[x, other])
        })?;
        exact(name, &both)?;
        if matches!(op, Op::Concat { .. } | Op::TopK { .. }) {
            continue;
        }
        let constant = graph(&[2, 4], |graph, x| {
            let c = arr1(&[0.5, -1.25, 3.0, 0.0]).into_dyn();
            let c = graph.constant_node("c", c);
            graph.op_node("y", op, &[x, c])
        })?;
        exact(name, &constant)?;
    }
    let product = graph(&[2, 4], |graph, x| {
        let permutation = vec![1, 0];
        let turned = graph.op_node("turned", Op::Transpose { permutation }, &[x])?;
        graph.op_node("y", Op::MatMul, &[x, turned])
    })?;
    exact("matmul", &product)?;
    let square = graph(&[2, 4], |graph, x| {
        let two = graph.constant_node("two", arr0(2.0).into_dyn());
        graph.op_node("y", Op::Pow, &[x, two])
    })?;
    exact("square", &square)?;
    let choice = graph(&[2, 4], |graph, x| {
        let zero = graph.constant_node("zero", arr0(0.0).into_dyn());
        let above = graph.op_node("above", Op::Less, &[zero, x])?;
        let low = graph.constant_node("low", arr0(-8.0).into_dyn());
        graph.op_node("y", Op::Where, &[above, x, low])
    })?;
    exact("where", &choice)?;
    Ok(())
}

#[test]
fn windows_and_rows_are_exact() -> Outcome {
    let conv = graph(&[1, 2, 3, 3], |graph, x| {
        let w: Vec<f64> = (0..16).map(|i| f64::from(i % 7) / 4.0 - 0.75).collect();
        let w = ArrayD::from_shape_vec(IxDyn(&[2, 2, 2, 2]), w).map_err(|e| e.to_string())?;
        let w = graph.constant_node("w", w);
        let op = Op::Conv {
            strides: vec![1, 2],
            dilations: vec![1, 1],
            before: vec![1, 0],
            after: vec![0, 1],
            groups: 1,
        };
        let y = graph.op_node("conv", op, &[x, w])?;
        let b = graph.constant_node("b", arr1(&[0.5, -0.25]).into_dyn());
        let b = graph.reshape_node("b", b, vec![1, 2, 1, 1])?;
        graph.op_node("y", Op::Add, &[y, b])
    })?;
    // The shape of the bias is folded by the importer.
    exact("conv", &trigforge_codegen::real::fold(&conv)?)?;
    let average = |count_padding| PoolKind::Average { count_padding };
    for kind in [PoolKind::Max, average(true), average(false)] {
        let pooled = graph(&[1, 2, 3, 3], |graph, x| {
            let op = Op::Pool {
                kind,
                window: vec![2, 2],
                strides: vec![1, 1],
                dilations: vec![1, 1],
                before: vec![1, 0],
                after: vec![0, 0],
            };
            graph.op_node("y", op, &[x])
        })?;
        exact("pool", &pooled)?;
    }
    let looked_up = graph(&[2, 4], |graph, x| {
        let op = Op::Arg {
            largest: true,
            axis: 1,
            last: false,
        };
        let index = graph.op_node("index", op, &[x])?;
        let rows = arr2(&[[0.5, 1.0], [2.0, 0.25], [-1.0, 3.0], [0.0, 7.0]]).into_dyn();
        let rows = graph.constant_node("rows", rows);
        graph.op_node("y", Op::Lookup, &[index, rows])
    })?;
    exact("lookup", &looked_up)?;
    Ok(())
}

/// A function in front of a quantiser is rounded once, in its table.
#[test]
fn functions_round_once_with_the_quantiser_behind_them() -> Outcome {
    for function in [
        Function::Sigmoid,
        Function::Tanh,
        Function::Exp,
        Function::Gelu { tanh: false },
        Function::LeakyRelu { alpha: 0.01 },
    ] {
        let rounded = graph(&[2, 4], |graph, x| {
            let y = graph.op_node("f", Op::Unary(function), &[x])?;
            graph.op_node("y", quantize(true, 4, 5), &[y])
        })?;
        assert_eq!(exact(function.name(), &rounded)?, "");
    }
    let scaled = graph(&[2, 4], |graph, x| {
        let y = graph.op_node("f", Op::Unary(Function::Tanh), &[x])?;
        let op = ScaledQuantizer {
            scale: arr0(0.3).into_dyn(),
            ..ScaledQuantizer::integers(-3, 3)
        };
        graph.op_node("y", Op::ScaledQuantize(op), &[y])
    })?;
    assert_eq!(exact("scaled", &scaled)?, "");
    Ok(())
}

/// Integers behind scales meet them at the quantiser, per channel, after a ReLU;
/// long scales of few integers are part of a table.
#[test]
fn scales_stay_factors_until_the_next_quantiser() -> Outcome {
    let scaled = |powers: u32, unit: f64| {
        graph(&[2, 4], |graph, mut x| {
            for power in 0..powers {
                x = graph.op_node(format!("power{power}"), Op::Mul, &[x, x])?;
            }
            // What moves ends the chain of which a table could be made.
            let moved = graph.reshape_node("moved", x, vec![8])?;
            let x = graph.reshape_node("back", moved, vec![2, 4])?;
            behind_scales(graph, x, unit)
        })
    };
    let notes = exact("wide", &scaled(2, 1e-3)?)?;
    assert!(notes.contains("an integer and a shift"), "{notes}");
    assert_eq!(exact("narrow", &scaled(0, 1.0)?)?, "");
    Ok(())
}

/// ReLU of a value times four scales, rounded to integers.
fn behind_scales(graph: &mut Graph, x: Id, unit: f64) -> Result<Id, String> {
    let scale = arr1(&[0.3, 0.7, 1.1, 0.013]).into_dyn() * unit;
    let weights = graph.constant_node("s", scale);
    let y = graph.op_node("mul", Op::Mul, &[x, weights])?;
    let y = graph.op_node("relu", Op::Relu, &[y])?;
    let rounding = ScaledQuantizer {
        scale: arr0(0.05).into_dyn(),
        rounding: IntegerRounding::Away,
        ..ScaledQuantizer::integers(0, 100)
    };
    graph.op_node("y", Op::ScaledQuantize(rounding), &[y])
}

#[test]
fn what_has_no_integer_form_is_named() -> Outcome {
    let no_format = "an input must go through one quantiser";
    let cases: [(&str, Graph); 4] = [
        (
            "a product along an axis",
            graph(&[2, 4], |graph, x| {
                let kind = Reduction::Product;
                graph.op_node("y", Op::Reduce { kind, axis: 1 }, &[x])
            })?,
        ),
        (
            "an index of a table at most 16",
            graph(&[2, 4], |graph, x| {
                let y = graph.op_node("square", Op::Mul, &[x, x])?;
                let y = graph.op_node("fourth", Op::Mul, &[y, y])?;
                graph.op_node("y", unary(Function::Exp), &[y])
            })?,
        ),
        (
            "its exponent is not one constant",
            graph(&[2, 4], |graph, x| graph.op_node("y", Op::Pow, &[x, x]))?,
        ),
        (no_format, {
            let mut graph = Graph::default();
            let x = graph.input_node("x", vec![2]);
            let y = graph.op_node("y", Op::Relu, &[x])?;
            graph.outputs.push(("y".to_owned(), y));
            graph
        }),
    ];
    for (expected, graph) in cases {
        let items = to_integer_noted(&graph).err().ok_or(expected)?;
        let found: Vec<_> = items.iter().map(ToString::to_string).collect();
        let found = found.join("\n");
        assert!(
            found.contains(expected),
            "expected `{expected}` in: {found}"
        );
    }
    Ok(())
}
