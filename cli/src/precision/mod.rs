//! Formats chosen by a search, for `trigforge compile --max-loss`.

mod decision;
mod labels;
mod outcome;
mod progress;
mod show;
mod usage;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result, miette};
use trigforge_codegen::import;
use trigforge_codegen::ir::Module;
use trigforge_codegen::precision::{self, Limits, Request, search};

use self::labels::Labels;
pub use self::outcome::{PrecisionFigures, prepare, print, write};
use self::progress::Bar;
use self::show::SearchFigures;
use crate::model::{ModelArgs, calibration};

/// What a model may lose, and how that is measured.
#[derive(Debug, Args)]
pub struct PrecisionArgs {
    /// Choose the formats: the cheapest in EBOPs that lose at most this much
    ///
    /// The loss is measured on two thirds of the calibration events, of the
    /// integers themselves, and its standard error is counted as lost too. The
    /// rest of the events is kept aside for the final figures. See --metric.
    #[arg(
        long,
        value_name = "LOSS",
        requires = "calib",
        conflicts_with = "width",
        allow_negative_numbers = true
    )]
    pub max_loss: Option<f64>,
    /// What is lost: see the long help; accuracy if the events have labels, else
    /// mse
    ///
    /// auc: the largest drop over the classes of the area under the one-vs-rest
    /// ROC curve. accuracy: the share of right decisions of the float model less
    /// that of the integers, on the same events. mse: the mean squared
    /// difference of the outputs to the float model's. kl: the mean
    /// Kullback-Leibler divergence in nats from the float model's class
    /// probabilities. auc and accuracy need labels: an array `y` or `label` in
    /// the calibration file, a class per event or one-hot rows.
    #[arg(long, value_enum, requires = "max_loss")]
    pub metric: Option<Metric>,
    /// Decide: the output becomes 1 where the score reaches this value, else 0
    ///
    /// A sigmoid, a softmax of two classes, or any other table and rounding in
    /// front of the threshold is not computed: the threshold moves in front of
    /// it, exactly. With --metric accuracy and a single score it is also what
    /// the decisions are made with.
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub threshold: Option<f64>,
    /// The output that is measured or decided on, if the model has several
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
    /// Write a report of the formats: tables, how the calibration events use
    /// every format, and a picture of that
    #[arg(long, value_name = "DIR", requires = "calib")]
    pub report: Option<PathBuf>,
}

/// A measure of loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    /// Drop of the area under the ROC curve of the worst class
    Auc,
    /// Drop of the share of right decisions
    Accuracy,
    /// Mean squared difference of the outputs
    Mse,
    /// Mean Kullback-Leibler divergence of the class probabilities, in nats
    Kl,
}

impl From<Metric> for precision::Metric {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::Auc => Self::Auc,
            Metric::Accuracy => Self::Accuracy,
            Metric::Mse => Self::Mse,
            Metric::Kl => Self::Kl,
        }
    }
}

/// Searches the formats of a float model.
fn choose(
    model: &ModelArgs,
    args: &PrecisionArgs,
    max_loss: f64,
) -> Result<(Module, SearchFigures)> {
    let start = Instant::now();
    let Some(file) = &model.calib else {
        return Err(miette!(
            "--max-loss needs calibration events (--calib FILE)"
        ));
    };
    if model
        .path
        .extension()
        .is_some_and(|extension| extension == "ir")
    {
        return Err(miette!(
            "{} states the formats of all its values: there is nothing to choose",
            model.path.display()
        ));
    }
    let graph = import::read(&model.path).into_diagnostic()?;
    let events = calibration(&model.path, file)?;
    let (metric, labels) = metric_and_labels(file, args.metric)?;
    let request = Request {
        graph: &graph,
        calibration: &events,
        labels: labels.as_deref(),
        metric,
        max_loss,
        output: args.output.as_deref(),
        threshold: args.threshold,
        limits: Limits::default(),
    };
    let bar = Bar::start(request.limits.evaluations);
    let found = search(&request, &mut |progress| bar.tell(progress)).into_diagnostic()?;
    bar.finish();
    let figures = SearchFigures::new(&request, &found, start.elapsed());
    Ok((found.module, figures))
}

fn metric_and_labels(
    file: &Path,
    asked: Option<Metric>,
) -> Result<(precision::Metric, Option<Vec<usize>>)> {
    let asked = asked.map(precision::Metric::from);
    match (labels::read(file)?, asked) {
        (Labels::Found(labels), metric) => {
            Ok((metric.unwrap_or(precision::Metric::Accuracy), Some(labels)))
        }
        (Labels::Missing(found), Some(metric)) if metric.needs_labels() => {
            Err(labels::missing(file, metric.name(), &found))
        }
        (Labels::Missing(_), metric) => Ok((metric.unwrap_or(precision::Metric::Mse), None)),
    }
}
