//! The circuit level: what the builder derives, what validation refuses, and
//! that the shipped model's circuit gives the model's bits.

use std::path::Path;

use proptest::prelude::*;
use trigforge::{Format, Overflow, Rounding};
use trigforge_codegen::circuit::{self, Builder, Circuit, Gate, Sum, Wire, cost, print, validate};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Interval, TensorType, parse};
use trigforge_codegen::lower::{LowerError, lower, lower_within};
use trigforge_codegen::ports::Execute;
use trigforge_codegen::quantize::load;
use trigforge_codegen::verify::random_events;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const RANDOM_EVENTS: usize = 300;

fn fix(k: bool, i: i32, f: i32) -> Format {
    Format::new(k, i, f).unwrap_or(Format::ZERO)
}

/// A circuit with an input `x` of some elements, and their wires.
fn with_input(elements: usize, format: Format) -> Result<(Builder, Vec<Wire>), String> {
    let mut builder = Builder::new("test");
    let ty = TensorType::uniform([elements], format);
    let wires = builder.input("x", ty, Rounding::Trn, Overflow::Wrap)?;
    Ok((builder, wires))
}

fn close(mut builder: Builder, wire: Wire) -> Result<Circuit, String> {
    let ty = TensorType::uniform([], builder.format(wire));
    builder.output("y", ty, &[wire])?;
    builder.finish()
}

#[test]
fn both_interpreters_agree_on_the_shipped_model() -> Outcome {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/zoo/jsc-mlp/model.onnx");
    let module = load(&zoo, None)?;
    let lowered = lower(&module)?;
    let graph = Interpreter::new(&module)?;
    let gates = circuit::Interpreter::new(&lowered)?;
    let events = random_events(&module, RANDOM_EVENTS, 17);
    for event in 0..events.len() {
        let inputs = events.inputs(event);
        assert_eq!(gates.run(&inputs)?, graph.run(&inputs)?, "event {event}");
    }
    assert_eq!(circuit::parse(&print(&lowered))?, lowered);
    assert_eq!(lower(&module)?, lowered, "lowered twice");
    let counted = cost(&lowered);
    let gates: u64 = counted.gates.values().sum();
    assert_eq!(gates as usize, lowered.definitions().len());
    assert!(counted.adders > 0 && counted.carry_bits > counted.adders);
    Ok(())
}

#[test]
fn ranges_are_exact_where_wires_depend_on_each_other() -> Outcome {
    let (mut b, x) = with_input(2, fix(true, 3, 0))?;
    let zero = b.constant(0, 0);
    let seven = b.linear(&[(x[0], 7, 0)], (0, 0))?;
    assert_eq!(b.range(seven), Interval { lo: -56, hi: 49 });
    let nothing = b.sub(x[0], x[0])?;
    assert_eq!(b.range(nothing), Interval::point(0));
    let square = b.mul(x[0], x[0])?;
    assert_eq!(b.range(square), Interval { lo: 0, hi: 64 });
    let relu = b.max(x[0], zero)?;
    assert_eq!(b.range(relu), Interval { lo: 0, hi: 7 });
    let negated = b.sub(zero, x[0])?;
    let negative = b.less(x[0], zero)?;
    let magnitude = b.select(negative, negated, x[0])?;
    assert_eq!(b.range(magnitude), Interval { lo: 0, hi: 8 });
    let three = b.constant(3, 0);
    let clipped = b.min(x[0], three)?;
    assert_eq!(b.range(clipped), Interval { lo: -8, hi: 3 });
    // -8..=7 against half of it: -8..=7 halves.
    let half = b.shift(x[1], -1)?;
    let larger = b.max(x[0], half)?;
    assert_eq!(
        (b.range(larger), b.format(larger).f()),
        (Interval { lo: -8, hi: 14 }, 1)
    );
    Ok(())
}

/// The examples of the specification's page, and a bound on a sum.
#[test]
fn ranges_are_exact_where_sums_have_parts_in_common() -> Outcome {
    let (mut b, x) = with_input(2, fix(true, 3, 0))?;
    let sum = b.add(x[0], x[1])?;
    let back = b.sub(sum, x[1])?;
    assert_eq!(b.range(back), Interval { lo: -8, hi: 7 });
    let twice = b.shift(x[0], 1)?;
    let difference = b.sub(sum, twice)?;
    assert_eq!(b.range(difference), Interval { lo: -15, hi: 15 });
    // Three times a sum, less one of its parts.
    let three = b.linear(&[(sum, 3, 0)], (0, 0))?;
    let less = b.sub(three, x[1])?;
    assert_eq!(b.range(less), Interval { lo: -40, hi: 35 });
    // A comparison still bounds the sum itself.
    let zero = b.constant(0, 0);
    let relu = b.max(sum, zero)?;
    assert_eq!(b.range(relu), Interval { lo: 0, hi: 14 });
    let square = b.mul(sum, sum)?;
    assert_eq!(b.range(square), Interval { lo: 0, hi: 256 });
    Ok(())
}

/// The example of the specification, and the mantissas that it states.
#[test]
fn the_example_of_the_specification_runs() -> Outcome {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ir-spec/circuit.md");
    let page = std::fs::read_to_string(page)?;
    let (_, example) = page.split_once("```text\n").ok_or("no example")?;
    let (example, _) = example.split_once("```").ok_or("no end of the example")?;
    let circuit = circuit::parse(example)?;
    assert_eq!(print(&circuit), example);
    let interpreter = circuit::Interpreter::new(&circuit)?;
    for (x, y) in [([127, -128], 31), ([3, 1], 1), ([1, 3], 0)] {
        assert_eq!(interpreter.run(&[&x])?, [[y]], "{x:?}");
    }
    Ok(())
}

#[test]
fn equal_gates_are_one_and_constants_fold() -> Outcome {
    let (mut b, x) = with_input(2, fix(true, 3, 2))?;
    let before = b.wires();
    let sum = b.add(x[0], x[1])?;
    assert_eq!(b.add(x[1], x[0])?, sum);
    assert_eq!(b.wires(), before + 1);
    let (one, zero) = (b.constant(1, 0), b.constant(0, 3));
    assert_eq!(b.add(sum, zero)?, sum);
    assert_eq!(b.mul(sum, one)?, sum);
    assert_eq!(b.select(one, sum, zero)?, sum);
    let always = b.less(zero, one)?;
    assert_eq!(always, one);
    let aligned = b.align(sum, 9)?;
    assert_eq!(b.format(aligned).f(), 9);
    assert_eq!(
        b.add(aligned, zero)?,
        sum,
        "appended zeros are dropped again"
    );
    let wider = b.requantize(sum, fix(true, 6, 4), Rounding::Rnd, Overflow::Sat)?;
    assert_eq!(b.range(wider), Interval { lo: -256, hi: 248 });
    let table = b.table(x[0], -32, &[5; 64], fix(false, 3, 0))?;
    let five = b.constant(5, 0);
    assert_eq!(table, five);
    Ok(())
}

#[test]
fn what_cannot_be_exact_is_refused() -> Outcome {
    let (mut b, x) = with_input(1, fix(true, 40, 0))?;
    let refused = b.mul(x[0], x[0]);
    assert!(refused.is_err_and(|e| e.contains("more than 64 bits")));
    let refused = b.table(x[0], 0, &[1, 2], fix(false, 2, 0));
    assert!(refused.is_err_and(|e| e.contains("the table over 0..=1")));
    let refused = b.table(x[0], 0, &[4], fix(false, 2, 0));
    assert!(refused.is_err_and(|e| e.contains("outside of fix(0,2,0)")));
    let refused = b.align(x[0], -1);
    assert!(refused.is_err_and(|e| e.contains("does not fit in -1")));
    let refused = b.output("y", TensorType::uniform([1], fix(true, 39, 0)), &x);
    assert!(refused.is_err_and(|e| e.contains("outside of fix(1,39,0)")));
    b.constant(1, 40_000);
    let refused = b.add(x[0], x[0]);
    assert!(
        refused.is_err(),
        "a constant without a format went unnoticed"
    );
    Ok(())
}

#[test]
fn a_model_too_large_to_unroll_is_named() -> Outcome {
    let module = parse(
        "trigforge-ir 0.1\nmodule \"m\"\n\
         %0 \"x\" = input {rounding=TRN, overflow=WRAP} : [1, 300] fix(1,3,0)\n\
         %1 \"t\" = transpose %0 {permutation=[1, 0]}\n\
         %2 \"all pairs\" = mul %0, %1\n\
         output \"y\" = %2\n",
    )?;
    let Err(error) = lower_within(&module, 20_000) else {
        return Err("45,150 products were taken".into());
    };
    assert!(matches!(error, LowerError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("all pairs"), "{error}");
    Ok(())
}

/// One edit of a valid text for each rule.
#[test]
fn circuits_that_break_a_rule_are_refused() -> Outcome {
    let (mut b, x) = with_input(2, fix(true, 3, 0))?;
    let entries: Vec<i64> = (0..16).collect();
    let looked_up = b.table(x[1], -8, &entries, fix(false, 4, 0))?;
    let sum = b.add(x[0], looked_up)?;
    let text = print(&close(b, sum)?);
    validate(&circuit::parse(&text)?)?;
    let cases = [
        ("add %0, %2", "add %0, %3", "not defined before"),
        ("add %0, %2", "add %0", "no gate `add` of 1 operands"),
        ("add %0, %2", "frobnicate %0, %2", "no gate `frobnicate`"),
        ("%3 = add", "%4 = add", "expected 3"),
        (
            "add %0, %2 : fix(1,5,0)",
            "add %0, %2 : fix(1,6,0)",
            "not the derived one",
        ),
        ("element=1", "element=2", "no element 2 of an input 0"),
        ("table=0", "table=1", "no table 1"),
        ("first=-8", "first=-7", "the table over -7..=8"),
        ("table 0 {f=0}", "table 0 {f=40000}", "no format holds"),
        ("table 0 {f=0}", "table 0 {g=0}", "attribute `f` is missing"),
        (
            "[%3] : [] fix(1,5,0)",
            "[%3] : [] fix(1,4,0)",
            "which is not in fix(1,4,0)",
        ),
        (
            "[%3] : [] fix(1,5,0)",
            "[%3] : [] fix(1,5,1)",
            "which is not in fix(1,5,1)",
        ),
        (
            "[%3] : [] fix(1,5,0)",
            "[%3] : [2] fix(1,5,0)",
            "1 wires for 2 elements",
        ),
        (
            "circuit 0.1",
            "circuit 0.2",
            "expected `trigforge-circuit 0.1`",
        ),
        ("overflow=WRAP", "overflow=WRAPPED", "unknown overflow"),
    ];
    for (from, to, expected) in cases {
        assert!(text.contains(from), "{from} is not in\n{text}");
        let edited = text.replace(from, to);
        let error = match circuit::parse(&edited) {
            Err(error) => error.to_string(),
            Ok(circuit) => match validate(&circuit) {
                Err(error) => error.to_string(),
                Ok(_) => return Err(format!("taken: {to}").into()),
            },
        };
        assert!(error.contains(expected), "{to}: {error}");
    }
    let (output, rest) = (text.find("output").unwrap_or(0), text.len());
    let silent = circuit::parse(&text[..output])?;
    assert!(validate(&silent).is_err(), "{rest} bytes without an output");
    let twice = format!("{text}{}", &text[output..]);
    assert!(
        validate(&circuit::parse(&twice)?).is_err(),
        "two outputs of one name"
    );
    Ok(())
}

proptest! {
    /// Constant products and sums against plain integers.
    #[test]
    fn linear_is_the_dot_product(
        weights in prop::collection::vec((-2000i64..2000, -4i32..8), 1..9),
        bias in (-5000i64..5000, -3i32..8),
        x in prop::collection::vec(-128i64..128, 9),
    ) {
        let check = || -> Result<(), String> {
            let (mut b, wires) = with_input(9, fix(true, 5, 2))?;
            let terms: Vec<_> = weights
                .iter()
                .zip(&wires)
                .map(|(&(weight, f), &wire)| (wire, weight, f))
                .collect();
            let y = b.linear(&terms, bias)?;
            let at = |m: i64, f: i32| i128::from(m) << (16 - f);
            let expected = weights
                .iter()
                .zip(&x)
                .map(|(&(weight, f), &x)| at(weight * x, f + 2))
                .sum::<i128>() + at(bias.0, bias.1);
            let f = b.format(y).f();
            let circuit = close(b, y)?;
            let adders = circuit.definitions().iter().filter(|d| matches!(d.gate, Gate::Mul(..)));
            if adders.count() > 0 {
                return Err("a product with a constant used a multiplier".to_owned());
            }
            let run = circuit::Interpreter::new(&circuit).map_err(|e| e.to_string())?;
            let found = run.run(&[&x]).map_err(|e| e.to_string())?[0][0];
            match at(found, f) == expected {
                true => Ok(()),
                false => Err(format!("{found} * 2^-{f}, expected {expected} * 2^-16")),
            }
        };
        prop_assert_eq!(check(), Ok(()));
    }

    /// Sums that share adders, against plain integers and plain ranges.
    #[test]
    fn sums_are_dot_products_with_exact_ranges(
        columns in prop::collection::vec(
            (prop::collection::vec((0usize..5, -200i64..200, 0i32..4), 0..9), -50i64..50), 1..7),
        x in prop::collection::vec(-128i64..128, 4),
    ) {
        let check = || -> Result<(), String> {
            let (mut b, mut wires) = with_input(4, fix(true, 7, 0))?;
            wires.push(b.constant(3, 0));
            let sums: Vec<_> = columns
                .iter()
                .map(|(terms, offset)| Sum {
                    terms: terms.iter().map(|&(at, w, f)| (wires[at], w, f)).collect(),
                    offset: (*offset, 0),
                })
                .collect();
            let found = b.sums(&sums)?;
            for (wire, (terms, offset)) in found.iter().zip(&columns) {
                // In units of 2^-4.
                let mut weights = [0; 5];
                terms.iter().for_each(|&(at, w, f)| weights[at] += w << (4 - f));
                let constant = weights[4] * 3 + (offset << 4);
                let end = |low: bool| -> i64 {
                    let ends = weights[..4].iter().map(|&w| if (w < 0) == low { 127 * w } else { -128 * w });
                    ends.sum::<i64>() + constant
                };
                let Interval { lo, hi } = b.range(*wire);
                let at = |m: i64| m << (4 - b.format(*wire).f());
                if (at(lo), at(hi)) != (end(true), end(false)) {
                    return Err(format!("{lo}..={hi}, expected {}..={}", end(true), end(false)));
                }
                let mut one = b.clone();
                let ty = TensorType::uniform([], one.format(*wire));
                one.output("y", ty, &[*wire])?;
                let circuit = one.finish()?;
                validate(&circuit).map_err(|e| e.to_string())?;
                let run = circuit::Interpreter::new(&circuit).map_err(|e| e.to_string())?;
                let y = run.run(&[&x]).map_err(|e| e.to_string())?[0][0];
                let products = weights.iter().zip(&x).map(|(w, x)| w * x);
                if at(y) != products.sum::<i64>() + constant {
                    return Err(format!("{y} is not the sum"));
                }
            }
            Ok(())
        };
        prop_assert_eq!(check(), Ok(()));
    }
}
