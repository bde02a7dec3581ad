//! Tables of the figures of merit, integers beside float, parts side by side.

use super::numbers::{count, difference, measured, rejection};
use crate::metrics::{Classification, Discrimination, Estimate, Residuals};
use crate::report::page::Table;
use crate::report::{Figures, Report, TargetFigures};

/// A table for a classifier, or one for each target of a regression.
pub(super) fn tables(report: &Report) -> Vec<Table> {
    let targets = report.parts.iter().find_map(|part| match &part.figures {
        Figures::Regression { targets } => Some(targets.len()),
        Figures::Classification { .. } | Figures::Anomaly(_) | Figures::Views(_) => None,
    });
    let mut found = super::anomaly::tables(report);
    found.extend(super::views::tables(report));
    if !found.is_empty() {
        return found;
    }
    match targets {
        None => vec![classifier(report)],
        Some(targets) => (0..targets)
            .map(|target| regression(report, target))
            .collect(),
    }
}

/// A column of a table: its head, and the cell of each row.
type Column = (String, Vec<String>);

fn table(title: String, note: String, rows: Vec<String>, columns: Vec<Column>) -> Table {
    let line = |(at, name): (usize, String)| {
        let cell = |(_, cells): &Column| cells.get(at).cloned().unwrap_or_default();
        std::iter::once(name)
            .chain(columns.iter().map(cell))
            .collect()
    };
    let heads = columns.iter().map(|(head, _)| head.clone());
    Table {
        title,
        note,
        columns: std::iter::once(String::new()).chain(heads).collect(),
        rows: rows.into_iter().enumerate().map(line).collect(),
        ..Table::default()
    }
}

fn classifier(report: &Report) -> Table {
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    let mut weighted = false;
    for part in &report.parts {
        let Figures::Classification {
            integer,
            float,
            difference: gain,
            ..
        } = &part.figures
        else {
            continue;
        };
        if names.is_empty() {
            names = rows_of(integer, &report.classes);
        }
        weighted |= integer.effective_rows < integer.rows as f64 * (1.0 - 1e-9);
        columns.push((format!("{}: integer", part.name), cells_of(integer)));
        if let Some(float) = float {
            columns.push((format!("{}: float", part.name), cells_of(float)));
        }
        if let Some(gain) = gain {
            let blank = |count: usize| std::iter::repeat_n(String::new(), count);
            let cells = blank(1)
                .chain([difference(gain.accuracy)])
                .chain(blank(1))
                .chain(gain.auc.iter().map(|gain| difference(*gain)));
            columns.push((
                format!("{}: integer \u{2212} float", part.name),
                cells.collect(),
            ));
        }
    }
    let note = format!(
        "Integer: executed by the integer interpreter, every bit as in the kernel. The error of \
         the accuracy is binomial, that of the cross entropy the error of a mean; all others are \
         half of the central 68 % interval of bootstrap replicas. The difference is taken on the \
         same rows and has its own error. {}1/ε: background rejection at the \
         signal efficiency in brackets.",
        if weighted {
            "Events are weighted. "
        } else {
            ""
        }
    );
    table("Classifier".to_owned(), note, names, columns)
}

/// The contests that have a curve: the others are in tables of pairs.
pub(super) fn main_contests(found: &Classification) -> impl Iterator<Item = &Discrimination> {
    found.discrimination.iter().filter(|d| d.curve.is_some())
}

/// What is told from what, in words.
pub(super) fn contest_name(found: &Discrimination, classes: &[String]) -> String {
    let name = |class: usize| classes.get(class).map_or("?", String::as_str);
    match found.background {
        Some(background) => format!("{} against {}", name(found.signal), name(background)),
        None => format!("{} against the rest", name(found.signal)),
    }
}

fn rows_of(found: &Classification, classes: &[String]) -> Vec<String> {
    let mut rows = ["rows", "accuracy", "cross entropy [nat]"]
        .map(str::to_owned)
        .to_vec();
    rows.extend(main_contests(found).map(|d| format!("AUC, {}", contest_name(d, classes))));
    rows.push("expected calibration error".to_owned());
    for contest in main_contests(found) {
        let name = contest_name(contest, classes);
        rows.extend(contest.rejection.iter().map(|rejection| {
            let percent = 100.0 * rejection.signal_efficiency;
            format!("1/ε, {name} ({percent} %)")
        }));
    }
    rows
}

fn cells_of(found: &Classification) -> Vec<String> {
    let mut cells = vec![
        count(found.rows as u64),
        measured(found.accuracy),
        measured(found.cross_entropy),
    ];
    cells.extend(main_contests(found).map(|contest| measured(contest.auc)));
    cells.push(measured(found.confidence.calibration_error));
    for contest in main_contests(found) {
        cells.extend(contest.rejection.iter().map(rejection));
    }
    cells
}

fn regression(report: &Report, target: usize) -> Table {
    let (mut title, mut columns) = (String::new(), Vec::new());
    for part in &report.parts {
        let Figures::Regression { targets } = &part.figures else {
            continue;
        };
        let Some(found) = targets.get(target) else {
            continue;
        };
        title = format!("Regression of {}", with_unit(found));
        columns.push((
            format!("{}: integer", part.name),
            residual_cells(&found.integer.overall),
        ));
        if let Some(float) = &found.float {
            columns.push((
                format!("{}: float", part.name),
                residual_cells(&float.overall),
            ));
        }
    }
    let rows = [
        "rows",
        "median response",
        "half 68 % width of the response",
        "bias",
        "RMS",
    ];
    let note = "Integer: executed by the integer interpreter, every bit as in the kernel. Response: \
                prediction / target. Bias and RMS: mean and spread of prediction \u{2212} target, in \
                the target's unit. Errors are half of the central 68 % interval of bootstrap replicas.";
    let rows = rows.map(str::to_owned).to_vec();
    table(title, note.to_owned(), rows, columns)
}

/// A target with its unit in brackets.
pub(super) fn with_unit(target: &TargetFigures) -> String {
    match target.unit.as_str() {
        "" => target.name.clone(),
        unit => format!("{} [{unit}]", target.name),
    }
}

fn residual_cells(found: &Residuals) -> Vec<String> {
    let some = |estimate: Option<Estimate>| estimate.map_or(String::new(), measured);
    vec![
        count(found.rows as u64),
        some(found.median_response),
        some(found.response_width),
        measured(found.bias),
        measured(found.rms),
    ]
}
