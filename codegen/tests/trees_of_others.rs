//! Tree ensembles that other programs wrote: executed in real numbers and as
//! integers, and the same forest in two formats compared.

use std::path::{Path, PathBuf};

use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ops::Op as IntegerOp;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer};
use trigforge_codegen::real::{Graph, Op, evaluate};
use trigforge_codegen::verify::{BuildOptions, RustKernel, compare, random_events};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The folder of models that others made; `None` (said aloud) if it is absent.
fn models() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: {} is not there", folder.display());
    None
}

/// Events spread over the range of every feature's thresholds, and some that
/// lie on thresholds.
fn events(graph: &Graph, count: usize) -> Result<Vec<Vec<f64>>, String> {
    let forest = graph.nodes.iter().find_map(|node| match &node.op {
        Op::Trees(forest) => Some(forest),
        _ => None,
    });
    let forest = forest.ok_or("the graph holds no trees")?;
    let mut state = 1u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    let thresholds: Vec<Vec<f64>> = (0..forest.features)
        .map(|feature| {
            let own = forest.decisions.iter().filter(|d| d.feature == feature);
            let mut own: Vec<_> = own.map(|decision| decision.threshold).collect();
            own.extend([-1.0, 1.0]);
            own
        })
        .collect();
    Ok((0..count)
        .map(|_| {
            let features = thresholds.iter().map(|own| {
                let t = own[random() % own.len()];
                match random() % 4 {
                    0 => t,
                    1 => f64::from((t as f32).next_up()),
                    2 => f64::from((t as f32).next_down()),
                    _ => t + (t.abs() + 0.1) * (random() % 1000) as f64 / 5_000.0,
                }
            });
            features.collect()
        })
        .collect())
}

fn outputs(graph: &Graph, event: &[f64]) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let outputs = evaluate(graph, &[event])?;
    Ok(outputs
        .iter()
        .flat_map(|output| output.iter().copied())
        .collect())
}

/// The model up to the sums, its first output.
fn sums_only(mut graph: Graph) -> Graph {
    graph.outputs.truncate(1);
    let last = graph
        .ids()
        .zip(&graph.nodes)
        .find(|(_, node)| matches!(node.op, Op::Trees(_)));
    let count = last.map_or(0, |(id, _)| {
        graph.ids().take_while(|other| *other <= id).count()
    });
    graph.nodes.truncate(count);
    graph
}

/// The XGBoost file and the ONNX file hold one forest.
#[test]
fn xgboost_and_onnx_files_of_one_forest_agree() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let own = read(&models.join("shapes/bdt.xgb.json"))?;
    let onnx = read(&models.join("shapes/bdt.onnx"))?;
    for event in events(&own, 2_000)? {
        let found = outputs(&own, &event)?;
        assert_eq!(found.len(), 2, "margin and probability");
        let expected = outputs(&onnx, &event)?;
        assert_eq!(found[1..], expected, "{event:?}");
    }
    Ok(())
}

/// The compiled kernel of a forest gives the interpreter's bits.
#[test]
fn the_kernel_of_a_forest_gives_the_same_bits() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    for file in ["shapes/bdt.xgb.json", "shapes/bdt.lgb.txt"] {
        let graph = sums_only(read(&models.join(file))?);
        let events = events(&graph, 500)?;
        let calibration = Calibration {
            events: events.iter().map(|event| vec![event.clone()]).collect(),
        };
        let module = to_integer(&post_training(&graph, &calibration, 16)?)
            .map_err(|items| format!("{file}: {items:?}"))?;
        let interpreter = Interpreter::new(&module)?;
        let kernel = emit(&module, interpreter.info(), Options::default())?;
        let built = RustKernel::build(&module, &kernel, &BuildOptions { cpu: None })?;
        compare(&interpreter, &built, &random_events(&module, 2_000, 1))?;
    }
    Ok(())
}

/// As integers with wide features, decisions are those of the real forest, and
/// the sums differ by the rounding of the leaves alone.
#[test]
fn forests_of_others_are_brought_to_integers() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    for file in [
        "shapes/bdt.xgb.json",
        "shapes/bdt.lgb.txt",
        "conifer-forests/hls_ff_model.json",
    ] {
        let graph = sums_only(read(&models.join(file))?);
        let events = events(&graph, 300)?;
        let calibration = Calibration {
            events: events.iter().map(|event| vec![event.clone()]).collect(),
        };
        let module = to_integer(&post_training(&graph, &calibration, 32)?)
            .map_err(|items| format!("{file}: {items:?}"))?;
        let trees = module.nodes().iter().find_map(|node| match &node.op {
            IntegerOp::Trees(trees) => Some(trees),
            _ => None,
        });
        let trees = trees.ok_or("the module holds no trees")?;
        let interpreter = Interpreter::new(&module)?;
        let mut largest: f64 = 0.0;
        for event in &events {
            let encoded = interpreter.encode(0, event)?;
            // The real forest on the features as the integers hold them.
            let held: Vec<f64> = encoded
                .mantissas
                .iter()
                .zip(
                    module
                        .inputs()
                        .next()
                        .ok_or("no input")?
                        .1
                        .ty
                        .element_formats(),
                )
                .map(|(&m, format)| m as f64 * (-f64::from(format.f())).exp2())
                .collect();
            let found = interpreter.run(&[&encoded.mantissas])?;
            let margin = interpreter.decode(0, &found[0])[0];
            largest = largest.max((margin - outputs(&graph, &held)?[0]).abs());
        }
        let scale = outputs(&graph, &events[0])?[0].abs().max(1.0);
        println!(
            "{file}: {} trees, {} splits; margins differ by up to {largest:e}",
            trees.roots.len(),
            trees.splits.len()
        );
        assert!(largest < 2e-6 * scale, "{file}: {largest:e}");
    }
    Ok(())
}
