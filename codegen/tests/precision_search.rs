//! The search for formats on small networks made here.

use ndarray::Array2;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::precision::{
    Found, Limits, Metric, MetricError, Request, SearchError, profile, search,
};
use trigforge_codegen::quantize::Calibration;
use trigforge_codegen::real::{Graph, Op, evaluate};
use trigforge_codegen::validate::validate;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Numbers between -1 and 1, the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Six inputs of very different importance, eight hidden, three classes.
fn tagger() -> Result<Graph, String> {
    let mut numbers = Numbers(7);
    let mut graph = Graph {
        name: "tagger".to_owned(),
        ..Graph::default()
    };
    let mut layer = |graph: &mut Graph, x, rows: usize, columns: usize, last: bool| {
        let w = Array2::from_shape_fn((rows, columns), |(row, column)| {
            numbers.next() * 2f64.powi(-(((row + 3 * column) % 5) as i32))
        });
        let w = graph.constant_node("w", w.into_dyn());
        let b = Array2::from_shape_fn((1, columns), |_| numbers.next() / 4.0);
        let b = graph.constant_node("b", b.into_dyn());
        let product = graph.op_node("product", Op::MatMul, &[x, w])?;
        let sum = graph.op_node("sum", Op::Add, &[product, b])?;
        match last {
            true => Ok(sum),
            false => graph.op_node("relu", Op::Relu, &[sum]),
        }
    };
    let x = graph.input_node("x", vec![1, 6]);
    let hidden = layer(&mut graph, x, 6, 8, false)?;
    let logits = layer(&mut graph, hidden, 8, 3, true)?;
    graph.outputs.push(("logits".to_owned(), logits));
    Ok(graph)
}

/// Events with a far tail, and the class that the float model gives them, save
/// for one in ten.
fn events(graph: &Graph, count: usize) -> Result<(Calibration, Vec<usize>), SearchError> {
    let mut numbers = Numbers(11);
    let mut labels = Vec::new();
    let mut calibration = Calibration::default();
    for event in 0..count {
        let mut x: Vec<f64> = (0..6).map(|_| numbers.next() * 2.0).collect();
        if event % 50 == 0 {
            x[event / 50 % 6] *= 8.0;
        }
        let logits =
            evaluate(graph, &[&x]).map_err(|source| SearchError::Event { event, source })?;
        let logits: Vec<f64> = logits[0].iter().copied().collect();
        let best = (0..3).fold(
            0,
            |best, at| if logits[at] > logits[best] { at } else { best },
        );
        labels.push(if event % 10 == 3 {
            (best + 1) % 3
        } else {
            best
        });
        calibration.events.push(vec![x]);
    }
    Ok((calibration, labels))
}

fn request<'a>(
    graph: &'a Graph,
    calibration: &'a Calibration,
    labels: &'a [usize],
    metric: Metric,
    max_loss: f64,
) -> Request<'a> {
    Request {
        graph,
        calibration,
        labels: metric.needs_labels().then_some(labels),
        metric,
        max_loss,
        output: None,
        threshold: None,
        limits: Limits::default(),
    }
}

fn run(request: &Request<'_>) -> Result<Found, SearchError> {
    search(request, &mut |_| {})
}

#[test]
fn the_search_keeps_the_limit_and_beats_one_width() -> Outcome {
    let graph = tagger()?;
    let (calibration, labels) = events(&graph, 3000)?;
    for (metric, limit) in [
        (Metric::Accuracy, 0.02),
        (Metric::Auc, 0.01),
        (Metric::Mse, 0.002),
        (Metric::Kl, 0.001),
    ] {
        let found = run(&request(&graph, &calibration, &labels, metric, limit))?;
        let chosen = &found.chosen;
        assert!(chosen.point.loss.upper() <= limit, "{metric}: {chosen:?}");
        let (_, uniform) = found.uniform.as_ref().ok_or("no uniform width")?;
        println!(
            "{metric}: {} EBOPs (loss {:.2e}, held out {:.2e}), one width {} (loss {:.2e}), {} choices",
            chosen.point.ebops,
            chosen.point.loss.value,
            chosen.held_out.value,
            uniform.point.ebops,
            uniform.point.loss.value,
            found.evaluations
        );
        assert!(uniform.point.loss.upper() <= limit);
        assert!(
            chosen.point.ebops * 10 < uniform.point.ebops * 9,
            "{metric}: {} EBOPs, one width costs {}",
            chosen.point.ebops,
            uniform.point.ebops
        );
        // The module is what the figures say.
        let info = validate(&found.module)?;
        let costs = info.costs(&found.module);
        let ebops: u64 = costs.iter().map(|cost| cost.ebops).sum();
        assert_eq!(ebops, chosen.point.ebops);
        // The front has no point that another one beats.
        let points: Vec<_> = found.front.iter().map(|scored| &scored.point).collect();
        let falls = |pair: &[&_]| {
            let [a, b]: [&trigforge_codegen::precision::Point; 2] = [pair[0], pair[1]];
            a.ebops < b.ebops && a.loss.upper() > b.loss.upper()
        };
        assert!(points.windows(2).all(falls), "{metric}: {points:?}");
        assert!(points.iter().any(|point| point.ebops == chosen.point.ebops));
    }
    Ok(())
}

#[test]
fn the_same_request_finds_the_same_formats() -> Outcome {
    let graph = tagger()?;
    let (calibration, labels) = events(&graph, 200)?;
    let request = request(&graph, &calibration, &labels, Metric::Kl, 0.01);
    let (first, second) = (run(&request)?, run(&request)?);
    assert_eq!(first.module, second.module);
    assert_eq!(first.front, second.front);
    Ok(())
}

#[test]
fn the_stated_loss_is_that_of_the_interpreter() -> Outcome {
    let graph = tagger()?;
    let (calibration, labels) = events(&graph, 120)?;
    let mut request = request(&graph, &calibration, &labels, Metric::Mse, 0.01);
    request.limits.evaluations = 40;
    let found = run(&request)?;
    assert!(found.search_events == 80 && found.held_out_events == 40);
    let interpreter = Interpreter::new(&found.module)?;
    let mut squares = 0.0;
    for event in &calibration.events {
        let encoded = interpreter.encode(0, &event[0])?;
        let results = interpreter.run(&[&encoded.mantissas])?;
        let fixed = interpreter.decode(0, &results[0]);
        let float = evaluate(&graph, &[&event[0]])?;
        squares += float[0]
            .iter()
            .zip(&fixed)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>();
    }
    let stated = found.chosen.point.loss.value * 80.0 + found.chosen.held_out.value * 40.0;
    assert!(
        (squares / 3.0 - stated).abs() < 1e-9 * stated,
        "{squares} {stated}"
    );
    // The profile counts the very same events.
    let profiles = profile(&interpreter, &calibration.events)?;
    assert_eq!(profiles[0].values, 6 * 120);
    Ok(())
}

#[test]
fn requests_that_cannot_be_met_say_why() -> Outcome {
    let graph = tagger()?;
    let (calibration, labels) = events(&graph, 60)?;
    let refused = |request: Request<'_>| run(&request).err().map(|error| error.to_string());
    let mut unlabelled = request(&graph, &calibration, &labels, Metric::Auc, 0.1);
    unlabelled.labels = None;
    let found = run(&unlabelled);
    assert!(matches!(
        found,
        Err(SearchError::Metric(MetricError::NoLabels { .. }))
    ));
    let mut few = request(&graph, &calibration, &labels[..59], Metric::Auc, 0.1);
    assert_eq!(
        refused(few).as_deref(),
        Some("59 labels for 60 calibration events")
    );
    few = request(&graph, &calibration, &labels, Metric::Mse, -1.0);
    let message = refused(few).ok_or("a negative squared error")?;
    assert!(
        message.starts_with("with 24 bits for every weight"),
        "{message}"
    );
    few.max_loss = f64::NAN;
    assert!(refused(few).is_some_and(|message| message.contains("NaN")));
    few.output = Some("scores");
    few.max_loss = 0.1;
    let message = refused(few).ok_or("an unknown output")?;
    assert!(message.ends_with("its outputs are logits"), "{message}");
    let short = Calibration {
        events: calibration.events[..5].to_vec(),
    };
    few = request(&graph, &short, &[], Metric::Mse, 0.1);
    let message = refused(few).ok_or("five events")?;
    assert!(
        message.contains("5 calibration events are too few"),
        "{message}"
    );
    Ok(())
}
