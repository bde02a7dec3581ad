//! Mantissas as the suites and the specification write them.

/// The mantissas of some tensors.
type Tensors = Vec<Vec<i64>>;

/// `[1, 2], [3]` as lists of mantissas.
fn lists(text: &str) -> Option<Tensors> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let list = |list: &str| -> Option<Vec<i64>> {
        list.split(',').map(|m| m.trim().parse().ok()).collect()
    };
    inner.split("], [").map(list).collect()
}

/// The inputs and outputs of `INPUTS -> OUTPUTS`.
pub fn run(text: &str) -> Option<(Tensors, Tensors)> {
    let (inputs, outputs) = text.split_once("->")?;
    Some((lists(inputs)?, lists(outputs)?))
}
