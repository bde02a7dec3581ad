//! What a search found, as figures and as tables.

use std::time::Duration;

use serde::Serialize;
use trigforge_codegen::precision::{Found, Loss, Request, Scored};
use trigforge_models::report::page::Table;

/// A loss with its standard error.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LossFigures {
    value: f64,
    error: f64,
}

impl From<Loss> for LossFigures {
    fn from(loss: Loss) -> Self {
        Self {
            value: loss.value,
            error: loss.error,
        }
    }
}

impl std::fmt::Display for LossFigures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.2e} +- {:.1e}", self.value, self.error)
    }
}

/// One choice of formats.
#[derive(Debug, Clone, Serialize)]
pub struct PointFigures {
    ebops: u64,
    total_bits: u64,
    search_loss: LossFigures,
    held_out_loss: LossFigures,
    chosen: bool,
}

impl PointFigures {
    fn new(scored: &Scored, chosen: &Scored) -> Self {
        Self {
            ebops: scored.point.ebops,
            total_bits: scored.point.bits,
            search_loss: scored.point.loss.into(),
            held_out_loss: scored.held_out.into(),
            chosen: scored.point == chosen.point,
        }
    }

    fn cells(&self, name: &str) -> Vec<String> {
        vec![
            name.to_owned(),
            self.ebops.to_string(),
            self.total_bits.to_string(),
            self.search_loss.to_string(),
            self.held_out_loss.to_string(),
        ]
    }
}

/// The cheapest with one width for everything.
#[derive(Debug, Clone, Serialize)]
struct UniformFigures {
    width: u32,
    #[serde(flatten)]
    point: PointFigures,
}

/// The bits of one value.
#[derive(Debug, Clone, Serialize)]
struct SiteFigures {
    name: String,
    constant: bool,
    elements: usize,
    widths: Vec<u32>,
    clipped_bits: Vec<u32>,
}

/// Everything that a search found.
#[derive(Debug, Clone, Serialize)]
pub struct SearchFigures {
    metric: &'static str,
    max_loss: f64,
    search_events: usize,
    held_out_events: usize,
    choices: usize,
    seconds: f64,
    float_figure: Option<f64>,
    chosen: PointFigures,
    uniform: Option<UniformFigures>,
    front: Vec<PointFigures>,
    formats: Vec<SiteFigures>,
}

impl SearchFigures {
    /// The figures of a search.
    pub fn new(request: &Request<'_>, found: &Found, took: Duration) -> Self {
        let point = |scored: &Scored| PointFigures::new(scored, &found.chosen);
        let uniform = found
            .uniform
            .as_ref()
            .map(|(width, scored)| UniformFigures {
                width: *width,
                point: point(scored),
            });
        let formats = found.sites.iter().map(|choice| SiteFigures {
            name: choice.site.name.clone(),
            constant: choice.site.constant,
            elements: choice.site.elements,
            widths: choice.widths.clone(),
            clipped_bits: choice.clips.clone(),
        });
        Self {
            metric: request.metric.name(),
            max_loss: request.max_loss,
            search_events: found.search_events,
            held_out_events: found.held_out_events,
            choices: found.evaluations,
            seconds: took.as_secs_f64(),
            float_figure: found.float_figure,
            chosen: point(&found.chosen),
            uniform,
            front: found.front.iter().map(point).collect(),
            formats: formats.collect(),
        }
    }

    /// The front, the choice and one width for all, as a table.
    fn front_table(&self) -> Table {
        let mut rows = Vec::new();
        if let Some(uniform) = &self.uniform {
            rows.push(
                uniform
                    .point
                    .cells(&format!("{} bits everywhere", uniform.width)),
            );
        }
        for point in &self.front {
            rows.push(point.cells(if point.chosen { "chosen" } else { "" }));
        }
        Table {
            title: "Cost against loss".to_owned(),
            note: self.sentence(),
            columns: ["", "EBOPs", "bits", "loss (search)", "loss (held out)"]
                .map(str::to_owned)
                .to_vec(),
            rows,
            ..Table::default()
        }
    }

    fn sentence(&self) -> String {
        let float = self.float_figure.map_or(String::new(), |figure| {
            format!(" The float model's {} there is {figure:.4}.", self.metric)
        });
        format!(
            "Loss in {} of at most {}, errors included; {} choices measured on {} events in \
             {:.1} s, and the chosen one confirmed on {} events that were kept aside.{float}",
            self.metric,
            self.max_loss,
            self.choices,
            self.search_events,
            self.seconds,
            self.held_out_events
        )
    }

    fn format_table(&self) -> Table {
        let span = |values: &[u32]| match (values.iter().min(), values.iter().max()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
            (Some(one), _) => one.to_string(),
            _ => String::new(),
        };
        let rows = self.formats.iter().map(|site| {
            vec![
                site.name.clone(),
                if site.constant { "weights" } else { "values" }.to_owned(),
                site.elements.to_string(),
                site.widths.len().to_string(),
                span(&site.widths),
                span(&site.clipped_bits),
            ]
        });
        Table {
            title: "Chosen formats".to_owned(),
            note: "Bits of every value that is rounded; clipped bits are integer bits left to \
                   saturation."
                .to_owned(),
            columns: [
                "value",
                "kind",
                "elements",
                "formats",
                "bits",
                "clipped bits",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows: rows.collect(),
            ..Table::default()
        }
    }
}

/// The tables of a report.
pub fn search_tables(figures: &SearchFigures) -> Vec<Table> {
    vec![figures.front_table(), figures.format_table()]
}

/// Prints the front and the chosen formats.
pub fn print(figures: &SearchFigures) {
    for table in search_tables(figures) {
        println!("{}", table.text());
    }
    let chosen = &figures.chosen;
    let held_out = chosen.held_out_loss;
    if held_out.value > figures.max_loss {
        println!(
            "note: on the events kept aside the chosen model loses {held_out}, more than asked \
             for, and so does every dearer one: give more calibration events, or a lower limit\n"
        );
    }
}
