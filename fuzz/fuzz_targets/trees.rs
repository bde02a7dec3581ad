//! Tree ensembles of XGBoost, conifer and LightGBM.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use trigforge_codegen::import::read;

fuzz_target!(|data: &[u8]| {
    // Nothing that would be read as ONNX: it has a target of its own.
    let text = data.trim_ascii_start();
    if !text.starts_with(b"{") && !text.starts_with(b"tree") {
        return;
    }
    if let Some(path) = common::file("model.json", data)
        && let Ok(graph) = read(&path)
    {
        common::graph(&graph);
    }
});
