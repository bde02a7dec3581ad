//! The scripts that make the simulated data sets.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::run as execute;
use crate::python::{Environment, Python};

const ENVIRONMENT: Environment = Environment {
    folder: "generators",
    requirements: "models/data/requirements.txt",
    probe: "import pythia8mc, fastjet, scipy, pyarrow, uproot",
    size: "550 MB",
};

/// Runs the scripts' own tests, which make a handful of events of each set.
pub fn run(context: &Context) -> Result<Outcome> {
    let python = match ENVIRONMENT.python(context)? {
        Python::At(python) => python,
        Python::Missing(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let mut tests = context.command(&python);
    tests.args(["-B", "-m", "unittest", "discover", "-s", "models/data"]);
    execute(&mut tests)?;
    Ok(Outcome::passed())
}
