//! The report of the demonstration.

use miette::{IntoDiagnostic, Result, miette};
use trigforge_models::metrics::{Evaluation, roc, softmax};

use super::Figures;
use super::physics::{Physics, Saturation};
use crate::commands::latency::Percentiles;
use crate::report::plots::{self, ClassCurves};
use crate::report::{Figure, Report, Table};

/// A background rejection with its error.
pub fn rejection(evaluation: &Evaluation, class: usize) -> String {
    let rejection = evaluation.rejection[class];
    match (rejection.value, rejection.error) {
        (Some(value), Some(error)) => format!("{value:.1} ({error:.1})"),
        (Some(value), None) => format!("{value:.1}"),
        _ => "no background".to_owned(),
    }
}

/// Tables and pictures of what was found.
pub fn report(figures: &Figures, physics: &Physics, features: &[String]) -> Result<Report> {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (float, fixed) = (&figures.float, &figures.fixed);
    let mut performance = vec![vec![
        "accuracy".to_owned(),
        format!("{:.4}", float.accuracy),
        format!("{:.4} +- {:.4}", fixed.accuracy, fixed.accuracy_error),
    ]];
    for (class, name) in figures.classes.iter().enumerate() {
        performance.push(vec![
            format!("AUC {name} against the rest"),
            format!("{:.4}", float.auc[class]),
            format!("{:.4}", fixed.auc[class]),
        ]);
    }
    for (class, name) in figures.classes.iter().enumerate() {
        performance.push(vec![
            format!("background rejection at 50 % {name} efficiency"),
            rejection(float, class),
            rejection(fixed, class),
        ]);
    }
    let p =
        |p: &Percentiles| [p.p50, p.p90, p.p99, p.p99_9, p.p99_99, p.max].map(|ns| ns.to_string());
    let row = |name: &str, percentiles: [String; 6]| {
        let mut row = vec![name.to_owned()];
        row.extend(percentiles);
        row
    };
    let latency = &figures.latency;
    let instructions = match (
        &latency.instructions_per_event,
        &latency.instructions_counted_for,
    ) {
        (Some(count), Some(cpu)) => format!("{count} instructions per event (target-cpu {cpu})."),
        _ => "Instructions were not counted: install valgrind.".to_owned(),
    };
    let events = figures.sample_events;
    let share = |count: usize, of: usize| format!("{:.2} %", 100.0 * count as f64 / of as f64);
    let values = physics.saturation.iter().map(|value| {
        let count: usize = value.counts.iter().sum();
        vec![
            value.name.clone(),
            value.format.clone(),
            count.to_string(),
            share(count, events * value.counts.len()),
        ]
    });
    // The raw input, and the value that the scaled features are rounded to.
    let mut per_feature = physics
        .saturation
        .iter()
        .filter(|v| v.counts.len() == features.len());
    let (raw, scaled) = (per_feature.next(), per_feature.next());
    let by_feature = features.iter().enumerate().map(|(index, feature)| {
        let count = |value: Option<&Saturation>| value.map_or(0, |value| value.counts[index]);
        vec![
            feature.clone(),
            share(count(raw), events),
            share(count(scaled), events),
        ]
    });
    let tables = vec![
        Table {
            title: "Physics".to_owned(),
            note: format!(
                "On {events} simulated jets of the test split; one class against the \
                           rest. In brackets and behind +-: the binomial error."
            ),
            columns: columns(&["", "float model", "integer kernel"]),
            rows: performance,
        },
        Table {
            title: "Latency on this machine".to_owned(),
            note: format!(
                "Nanoseconds per event, distinct random events, clock included; the null \
                           loop reads the clock and does nothing. {instructions}"
            ),
            columns: columns(&["", "p50", "p90", "p99", "p99.9", "p99.99", "max"]),
            rows: vec![
                row("kernel", p(&latency.kernel_ns)),
                row("null loop", p(&latency.null_loop_ns)),
            ],
        },
        Table {
            title: "Formats and saturation".to_owned(),
            note:
                "Every value that is rounded: fix(k,i,f) with sign, integer and fractional bits; \
                   elements of the sample that lay outside and were cut to the edge."
                    .to_owned(),
            columns: columns(&["value", "format", "saturated", "share"]),
            rows: values.collect(),
        },
        Table {
            title: "Saturation by feature".to_owned(),
            note: "Share of jets whose feature is cut at the edge of its raw format, and of the \
                   network's input format after offset and scale."
                .to_owned(),
            columns: columns(&["feature", "raw", "scaled"]),
            rows: by_feature.collect(),
        },
    ];
    Ok(Report {
        title: format!("trigforge: {}", figures.model),
        summary: format!(
            "A jet tagger, trained quantised, as an integer kernel: {} multiply-accumulates, {} \
             EBOPs. Kernel and interpreter agree on every output bit of {} events.",
            figures.macs, figures.ebops, figures.verified_events
        ),
        tables,
        figures: vec![
            Figure {
                title: "ROC curves".to_owned(),
                note: "Each class against the rest, score: softmax of the logits. Full: integer \
                       kernel; dashed: float model. Lower is better."
                    .to_owned(),
                svg: plots::roc(&curves(figures, physics)?).into_diagnostic()?,
            },
            Figure {
                title: "Latency".to_owned(),
                note: "Events by the time that they took.".to_owned(),
                svg: plots::latency(&latency.times.kernel, &latency.times.null)
                    .into_diagnostic()?,
            },
        ],
    })
}

fn curves(figures: &Figures, physics: &Physics) -> Result<Vec<ClassCurves>> {
    let classes = figures.classes.len();
    let curve = |logits: &[f64], class: usize| {
        let scores: Vec<_> = softmax(logits, classes)
            .into_iter()
            .skip(class)
            .step_by(classes)
            .collect();
        let signal: Vec<_> = physics.labels.iter().map(|&label| label == class).collect();
        roc(&scores, &signal).ok_or_else(|| miette!("the sample lacks the class {class}"))
    };
    let named = figures.classes.iter().enumerate();
    named
        .map(|(class, name)| {
            Ok(ClassCurves {
                name: name.clone(),
                float: curve(&physics.float, class)?,
                fixed: curve(&physics.fixed, class)?,
            })
        })
        .collect()
}
