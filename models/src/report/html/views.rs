//! Table and picture of an encoder.

use super::caption;
use super::numbers::{count, measured};
use crate::metrics::{Agreement, Cosines};
use crate::report::page::{Figure, Section, Table};
use crate::report::plot::{Axis, Plot, PlotError, Series, Shape, colour};
use crate::report::{Figures, Part, Report, ViewFigures};

/// One table of cosines for all parts; none for a report of something else.
pub(super) fn tables(report: &Report) -> Vec<Table> {
    let mut rows: Vec<Vec<String>> = [
        "events",
        "cosine with the own copy: median",
        "its quantiles at 16 and 84 %",
        "cosine with the copy of another event: median",
        "its quantiles at 16 and 84 %",
        "more like the own copy",
    ]
    .map(|name| vec![name.to_owned()])
    .to_vec();
    let mut columns = vec![String::new()];
    for part in &report.parts {
        let Figures::Views(figures) = &part.figures else {
            continue;
        };
        let twins = figures.float.as_ref().map(|float| ("float", float));
        for (kind, found) in std::iter::once(("integer", &figures.integer)).chain(twins) {
            columns.push(format!("{}: {kind}", part.name));
            for (row, cell) in rows.iter_mut().zip(cells(found)) {
                row.push(cell);
            }
        }
    }
    if columns.len() == 1 {
        return Vec::new();
    }
    vec![Table {
        title: "Features of events and of their rotated copies".to_owned(),
        note:
            "Integer: executed by the integer interpreter, every bit as in the kernel. Cosines of \
               the features, less their mean over the events."
                .to_owned(),
        columns,
        rows,
        ..Table::default()
    }]
}

fn cells(found: &Agreement) -> [String; 6] {
    let median = |cosines: &Cosines| format!("{:.4}", cosines.quantiles[1]);
    let between = |cosines: &Cosines| {
        let [low, _, high] = cosines.quantiles;
        format!("{low:.4} to {high:.4}")
    };
    [
        count(found.rows as u64),
        median(&found.same),
        between(&found.same),
        median(&found.different),
        between(&found.different),
        measured(found.recognised),
    ]
}

/// The distributions of the cosines.
pub(super) fn sections(part: &Part, figures: &ViewFigures) -> Result<Vec<Section>, PlotError> {
    let found = &figures.integer;
    let line = |cosines: &Cosines| {
        let bins = cosines.shares.len() as f64;
        let point = |(bin, share): (usize, &f64)| (2.0 * (bin as f64 + 0.5) / bins - 1.0, *share);
        cosines.shares.iter().enumerate().map(point).collect()
    };
    let highest = found.same.shares.iter().chain(&found.different.shares);
    let highest = highest.fold(0.0f64, |most, share| most.max(*share));
    let plot = Plot {
        title: "Cosines of features".to_owned(),
        x: Axis::linear("cosine", -1.0, 1.0),
        y: Axis::linear("share of the events", 0.0, 1.05 * highest),
        series: vec![
            Series::new(
                "own rotated copy",
                colour(0),
                Shape::Line(line(&found.same)),
            ),
            Series::new(
                "copy of another event",
                colour(1),
                Shape::Line(line(&found.different)),
            ),
        ],
        aspect: 0.66,
    };
    let figure = Figure {
        title: "Agreement of an event and its rotated copy".to_owned(),
        note: format!("{} Shares in 50 bins.", caption(part)),
        svg: plot.svg()?,
    };
    Ok(vec![
        Section::Heading("Symmetry".to_owned()),
        Section::Figures(vec![figure]),
    ])
}
