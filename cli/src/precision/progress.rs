//! What the user sees while formats are searched.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trigforge_codegen::precision::{Phase, Progress};

/// A bar over the choices that may be measured; a line per phase where there is
/// no terminal.
pub struct Bar {
    bar: ProgressBar,
    lines: bool,
    last: Cell<Option<Phase>>,
}

impl Bar {
    /// Starts a bar of at most this many choices.
    pub fn start(most: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(most as u64), ProgressDrawTarget::stderr());
        let template = "{prefix:16} {wide_bar} {pos} of at most {len} choices, {per_sec}{msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            bar,
            lines: !std::io::stderr().is_terminal(),
            last: Cell::new(None),
        }
    }

    /// One more choice was measured.
    pub fn tell(&self, progress: &Progress) {
        let best = match progress.best {
            None => "none within the limit yet".to_owned(),
            Some((ebops, loss)) => format!("best {ebops} EBOPs at a loss of {loss:.2e}"),
        };
        if self.lines && self.last.replace(Some(progress.phase)) != Some(progress.phase) {
            eprintln!(
                "search, {}: {} choices measured, {best}",
                progress.phase.name(),
                progress.evaluations
            );
        }
        self.bar.set_prefix(progress.phase.name());
        self.bar.set_position(progress.evaluations as u64);
        self.bar.set_message(format!("; {best}"));
    }

    /// The search is over.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
