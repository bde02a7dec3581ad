//! The form of a file: comments, the order of variables, expressions.
//!
//! | line | meaning |
//! |---|---|
//! | blank, or starting with `#` | nothing |
//! | `inputs: a, b, c` | the elements of the input, in order; at most once, before all expressions |
//! | `EXPRESSION` | one element of the output `y` |
//! | `NAME = EXPRESSION` | an output of that name; then every expression has a name |

use std::collections::HashSet;

use super::parser::{self, Parsed};
use super::terms::{NOT_TAKEN, Terms};
use super::{Fault, Position, Unsupported};

/// Longest file that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// Most expressions of a file.
const MOST_EXPRESSIONS: usize = 1 << 10;
/// Most variables of a file.
const MOST_VARIABLES: usize = 1 << 12;

/// The expressions of a file over one list of variables.
pub(super) struct Formulas {
    /// All terms, each after those that it is made of.
    pub terms: Terms,
    /// The elements of the input.
    pub inputs: Vec<String>,
    /// For each variable of `terms`, its element of the input.
    pub elements: Vec<usize>,
    /// The expressions, each with its name if it has one.
    pub outputs: Vec<(Option<String>, usize)>,
}

/// Reads the text of a file.
pub(super) fn read(text: &str) -> Result<Formulas, Fault> {
    let whole = |reason: String| Fault::Syntax {
        at: Position { line: 1, column: 1 },
        reason,
    };
    if text.len() > LONGEST {
        return Err(whole(format!(
            "the text has {} bytes, more than the {LONGEST} that are read",
            text.len()
        )));
    }
    let mut terms = Terms::default();
    let mut unsupported = Vec::new();
    let mut inputs: Option<Vec<String>> = None;
    let mut outputs: Vec<(Option<String>, usize)> = Vec::new();
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let start = line.len() - line.trim_start().len();
        let body = line.trim();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let syntax = |column: usize, reason: String| Fault::Syntax {
            at: Position {
                line: line_number,
                column,
            },
            reason,
        };
        if let Some(list) = body.strip_prefix("inputs:") {
            if inputs.is_some() || !lines.is_empty() {
                let reason = "`inputs:` stands once, before all expressions";
                return Err(syntax(start + 1, reason.to_owned()));
            }
            inputs = Some(names(list).map_err(|reason| syntax(start + 1, reason))?);
            continue;
        }
        lines.push((line_number, line));
    }
    if lines.is_empty() {
        return Err(whole("it holds no expression".to_owned()));
    }
    if lines.len() > MOST_EXPRESSIONS {
        return Err(whole(format!(
            "it holds {} expressions, more than the {MOST_EXPRESSIONS} that are taken",
            lines.len()
        )));
    }
    let known: HashSet<_> = inputs.iter().flatten().map(String::as_str).collect();
    for (number, line) in lines {
        let Parsed { name, root } =
            parser::parse(line, number, &known, &mut terms).map_err(|(column, reason)| {
                Fault::Syntax {
                    at: Position {
                        line: number,
                        column,
                    },
                    reason,
                }
            })?;
        outputs.push((name, root));
        if terms.variables.len() > MOST_VARIABLES {
            return Err(whole(format!(
                "it holds more than {MOST_VARIABLES} variables"
            )));
        }
    }
    unsupported.append(&mut terms.unsupported);
    check_outputs(&terms, &outputs, &mut unsupported);
    terms.variables.retain(|name| name != NOT_TAKEN);
    let (inputs, elements) = order(&terms, inputs, &mut unsupported);
    match unsupported.is_empty() {
        true => Ok(Formulas {
            terms,
            inputs,
            elements,
            outputs,
        }),
        false => Err(Fault::Unsupported(unsupported)),
    }
}

/// The names of `inputs:`.
fn names(list: &str) -> Result<Vec<String>, String> {
    let names: Vec<_> = list.split(',').map(|name| name.trim().to_owned()).collect();
    if names.len() > MOST_VARIABLES {
        return Err(format!("more than {MOST_VARIABLES} inputs"));
    }
    for (index, name) in names.iter().enumerate() {
        let mut chars = name.chars();
        let starts = chars.next().is_some_and(super::lexer::starts_name);
        if !starts || !chars.all(super::lexer::continues_name) {
            return Err(format!("`{}` is no name", super::super::shorten(name)));
        }
        if names[..index].contains(name) {
            return Err(format!("two inputs have the name `{name}`"));
        }
    }
    Ok(names)
}

/// Names of all expressions or of none, each once; no expression that is a
/// number.
fn check_outputs(
    terms: &Terms,
    outputs: &[(Option<String>, usize)],
    unsupported: &mut Vec<Unsupported>,
) {
    let mut refuse = |node: &str, reason: String| {
        unsupported.push(Unsupported {
            node: node.to_owned(),
            operator: String::new(),
            reason,
        });
    };
    let named = outputs.iter().filter(|(name, _)| name.is_some()).count();
    if named != 0 && named != outputs.len() {
        let reason = format!("{named} of {} expressions have a name", outputs.len());
        refuse("expressions", reason + "; name all or none");
    }
    for (index, (name, root)) in outputs.iter().enumerate() {
        let shown = match name {
            Some(name) => name.clone(),
            None => format!("expression {}", index + 1),
        };
        if outputs[..index]
            .iter()
            .any(|(other, _)| other.is_some() && other == name)
        {
            refuse(&shown, "two expressions have this name".to_owned());
        }
        if name
            .as_ref()
            .is_some_and(|name| terms.variables.contains(name))
        {
            let reason =
                "the name of an expression is used as a variable; write the expression out";
            refuse(&shown, reason.to_owned());
        }
        if terms.is_number(*root) {
            refuse(
                &shown,
                "it is a number: no variable is left in it".to_owned(),
            );
        }
    }
}

/// The elements of the input: as stated; `x0, x1, ...` by their numbers; else
/// by the alphabet. With them, the element of each variable.
fn order(
    terms: &Terms,
    stated: Option<Vec<String>>,
    unsupported: &mut Vec<Unsupported>,
) -> (Vec<String>, Vec<usize>) {
    let mut refuse = |node: &str, reason: &str| {
        unsupported.push(Unsupported {
            node: node.to_owned(),
            operator: String::new(),
            reason: reason.to_owned(),
        });
    };
    let inputs = match stated {
        Some(stated) => {
            for name in terms.variables.iter().filter(|name| !stated.contains(name)) {
                refuse(name, "it is not one of the names of `inputs:`");
            }
            stated
        }
        None => {
            let numbers: Option<Vec<_>> = terms.variables.iter().map(|v| number(v)).collect();
            match numbers.and_then(|numbers| numbers.into_iter().max()) {
                Some(last) if last >= MOST_VARIABLES => {
                    refuse(&format!("x{last}"), "its number is too large");
                    Vec::new()
                }
                Some(last) => (0..=last).map(|n| format!("x{n}")).collect(),
                None => {
                    let mut names = terms.variables.clone();
                    names.sort();
                    names
                }
            }
        }
    };
    let element = |name: &String| inputs.iter().position(|input| input == name);
    let elements = terms
        .variables
        .iter()
        .map(|v| element(v).unwrap_or(0))
        .collect();
    (inputs, elements)
}

/// The number of `x12`.
fn number(name: &str) -> Option<usize> {
    let digits = name.strip_prefix('x')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = digits == "0" || !digits.starts_with('0');
    (plain && shortest).then(|| digits.parse().ok()).flatten()
}
