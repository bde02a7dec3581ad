//! The page of a report.

mod anomaly;
mod classification;
mod figures;
mod numbers;
mod regression;
mod sculpting;
mod training;
mod uncertainty;
mod views;
mod widths;

use super::page::{Page, Section, Table};
use super::plot::PlotError;
use super::{Baseline, Figures, Part, Report};
use crate::metrics::Estimate;
use numbers::{count, measured, percent, plain};

impl Report {
    /// The report as one HTML file that needs no other.
    ///
    /// # Errors
    ///
    /// A picture that cannot be drawn, which is a fault of trigforge.
    pub fn html(&self) -> Result<String, PlotError> {
        Ok(self.page()?.html())
    }

    /// The page that [`Report::html`] writes.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn page(&self) -> Result<Page, PlotError> {
        let mut sections = Vec::new();
        if !self.parts.is_empty() {
            sections.push(Section::Heading("Figures of merit".to_owned()));
            sections.extend(figures::tables(self).into_iter().map(Section::Table));
        }
        if !self.baselines.is_empty() {
            sections.push(Section::Table(baselines(self)));
        }
        if let Some(part) = self.judged() {
            match &part.figures {
                Figures::Classification {
                    integer,
                    float,
                    sculpting,
                    ..
                } => {
                    let float = float.as_deref();
                    sections.extend(classification::sections(self, part, integer, float)?);
                    if let Some(figures) = sculpting {
                        sections.extend(sculpting::sections(part, figures)?);
                    }
                }
                Figures::Anomaly(figures) => sections.extend(anomaly::sections(part, figures)?),
                Figures::Views(figures) => sections.extend(views::sections(part, figures)?),
                Figures::Regression { targets } => {
                    sections.extend(regression::sections(part, targets)?);
                }
            }
        }
        sections.extend(self.judged().and_then(latent).map(Section::Table));
        sections.extend(widths::sections(self)?);
        sections.extend(training::sections(self)?);
        if !self.facts.is_empty() {
            sections.push(Section::Heading("Provenance".to_owned()));
            let row = |fact: &super::Fact| vec![fact.name.clone(), fact.value.clone()];
            sections.push(Section::Table(Table {
                title: "Model and data".to_owned(),
                note: "What is needed to make this model again.".to_owned(),
                columns: vec![String::new(), String::new()],
                rows: self.facts.iter().map(row).collect(),
                ..Table::default()
            }));
        }
        Ok(Page {
            title: self.name.clone(),
            summary: self.purpose.clone(),
            numbers: self.numbers(),
            sections,
        })
    }

    /// The part whose figures are published: the last one, which chose the least.
    fn judged(&self) -> Option<&Part> {
        self.parts.last()
    }

    fn numbers(&self) -> Vec<(String, String)> {
        let mut numbers = Vec::new();
        if let Some(part) = self.judged() {
            let figures: &[(&str, &str)] = match &part.figures {
                Figures::Classification { .. } => &[("accuracy", "accuracy"), ("AUC", "AUC")],
                Figures::Anomaly(_) => &[],
                Figures::Views(_) => &[("recognised", "more like their rotated copy")],
                Figures::Regression { .. } => &[
                    ("median response", "median response"),
                    ("response width", "half 68 % width of the response"),
                    ("pull mean", "mean of the pulls"),
                    ("pull width", "width of the pulls"),
                ],
            };
            for (name, words) in figures {
                if let Some(figure) = part.figure(name, &self.classes) {
                    numbers.push((measured(figure), format!("{words}, {} part", part.name)));
                }
            }
            if let Figures::Classification {
                float: Some(float), ..
            } = &part.figures
            {
                numbers.push((
                    measured(float.accuracy),
                    "accuracy of the float model".to_owned(),
                ));
            }
        }
        if let Some(ebops) = self.cost.ebops {
            numbers.push((count(ebops), "EBOPs".to_owned()));
        }
        if self.cost.parameters > 0 {
            numbers.push((
                count(self.cost.parameters),
                "parameters that are not zero".to_owned(),
            ));
        }
        let (weights, pruned) = widths::pruned(&self.layers);
        if weights > 0 {
            numbers.push((percent(pruned, weights), "weights pruned".to_owned()));
        }
        numbers
    }
}

/// What others reach beside what the integers reach.
fn baselines(report: &Report) -> Table {
    let part = report.judged();
    let own = |name: &str| part.and_then(|part| part.figure(name, &report.classes));
    let row = |baseline: &Baseline| {
        let theirs = match baseline.error {
            Some(error) => measured(Estimate {
                value: baseline.value,
                error: Some(error),
            }),
            None => plain(baseline.value),
        };
        vec![
            baseline.metric.clone(),
            own(&baseline.metric).map_or(String::new(), measured),
            theirs,
            baseline.model.clone(),
            baseline.source.clone(),
        ]
    };
    let name = part.map_or("", |part| part.name.as_str());
    Table {
        title: "Beside others".to_owned(),
        note: format!(
            "This model on its {name} part, executed by the integer interpreter, and what others \
             reach on data of the same kind."
        ),
        columns: ["figure", "this model", "other", "which", "source"]
            .map(str::to_owned)
            .to_vec(),
        rows: report.baselines.iter().map(row).collect(),
        ..Table::default()
    }
}

/// How the latent numbers of a model depend on each other.
fn latent(part: &Part) -> Option<Table> {
    let found = part.latent.as_ref()?;
    let row = |(at, row): (usize, &Vec<f64>)| {
        let values = row.iter().map(|value| format!("{value:.4}"));
        let spread = format!("{:.4}", found.spread[at]);
        [at.to_string(), spread].into_iter().chain(values).collect()
    };
    let numbers = (0..found.matrix.len()).map(|at| at.to_string());
    let first = ["latent number", "standard deviation"].map(str::to_owned);
    Some(Table {
        title: "Correlations of the latent numbers".to_owned(),
        note: format!("{} Linear correlations.", caption(part)),
        columns: first.into_iter().chain(numbers).collect(),
        rows: found.matrix.iter().enumerate().map(row).collect(),
        ..Table::default()
    })
}

/// On which rows and by what a figure was made.
fn caption(part: &Part) -> String {
    let role = match part.role.as_str() {
        "" => String::new(),
        role => format!(", which {role}"),
    };
    format!(
        "On the {} part ({} rows{role}), executed by the integer interpreter.",
        part.name,
        count(part.rows() as u64)
    )
}
