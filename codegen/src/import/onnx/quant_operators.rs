//! The quantising operators that are taken: of QONNX, and of ONNX itself.

use super::operators::{Row, Types, row};
use super::{quant, quant_conv, quant_float, quant_linear, quant_trunc};

/// Domains in which QONNX operators are written.
const QONNX_DOMAINS: &[&str] = &[
    "qonnx.custom_op.general",
    "finn.custom_op.general",
    "onnx.brevitas",
];

/// QONNX, whose versions are those of its own domains.
const QONNX: &[Row] = &[
    row("BipolarQuant", 1, (2, 2), Types::FirstFloat, quant::bipolar),
    row(
        "FloatQuant",
        1,
        (6, 6),
        Types::FirstFloat,
        quant_float::translate,
    ),
    row("IntQuant", 1, (4, 4), Types::FirstFloat, quant::translate),
    row("Quant", 1, (4, 4), Types::FirstFloat, quant::translate),
    row(
        "Trunc",
        1,
        (5, 6),
        Types::FirstFloat,
        quant_trunc::translate,
    ),
];

/// The default domain.
pub(super) const LINEAR: &[Row] = &[
    row(
        "ConvInteger",
        10,
        (2, 4),
        Types::First,
        quant_conv::conv_integer,
    ),
    row(
        "DequantizeLinear",
        10,
        (2, 3),
        Types::First,
        quant_linear::linear,
    ),
    row(
        "MatMulInteger",
        10,
        (2, 4),
        Types::First,
        quant_linear::matmul_integer,
    ),
    row(
        "QLinearConv",
        10,
        (8, 9),
        Types::First,
        quant_conv::qlinear_conv,
    ),
    row(
        "QLinearMatMul",
        10,
        (8, 8),
        Types::First,
        quant_linear::qlinear_matmul,
    ),
    row(
        "QuantizeLinear",
        10,
        (2, 3),
        Types::FirstFloat,
        quant_linear::quantize,
    ),
];

/// What is refused of the default domain, and why.
const REFUSED: &[(&str, &str)] = &[(
    "DynamicQuantizeLinear",
    "its scale depends on the event; quantise the model statically",
)];

/// The row of a quantising operator of QONNX, or why an operator is not taken;
/// `None` if it is another operator.
pub(super) fn find(domain: &str, operator: &str) -> Option<Result<Row, String>> {
    if QONNX_DOMAINS.contains(&domain) {
        let names: Vec<_> = QONNX.iter().map(|row| row.name).collect();
        let known = QONNX.iter().find(|row| row.name == operator).copied();
        return Some(known.ok_or_else(|| format!("of QONNX, {} are taken", names.join(", "))));
    }
    if !matches!(domain, "" | "ai.onnx") {
        return None;
    }
    let refused = REFUSED.iter().find(|(name, _)| *name == operator);
    refused.map(|(_, reason)| Err((*reason).to_owned()))
}
