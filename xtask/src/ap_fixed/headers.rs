//! Fetches the headers: they ship inside the Python package hls4ml.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;
use crate::process::run;

const REQUIREMENTS: &str = "xtask/python/ap_fixed.txt";

/// The folder inside the wheel.
const FOLDER: &str = "hls4ml/templates/vivado/ap_types";

/// The folder of the headers, fetched and unpacked if it is not there yet.
pub fn headers(context: &Context) -> Result<PathBuf> {
    let folder = context.work("ap_fixed/wheel");
    let include = folder.join(FOLDER);
    // Written last, so that a wheel that was interrupted is unpacked anew.
    let complete = folder.join(".complete");
    let wanted = std::fs::read_to_string(context.root.join(REQUIREMENTS))
        .with_context(|| REQUIREMENTS.to_owned())?;
    if std::fs::read_to_string(&complete).is_ok_and(|have| have == wanted) {
        return Ok(include);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let mut fetch = context.command("python3");
    fetch.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
    fetch.args(["--disable-pip-version-check", "--require-hashes"]);
    fetch.args(["--requirement", REQUIREMENTS, "--dest"]);
    run(fetch.arg(&folder))?;
    let mut wheels = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        wheels.push(entry?.path());
    }
    let [wheel] = wheels.as_slice() else {
        bail!("expected one wheel in {}", folder.display());
    };
    let mut unpack = context.command("python3");
    unpack.args(["-m", "zipfile", "-e"]);
    run(unpack.arg(wheel).arg(&folder))?;
    if !include.join("ap_fixed.h").is_file() {
        bail!("{} holds no {FOLDER}/ap_fixed.h", wheel.display());
    }
    std::fs::write(&complete, wanted).with_context(|| complete.display().to_string())?;
    Ok(include)
}
