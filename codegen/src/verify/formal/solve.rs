//! Yosys on a harness: the verdict on each goal.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::FormalError;
use super::harness::{TOP, TRANSPARENT};
use crate::emit::write_file;

/// What the solver found of one goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It holds for all inputs.
    Proven,
    /// It does not hold for these values.
    Differs(Vec<(String, i128)>),
    /// There was not enough time.
    Undecided,
}

/// A layer's modules, and what is asked of them.
pub(super) struct Question<'a> {
    /// The text of the harness.
    pub harness: String,
    /// The modules' files.
    pub sources: Vec<&'a (PathBuf, String)>,
    /// Module and signal of each adder that the harness reads.
    pub adders: Vec<(&'a str, &'a str)>,
    /// The goals to prove, with the signals that a reader wants to see of each.
    pub goals: Vec<(usize, Vec<String>)>,
    /// Whether to prove them all at once: one answer for all.
    pub together: bool,
    /// Seconds for each.
    pub seconds: u32,
}

/// What was found of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    /// Whether each adder gives its sum.
    pub sums: bool,
    /// Of each goal that was asked for.
    pub goals: Vec<(usize, Answer)>,
}

/// Asks Yosys in a folder.
pub(super) fn solve(folder: &Path, question: &Question<'_>) -> Result<Answers, FormalError> {
    write_file(&folder.join("harness.v"), question.harness.as_bytes())?;
    write_file(&folder.join("transparent.v"), TRANSPARENT.as_bytes())?;
    let mut script = String::new();
    for (path, text) in &question.sources {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        write_file(&folder.join(&*name), text.as_bytes())?;
        let _ = writeln!(script, "read_verilog {name}");
    }
    script.push_str("proc\ntechmap -map transparent.v\n");
    for (module, signal) in &question.adders {
        let _ = writeln!(script, "select -add {module}/w:{signal}");
    }
    if !question.adders.is_empty() {
        script.push_str("expose\nselect -clear\n");
    }
    let _ = writeln!(
        script,
        "read_verilog harness.v\nhierarchy -check -top {TOP}\nproc\nflatten\nopt -full\ncd {TOP}"
    );
    let seconds = question.seconds;
    if !question.adders.is_empty() {
        // All adders at once, each of them small.
        let most = seconds.saturating_mul(10);
        let _ = writeln!(
            script,
            "log goal sums\nsat -timeout {most} -prove sums 1 w:sums %ci*"
        );
    }
    if question.together && !question.goals.is_empty() {
        let _ = writeln!(
            script,
            "log goal all\nsat -timeout {seconds} -prove all 1 w:all %ci*"
        );
    }
    for (goal, signals) in question.goals.iter().filter(|_| !question.together) {
        let show: String = signals
            .iter()
            .map(|name| format!(" -show {name}"))
            .collect();
        let _ = writeln!(
            script,
            "log goal {goal}\nsat -timeout {seconds} -prove ok{goal} 1{show} w:ok{goal} %ci*"
        );
    }
    write_file(&folder.join("prove.ys"), script.as_bytes())?;
    let output = Command::new("yosys")
        .args(["-Q", "-T", "prove.ys"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(FormalError::Start)?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(FormalError::Failed { messages: errors });
    }
    let answer = |wanted: &str| {
        let part = said.split("\ngoal ").skip(1).find_map(|part| {
            let (goal, part) = part.split_once('\n')?;
            (goal.trim() == wanted).then_some(part)
        });
        part.map_or(Answer::Undecided, read)
    };
    let goals = question.goals.iter();
    let goals = goals.map(|(goal, _)| match question.together {
        true => (*goal, answer("all")),
        false => (*goal, answer(&goal.to_string())),
    });
    Ok(Answers {
        sums: answer("sums") == Answer::Proven,
        goals: goals.collect(),
    })
}

/// Reads what `sat` wrote of one proof.
fn read(said: &str) -> Answer {
    if said.contains("no model found: SUCCESS!") {
        return Answer::Proven;
    }
    if !said.contains("model found: FAIL!") {
        return Answer::Undecided;
    }
    let mut values = Vec::new();
    for line in said.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let [name, _, _, bits] = words[..]
            && let Some(name) = name.strip_prefix('\\')
            && let Ok(magnitude) = i128::from_str_radix(bits, 2)
        {
            // Every signal that is shown is signed.
            let negative = bits.starts_with('1') && bits.len() < 127;
            let value = match negative {
                true => magnitude - (1i128 << bits.len()),
                false => magnitude,
            };
            values.push((name.to_owned(), value));
        }
    }
    Answer::Differs(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_solver_are_read() {
        assert_eq!(
            read("SAT proof finished - no model found: SUCCESS!\n"),
            Answer::Proven
        );
        assert_eq!(
            read("Interrupted SAT solver: TIMEOUT!\n"),
            Answer::Undecided
        );
        let said = "SAT proof finished - model found: FAIL!\n  Signal Name   Dec  Hex  Bin\n  \
                    ------ ----\n  \\g12   6  6  0110\n  \\v3  12  c  1100\n";
        let values = vec![("g12".to_owned(), 6), ("v3".to_owned(), -4)];
        assert_eq!(read(said), Answer::Differs(values));
    }
}
