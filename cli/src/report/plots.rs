//! Pictures of a report, as SVG.

use plotters::prelude::*;
use trigforge_models::metrics::RocPoint;

/// A picture that could not be drawn: a fault of trigforge.
#[derive(Debug, thiserror::Error)]
#[error("internal error: a picture cannot be drawn: {0}")]
pub struct PlotError(String);

pub(super) fn plot_error(error: impl std::fmt::Display) -> PlotError {
    PlotError(error.to_string())
}

const SIZE: (u32, u32) = (760, 460);

/// Colours that stay apart for colour-blind readers (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// The curves of one class.
#[derive(Debug, Clone)]
pub struct ClassCurves {
    /// Name of the class.
    pub name: String,
    /// Of the float model.
    pub float: Vec<RocPoint>,
    /// Of the integer kernel.
    pub fixed: Vec<RocPoint>,
}

/// Background efficiency against signal efficiency, one class against the rest:
/// the integer kernel in full lines, the float model dashed.
pub fn roc(classes: &[ClassCurves]) -> Result<String, PlotError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(plot_error)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(0f64..1f64, (1e-3f64..1f64).log_scale())
            .map_err(plot_error)?;
        chart
            .configure_mesh()
            .x_desc("signal efficiency")
            .y_desc("background efficiency")
            .light_line_style(WHITE)
            .draw()
            .map_err(plot_error)?;
        for (class, colour) in classes.iter().zip(COLOURS.iter().cycle()) {
            let fixed = LineSeries::new(points(&class.fixed), colour.stroke_width(2));
            chart
                .draw_series(fixed)
                .map_err(plot_error)?
                .label(class.name.as_str())
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
            let float = DashedLineSeries::new(points(&class.float), 5, 4, colour.stroke_width(1));
            chart.draw_series(float).map_err(plot_error)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .border_style(BLACK)
            .background_style(WHITE)
            .draw()
            .map_err(plot_error)?;
        root.present().map_err(plot_error)?;
    }
    Ok(svg)
}

/// A few hundred points of a curve, above the lower edge of the picture.
fn points(curve: &[RocPoint]) -> Vec<(f64, f64)> {
    let step = curve.len().div_ceil(400).max(1);
    curve
        .iter()
        .step_by(step)
        .chain(curve.last())
        .map(|point| {
            (
                point.signal_efficiency,
                point.background_efficiency.max(1e-3),
            )
        })
        .collect()
}

/// How many events took how long: the kernel, and the loop without it.
pub fn latency(kernel: &[u64], null: &[u64]) -> Result<String, PlotError> {
    let last = |times: &[u64]| {
        let index = (times.len() * 999 / 1000).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or(0)
    };
    // The tail above p99.9 is the machine's, and would squeeze all else.
    let end = last(kernel).max(last(null)).max(10) + 10;
    let bins = 100u64.min(end);
    let count = |times: &[u64]| {
        let mut counts = vec![0u64; bins as usize];
        for &time in times.iter().filter(|&&time| time < end) {
            counts[(time * bins / end) as usize] += 1;
        }
        counts
    };
    let (kernel, null) = (count(kernel), count(null));
    let highest = kernel
        .iter()
        .chain(&null)
        .copied()
        .max()
        .unwrap_or(1)
        .max(10) as f64;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(plot_error)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(0f64..end as f64, (0.5f64..highest * 2.0).log_scale())
            .map_err(plot_error)?;
        chart
            .configure_mesh()
            .x_desc("nanoseconds per event, clock included, up to p99.9")
            .y_desc("events")
            .light_line_style(WHITE)
            .draw()
            .map_err(plot_error)?;
        for (name, counts, colour) in [
            ("null loop", &null, COLOURS[4]),
            ("kernel", &kernel, COLOURS[0]),
        ] {
            let width = end as f64 / bins as f64;
            let bars = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let bars = bars.map(|(bin, &count)| {
                let left = bin as f64 * width;
                Rectangle::new(
                    [(left, 0.5), (left + width, count as f64)],
                    colour.mix(0.8).filled(),
                )
            });
            chart
                .draw_series(bars)
                .map_err(plot_error)?
                .label(name)
                .legend(move |(x, y)| {
                    Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.mix(0.8).filled())
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .border_style(BLACK)
            .background_style(WHITE)
            .draw()
            .map_err(plot_error)?;
        root.present().map_err(plot_error)?;
    }
    Ok(svg)
}
