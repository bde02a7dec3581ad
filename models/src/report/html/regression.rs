//! Pictures of a regression: response and its width against the target.

use super::caption;
use super::figures::with_unit;
use crate::metrics::{Estimate, Regression, Residuals, TargetBin};
use crate::report::page::{Figure, Section};
use crate::report::plot::{Axis, Colour, Plot, PlotError, Series, Shape, colour};
use crate::report::{Part, TargetFigures};

pub(super) fn sections(part: &Part, targets: &[TargetFigures]) -> Result<Vec<Section>, PlotError> {
    let mut sections = vec![Section::Heading("Response".to_owned())];
    for target in targets {
        let positive = target.integer.overall.median_response.is_some();
        let figures = match positive {
            true => vec![
                figure(part, target, "median response", Some(1.0), |r| {
                    r.median_response
                })?,
                figure(part, target, "half 68 % width of the response", None, |r| {
                    r.response_width
                })?,
            ],
            false => vec![
                figure(part, target, "bias", Some(0.0), |r| Some(r.bias))?,
                figure(part, target, "RMS", None, |r| Some(r.rms))?,
            ],
        };
        sections.push(Section::Figures(figures));
        if let Some(found) = &target.uncertainty {
            sections.extend(super::uncertainty::sections(part, target, found)?);
        }
    }
    Ok(sections)
}

/// One figure in bins of the target, with a line where it would be best.
fn figure(
    part: &Part,
    target: &TargetFigures,
    what: &str,
    ideal: Option<f64>,
    of: impl Fn(&Residuals) -> Option<Estimate>,
) -> Result<Figure, PlotError> {
    let bins = &target.integer.bins;
    let positive = bins.iter().all(|bin| bin.low > 0.0);
    // Targets of the field span decades.
    let wide = |bins: &[TargetBin]| match (bins.first(), bins.last()) {
        (Some(first), Some(last)) => last.high > 20.0 * first.low,
        _ => false,
    };
    let log = positive && wide(bins);
    let middle = |bin: &TargetBin| match log {
        true => (bin.low * bin.high).sqrt(),
        false => f64::midpoint(bin.low, bin.high),
    };
    let points = |found: &Regression| -> Vec<(f64, f64, f64)> {
        let point = |bin: &TargetBin| {
            let figure = of(&bin.figures)?;
            Some((middle(bin), figure.value, figure.error.unwrap_or(0.0)))
        };
        found.bins.iter().filter_map(point).collect()
    };
    let integer = points(&target.integer);
    let float = target.float.as_ref().map(points).unwrap_or_default();
    let edges = || bins.iter().flat_map(|bin| [bin.low, bin.high]);
    let label = with_unit(target);
    let x = match log {
        true => Axis::log_around(&label, edges()),
        false => Axis::around(&label, edges()),
    };
    let heights = integer
        .iter()
        .chain(&float)
        .flat_map(|p| [p.1 - p.2, p.1 + p.2]);
    let y = Axis::around(what, heights.chain(ideal));
    let mut series = Vec::new();
    if let Some(ideal) = ideal {
        let line = vec![(x.range.0, ideal), (x.range.1, ideal)];
        series.push(Series::new("", Colour(128, 128, 128), Shape::Dashed(line)));
    }
    let line = |points: &[(f64, f64, f64)]| points.iter().map(|p| (p.0, p.1)).collect();
    if !float.is_empty() {
        series.push(Series::new(
            "float model",
            colour(1),
            Shape::Dashed(line(&float)),
        ));
    }
    series.push(Series::new("", colour(0), Shape::Line(line(&integer))));
    series.push(Series::new("integer", colour(0), Shape::Points(integer)));
    let plot = Plot {
        title: format!("{what} against {label}"),
        x,
        y,
        series,
        aspect: 0.62,
    };
    Ok(Figure {
        title: format!("{what}, {}", target.name),
        note: format!(
            "{} Bins of about equal population; errors are half of the central 68 % interval of \
             bootstrap replicas.",
            caption(part)
        ),
        svg: plot.svg()?,
    })
}
