//! What is known of a trained model, as JSON for programs and as one HTML file for people.
//!
//! A [`Report`] holds figures, costs, widths and training curves. [`Report::json`] is
//! `metrics.json`, which reads back to the same report; [`Report::html`] is one file that needs no
//! other: no script, no link, every picture inside. The same report gives the same bytes.

mod anomaly;
mod content;
mod html;
mod json;
pub mod page;
mod part;
pub mod plot;
mod sculpting;
mod uncertain;
mod views;
mod widths;

pub use anomaly::{AnomalyFigures, Detector};
pub use content::{Baseline, Cost, CurvePoint, Fact, Report, ReportError};
pub use part::{Figures, Part, TargetFigures, Targets};
pub use sculpting::SculptingFigures;
pub use uncertain::{Predicted, Rows};
pub use views::{Features, ViewFigures};
pub use widths::{LayerWidths, WidthKind};

#[cfg(test)]
mod tests;
