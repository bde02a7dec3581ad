//! The table of operators in `docs/onnx-operators.md`, made from the importer's
//! own table and from one model per operator. A stale file is written again and
//! fails the test.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use support::samples::{event, sample};
use support::{Outcome, write};
use trigforge_codegen::import::onnx::operators;
use trigforge_codegen::import::read;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer};
use trigforge_codegen::real::{Graph, evaluate};
use trigforge_codegen::validate::validate;

const HEAD: &str = "\
# Operators of ONNX

Made by a test (`codegen/tests/onnx_table.rs`) from the importer's own tables in
`codegen/src/import/onnx/operators/`; not edited by hand. `importers.md` says what is refused of an operator that is
taken.

- **operator sets**: where the operator is taken, of the versions 7 to 22 of the default domain.
- **float engine**: `trigforge run --engine float` computes it in double precision.
- **integer form**: a model of one such node, its operands constants where models have weights or tables there, is
  written as integers after calibration; without one the real graph is taken, and the integer module refused by name.

| operator | operator sets | float engine | integer form |
|---|---|---|---|
";

/// Whether a graph can be written as a valid integer module after calibration.
fn has_integer_form(graph: &Graph) -> bool {
    let calibration = Calibration {
        events: (0..4).map(|number| vec![event(number)]).collect(),
    };
    let quantised = post_training(graph, &calibration, 12);
    let module = quantised.ok().and_then(|graph| to_integer(&graph).ok());
    module.is_some_and(|module| validate(&module).is_ok())
}

#[test]
fn the_table_of_operators_is_up_to_date() -> Outcome {
    let mut text = HEAD.to_owned();
    let folder = tempfile::tempdir()?;
    for operator in operators() {
        let file = sample(operator.name, &[], operator.until);
        let path = write(folder.path(), &file)?;
        let graph = read(&path).map_err(|error| format!("{}: {error}", operator.name))?;
        let y = evaluate(&graph, &[&event(0)]);
        y.map_err(|error| format!("{}: {error}", operator.name))?;
        let integer = if has_integer_form(&graph) {
            "yes"
        } else {
            "no"
        };
        writeln!(
            text,
            "| {} | {} to {} | yes | {integer} |",
            operator.name, operator.since, operator.until
        )?;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/onnx-operators.md");
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found != text {
        std::fs::write(&path, &text)?;
    }
    assert_eq!(
        found, text,
        "docs/onnx-operators.md was stale; it is new now"
    );
    Ok(())
}
