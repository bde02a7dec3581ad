//! Pictures and tables of a classifier: ROC curves, reliability, confusion, pairs.

use super::caption;
use super::figures::{contest_name, main_contests};
use super::numbers::{measured, rejection};
use crate::metrics::{
    Classification, Curve, Discrimination, Estimate, Reliability, ReliabilityBin,
};
use crate::report::page::{Figure, Section, Table};
use crate::report::plot::{Axis, Colour, Plot, PlotError, Series, Shape, colour};
use crate::report::{Part, Report};

pub(super) fn sections(
    report: &Report,
    part: &Part,
    integer: &Classification,
    float: Option<&Classification>,
) -> Result<Vec<Section>, PlotError> {
    let classes = &report.classes;
    let mut sections = vec![
        Section::Heading("Separation and calibration".to_owned()),
        Section::Figures(vec![
            roc(part, integer, float, classes)?,
            reliability(part, integer, classes)?,
        ]),
        Section::Table(confusion(part, integer, classes)),
    ];
    if classes.len() > 2 {
        sections.extend(
            pairs(part, integer, classes)
                .into_iter()
                .map(Section::Table),
        );
    }
    Ok(sections)
}

fn name(classes: &[String], class: usize) -> String {
    classes
        .get(class)
        .cloned()
        .unwrap_or_else(|| class.to_string())
}

/// Background rejection against signal efficiency.
fn roc(
    part: &Part,
    integer: &Classification,
    float: Option<&Classification>,
    classes: &[String],
) -> Result<Figure, PlotError> {
    let mut series = Vec::new();
    let contests = || main_contests(integer).zip(0..);
    for (curve, number) in contests().filter_map(|(c, n)| Some((c.curve.as_ref()?, n))) {
        series.push(Series::new("", colour(number), Shape::Band(band(curve))));
    }
    let twins = float.into_iter().flat_map(main_contests).zip(0..);
    for (curve, number) in twins.filter_map(|(c, n)| Some((c.curve.as_ref()?, n))) {
        series.push(Series::new("", colour(number), Shape::Dashed(line(curve))));
    }
    let mut highest = 10.0f64;
    for (contest, number) in contests() {
        let points = contest.curve.as_ref().map(line).unwrap_or_default();
        highest = points.iter().map(|p| p.1).fold(highest, f64::max);
        let name = contest_name(contest, classes);
        series.push(Series::new(&name, colour(number), Shape::Line(points)));
    }
    let dashed = match float {
        Some(_) => " Dashed: the float model.",
        None => "",
    };
    let plot = Plot {
        title: "Background rejection against signal efficiency".to_owned(),
        x: Axis::linear("signal efficiency ε_{S}", 0.0, 1.0),
        y: Axis::log("background rejection 1/ε_{B}", 1.0, 2.0 * highest),
        series,
        aspect: 0.66,
    };
    Ok(Figure {
        title: "ROC curves".to_owned(),
        note: format!(
            "{} Bands: central 68 % interval of bootstrap replicas.{dashed} Score: odds of the \
             class. Curves end where no background is left.",
            caption(part)
        ),
        svg: plot.svg()?,
    })
}

fn line(curve: &Curve) -> Vec<(f64, f64)> {
    let points = curve
        .signal_efficiency
        .iter()
        .zip(&curve.background_efficiency);
    points
        .filter(|(_, b)| **b > 0.0)
        .map(|(s, b)| (*s, 1.0 / b))
        .collect()
}

fn band(curve: &Curve) -> Vec<(f64, f64, f64)> {
    let edges = curve.low.iter().zip(&curve.high);
    let points = curve
        .signal_efficiency
        .iter()
        .zip(&curve.background_efficiency);
    points
        .zip(edges)
        .filter(|((_, b), _)| **b > 0.0)
        .map(|((s, _), (low, high))| (*s, 1.0 / high, 1.0 / low))
        .collect()
}

/// Bins of fewer rows say nothing and are not drawn.
const LEAST_ROWS: usize = 10;

/// Observed share against predicted probability.
fn reliability(
    part: &Part,
    found: &Classification,
    classes: &[String],
) -> Result<Figure, PlotError> {
    // Of two classes, one says all.
    let curves: Vec<(usize, &Reliability)> = match classes.len() {
        2 => found.reliability.iter().enumerate().skip(1).collect(),
        _ => found.reliability.iter().enumerate().collect(),
    };
    let grey = Colour(128, 128, 128);
    let diagonal = Shape::Dashed(vec![(0.0, 0.0), (1.0, 1.0)]);
    let mut series = vec![Series::new("", grey, diagonal)];
    for (class, curve) in &curves {
        let line = drawn(curve).map(|b| (b.predicted, b.observed.value));
        series.push(Series::new("", colour(*class), Shape::Line(line.collect())));
    }
    for (class, curve) in &curves {
        let point = |b: &ReliabilityBin| {
            (
                b.predicted,
                b.observed.value,
                b.observed.error.unwrap_or(0.0),
            )
        };
        let points = drawn(curve).map(point).collect();
        let name = name(classes, *class);
        series.push(Series::new(&name, colour(*class), Shape::Points(points)));
    }
    let plot = Plot {
        title: "Observed share against predicted probability".to_owned(),
        x: Axis::linear("predicted probability", 0.0, 1.0),
        y: Axis::linear("observed share", 0.0, 1.0),
        series,
        aspect: 0.66,
    };
    let confidence = &found.confidence;
    Ok(Figure {
        title: "Reliability".to_owned(),
        note: format!(
            "{} Probability: softmax of the logits. Bins of at least {LEAST_ROWS} rows, with \
             binomial errors. The expected calibration \
             error of the decision is {}; the size of the sample alone would give {:.4}.",
            caption(part),
            measured(confidence.calibration_error),
            confidence.floor
        ),
        svg: plot.svg()?,
    })
}

fn drawn(curve: &Reliability) -> impl Iterator<Item = &ReliabilityBin> {
    curve.bins.iter().filter(|bin| bin.rows >= LEAST_ROWS)
}

/// Decisions by class, in percent of the class.
fn confusion(part: &Part, found: &Classification, classes: &[String]) -> Table {
    let power = found.effective_rows / found.confusion.iter().flatten().sum::<f64>();
    let (mut rows, mut tints) = (Vec::new(), Vec::new());
    for (class, counts) in found.confusion.iter().enumerate() {
        let total: f64 = counts.iter().sum();
        let share = |count: &f64| count / total;
        let cell = |count: &f64| {
            let share = share(count);
            measured(Estimate {
                value: 100.0 * share,
                error: Some(100.0 * (share * (1.0 - share) / (total * power)).sqrt()),
            })
        };
        let row = std::iter::once(name(classes, class)).chain(counts.iter().map(cell));
        rows.push(row.collect());
        tints.push(
            std::iter::once(0.0)
                .chain(counts.iter().map(|c| 0.7 * share(c)))
                .collect(),
        );
    }
    let decisions = (0..classes.len()).map(|class| format!("decided {}", name(classes, class)));
    Table {
        title: "Confusion".to_owned(),
        note: format!(
            "Decisions in percent of the rows of each true class, with binomial errors. {}",
            caption(part)
        ),
        columns: std::iter::once("true class".to_owned())
            .chain(decisions)
            .collect(),
        rows,
        tints,
    }
}

/// Each class against each other one.
fn pairs(part: &Part, found: &Classification, classes: &[String]) -> Vec<Table> {
    let heads = classes.iter().map(|class| format!("against {class}"));
    let columns: Vec<String> = std::iter::once("signal".to_owned()).chain(heads).collect();
    let pair = |signal: usize, background: usize| {
        let is = |d: &&Discrimination| d.signal == signal && d.background == Some(background);
        found.discrimination.iter().find(is)
    };
    let table = |title: String, cell: &dyn Fn(&Discrimination) -> String| Table {
        title,
        note: format!(
            "Score: odds of the signal against this background alone. Errors are half of the \
             central 68 % interval of bootstrap replicas. {}",
            caption(part)
        ),
        columns: columns.clone(),
        rows: (0..classes.len())
            .map(|signal| {
                let cells = (0..classes.len())
                    .map(|background| pair(signal, background).map_or("\u{2013}".to_owned(), cell));
                std::iter::once(name(classes, signal))
                    .chain(cells)
                    .collect()
            })
            .collect(),
        tints: Vec::new(),
    };
    let mut tables = vec![table("AUC of each pair".to_owned(), &|d| measured(d.auc))];
    // One table of rejections is enough to look at: in the middle of the chosen efficiencies.
    let first = found.discrimination.first();
    let middle = first.map_or(0, |d| d.rejection.len() / 2);
    if let Some(chosen) = first.and_then(|d| d.rejection.get(middle)) {
        let title = format!(
            "Background rejection of each pair at {} % signal efficiency",
            100.0 * chosen.signal_efficiency
        );
        let cell = |d: &Discrimination| d.rejection.get(middle).map_or(String::new(), rejection);
        tables.push(table(title, &cell));
    }
    tables
}
