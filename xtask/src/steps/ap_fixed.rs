//! The arithmetic against the public headers of `ap_fixed`.

use std::thread::ScopedJoinHandle;

use anyhow::{Result, anyhow, ensure};

use crate::ap_fixed::{Comparison, Program, all, headers};
use crate::context::{Context, Outcome};
use crate::tools;

/// Compiles the headers, and compares millions of values with the definition
/// of `requantize`, with the interpreter, and with exact sums and products.
pub fn run(context: &Context) -> Result<Outcome> {
    for tool in [tools::GXX, tools::PIP] {
        if let Some(reason) = tools::missing(context, tool)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    let include = match headers(context) {
        Err(error) if !context.ci => {
            let reason = format!("cannot fetch the headers: {error:#}");
            return Ok(Outcome::Skipped(reason));
        }
        other => other?,
    };
    let cases = all();
    // Two compilers at work, each on every other case.
    let parts: Vec<Vec<_>> = (0..2)
        .map(|part| cases.iter().skip(part).step_by(2).copied().collect())
        .collect();
    let programs = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (name, cases) in ["even", "odd"].into_iter().zip(&parts) {
            let include = &include;
            threads.push(scope.spawn(move || Program::compile(context, include, name, cases)));
        }
        let failed = |_| Err(anyhow!("the thread of a compiler failed"));
        let join = |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(failed);
        threads.into_iter().map(join).collect::<Result<Vec<_>>>()
    })?;
    let mut comparison = Comparison::default();
    for (path, cases) in programs.iter().zip(&parts) {
        let mut program = Program::start(context, path, cases)?;
        for &case in cases {
            comparison.case(case, &mut program)?;
        }
        program.finish()?;
    }
    let blind = comparison.blind();
    ensure!(
        blind.is_empty(),
        "no value shows when these modes are confused with another: {blind:?}"
    );
    Ok(Outcome::Passed(vec![format!(
        "{} formats, {} values equal",
        cases.len(),
        comparison.values
    )]))
}
