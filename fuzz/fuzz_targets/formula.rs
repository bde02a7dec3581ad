//! Files of formulas: read, folded, evaluated, brought to integers.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use trigforge_codegen::import::read;

fuzz_target!(|data: &[u8]| {
    if let Some(path) = common::file("model.formula", data)
        && let Ok(graph) = read(&path)
    {
        common::graph(&graph);
    }
});
