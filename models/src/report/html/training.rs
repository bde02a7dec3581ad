//! The training curves.

use crate::report::page::{Figure, Section};
use crate::report::plot::{Axis, Colour, Plot, PlotError, Series, Shape, colour};
use crate::report::{CurvePoint, Report};

pub(super) fn sections(report: &Report) -> Result<Vec<Section>, PlotError> {
    let history = &report.history;
    if history.len() < 2 {
        return Ok(Vec::new());
    }
    let loss: [Named; 2] = [
        ("training", |p| Some(p.train_loss)),
        ("validation", |p| Some(p.validation_loss)),
    ];
    let metric = match report.metric.as_str() {
        "" => "figure of merit",
        metric => metric,
    };
    let pictures: [Picture<'_>; 5] = [
        ("loss", false, &loss),
        (metric, false, &[("validation", |p| p.validation_metric)]),
        ("EBOPs", true, &[("after the epoch", |p| p.ebops)]),
        (
            "β",
            true,
            &[("factor of the EBOPs in the loss", |p| p.beta)],
        ),
        ("learning rate", true, &[("", |p| p.rate)]),
    ];
    let mut figures = Vec::new();
    for (what, log, curves) in pictures {
        figures.extend(figure(history, what, log, curves)?);
    }
    Ok(vec![
        Section::Heading("Training".to_owned()),
        Section::Figures(figures),
    ])
}

/// A number of an epoch.
type Of = fn(&CurvePoint) -> Option<f64>;
/// The same with its name in the legend.
type Named = (&'static str, Of);
/// What is drawn, whether its axis is logarithmic, and the curves.
type Picture<'a> = (&'a str, bool, &'a [Named]);

/// Curves over the epochs of all stages; `None` where no epoch has the number.
fn figure(
    history: &[CurvePoint],
    what: &str,
    log: bool,
    curves: &[Named],
) -> Result<Option<Figure>, PlotError> {
    let usable = |v: &f64| v.is_finite() && (!log || *v > 0.0);
    let points = |of: Of| -> Vec<(f64, f64)> {
        let epochs = history.iter().enumerate();
        let point = |(at, p): (usize, &CurvePoint)| Some((at as f64 + 1.0, of(p).filter(usable)?));
        epochs.filter_map(point).collect()
    };
    let all: Vec<(&str, Vec<(f64, f64)>)> = curves
        .iter()
        .map(|(name, of)| (*name, points(*of)))
        .collect();
    let heights = || {
        all.iter()
            .flat_map(|(_, points)| points.iter().map(|p| p.1))
    };
    if heights().count() == 0 {
        return Ok(None);
    }
    let y = match log {
        true => Axis::log_around(what, heights()),
        false => Axis::around(what, heights()),
    };
    let mut series = Vec::new();
    for at in (1..history.len()).filter(|at| history[*at].stage != history[at - 1].stage) {
        let edge = at as f64 + 0.5;
        let line = Shape::Dashed(vec![(edge, y.range.0), (edge, y.range.1)]);
        series.push(Series::new("", Colour(128, 128, 128), line));
    }
    for (number, (name, points)) in all.into_iter().enumerate() {
        series.push(Series::new(name, colour(number), Shape::Line(points)));
    }
    let mut stages: Vec<&str> = history.iter().map(|p| p.stage.as_str()).collect();
    stages.dedup();
    let plot = Plot {
        title: format!("{what} over the epochs"),
        x: Axis::linear("epoch", 0.0, history.len() as f64 + 1.0),
        y,
        series,
        aspect: 0.5,
    };
    let edges = match stages.len() {
        1 => String::new(),
        _ => format!(" Grey lines part the stages: {}.", stages.join(", ")),
    };
    Ok(Some(Figure {
        title: upper(what),
        note: format!("By the trainer's own forward pass, epoch by epoch.{edges}"),
        svg: plot.svg()?,
    }))
}

/// The first letter as a capital one, if the word is not short for something.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_ascii() => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}
