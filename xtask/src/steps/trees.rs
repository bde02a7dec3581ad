//! Tree ensembles trained by XGBoost, LightGBM and scikit-learn.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::context::{Context, Outcome};
use crate::process::run as execute;
use crate::tools;
use crate::trees::{Case, Comparison, cases, compare, events};

const REQUIREMENTS: &str = "xtask/python/trees.txt";
const SCRIPT: &str = "xtask/python/train_trees.py";

/// Two generations of one library, each in a folder of its own and without
/// what it needs for GPUs.
const XGBOOST: [(&str, &str); 2] = [
    ("xgboost2", "xgboost==2.1.4"),
    ("xgboost3", "xgboost==3.2.0"),
];

/// Where the events come from, beside the repository.
const DATA: &str = "../shared/data/jsc/train.parquet";

/// Trains models, and compares what their libraries predict with the import, in
/// real numbers and as integers, on every event.
pub fn run(context: &Context) -> Result<Outcome> {
    let data = context.root.join(DATA);
    if !data.is_file() {
        return Ok(Outcome::Passed(vec![format!(
            "SKIPPED, nothing was compared: {DATA} is not there"
        )]));
    }
    let folder = context.work("trees");
    let Some(python) = environment(context, &folder)? else {
        let reason = "needs a Python environment (1.1 GB): cargo xtask test --with-python";
        return Ok(Outcome::Skipped(reason.to_owned()));
    };
    let work = tempfile::tempdir()?;
    let script = |arguments: &[&str], library: Option<&str>| -> Command {
        let mut command = context.command(&python);
        command.arg(SCRIPT).arg(arguments[0]).arg(work.path());
        command.args(&arguments[1..]);
        if let Some(library) = library {
            command.env("PYTHONPATH", folder.join(library));
        }
        command
    };
    execute(&mut script(&["events", &data.to_string_lossy()], None))?;
    for (library, _) in XGBOOST {
        execute(&mut script(&["xgboost"], Some(library)))?;
    }
    execute(&mut script(&["others"], None))?;
    let cases = cases(work.path())?;
    ensure!(!cases.is_empty(), "no model was trained");
    let events = events(work.path())?;
    let compared = compare_all(&cases, &events)?;
    report(&compared)
}

/// The Python of the environment, made if that is asked for; `None` if not.
fn environment(context: &Context, folder: &Path) -> Result<Option<PathBuf>> {
    let python = folder.join("bin/python");
    let required = std::fs::read_to_string(context.root.join(REQUIREMENTS))
        .with_context(|| REQUIREMENTS.to_owned())?;
    let required = format!("{required}{XGBOOST:?}");
    // Written last, so that an environment that was interrupted is made anew.
    let complete = folder.join(".complete");
    if std::fs::read_to_string(&complete).is_ok_and(|made| made == required) {
        return Ok(Some(python));
    }
    if !context.ci && !context.with_python {
        return Ok(None);
    }
    if let Some(reason) = tools::missing(context, tools::PYTHON)? {
        bail!(reason);
    }
    let venv = ["-m", "venv", "--clear"];
    execute(context.command("python3").args(venv).arg(folder))?;
    let pip = || {
        let mut pip = context.command(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]);
        pip
    };
    execute(pip().args(["--requirement", REQUIREMENTS]))?;
    for (library, package) in XGBOOST {
        execute(pip().arg("--target").arg(folder.join(library)).arg(package))?;
    }
    std::fs::write(&complete, required).with_context(|| complete.display().to_string())?;
    Ok(Some(python))
}

/// All cases, two at a time; the first one is broken on purpose too.
fn compare_all(cases: &[Case], events: &[f64]) -> Result<Vec<(String, Comparison)>> {
    let part = |part: usize| -> Result<Vec<(String, Comparison)>> {
        let own = cases.iter().skip(part).step_by(2);
        own.map(|case| {
            let compared = compare(case, events, 0.0).with_context(|| case.name.clone())?;
            Ok((case.name.clone(), compared))
        })
        .collect()
    };
    let mut all = std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        let mut all = part(0)?;
        match other.join() {
            Ok(rest) => all.extend(rest?),
            Err(_) => bail!("a comparison failed"),
        }
        Ok(all)
    })?;
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let first = &cases[0];
    ensure!(
        compare(first, events, 0.25)?.largest > 1e-3,
        "{}: moved thresholds are not seen",
        first.name
    );
    Ok(all)
}

/// The table, and whether every decision is the library's.
fn report(compared: &[(String, Comparison)]) -> Result<Outcome> {
    println!(
        "    | model | sums differ by up to | decisions that differ: float | integer | 8 bits |"
    );
    println!("    |---|---|---|---|---|");
    let mut wrong = Vec::new();
    for (name, comparison) in compared {
        let [exact, coarse] = match comparison.integer {
            Some(counts) => counts.map(|count| count.to_string()),
            None => ["-".to_owned(), "-".to_owned()],
        };
        println!(
            "    | {name} | {:.1e} | {} | {exact} | {coarse} |",
            comparison.largest, comparison.real
        );
        let differs = comparison.integer.is_some_and(|[exact, _]| exact > 0);
        if differs || comparison.real > 0 || comparison.largest > 1e-4 {
            wrong.push(name.as_str());
        }
    }
    if !wrong.is_empty() {
        bail!("other predictions than the library's: {}", wrong.join(", "));
    }
    let events = compared
        .first()
        .map_or(0, |(_, comparison)| comparison.events);
    Ok(Outcome::Passed(vec![format!(
        "{} models, {events} events each, every decision equal",
        compared.len()
    )]))
}
