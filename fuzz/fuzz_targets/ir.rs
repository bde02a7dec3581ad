//! Texts of both levels: read, validated, executed, printed.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use trigforge_codegen::{circuit, ir};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(module) = ir::parse(text) {
        common::module(&module);
    }
    if let Ok(circuit) = circuit::parse(text) {
        assert_eq!(
            circuit::parse(&circuit::print(&circuit)).as_ref(),
            Ok(&circuit)
        );
        let _ = circuit::validate(&circuit);
    }
});
