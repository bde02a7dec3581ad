//! Tables and pictures of uncertainties: pulls, coverage, and figures in bins.

use super::caption;
use super::numbers::{count, measured, plain};
use crate::metrics::{Binned, Pulls, Uncertainty};
use crate::report::page::{Figure, Section, Table};
use crate::report::plot::{Axis, Plot, PlotError, Series, Shape, colour};
use crate::report::{Part, TargetFigures};

/// What is said of the uncertainties of a target.
pub(super) fn sections(
    part: &Part,
    target: &TargetFigures,
    found: &Uncertainty,
) -> Result<Vec<Section>, PlotError> {
    let mut sections = vec![Section::Table(table(
        &format!("Uncertainties, {}", target.name),
        part,
        "",
        std::iter::once(("all".to_owned(), &found.overall)),
    ))];
    sections.push(Section::Figures(vec![pulls(part, target, found)?]));
    for binned in &found.binned {
        let name = |low: f64, high: f64| format!("{} to {}", plain(low), plain(high));
        let bins = binned.bins.iter();
        let rows = bins.map(|bin| (name(bin.low, bin.high), &bin.figures));
        let title = format!("Uncertainties in bins of {}", binned.column);
        sections.push(Section::Table(table(&title, part, &binned.column, rows)));
        sections.push(Section::Figures(vec![sizes(part, binned)?]));
    }
    Ok(sections)
}

fn table<'a>(
    title: &str,
    part: &Part,
    head: &str,
    rows: impl Iterator<Item = (String, &'a Pulls)>,
) -> Table {
    let estimate = |e: Option<crate::metrics::Estimate>| e.map_or("-".to_owned(), measured);
    let row = |(name, pulls): (String, &Pulls)| {
        let sizes = pulls.sizes;
        let mut cells = vec![
            name,
            count(pulls.rows as u64),
            measured(pulls.mean),
            measured(pulls.width),
            measured(pulls.core),
            plain(pulls.distance),
        ];
        let coverage = pulls.coverage.iter().take(2);
        cells.extend(coverage.map(|coverage| measured(coverage.found)));
        cells.push(estimate(pulls.median_response));
        cells.push(estimate(pulls.response_width));
        cells.push(plain(sizes.residual));
        cells.push(plain(sizes.syst));
        cells.push(sizes.stat.map_or("-".to_owned(), plain));
        cells
    };
    Table {
        title: title.to_owned(),
        note: format!(
            "{} A pull is (target - mean) / sigma of both uncertainties together; KS is the greatest \
             distance of its distribution from a Gaussian of mean 0 and width 1. The last three are \
             root mean squares, in units of the mean where that is positive.",
            caption(part)
        ),
        columns: [
            head,
            "rows",
            "pull mean",
            "pull width",
            "half 68 % width of the pull",
            "KS",
            "within 1 sigma",
            "within 2 sigma",
            "median response",
            "half 68 % width of the response",
            "residual",
            "sigma_syst",
            "sigma_stat",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.map(row).collect(),
        ..Table::default()
    }
}

/// The distribution of the pulls beside a Gaussian.
fn pulls(part: &Part, target: &TargetFigures, found: &Uncertainty) -> Result<Figure, PlotError> {
    let bins = found.histogram.len();
    let width = 8.0 / bins as f64;
    let middle = |bin: usize| -4.0 + width * (bin as f64 + 0.5);
    let heights = found.histogram.iter().enumerate();
    let points: Vec<(f64, f64, f64)> = heights
        .map(|(bin, share)| (middle(bin), share / width, 0.0))
        .collect();
    let gaussian = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let line: Vec<(f64, f64)> = (0..=80)
        .map(|at| -4.0 + f64::from(at) / 10.0)
        .map(|x| (x, gaussian(x)))
        .collect();
    let most = points
        .iter()
        .fold(0.45, |most: f64, point| most.max(point.1));
    let plot = Plot {
        title: format!("Pulls, {}", target.name),
        x: Axis::around("pull", [-4.0, 4.0].into_iter()),
        y: Axis::around("density", [0.0, most].into_iter()),
        series: vec![
            Series::new("Gaussian of width 1", colour(1), Shape::Dashed(line)),
            Series::new("integer", colour(0), Shape::Points(points)),
        ],
        aspect: 0.62,
    };
    Ok(Figure {
        title: format!("Pulls, {}", target.name),
        note: caption(part),
        svg: plot.svg()?,
    })
}

/// Residual and uncertainties in bins of a column.
fn sizes(part: &Part, binned: &Binned) -> Result<Figure, PlotError> {
    let positive = binned.bins.iter().all(|bin| bin.low > 0.0);
    let wide = match (binned.bins.first(), binned.bins.last()) {
        (Some(first), Some(last)) => last.high > 20.0 * first.low,
        _ => false,
    };
    let log = positive && wide;
    let of = |size: &dyn Fn(&Pulls) -> Option<f64>| -> Vec<(f64, f64)> {
        let point = |bin: &crate::metrics::PullBin| {
            let middle = match log {
                true => (bin.low * bin.high).sqrt(),
                false => f64::midpoint(bin.low, bin.high),
            };
            Some((middle, size(&bin.figures)?))
        };
        binned.bins.iter().filter_map(point).collect()
    };
    let residual = of(&|p| Some(p.sizes.residual));
    let syst = of(&|p| Some(p.sizes.syst));
    let stat = of(&|p| p.sizes.stat);
    let edges = binned.bins.iter().flat_map(|bin| [bin.low, bin.high]);
    let x = match log {
        true => Axis::log_around(&binned.column, edges),
        false => Axis::around(&binned.column, edges),
    };
    let all = residual.iter().chain(&syst).chain(&stat).map(|p| p.1);
    let y = Axis::around("root mean square", all.chain([0.0]));
    let points = residual.iter().map(|p| (p.0, p.1, 0.0)).collect();
    let mut series = vec![
        Series::new("residual", colour(1), Shape::Points(points)),
        Series::new("sigma_syst", colour(0), Shape::Line(syst)),
    ];
    if !stat.is_empty() {
        series.push(Series::new("sigma_stat", colour(2), Shape::Line(stat)));
    }
    let title = format!("Residual and uncertainties against {}", binned.column);
    let plot = Plot {
        title: title.clone(),
        x,
        y,
        series,
        aspect: 0.62,
    };
    Ok(Figure {
        title,
        note: caption(part),
        svg: plot.svg()?,
    })
}
