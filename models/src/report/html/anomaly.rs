//! Tables and the picture of a detector of anomalies.

use super::caption;
use super::numbers::{count, measured, plain};
use crate::metrics::{Anomaly, SignalFigures, WorkingPoint};
use crate::report::page::{Figure, Section, Table};
use crate::report::plot::{Axis, Plot, PlotError, Series, Shape, colour};
use crate::report::{AnomalyFigures, Figures, Part, Report};

/// The detectors of a report with their parts.
fn detectors(report: &Report) -> impl Iterator<Item = (&Part, &AnomalyFigures)> {
    report.parts.iter().filter_map(|part| match &part.figures {
        Figures::Anomaly(figures) => Some((part, figures.as_ref())),
        _ => None,
    })
}

/// One table of areas and efficiencies, and one of working points for each part.
pub(super) fn tables(report: &Report) -> Vec<Table> {
    let mut tables: Vec<Table> = separation(report).into_iter().collect();
    tables.extend(detectors(report).map(|(part, figures)| working_points(part, figures)));
    tables
}

fn separation(report: &Report) -> Option<Table> {
    let (_, first) = detectors(report).next()?;
    let mut rows = vec![vec!["background events".to_owned()]];
    for signal in &first.integer.signals {
        rows.push(vec![format!("{}, events", signal.name)]);
        rows.push(vec![format!("AUC, {}", signal.name)]);
        for point in &first.integer.points {
            rows.push(vec![format!(
                "efficiency, {} (background {})",
                signal.name,
                plain(point.background_rate)
            )]);
        }
    }
    let mut columns = vec![String::new()];
    for (part, figures) in detectors(report) {
        let twins = figures.float.as_ref().map(|float| ("float", float));
        for (kind, found) in std::iter::once(("integer", &figures.integer)).chain(twins) {
            columns.push(format!("{}: {kind}", part.name));
            for (row, cell) in rows.iter_mut().zip(cells(found)) {
                row.push(cell);
            }
        }
    }
    Some(Table {
        title: "Signals against the background".to_owned(),
        note: "Integer: executed by the integer interpreter, every bit as in the kernel. \
               Efficiencies: accepted shares of each signal at the lowest threshold that accepts \
               at most the stated share of this part's background, with binomial errors. Errors \
               of areas are half of the central 68 % interval of bootstrap replicas."
            .to_owned(),
        columns,
        rows,
        ..Table::default()
    })
}

fn cells(found: &Anomaly) -> Vec<String> {
    let mut cells = vec![count(found.rows as u64)];
    for (at, signal) in found.signals.iter().enumerate() {
        cells.push(count(signal.rows as u64));
        cells.push(measured(signal.auc));
        let efficiency = |point: &WorkingPoint| point.signals.get(at).copied();
        let efficiencies = found.points.iter().filter_map(efficiency);
        cells.extend(efficiencies.map(measured));
    }
    cells
}

fn working_points(part: &Part, figures: &AnomalyFigures) -> Table {
    let found = &figures.integer;
    let given = !found.given.is_empty();
    let points = if given { &found.given } else { &found.points };
    let mut columns: Vec<String> = ["background asked for", "threshold", "integer threshold"]
        .map(str::to_owned)
        .to_vec();
    columns.push("background accepted".to_owned());
    if figures.crossing_rate.is_some() {
        columns.push("rate [kHz]".to_owned());
    }
    columns.extend(found.signals.iter().map(|signal| signal.name.clone()));
    let row = |point: &WorkingPoint| {
        let mantissa = figures.mantissa(point.threshold);
        let mut row = vec![
            plain(point.background_rate),
            plain(point.threshold),
            mantissa.map_or(String::new(), |m| m.to_string()),
            measured(point.background),
        ];
        if let Some(rate) = figures.crossing_rate {
            row.push(plain(rate * point.background.value));
        }
        row.extend(point.signals.iter().map(|share| measured(*share)));
        row
    };
    let source = if given {
        "thresholds of the part before this one, as a trigger has them"
    } else {
        "thresholds of this part itself"
    };
    Table {
        title: format!("Working points, {} part", part.name),
        note: format!(
            "An event is accepted if its integer score is at least the integer threshold; {source}. \
             Accepted shares with binomial errors."
        ),
        columns,
        rows: points.iter().map(row).collect(),
        ..Table::default()
    }
}

/// The ROC curves of all signals.
pub(super) fn sections(part: &Part, figures: &AnomalyFigures) -> Result<Vec<Section>, PlotError> {
    if figures.integer.signals.is_empty() {
        return Ok(Vec::new());
    }
    let line = |signal: &SignalFigures| -> Vec<(f64, f64)> {
        let curve = &signal.curve;
        let points = curve.background_efficiency.iter();
        let points = points.zip(&curve.signal_efficiency);
        points
            .filter(|(b, _)| **b > 0.0)
            .map(|(b, s)| (*b, *s))
            .collect()
    };
    let mut series = Vec::new();
    for (number, signal) in figures
        .float
        .iter()
        .flat_map(|f| f.signals.iter().enumerate())
    {
        series.push(Series::new("", colour(number), Shape::Dashed(line(signal))));
    }
    let mut least = 0.1f64;
    for (number, signal) in figures.integer.signals.iter().enumerate() {
        let points = line(signal);
        least = points.iter().map(|p| p.0).fold(least, f64::min);
        let name = signal.name.as_str();
        series.push(Series::new(name, colour(number), Shape::Line(points)));
    }
    let plot = Plot {
        title: "Signal efficiency against accepted background".to_owned(),
        x: Axis::log("accepted background ε_{B}", least, 1.0),
        y: Axis::linear("signal efficiency ε_{S}", 0.0, 1.0),
        series,
        aspect: 0.66,
    };
    Ok(vec![
        Section::Heading("Separation".to_owned()),
        Section::Figures(vec![Figure {
            title: "ROC curves".to_owned(),
            note: format!("{} Dashed: the float model.", caption(part)),
            svg: plot.svg()?,
        }]),
    ])
}
