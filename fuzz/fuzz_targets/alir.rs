//! Circuits of alkaid and da4ml: read, validated, executed, printed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trigforge_codegen::circuit::{Interpreter, parse, print};
use trigforge_codegen::import::alir;
use trigforge_codegen::ports::{Execute, WithPorts};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(circuit) = alir::parse(text, "circuit") else {
        return;
    };
    let interpreter = Interpreter::new(&circuit).expect("what is taken is valid");
    assert_eq!(parse(&print(&circuit)).as_ref(), Ok(&circuit));
    for word in [0, 1, i64::MIN, i64::MAX] {
        let ports = circuit.ports();
        let inputs: Vec<_> = ports
            .inputs
            .iter()
            .map(|input| vec![word; input.ty.len()])
            .collect();
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let outputs = interpreter.run(&inputs);
        let outputs = outputs.expect("the inputs have the circuit's lengths");
        for (values, output) in outputs.iter().zip(&ports.outputs) {
            let formats = output.ty.element_formats();
            let inside = values.iter().zip(&formats).all(|(m, f)| f.contains(*m));
            assert!(inside, "a result outside of its format");
        }
    }
});
