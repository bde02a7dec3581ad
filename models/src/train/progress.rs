//! What the user sees while a stage runs.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::state::{EpochRecord, Stage};

/// Epochs between two lines where standard error is no terminal.
const LINE_EVERY: usize = 10;

/// A bar over the batches of one stage; plain lines where there is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    lines: bool,
    epochs: usize,
}

impl Progress {
    /// Starts the bar of a stage at `epoch`.
    pub(super) fn start(
        stage: Stage,
        epoch: usize,
        epochs: usize,
        batches: usize,
        quiet: bool,
    ) -> Self {
        let total = (epochs * batches) as u64;
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = "{prefix:9} {wide_bar} {pos}/{len} batches, {per_sec}, {eta} left{msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(stage.name());
        bar.set_position((epoch * batches) as u64);
        bar.reset_eta();
        let lines = !quiet && !std::io::stderr().is_terminal();
        Self { bar, lines, epochs }
    }

    /// One batch is done.
    pub(super) fn batch(&self) {
        self.bar.inc(1);
    }

    /// One epoch is done.
    pub(super) fn epoch(&self, record: &EpochRecord) {
        let mut figures = format!(
            "loss {:.4}, validation loss {:.4}",
            record.train_loss, record.validation_loss
        );
        if let Some(accuracy) = record.validation_accuracy {
            figures.push_str(&format!(", accuracy {accuracy:.4}"));
        }
        if let Some(ebops) = record.ebops {
            figures.push_str(&format!(", {ebops} EBOPs"));
        }
        let last = record.epoch + 1 == self.epochs;
        if self.lines && (last || record.epoch.is_multiple_of(LINE_EVERY)) {
            let left = self.bar.eta().as_secs();
            let (stage, epoch, epochs) = (record.stage.name(), record.epoch + 1, self.epochs);
            eprintln!("{stage} epoch {epoch}/{epochs}: {figures}, {left} s left");
        }
        self.bar.set_message(format!("; {figures}"));
    }

    /// The stage is over.
    pub(super) fn finish(&self) {
        self.bar.finish();
    }
}
