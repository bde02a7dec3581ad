//! The HLS C++ of every model of the zoo: compiled without a warning, and its
//! test bench passes; then the tests of the emitter, which need the same headers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use trigforge_codegen::emit::Vectors;
use trigforge_codegen::emit::hls::Options;
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::verify::random_events;

use crate::ap_fixed::headers;
use crate::context::{Context, Outcome};
use crate::process::{capture, run as execute};
use crate::tools;

/// Events of each test bench.
const VECTORS: usize = 500;

/// Checks the models of the zoo, and runs the tests of the emitter.
pub fn run(context: &Context) -> Result<Outcome> {
    for tool in [tools::GXX, tools::MAKE, tools::PIP] {
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
    let mut models: Vec<PathBuf> = std::fs::read_dir(context.root.join("models/zoo"))?
        .map(|entry| Ok(entry?.path().join("model.onnx")))
        .collect::<Result<_>>()?;
    models.sort();
    let mut lines = Vec::new();
    for path in models.iter().filter(|path| path.is_file()) {
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let name = folder.to_string_lossy();
        let line = check(context, path, &include).with_context(|| name.to_string())?;
        println!("    {name}: {line}");
        lines.push(format!("{name}: {line}"));
    }
    ensure!(!lines.is_empty(), "there is no model");
    // As the step `test` has built it, but with the headers.
    let mut tests = context.cargo(["test", "--release", "--workspace", "--test", "hls_kernel"]);
    execute(tests.env("AP_TYPES", &include))?;
    Ok(Outcome::Passed(lines))
}

/// One model: its project, compiled by its own make file, and the bench's word.
fn check(context: &Context, path: &Path, include: &Path) -> Result<String> {
    let (model, _) = load(path, None)?;
    let (_, kernel) = model.hls_kernel(&Options::default(), Some(&vectors(&model)?))?;
    let folder = tempfile::tempdir()?;
    kernel.write(folder.path())?;
    let mut make = context.command("make");
    make.arg("-s").arg("-C").arg(folder.path()).arg("test");
    let said = capture(make.env("AP_TYPES", include))?;
    match said.lines().last() {
        Some(line) if line.starts_with("PASS") => Ok(line.to_owned()),
        _ => bail!("the test bench fails:\n{said}"),
    }
}

fn vectors(model: &Model) -> Result<Vectors> {
    let interpreter = model.interpreter()?;
    let events = random_events(model, VECTORS, 1);
    let results = (0..VECTORS).map(|event| Ok(interpreter.run(&events.inputs(event))?.concat()));
    Ok(Vectors {
        results: results.collect::<Result<_>>()?,
        events,
    })
}
