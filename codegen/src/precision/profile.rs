//! How the values of a module use their formats.

use std::collections::BTreeMap;

use crate::interp::{EventError, Interpreter};
use crate::ir::{Node, NodeId};
use crate::ops::Op;
use crate::real::encode;

/// Counts by size: key `n` stands for magnitudes from `2^(n-1)` up to `2^n`.
pub type Exponents = BTreeMap<i32, u64>;

/// The values of one tensor against its formats, over all events.
///
/// An `input` or `requantize` is profiled by the values that come to it, of
/// which it saturates or flushes some; an exact operation by its results.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorProfile {
    /// The node's name.
    pub name: String,
    /// Its operation.
    pub operation: &'static str,
    /// Its formats, for a reader.
    pub format: String,
    /// Integer bits of the largest and fractional bits of the finest format.
    pub span: (i32, i32),
    /// Values seen.
    pub values: u64,
    /// Of those, outside of their format.
    pub saturated: u64,
    /// Of those, not zero, but rounded to it.
    pub flushed: u64,
    /// Of those, zero.
    pub zeros: u64,
    /// Smallest and largest value.
    pub range: (f64, f64),
    /// The values that are not zero, by size.
    pub exponents: Exponents,
    /// Bits that the magnitudes of the results need, from 0.
    pub bits: BTreeMap<u32, u64>,
}

impl TensorProfile {
    fn new(node: &Node) -> Self {
        let entries = node.ty.formats.entries();
        Self {
            name: node.name.clone(),
            operation: node.op.as_operation().name(),
            format: match entries {
                [format] => format.to_string(),
                several => {
                    let widest = node.ty.formats.max_width();
                    format!("{} formats of at most {widest} bits", several.len())
                }
            },
            span: (
                entries.iter().map(|f| f.i()).max().unwrap_or(0),
                entries.iter().map(|f| f.f()).max().unwrap_or(0),
            ),
            values: 0,
            saturated: 0,
            flushed: 0,
            zeros: 0,
            range: (f64::INFINITY, f64::NEG_INFINITY),
            exponents: Exponents::new(),
            bits: BTreeMap::new(),
        }
    }

    /// Counts a value that came, and the mantissa that it became.
    fn add(&mut self, value: f64, mantissa: i64, saturated: bool) {
        self.values += 1;
        self.range = (self.range.0.min(value), self.range.1.max(value));
        self.saturated += u64::from(saturated);
        match encode(value).filter(|real| real.m != 0) {
            Some(real) => {
                *self.exponents.entry(real.integer_bits()).or_default() += 1;
                self.flushed += u64::from(mantissa == 0);
            }
            None => self.zeros += 1,
        }
        let needed = 64 - mantissa.unsigned_abs().leading_zeros();
        *self.bits.entry(needed).or_default() += 1;
    }
}

/// Profiles every tensor of a module on events, constants once.
///
/// # Errors
///
/// An event that does not fit the module.
pub fn profile(
    interpreter: &Interpreter<'_>,
    events: &[Vec<Vec<f64>>],
) -> Result<Vec<TensorProfile>, EventError> {
    let module = interpreter.module();
    let mut profiles: Vec<_> = module.nodes().iter().map(TensorProfile::new).collect();
    for (id, profile) in module.ids().zip(&mut profiles) {
        if let Op::Constant(constant) = &module.node(id).op {
            let formats = module.node(id).ty.element_formats();
            for (&m, format) in constant.mantissas.iter().zip(formats) {
                profile.add(real(m, format.f()), m, false);
            }
        }
    }
    for event in events {
        let encoded = event.iter().enumerate();
        let encoded = encoded
            .map(|(input, values)| interpreter.encode(input, values))
            .collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<_> = encoded.iter().map(|e| e.mantissas.as_slice()).collect();
        let results = interpreter.run_all(&inputs)?;
        let mut given = event.iter().zip(&encoded);
        for (id, profile) in module.ids().zip(&mut profiles) {
            match &module.node(id).op {
                Op::Constant(_) => {}
                Op::Input(_) => {
                    let Some((values, encoded)) = given.next() else {
                        continue;
                    };
                    let became = encoded.mantissas.iter().zip(&encoded.saturated);
                    for (&value, (&m, &saturated)) in values.iter().zip(became) {
                        profile.add(value, m, saturated);
                    }
                }
                _ => results_of(interpreter, id, &results, profile),
            }
        }
    }
    Ok(profiles)
}

/// Counts the values of a computed node for one event.
fn results_of(
    interpreter: &Interpreter<'_>,
    id: NodeId,
    results: &[Vec<i64>],
    profile: &mut TensorProfile,
) {
    let module = interpreter.module();
    let node = module.node(id);
    let saturated = interpreter.saturated(id, results);
    let rounded = matches!(node.op, Op::Requantize(_));
    let came = if rounded { node.args[0] } else { id };
    let formats = module.node(came).ty.element_formats();
    let values = results[came.index()].iter().zip(formats);
    for (index, (&m, format)) in values.enumerate() {
        let cut = saturated.get(index).is_some_and(|cut| *cut);
        profile.add(real(m, format.f()), results[id.index()][index], cut);
    }
}

fn real(mantissa: i64, f: i32) -> f64 {
    libm::scalbn(mantissa as f64, -f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;

    #[test]
    fn saturated_and_flushed_values_are_counted() -> Result<(), Box<dyn std::error::Error>> {
        let module = parse(
            r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {rounding=RND_CONV, overflow=SAT} : [2] fix(1,2,4)
%1 "y" = requantize %0 {rounding=TRN, overflow=SAT} : [2] fix(0,1,1)
output "y" = %1
"#,
        )?;
        let interpreter = Interpreter::new(&module)?;
        let events = [[9.0, 0.01], [-1.0, 0.25], [0.5, 1.0], [0.0, 1.75]];
        let events = events.map(|event| vec![event.to_vec()]);
        let profiles = profile(&interpreter, &events)?;
        let x = &profiles[0];
        assert_eq!((x.values, x.saturated, x.flushed, x.zeros), (8, 1, 1, 1));
        assert_eq!((x.range, x.span), ((-1.0, 9.0), (2, 4)));
        // 9 in (8, 16], 0.01 below 1/64, -1 and 1 and 1.75 in [1, 2).
        let expected = [(-6, 1), (-1, 1), (0, 1), (1, 3), (4, 1)];
        assert_eq!(x.exponents, Exponents::from(expected));
        let y = &profiles[1];
        // 63/16 saturates and so does -1; 0.25 is flushed.
        assert_eq!((y.values, y.saturated, y.flushed, y.zeros), (8, 2, 2, 2));
        assert_eq!(y.bits, BTreeMap::from([(0, 4), (1, 1), (2, 3)]));
        Ok(())
    }
}
