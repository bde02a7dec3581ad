//! The report of the demonstration: that of any model, and what was measured of its kernel.

use miette::{IntoDiagnostic, Result};
use trigforge_models::report::page::{Figure, Page, Section, Table};
use trigforge_models::report::plot::{Axis, COLOURS, Plot, PlotError, Series, Shape};

use super::Figures;
use super::physics::Saturation;
use crate::commands::latency::{Measured, Percentiles};

/// The page of the model with the kernel's sections behind.
pub fn page(figures: &Figures, features: &[String]) -> Result<Page> {
    let mut page = figures.report.page().into_diagnostic()?;
    page.title = format!("trigforge: {}", figures.report.name);
    page.numbers.push((
        figures.verified_events.to_string(),
        "events on which kernel and interpreter agree, bit for bit".to_owned(),
    ));
    let events = figures.sample_events;
    page.sections.extend([
        Section::Heading("The kernel on this machine".to_owned()),
        Section::Table(latency_table(&figures.latency)),
        Section::Figures(vec![histogram(&figures.latency).into_diagnostic()?]),
        Section::Heading("Formats and saturation".to_owned()),
        Section::Table(by_value(&figures.saturation, events)),
        Section::Table(by_feature(&figures.saturation, events, features)),
    ]);
    Ok(page)
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn latency_table(latency: &Measured) -> Table {
    let row = |name: &str, p: &Percentiles| {
        let times = [p.p50, p.p90, p.p99, p.p99_9, p.p99_99, p.max];
        std::iter::once(name.to_owned())
            .chain(times.map(|ns| ns.to_string()))
            .collect()
    };
    let instructions = match (
        &latency.instructions_per_event,
        &latency.instructions_counted_for,
    ) {
        (Some(count), Some(cpu)) => format!("{count} instructions per event (target-cpu {cpu})."),
        _ => "Instructions were not counted: install valgrind.".to_owned(),
    };
    Table {
        title: "Latency".to_owned(),
        note: format!(
            "Nanoseconds per event, distinct random events, clock included; the null loop reads \
             the clock and does nothing. {instructions}"
        ),
        columns: columns(&["", "p50", "p90", "p99", "p99.9", "p99.99", "max"]),
        rows: vec![
            row("kernel", &latency.kernel_ns),
            row("null loop", &latency.null_loop_ns),
        ],
        ..Table::default()
    }
}

/// How many events took how long: the kernel, and the loop without it.
fn histogram(latency: &Measured) -> Result<Figure, PlotError> {
    // The tail above p99.9 is the machine's, and would squeeze all else.
    let last = latency.kernel_ns.p99_9.max(latency.null_loop_ns.p99_9);
    let end = last.max(10) + 10;
    let bins = 100u64.min(end);
    let bars = |times: &[u64]| {
        let mut counts = vec![0u64; bins as usize];
        for &time in times.iter().filter(|&&time| time < end) {
            counts[(time * bins / end) as usize] += 1;
        }
        let width = end as f64 / bins as f64;
        let bars = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        bars.map(|(bin, count)| {
            let left = bin as f64 * width;
            (left, left + width, *count as f64)
        })
        .collect::<Vec<_>>()
    };
    let (null, kernel) = (bars(&latency.times.null), bars(&latency.times.kernel));
    let highest = null
        .iter()
        .chain(&kernel)
        .map(|bar| bar.2)
        .fold(10.0, f64::max);
    let plot = Plot {
        title: "Events by the time that they took".to_owned(),
        x: Axis::linear("time of an event, clock included [ns]", 0.0, end as f64),
        y: Axis::log("events", 0.5, 2.0 * highest),
        series: vec![
            Series::new("null loop", COLOURS[4], Shape::Bars(null)),
            Series::new("kernel", COLOURS[0], Shape::Bars(kernel)),
        ],
        aspect: 0.6,
    };
    Ok(Figure {
        title: "Latency".to_owned(),
        note: "Events by the time that they took, up to p99.9.".to_owned(),
        svg: plot.svg()?,
    })
}

fn share(count: usize, of: usize) -> String {
    format!("{:.2} %", 100.0 * count as f64 / of.max(1) as f64)
}

fn by_value(saturation: &[Saturation], events: usize) -> Table {
    let row = |value: &Saturation| {
        let count: usize = value.counts.iter().sum();
        vec![
            value.name.clone(),
            value.format.clone(),
            count.to_string(),
            share(count, events * value.counts.len()),
        ]
    };
    Table {
        title: "Values that are rounded".to_owned(),
        note: "Every value that is rounded: fix(k,i,f) with sign, integer and fractional bits; \
               elements of the sample that lay outside and were cut to the edge."
            .to_owned(),
        columns: columns(&["value", "format", "saturated", "share"]),
        rows: saturation.iter().map(row).collect(),
        ..Table::default()
    }
}

fn by_feature(saturation: &[Saturation], events: usize, features: &[String]) -> Table {
    // The raw input, and the value that the scaled features are rounded to.
    let mut of_features = saturation
        .iter()
        .filter(|v| v.counts.len() == features.len());
    let (raw, scaled) = (of_features.next(), of_features.next());
    let row = |(index, feature): (usize, &String)| {
        let count = |value: Option<&Saturation>| value.map_or(0, |value| value.counts[index]);
        vec![
            feature.clone(),
            share(count(raw), events),
            share(count(scaled), events),
        ]
    };
    Table {
        title: "Saturation by feature".to_owned(),
        note: "Share of jets whose feature is cut at the edge of its raw format, and of the \
               network's input format after offset and scale."
            .to_owned(),
        columns: columns(&["feature", "raw", "scaled"]),
        rows: features.iter().enumerate().map(row).collect(),
        ..Table::default()
    }
}
