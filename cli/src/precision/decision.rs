//! What became of a threshold.

use serde::Serialize;
use trigforge_codegen::threshold::{Cut, Folded};

/// The comparison that a module decides by.
#[derive(Debug, Serialize)]
pub struct DecisionFigures {
    score: String,
    threshold: f64,
    decision: String,
    compared: String,
    format: String,
    asked: Vec<String>,
    compares: Vec<String>,
    folded: Vec<StepFigures>,
}

/// A node that the threshold moved in front of.
#[derive(Debug, Serialize)]
struct StepFigures {
    node: String,
    operation: &'static str,
    before: Vec<String>,
    after: Vec<String>,
}

fn texts(cuts: &[Cut]) -> Vec<String> {
    cuts.iter().map(Cut::to_string).collect()
}

/// Comparisons in one line, the first few of many.
fn line(cuts: &[String]) -> String {
    const SHOWN: usize = 4;
    let mut line = cuts[..cuts.len().min(SHOWN)].join(", ");
    if cuts.len() > SHOWN {
        line.push_str(&format!(", ... ({} in all)", cuts.len()));
    }
    line
}

impl DecisionFigures {
    /// The figures of a folded threshold.
    pub fn new(folded: &Folded, threshold: f64) -> Self {
        let steps = folded.steps.iter().map(|step| StepFigures {
            node: step.node.clone(),
            operation: step.operation,
            before: texts(&step.before),
            after: texts(&step.after),
        });
        Self {
            score: folded.score.clone(),
            threshold,
            decision: folded.decision.clone(),
            compared: folded.compared.clone(),
            format: folded.format.clone(),
            asked: texts(&folded.asked),
            compares: texts(&folded.cuts),
            folded: steps.collect(),
        }
    }

    /// Says what was folded, and what is compared.
    pub fn print(&self) {
        let shown = |name: &str| name.escape_debug().to_string();
        println!(
            "threshold {} on `{}`: mantissa {}",
            self.threshold,
            shown(&self.score),
            line(&self.asked)
        );
        for step in &self.folded {
            println!(
                "folded `{}` ({}) into the threshold: {} -> {}",
                shown(&step.node),
                step.operation,
                line(&step.before),
                line(&step.after)
            );
        }
        if self.folded.is_empty() {
            println!("nothing in front of the threshold folds into it");
        }
        println!(
            "output `{}` is 1 where `{}` of {} has {}",
            shown(&self.decision),
            shown(&self.compared),
            self.format,
            line(&self.compares)
        );
    }
}
