//! What the targets share: a file for the bytes, and what is done with a graph.

use std::path::PathBuf;

use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, parse, print};
use trigforge_codegen::quantize::to_integer;
use trigforge_codegen::real::{Graph, evaluate};

/// Elements of a model above which only its import is tried.
const SMALL: usize = 1 << 14;

/// Writes the bytes where an importer can read them; in memory, where the
/// system has such a folder.
pub fn file(name: &str, data: &[u8]) -> Option<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let folder = match memory.is_dir() {
        true => memory,
        false => std::env::temp_dir(),
    };
    let folder = folder.join(format!("trigforge-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join(name);
    std::fs::write(&path, data).ok()?;
    Some(path)
}

/// Evaluates a small graph, and brings it to integers if it has such a form.
pub fn graph(graph: &Graph) {
    let elements = |shape: &[usize]| shape.iter().product::<usize>();
    let all: usize = graph.nodes.iter().map(|node| elements(&node.shape)).sum();
    if all > SMALL {
        return;
    }
    let inputs: Vec<_> = graph
        .inputs()
        .map(|(_, node)| vec![0.5; elements(&node.shape)])
        .collect();
    let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
    let _ = evaluate(graph, &inputs);
    if let Ok(made) = to_integer(graph) {
        module(&made);
    }
}

/// A module is valid, runs, and reads back as it is written.
pub fn module(module: &Module) {
    let Ok(interpreter) = Interpreter::new(module) else {
        return;
    };
    let elements: usize = module.nodes().iter().map(|node| node.ty.len()).sum();
    if elements > SMALL {
        return;
    }
    assert_eq!(parse(&print(module)).as_ref(), Ok(module));
    for word in [0, 1, i64::MIN, i64::MAX] {
        let inputs: Vec<_> = module
            .inputs()
            .map(|(_, node)| vec![word; node.ty.len()])
            .collect();
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let outputs = interpreter.run(&inputs);
        let outputs = outputs.expect("the inputs have the module's lengths");
        for (values, output) in outputs.iter().zip(module.outputs()) {
            let formats = module.nodes()[output.node.index()].ty.element_formats();
            let inside = values.iter().zip(&formats).all(|(m, f)| f.contains(*m));
            assert!(inside, "a result outside of its format");
        }
    }
}
