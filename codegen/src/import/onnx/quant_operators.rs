//! The quantising operators that are taken: of QONNX, and of ONNX itself.

use super::operators::Translate;
use super::{quant, quant_float, quant_linear, quant_trunc};

/// Domains in which QONNX operators are written.
const QONNX_DOMAINS: &[&str] = &[
    "qonnx.custom_op.general",
    "finn.custom_op.general",
    "onnx.brevitas",
];

/// QONNX: operator, largest number of operands, translation.
const QONNX: &[(&str, usize, Translate)] = &[
    ("BipolarQuant", 2, quant::bipolar),
    ("FloatQuant", 6, quant_float::translate),
    ("IntQuant", 4, quant::translate),
    ("Quant", 4, quant::translate),
    ("Trunc", 6, quant_trunc::translate),
];

/// The default domain.
pub(super) const LINEAR: &[(&str, usize, Translate)] = &[
    ("DequantizeLinear", 3, quant_linear::linear),
    ("MatMulInteger", 4, quant_linear::matmul_integer),
    ("QLinearMatMul", 8, quant_linear::qlinear_matmul),
    ("QuantizeLinear", 3, quant_linear::quantize),
];

/// What is refused of the default domain, and why.
const REFUSED: &[(&str, &str)] = &[(
    "DynamicQuantizeLinear",
    "its scale depends on the event; quantise the model statically",
)];

/// The translation of a quantising operator, or why it is not taken; `None` if
/// it is another operator.
pub(super) fn find(domain: &str, operator: &str) -> Option<Result<(usize, Translate), String>> {
    let row = |table: &[(&str, usize, Translate)]| {
        let row = table.iter().find(|(name, ..)| *name == operator);
        row.map(|&(_, most, translate)| (most, translate))
    };
    if QONNX_DOMAINS.contains(&domain) {
        let names: Vec<_> = QONNX.iter().map(|(name, ..)| *name).collect();
        let known = row(QONNX);
        return Some(known.ok_or_else(|| format!("of QONNX, {} are taken", names.join(", "))));
    }
    if !matches!(domain, "" | "ai.onnx") {
        return None;
    }
    let refused = REFUSED.iter().find(|(name, _)| *name == operator);
    match refused {
        Some((_, reason)) => Some(Err((*reason).to_owned())),
        None => row(LINEAR).map(Ok),
    }
}

/// The quantising operators that are taken, for a message.
pub(super) fn names() -> impl Iterator<Item = String> {
    let linear = LINEAR.iter().map(|(name, ..)| (*name).to_owned());
    linear.chain(QONNX.iter().map(|(name, ..)| format!("QONNX {name}")))
}
