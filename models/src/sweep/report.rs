//! `sweep.html`: the trials and their front as pictures and tables.

use super::range::Range;
use super::state::Outcome;
use super::{SweepError, SweepSummary};
use crate::files;
use crate::report::page::{Figure, Page, Section, Table};
use crate::report::plot::{Axis, COLOURS, Plot, PlotError, Series, Shape};

/// The colour of the front, and that of all other trials.
const FRONT: usize = 1;
const OTHERS: usize = 6;

impl SweepSummary {
    /// The front as a table: figures and values of each trial on it.
    pub fn front_table(&self) -> Table {
        Table {
            title: format!("Front of {} against cost", self.space.objective.label()),
            note: format!(
                "{} of {} trials, {} of which failed; what is chosen by these figures looks a \
                 little better in them than it is.",
                self.front.len(),
                self.trials.len(),
                self.failed()
            ),
            columns: self.columns(),
            rows: self.front.iter().map(|&n| self.cells(n)).collect(),
            ..Table::default()
        }
    }

    /// All trials as a table.
    fn trial_table(&self) -> Table {
        let mut columns = self.columns();
        columns.push("outcome".to_owned());
        let rows = self.trials.iter().enumerate().map(|(number, trial)| {
            let mut cells = self.cells(number);
            cells.push(match &trial.outcome {
                Outcome::Finished(_) if self.is_on_front(number) => "on the front".to_owned(),
                Outcome::Finished(_) => String::new(),
                Outcome::Running => "interrupted".to_owned(),
                Outcome::Failed { reason } => format!("failed: {reason}"),
            });
            cells
        });
        Table {
            title: "All trials".to_owned(),
            note:
                "Each has a folder with its configuration, model and metrics; the figures of the \
                   test part, which chose nothing, are there."
                    .to_owned(),
            columns,
            rows: rows.collect(),
            ..Table::default()
        }
    }

    /// The page of the sweep.
    fn page(&self) -> Result<Page, PlotError> {
        let space = &self.space;
        let mut sections = vec![
            Section::Figures(vec![self.front_figure()?]),
            Section::Table(self.front_table()),
            Section::Heading("Parameters".to_owned()),
            Section::Figures(self.parameter_figures()?),
            Section::Table(self.trial_table()),
        ];
        sections.retain(|section| !matches!(section, Section::Figures(f) if f.is_empty()));
        Ok(Page {
            title: "Sweep".to_owned(),
            summary: format!(
                "Trials that no other one beats in both {} and effective bit operations (EBOPs, \
                 arXiv:2405.00645). All figures are of the validation part, from the integers.",
                space.objective.label()
            ),
            numbers: vec![
                (self.trials.len().to_string(), "trials".to_owned()),
                (self.failed().to_string(), "failed".to_owned()),
                (self.front.len().to_string(), "on the front".to_owned()),
                (space.method.name().to_owned(), "method".to_owned()),
                (space.seed.to_string(), "seed".to_owned()),
            ],
            sections,
        })
    }

    /// Cost and objective of every trial, and the front as steps: what is reached at a cost.
    fn front_figure(&self) -> Result<Figure, PlotError> {
        let label = self.space.objective.label();
        let all: Vec<(usize, f64, f64, f64)> = (0..self.trials.len())
            .filter_map(|number| {
                let (value, error) = self.point(number)?;
                let ebops = self.trials.get(number)?.figures()?.ebops;
                Some((number, ebops.max(1) as f64, value, error))
            })
            .collect();
        let x = Axis::log_around("EBOPs", all.iter().map(|p| p.1));
        let ends = |p: &(usize, f64, f64, f64)| [p.2 - p.3, p.2 + p.3];
        let y = Axis::around(label, all.iter().flat_map(ends));
        let on_front = |wanted: bool| {
            let mut points: Vec<_> = all
                .iter()
                .filter(|(number, ..)| self.is_on_front(*number) == wanted)
                .map(|&(_, ebops, value, error)| (ebops, value, error))
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points
        };
        let front = on_front(true);
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for &(ebops, value, _) in &front {
            if let Some(&(_, before)) = steps.last() {
                steps.push((ebops, before));
            }
            steps.push((ebops, value));
        }
        if let Some(&(_, last)) = steps.last() {
            steps.push((x.range.1, last));
        }
        let plot = Plot {
            title: format!("{label} against EBOPs"),
            x,
            y,
            series: vec![
                Series::new(
                    "other trials",
                    COLOURS[OTHERS],
                    Shape::Points(on_front(false)),
                ),
                Series::new("", COLOURS[FRONT], Shape::Line(steps)),
                Series::new("front", COLOURS[FRONT], Shape::Points(front)),
            ],
            aspect: 0.62,
        };
        Ok(Figure {
            title: format!("{label} against cost"),
            note: "Every finished trial; the line is the best that is reached at a cost. Bars are \
                   statistical errors of the validation part, where there are any."
                .to_owned(),
            svg: plot.svg()?,
        })
    }

    /// The objective over each parameter that is a number.
    fn parameter_figures(&self) -> Result<Vec<Figure>, PlotError> {
        let mut figures = Vec::new();
        for (at, (name, range)) in self.space.parameters.iter().enumerate() {
            let points = |wanted: bool| -> Vec<(f64, f64, f64)> {
                let numbers = (0..self.trials.len()).filter(|n| self.is_on_front(*n) == wanted);
                let point = |number: usize| {
                    let value = self.trials.get(number)?.values.get(at)?;
                    let number_of = value.as_integer().map(|v| v as f64);
                    Some((value.as_float().or(number_of)?, self.point(number)?.0, 0.0))
                };
                numbers.filter_map(point).collect()
            };
            let (low, high, log) = match range {
                Range::Continuous { low, high, log, .. } => (*low, *high, *log),
                Range::Integer { low, high, .. } => (*low as f64, *high as f64, false),
                Range::Choice(_) => continue,
            };
            let x = if log {
                Axis::log_around(name, [low, high].into_iter())
            } else {
                Axis::around(name, [low, high].into_iter())
            };
            let (others, front) = (points(false), points(true));
            let label = self.space.objective.label();
            let y = Axis::around(label, others.iter().chain(&front).map(|point| point.1));
            let plot = Plot {
                title: format!("{label} over {name}"),
                x,
                y,
                series: vec![
                    Series::new("other trials", COLOURS[OTHERS], Shape::Points(others)),
                    Series::new("front", COLOURS[FRONT], Shape::Points(front)),
                ],
                aspect: 0.5,
            };
            figures.push(Figure {
                title: name.clone(),
                note: String::new(),
                svg: plot.svg()?,
            });
        }
        Ok(figures)
    }

    /// The objective of a finished trial and its error, 0 where none is known.
    fn point(&self, number: usize) -> Option<(f64, f64)> {
        let figures = self.trials.get(number)?.figures()?;
        let objective = self.space.objective;
        let error = match objective {
            super::Objective::Accuracy => figures.accuracy_error,
            super::Objective::Loss | super::Objective::Auc => None,
        };
        Some((figures.of(objective)?, error.unwrap_or(0.0)))
    }

    /// Writes `sweep.html`.
    pub(super) fn write_html(&self) -> Result<(), SweepError> {
        let path = self.dir.join("sweep.html");
        let html = self.page()?.html();
        files::replace(&path, html.as_bytes()).map_err(|source| SweepError::Io { path, source })
    }
}
