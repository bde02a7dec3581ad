//! What the user sees while trials run.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::space::Objective;
use super::state::{Outcome, Trial};

/// A bar over the trials and a line for each that is over.
pub(super) struct Progress {
    bar: ProgressBar,
    lines: bool,
    objective: Objective,
    /// Trials that were over when this run began.
    over_before: u64,
}

impl Progress {
    /// Starts at the number of trials that are over.
    pub(super) fn start(over: usize, trials: usize, objective: Objective, quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(trials as u64), target);
        let template = "sweep {wide_bar} {pos}/{len} trials, {elapsed} gone, {eta} left{msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_position(over as u64);
        bar.reset_eta();
        if !quiet {
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        let lines = !quiet && !std::io::stderr().is_terminal();
        Self {
            bar,
            lines,
            objective,
            over_before: over as u64,
        }
    }

    /// These trials run now.
    pub(super) fn running(&self, numbers: &[usize]) {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        self.bar
            .set_message(format!("; running {}", numbers.join(", ")));
    }

    /// One trial is over.
    pub(super) fn over(&self, number: usize, trial: &Trial) {
        self.bar.inc(1);
        let result = match &trial.outcome {
            Outcome::Finished(figures) => {
                let figure = figures.of(self.objective).unwrap_or(f64::NAN);
                let name = self.objective.label();
                format!("{name} {figure:.4} at {} EBOPs", figures.ebops)
            }
            Outcome::Failed { reason } => format!("failed: {reason}"),
            Outcome::Running => "running".to_owned(),
        };
        let line = format!("trial {number}: {result}, {:.0} s", trial.seconds);
        if self.lines {
            let (over, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let (here, left) = (over - self.over_before, all.saturating_sub(over));
            let left = self.bar.elapsed().as_secs_f64() * left as f64 / here as f64;
            eprintln!("{line} ({over} of {all}, {left:.0} s left)");
        } else {
            self.bar.println(line);
        }
    }

    /// No trial is left.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
