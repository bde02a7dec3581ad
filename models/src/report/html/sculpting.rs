//! Pictures and the table of a score beside a variable that it shall not follow.

use super::caption;
use super::numbers::{measured, plain};
use crate::metrics::{Estimate, Sculpted, Sculpting};
use crate::report::page::{Figure, Section, Table};
use crate::report::plot::{Axis, Plot, PlotError, Series, Shape, colour};
use crate::report::{Part, SculptingFigures};

pub(super) fn sections(part: &Part, figures: &SculptingFigures) -> Result<Vec<Section>, PlotError> {
    Ok(vec![
        Section::Heading(format!("Sculpting of {}", figures.column)),
        Section::Figures(vec![shapes(part, figures)?, trade(part, figures)?]),
        Section::Table(table(part, figures)),
    ])
}

fn percent(point: &Sculpted) -> String {
    format!("{:.0} %", 100.0 * point.signal_efficiency)
}

/// The background before and after each cut.
fn shapes(part: &Part, figures: &SculptingFigures) -> Result<Figure, PlotError> {
    let found = &figures.integer;
    let steps = |shares: &[f64]| -> Vec<(f64, f64)> {
        let edges = found.edges.windows(2).zip(shares);
        edges
            .flat_map(|(edge, share)| [(edge[0], *share), (edge[1], *share)])
            .collect()
    };
    let mut series = vec![Series::new(
        "all",
        colour(6),
        Shape::Dashed(steps(&found.all)),
    )];
    let mut highest = found.all.iter().copied().fold(0.0, f64::max);
    for (number, point) in found.points.iter().enumerate() {
        highest = point.passing.iter().copied().fold(highest, f64::max);
        let name = format!("passing at {} signal", percent(point));
        series.push(Series::new(
            &name,
            colour(number),
            Shape::Line(steps(&point.passing)),
        ));
    }
    let ends = |at: Option<&f64>| at.copied().unwrap_or(0.0);
    let plot = Plot {
        title: format!("Shape of the background in {}", figures.column),
        x: Axis::linear(
            &figures.column,
            ends(found.edges.first()),
            ends(found.edges.last()),
        ),
        y: Axis::linear("share of the background in a bin", 0.0, 1.1 * highest),
        series,
        aspect: 0.66,
    };
    Ok(Figure {
        title: "Background after cuts".to_owned(),
        note: format!(
            "{} Background: {}. What lies beyond the edges is in the outermost bins.",
            caption(part),
            figures.background.join(", ")
        ),
        svg: plot.svg()?,
    })
}

/// Inverse divergence against rejection: both better to the upper right.
fn trade(part: &Part, figures: &SculptingFigures) -> Result<Figure, PlotError> {
    let points = |found: &Sculpting| -> Vec<(f64, f64, f64)> {
        let point = |point: &Sculpted| {
            let divergence = point.divergence.filter(|d| d.value > 0.0)?;
            let (inverse, rejection) = (1.0 / divergence.value, inverse(point)?.value);
            Some((
                rejection,
                inverse,
                divergence.error.unwrap_or(0.0) * inverse * inverse,
            ))
        };
        found.points.iter().filter_map(point).collect()
    };
    let floor = |point: &Sculpted| Some((inverse(point)?.value, 1.0 / point.floor));
    let floors: Vec<(f64, f64)> = figures.integer.points.iter().filter_map(floor).collect();
    let integer = points(&figures.integer);
    let float = figures.float.as_ref().map(points).unwrap_or_default();
    let all = || integer.iter().chain(&float);
    let heights = all().map(|p| p.1).chain(floors.iter().map(|p| p.1));
    let plot = Plot {
        title: "Inverse divergence against background rejection".to_owned(),
        x: Axis::log_around("background rejection 1/ε_{B}", all().map(|p| p.0)),
        y: Axis::log_around("1 / JSD", heights),
        series: vec![
            Series::new("no sculpting", colour(6), Shape::Dashed(floors)),
            Series::new("float", colour(1), Shape::Points(float)),
            Series::new("integers", colour(0), Shape::Points(integer)),
        ],
        aspect: 0.66,
    };
    Ok(Figure {
        title: "Sculpting against rejection".to_owned(),
        note: format!(
            "{} JSD: Jensen-Shannon divergence, in bits, of the background that passes and that \
             which fails. No sculpting: the mean that the sizes of the two samples alone give.",
            caption(part)
        ),
        svg: plot.svg()?,
    })
}

/// The rejection at a cut; none where no background passes.
fn inverse(point: &Sculpted) -> Option<Estimate> {
    let accepted = point.background_efficiency;
    (accepted.value > 0.0).then(|| Estimate {
        value: 1.0 / accepted.value,
        error: accepted
            .error
            .map(|error| error / (accepted.value * accepted.value)),
    })
}

fn table(part: &Part, figures: &SculptingFigures) -> Table {
    let mut rows = Vec::new();
    let found = std::iter::once(("integers", &figures.integer));
    for (name, found) in found.chain(figures.float.as_ref().map(|float| ("float", float))) {
        for point in &found.points {
            rows.push(vec![
                name.to_owned(),
                plain(found.distance_correlation),
                percent(point),
                inverse(point).map_or(String::new(), measured),
                point.divergence.map_or(String::new(), measured),
                plain(point.floor),
            ]);
        }
    }
    let columns = [
        "model",
        "distance correlation",
        "signal efficiency",
        "background rejection",
        "JSD (bits)",
        "of sizes alone",
    ];
    Table {
        title: format!("Score and {}", figures.column),
        note: format!(
            "Background: {}. Score: the odds of all other classes. {}",
            figures.background.join(", "),
            caption(part)
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
        tints: Vec::new(),
    }
}
