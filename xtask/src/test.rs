//! `cargo xtask test`: the steps in order, and a table at the end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::context::{Context, Outcome};
use crate::steps::{STEPS, Step};

/// Runs every check of the project, as CI does.
///
/// A step that fails does not stop the others. A step whose tool is missing is
/// skipped and says how to get it; with `CI=true` the tool is installed, and
/// nothing is skipped.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Runs only this step; may be repeated.
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
    /// The model of the steps `no-std` and `kernel` [default: the shipped one].
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Makes the Python environment of the step `qonnx` (360 MB).
    #[arg(long)]
    with_python: bool,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        STEPS
            .iter()
            .map(|step| PossibleValue::new(step.name).help(step.about)),
    )
}

/// How one step ended.
struct Line {
    name: &'static str,
    took: Duration,
    result: Result<Outcome>,
}

/// Runs the steps that are asked for.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let context = Context::new(arguments.model.as_deref(), arguments.with_python)?;
    let chosen = |step: &&Step| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == step.name)
    };
    let steps: Vec<_> = STEPS.iter().filter(chosen).collect();
    let mut lines = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!(
            "\n==> [{}/{}] {}: {}",
            index + 1,
            steps.len(),
            step.name,
            step.about
        );
        let start = Instant::now();
        let result = (step.run)(&context);
        let line = Line {
            name: step.name,
            took: start.elapsed(),
            result: refuse_skip(result, context.ci),
        };
        println!("{}", describe(&line));
        lines.push(line);
    }
    println!("\n{}", summary(&lines));
    Ok(match lines.iter().any(|line| line.result.is_err()) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// On CI a step that did not run has failed.
fn refuse_skip(result: Result<Outcome>, ci: bool) -> Result<Outcome> {
    match result {
        Ok(Outcome::Skipped(reason)) if ci => anyhow::bail!("skipped on CI: {reason}"),
        other => other,
    }
}

fn describe(line: &Line) -> String {
    let Line { name, took, result } = line;
    let head = |what: &str| format!("{what:7} {name:8} {:7.1} s", took.as_secs_f64());
    match result {
        Ok(Outcome::Passed(notes)) if notes.is_empty() => head("passed"),
        Ok(Outcome::Passed(notes)) => format!("{}  {}", head("passed"), notes.join("; ")),
        Ok(Outcome::Skipped(reason)) => format!("{}  {reason}", head("skipped")),
        Err(error) => format!("{}  {error:#}", head("FAILED")),
    }
}

fn summary(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&describe(line));
        text.push('\n');
    }
    let count = |wanted: fn(&Result<Outcome>) -> bool| {
        lines.iter().filter(|line| wanted(&line.result)).count()
    };
    text.push_str(&format!(
        "{} passed, {} failed, {} skipped",
        count(|result| matches!(result, Ok(Outcome::Passed(_)))),
        count(Result::is_err),
        count(|result| matches!(result, Ok(Outcome::Skipped(_)))),
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &'static str, result: Result<Outcome>) -> Line {
        Line {
            name,
            took: Duration::from_millis(1_500),
            result,
        }
    }

    #[test]
    fn the_summary_closes_with_the_counts() {
        let lines = [
            line("fmt", Ok(Outcome::passed())),
            line(
                "deny",
                Ok(Outcome::Passed(vec!["without advisories".to_owned()])),
            ),
            line("kernel", Err(anyhow::anyhow!("a panic").context("x86-64"))),
            line("qonnx", Ok(Outcome::Skipped("needs python3".to_owned()))),
        ];
        let expected = "\
passed  fmt          1.5 s
passed  deny         1.5 s  without advisories
FAILED  kernel       1.5 s  x86-64: a panic
skipped qonnx        1.5 s  needs python3
2 passed, 1 failed, 1 skipped";
        assert_eq!(summary(&lines), expected);
    }

    #[test]
    fn a_skip_fails_on_ci_only() {
        let skipped = || Ok(Outcome::Skipped("no tool".to_owned()));
        assert!(refuse_skip(skipped(), true).is_err());
        assert!(refuse_skip(skipped(), false).is_ok());
        assert!(refuse_skip(Ok(Outcome::passed()), true).is_ok());
    }

    #[test]
    fn step_names_are_distinct() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
