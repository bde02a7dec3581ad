//! The ways in which model compilers have given wrong answers without a word:
//! for each, the right answer or an error. One test per class.

mod support;

use support::{Outcome, floats, model, node, value, with_int, write};
use trigforge_codegen::import::onnx::proto::{GraphProto, NodeProto, TensorProto};
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, parse};
use trigforge_codegen::ops::Op;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer};
use trigforge_codegen::real::{Graph, evaluate};

type Failure = Box<dyn std::error::Error>;

fn imported(
    dims: &[i64],
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
) -> Result<Graph, Failure> {
    let folder = tempfile::tempdir()?;
    let graph = GraphProto {
        node: nodes,
        initializer: constants,
        input: vec![value("x", dims)],
        output: vec![value("y", &[])],
        ..GraphProto::default()
    };
    Ok(read(&write(folder.path(), &model(graph))?)?)
}

fn refusal(
    dims: &[i64],
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
) -> Result<String, Failure> {
    match imported(dims, nodes, constants) {
        Ok(_) => Err("the model was taken".into()),
        Err(error) => Ok(error.to_string()),
    }
}

fn value_of(graph: &Graph, x: &[f64]) -> Result<Vec<f64>, Failure> {
    Ok(evaluate(graph, &[x])?
        .swap_remove(0)
        .iter()
        .copied()
        .collect())
}

/// The integer model for calibration events, and its outputs for real inputs.
fn quantised(graph: &Graph, events: &[Vec<f64>], width: u32) -> Result<Module, Failure> {
    let calibration = Calibration {
        events: events.iter().map(|x| vec![x.clone()]).collect(),
    };
    let placed = post_training(graph, &calibration, width)?;
    to_integer(&placed).map_err(|items| format!("{items:?}").into())
}

fn integer_value(interpreter: &Interpreter<'_>, x: &[f64]) -> Result<Vec<f64>, Failure> {
    let encoded = interpreter.encode(0, x)?;
    let outputs = interpreter.run(&[&encoded.mantissas])?;
    Ok(interpreter.decode(0, &outputs[0]))
}

/// Layers whose parameters were read in another order or not at all.
#[test]
fn layers_are_read_as_they_are_written() -> Outcome {
    // A square matrix hides a forgotten transposition.
    let w = floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let gemm = |transposed| with_int(node("Gemm", "fc", &["x", "w"], "y"), "transB", transposed);
    let plain = imported(&[1, 2], vec![gemm(0)], vec![w.clone()])?;
    let turned = imported(&[1, 2], vec![gemm(1)], vec![w])?;
    assert_eq!(value_of(&plain, &[1.0, 10.0])?, [31.0, 42.0]);
    assert_eq!(value_of(&turned, &[1.0, 10.0])?, [21.0, 43.0]);

    // Channels before positions, row by row, on the way into a dense layer.
    let flat = imported(
        &[1, 2, 1, 2],
        vec![node("Flatten", "flat", &["x"], "y")],
        vec![],
    )?;
    assert_eq!(
        value_of(&flat, &[1.0, 2.0, 3.0, 4.0])?,
        [1.0, 2.0, 3.0, 4.0]
    );

    // What is not known is not left out.
    let unknown = with_int(node("Relu", "act", &["x"], "y"), "max_value", 6);
    let text = refusal(&[1, 2], vec![unknown], vec![])?;
    assert!(text.contains("`max_value` is not taken"), "{text}");
    let several = vec![
        node("Swoosh", "first", &["x"], "h"),
        node("Swish2", "second", &["h"], "y"),
    ];
    let text = refusal(&[1, 2], several, vec![])?;
    assert!(
        text.contains("`first`") && text.contains("`second`"),
        "{text}"
    );
    Ok(())
}

/// Sums that wrapped in an accumulator of the weights' width.
#[test]
fn a_sum_does_not_wrap() -> Outcome {
    let text = format!(
        "trigforge-ir 0.2\nmodule \"sum\"\n\
         %0 \"x\" = input {{rounding=TRN, overflow=SAT}} : [256] fix(1,7,0)\n\
         %1 \"w\" = const {{mantissas=[{}]}} : [256, 1] fix(1,7,0)\n\
         %2 \"y\" = dense %0, %1\n\
         output \"y\" = %2\n",
        vec!["-128"; 256].join(", ")
    );
    let module = parse(&text)?;
    let interpreter = Interpreter::new(&module)?;
    let y = interpreter.run(&[&[-128; 256]])?;
    assert_eq!(y[0], [256 * 128 * 128]);

    // Where bits are cut, the mode is stated and what it cuts is seen.
    let cut = text.replace(
        "output \"y\" = %2",
        "%3 \"cut\" = requantize %2 {rounding=TRN, overflow=SAT} : [1] fix(1,7,0)\n\
         output \"y\" = %3",
    );
    let module = parse(&cut)?;
    let interpreter = Interpreter::new(&module)?;
    let all = interpreter.run_all(&[&[-128; 256]])?;
    let last = module.outputs()[0].node;
    assert_eq!(all[last.index()], [127]);
    assert_eq!(interpreter.saturated(last, &all), [true]);
    // A narrower format without a mode is no module.
    let silent = text.replace("dense %0, %1", "dense %0, %1 : [1] fix(1,15,0)");
    let error = parse(&silent).expect_err("a stated type that is not the derived one");
    assert!(
        error.to_string().contains("is not the derived one"),
        "{error}"
    );
    Ok(())
}

/// Softmax tables that overflowed for large sums, or had too narrow a range.
#[test]
fn softmax_holds_for_every_logit() -> Outcome {
    let graph = imported(
        &[1, 5],
        vec![with_int(
            node("Softmax", "softmax", &["x"], "y"),
            "axis",
            -1,
        )],
        vec![],
    )?;
    let events = [
        vec![60.0, -60.0, 0.0, 1.0, 2.0],
        vec![-60.0, -60.0, -60.0, -60.0, -60.0],
        vec![60.0, 60.0, 60.0, 60.0, 60.0],
        vec![0.25, 0.5, 0.0, -0.25, -0.5],
        vec![5.0, 4.5, -3.0, 4.0, 0.0],
    ];
    let module = quantised(&graph, &events, 16)?;
    let interpreter = Interpreter::new(&module)?;
    for x in &events {
        let expected = value_of(&graph, x)?;
        let found = integer_value(&interpreter, x)?;
        let sum: f64 = found.iter().sum();
        assert!((sum - 1.0).abs() < 0.01, "{x:?}: the sum is {sum}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() < 0.01,
                "{x:?}: {found}, {expected}"
            );
        }
    }
    Ok(())
}

/// Models that lost their accuracy to a default width.
#[test]
fn there_is_no_default_format() -> Outcome {
    let graph = imported(
        &[1, 1],
        vec![node("Mul", "scale", &["x", "w"], "y")],
        vec![floats("w", &[1], &[1000.0])],
    )?;
    // Without ranges there is no format, and the value is named.
    let items = to_integer(&graph).expect_err("a float model has no formats");
    assert!(
        items.iter().any(|item| item.to_string().contains('x')),
        "{items:?}"
    );
    // With ranges, whatever their size, nothing is cut off in them.
    for size in [1e-4, 1.0, 30_000.0] {
        let events: Vec<_> = [-1.0, -0.3, 0.7, 0.99].map(|x| vec![x * size]).to_vec();
        let module = quantised(&graph, &events, 16)?;
        let interpreter = Interpreter::new(&module)?;
        for x in &events {
            let (expected, found) = (value_of(&graph, x)?[0], integer_value(&interpreter, x)?[0]);
            let off = (found - expected).abs() / (1000.0 * size);
            assert!(off < 1e-3, "{x:?}: {found}, expected {expected}");
            assert_eq!(interpreter.encode(0, x)?.saturated, [false]);
        }
    }
    Ok(())
}

/// Weights and data that are no numbers.
#[test]
fn what_is_not_finite_is_named() -> Outcome {
    let w = floats("broken", &[2, 1], &[1.0, f32::NAN]);
    let text = refusal(
        &[1, 2],
        vec![node("MatMul", "fc", &["x", "broken"], "y")],
        vec![w],
    )?;
    assert!(text.contains("`broken`") && text.contains("NaN"), "{text}");
    let graph = imported(&[1, 2], vec![node("Relu", "act", &["x"], "y")], vec![])?;
    let error = evaluate(&graph, &[&[1.0, f64::INFINITY]]).expect_err("an infinite input");
    assert!(error.to_string().contains("not a finite number"), "{error}");
    Ok(())
}

/// One tree that splits feature 0 of 1 at a threshold, in XGBoost's JSON.
fn xgboost(base_score: &str, threshold: &str) -> String {
    format!(
        r#"{{"version":[3,0,0],"learner":{{"attributes":{{}},"feature_names":[],"feature_types":[],
        "objective":{{"name":"binary:logistic","reg_loss_param":{{"scale_pos_weight":"1"}}}},
        "learner_model_param":{{"base_score":{base_score},"boost_from_average":"1","num_class":"0",
        "num_feature":"1","num_target":"1"}},
        "gradient_booster":{{"name":"gbtree","model":{{"gbtree_model_param":
        {{"num_trees":"1","num_parallel_tree":"1"}},"iteration_indptr":[0,1],"tree_info":[0],"trees":[
        {{"id":0,"tree_param":{{"num_nodes":"3","num_feature":"1","num_deleted":"0","size_leaf_vector":"1"}},
        "left_children":[1,-1,-1],"right_children":[2,-1,-1],"parents":[2147483647,0,0],
        "split_indices":[0,0,0],"split_conditions":[{threshold},-0.5,0.75],"split_type":[0,0,0],
        "default_left":[0,0,0],"base_weights":[0,0,0],"loss_changes":[0,0,0],"sum_hessian":[1,1,1],
        "categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[]}}]}}}}}}}}"#
    )
}

fn trees(text: &str) -> Result<Graph, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("forest.json");
    std::fs::write(&path, text)?;
    Ok(read(&path)?)
}

/// The sum of the leaves, before the final function.
fn margin(graph: &Graph, x: f64) -> Result<f64, Failure> {
    let outputs = evaluate(graph, &[&[x]])?;
    Ok(outputs[0].iter().copied().next().ok_or("no output")?)
}

/// A base score that was not read, in each way that XGBoost has written it.
#[test]
fn a_base_score_is_read_in_every_spelling() -> Outcome {
    for spelling in ["\"2.5E-1\"", "\"[2.5E-1]\"", "\"0.25\""] {
        let graph = trees(&xgboost(spelling, "1.5"))?;
        let logit = -(1.0f32 / 0.25 - 1.0).ln();
        let expected = f64::from(logit + 0.75);
        let off = (margin(&graph, 2.0)? - expected).abs();
        assert!(off < 1e-6, "{spelling}: off by {off}");
    }
    let error = trees(&xgboost("\"unknown\"", "1.5")).expect_err("no number");
    assert!(error.to_string().contains("base_score"), "{error}");
    Ok(())
}

/// A wrong leaf for a value at a threshold, in real numbers and as integers.
#[test]
fn a_value_on_a_threshold_takes_its_own_side() -> Outcome {
    let graph = trees(&xgboost("\"5E-1\"", "1.5"))?;
    let below = f64::from(1.5f32.next_down());
    // XGBoost goes left where x < t: the threshold itself goes right.
    assert_eq!(margin(&graph, 1.5)?, 0.75);
    assert_eq!(margin(&graph, below)?, -0.5);
    let module = quantised(&graph, &[vec![0.0], vec![3.0]], 12)?;
    let interpreter = Interpreter::new(&module)?;
    assert_eq!(integer_value(&interpreter, &[1.5])?[0], 0.75);
    // One unit of the input's format below, the other side.
    let (_, input) = module.inputs().next().ok_or("no input")?;
    let f = input.ty.formats.uniform_f().ok_or("several formats")?;
    let unit = f64::from(f).exp2().recip();
    assert_eq!(integer_value(&interpreter, &[1.5 - unit])?[0], -0.5);
    assert!(
        module
            .nodes()
            .iter()
            .any(|node| matches!(node.op, Op::Trees(_)))
    );
    Ok(())
}
