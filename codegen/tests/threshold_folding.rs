//! A folded threshold decides as the unfolded score does, for every input.

use trigforge_codegen::emit::rust;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, parse};
use trigforge_codegen::quantize::{Calibration, post_training, to_integer};
use trigforge_codegen::real::{Graph, Op};
use trigforge_codegen::threshold::{Cut, Folded, ThresholdError, fold};
use trigforge_codegen::validate::validate;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// All mantissas of the first input's elements, in every combination.
fn all_inputs(module: &Module) -> Vec<Vec<i64>> {
    let (_, input) = module.inputs().next().expect("an input");
    let formats = input.ty.element_formats();
    let mut events = vec![Vec::new()];
    for format in formats {
        let longer = |event: Vec<i64>| {
            (format.min()..=format.max()).map(move |m| {
                let mut event = event.clone();
                event.push(m);
                event
            })
        };
        events = events.into_iter().flat_map(longer).collect();
    }
    events
}

/// Compares the decision with the score, and gives how often it is 1.
fn same_decisions(module: &Module, folded: &Folded, threshold: f64) -> Result<usize, String> {
    let error = |error: &dyn std::fmt::Display| error.to_string();
    let score = Interpreter::new(module).map_err(|e| error(&e))?;
    let decision = Interpreter::new(&folded.module).map_err(|e| error(&e))?;
    let mut accepted = 0;
    for event in all_inputs(module) {
        let scores = score.run(&[&event]).map_err(|e| error(&e))?;
        let decided = decision.run(&[&event]).map_err(|e| error(&e))?;
        for (value, bit) in score.decode(0, &scores[0]).iter().zip(&decided[0]) {
            if i64::from(*value >= threshold) != *bit {
                return Err(format!("{event:?}: score {value}, decision {bit}"));
            }
            accepted += usize::from(*bit == 1);
        }
    }
    Ok(accepted)
}

/// A function of one input as a table of 8 bits.
fn table(function: impl Fn(f64) -> f64) -> Result<Module, trigforge_codegen::ir::ParseError> {
    let entries: Vec<String> = (-128..128)
        .map(|m| {
            (function(f64::from(m) / 16.0) * 256.0)
                .round()
                .clamp(0.0, 255.0)
        })
        .map(|entry| entry.to_string())
        .collect();
    parse(&format!(
        r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {{rounding=RND_CONV, overflow=SAT}} : [1, 1] fix(1,3,4)
%1 "entries" = const {{mantissas=[{}]}} : [256] fix(0,0,8)
%2 "score" = table %0, %1 {{first=-128}}
output "score" = %2
"#,
        entries.join(", ")
    ))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn a_table_folds_at_every_threshold() -> Outcome {
    let falling = |x: f64| sigmoid(-x / 2.0);
    for (module, rises) in [(table(sigmoid)?, true), (table(falling)?, false)] {
        let mut folds = 0;
        for step in 0..=256 {
            // On the entries and between them.
            let threshold = f64::from(step) / 256.0 + f64::from(step % 2) / 1024.0;
            match fold(&module, None, threshold) {
                Ok(folded) => {
                    same_decisions(&module, &folded, threshold)?;
                    let names: Vec<_> = folded.steps.iter().map(|s| s.node.as_str()).collect();
                    assert_eq!((names, folded.compared.as_str()), (vec!["score"], "x"));
                    let least = matches!(folded.cuts[0], Cut::AtLeast(_));
                    assert_eq!(least, rises);
                    let tables = folded.module.nodes().iter();
                    let mut tables = tables.map(|node| node.op.as_operation().name());
                    assert!(tables.all(|name| name != "table"));
                    folds += 1;
                }
                Err(error) => {
                    assert!(matches!(error, ThresholdError::Constant { .. }), "{error}");
                }
            }
        }
        assert!(folds > 220, "{folds}");
    }
    Ok(())
}

#[test]
fn the_figures_say_where_the_threshold_went() -> Outcome {
    // 0.75 is entry 192; sigmoid(1.0625) = 0.743 rounds to 190, 1.125 to 193.
    let folded = fold(&table(sigmoid)?, Some("score"), 0.75)?;
    assert_eq!(folded.asked, [Cut::AtLeast(192)]);
    assert_eq!(folded.cuts, [Cut::AtLeast(18)]);
    assert_eq!(folded.steps[0].operation, "table");
    assert_eq!(
        (folded.format.as_str(), folded.decision.as_str()),
        ("fix(1,3,4)", "score_decision")
    );
    let info = validate(&folded.module)?;
    let kernel = rust::emit(&folded.module, &info, rust::Options::default())?;
    assert!(!kernel.files.is_empty());
    Ok(())
}

#[test]
fn a_chain_folds_to_its_first_value() -> Outcome {
    let module = parse(
        r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {rounding=RND_CONV, overflow=SAT} : [1, 2] fix(1,3,3)
%1 "w" = const {mantissas=[1, -2, 3, 1]} : [2, 2] fix(1,2,1)
%2 "d" = dense %0, %1
%3 "minus" = const {mantissas=[-3]} : [1] fix(1,2,0)
%4 "scaled" = mul %2, %3
%5 "cut" = requantize %4 {rounding=RND_CONV, overflow=SAT} : [1, 2] fix(1,5,1)
%6 "offset" = const {mantissas=[5, -9]} : [1, 2] fix(1,4,3)
%7 "moved" = sub %6, %5
%8 "positive" = relu %7
%9 "most" = const {mantissas=[40]} : [] fix(0,6,0)
%10 "clipped" = min %8, %9
%11 "flat" = reshape %10 {shape=[2]}
output "y" = %11
"#,
    )?;
    for threshold in [0.01, 1.0, 3.3, 7.0, 12.125] {
        let folded = fold(&module, None, threshold)?;
        let accepted = same_decisions(&module, &folded, threshold)?;
        assert!(accepted > 0);
        let names: Vec<_> = folded.steps.iter().map(|step| step.node.as_str()).collect();
        assert_eq!(names, ["clipped", "positive", "moved", "cut", "scaled"]);
        assert_eq!(folded.compared, "d");
    }
    Ok(())
}

/// Two classes from a float model with a softmax.
fn softmax(classes: usize) -> Result<Module, Box<dyn std::error::Error>> {
    let mut graph = Graph::default();
    let x = graph.input_node("x", vec![1, 2]);
    let w = ndarray::Array2::from_shape_fn((2, classes), |(row, column)| {
        1.25 - 0.75 * ((row + 2 * column) % 5) as f64
    });
    let w = graph.constant_node("w", w.into_dyn());
    let y = graph.op_node("logits", Op::MatMul, &[x, w])?;
    let y = graph.op_node("softmax", Op::Softmax { axis: 1 }, &[y])?;
    graph.outputs.push(("probabilities".to_owned(), y));
    let calibration = Calibration {
        events: [-3.9, 3.9].map(|x| vec![vec![x, -x]]).to_vec(),
    };
    let placed = post_training(&graph, &calibration, 6)?;
    Ok(to_integer(&placed).map_err(|items| format!("{items:?}"))?)
}

#[test]
fn a_softmax_of_two_classes_folds_into_their_difference() -> Outcome {
    let module = softmax(2)?;
    for threshold in [0.1, 0.500001, 0.9] {
        let folded = fold(&module, None, threshold)?;
        let accepted = same_decisions(&module, &folded, threshold)?;
        assert!(accepted > 0, "{threshold}");
        let operations: Vec<_> = folded.steps.iter().map(|step| step.operation).collect();
        assert_eq!(operations, ["softmax"]);
        assert_eq!(folded.compared, "logits.difference");
        let mut nodes = folded.module.nodes().iter();
        assert!(nodes.all(|node| node.op.as_operation().name() != "table"));
    }
    Ok(())
}

fn refusal(module: &Module, threshold: f64) -> String {
    fold(module, None, threshold).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn what_is_not_monotonic_is_refused_by_name() -> Outcome {
    let bump = table(|x| (-x * x).exp())?;
    let message = refusal(&bump, 0.5);
    assert!(
        message.starts_with("the threshold cannot move in front of node `score` (table)")
            && message.contains("change 2 times"),
        "{message}"
    );
    let message = refusal(&softmax(3)?, 0.5);
    assert!(
        message.contains("node `softmax` (softmax): a probability of 3 classes"),
        "{message}"
    );
    let wrap = parse(
        r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {rounding=RND_CONV, overflow=SAT} : [1] fix(1,3,4)
%1 "low" = requantize %0 {rounding=TRN, overflow=WRAP} : [1] fix(1,2,4)
output "y" = %1
"#,
    )?;
    let message = refusal(&wrap, 0.5);
    assert!(
        message.contains("node `low` (requantize)") && message.contains("WRAP is not monotonic"),
        "{message}"
    );
    Ok(())
}

#[test]
fn thresholds_that_decide_nothing_are_refused() -> Outcome {
    let module = table(sigmoid)?;
    let message = refusal(&module, 1.5);
    assert!(
        message.contains("never reaches the threshold 1.5"),
        "{message}"
    );
    let message = refusal(&module, -0.5);
    assert!(message.contains("always reaches"), "{message}");
    // The format of a softmax reaches 2, its values do not.
    let message = refusal(&softmax(2)?, 1.5);
    assert!(
        message.contains("element 0 of `softmax` never passes m >= 49152"),
        "{message}"
    );
    assert!(refusal(&module, f64::NAN).contains("NaN is not a finite number"));
    let unknown = fold(&module, Some("z"), 0.5);
    assert!(unknown.is_err_and(|error| error.to_string().ends_with("its outputs are score")));
    // A score that is no function of one value is compared itself.
    let dense = parse(
        r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {rounding=RND_CONV, overflow=SAT} : [1, 2] fix(1,2,1)
%1 "w" = const {mantissas=[1, 1]} : [2, 1] fix(0,1,0)
%2 "y" = dense %0, %1
output "y" = %2
"#,
    )?;
    let folded = fold(&dense, None, 1.2)?;
    assert!(folded.steps.is_empty());
    assert_eq!(folded.cuts, [Cut::AtLeast(3)]);
    same_decisions(&dense, &folded, 1.2)?;
    Ok(())
}
