//! Post-training quantisation: formats from profiled ranges and a total width.
//!
//! Every input, float constant and operand of a product that has no quantiser
//! gets one of the given width, rounding half to even, saturating. Its integer
//! bits are the fewest that hold the profiled range. Element-wise constants, and
//! inputs that do not go straight into a matrix product, get theirs per element;
//! matrices and activations per tensor. A bias is rounded to the fractional bits
//! of the product that it is added to.

use ndarray::Zip;
use thiserror::Error;
use trigforge::{Format, Overflow, Rounding};

use crate::ir::Formats;
use crate::real::{EvalError, Graph, Id, Node, Op, Quantizer, Tensor, encode, evaluate_all};

/// Events on which ranges are profiled: per event, the values of each input.
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    /// `events[e][i]` holds input `i` of event `e`, in C order.
    pub events: Vec<Vec<Vec<f64>>>,
}

/// Calibration events from which formats cannot be derived.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// No event.
    #[error("there are no calibration events")]
    Empty,
    /// An event does not fit the model.
    #[error("event {event}")]
    Event {
        /// Its row, from 0.
        event: usize,
        /// Why.
        source: EvalError,
    },
    /// A width that is no width.
    #[error("a width of {width} bits is not between 2 and 32")]
    Width {
        /// The width.
        width: u32,
    },
    /// A quantiser cannot be placed; a fault of trigforge.
    #[error("internal error at node `{}`: {reason}", node.escape_debug())]
    Internal {
        /// The node.
        node: String,
        /// Why.
        reason: String,
    },
}

/// The smallest and largest value of each element of a node.
#[derive(Debug, Clone)]
struct Profile {
    lo: Tensor,
    hi: Tensor,
}

/// Adds quantisers where the model has none.
///
/// # Errors
///
/// Calibration events that are missing or do not fit.
pub fn post_training(
    graph: &Graph,
    calibration: &Calibration,
    width: u32,
) -> Result<Graph, CalibrationError> {
    if !(2..=32).contains(&width) {
        return Err(CalibrationError::Width { width });
    }
    let mut writer = Writer {
        old: graph,
        profiles: profile(graph, calibration)?,
        width: width as i32,
        new: Graph {
            name: graph.name.clone(),
            source_sha256: graph.source_sha256.clone(),
            ..Graph::default()
        },
        renamed: Vec::with_capacity(graph.nodes.len()),
        narrow: Vec::with_capacity(graph.nodes.len()),
    };
    for id in graph.ids() {
        writer
            .node(id)
            .map_err(|reason| CalibrationError::Internal {
                node: graph.node(id).name.clone(),
                reason,
            })?;
    }
    let Writer {
        mut new, renamed, ..
    } = writer;
    let outputs = graph.outputs.iter();
    new.outputs = outputs
        .map(|(name, id)| (name.clone(), renamed[id.0]))
        .collect();
    Ok(new)
}

fn profile(graph: &Graph, calibration: &Calibration) -> Result<Vec<Profile>, CalibrationError> {
    let mut profiles: Vec<Profile> = Vec::new();
    for (event, inputs) in calibration.events.iter().enumerate() {
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let values = evaluate_all(graph, &inputs)
            .map_err(|source| CalibrationError::Event { event, source })?;
        if profiles.is_empty() {
            profiles.extend(values.into_iter().map(|value| Profile {
                lo: value.clone(),
                hi: value,
            }));
            continue;
        }
        for (profile, value) in profiles.iter_mut().zip(&values) {
            Zip::from(&mut profile.lo)
                .and(value)
                .for_each(|lo, &v| *lo = lo.min(v));
            Zip::from(&mut profile.hi)
                .and(value)
                .for_each(|hi, &v| *hi = hi.max(v));
        }
    }
    if profiles.is_empty() {
        return Err(CalibrationError::Empty);
    }
    Ok(profiles)
}

/// The format of a width that holds a range with the most fractional bits.
fn covering(lo: f64, hi: f64, width: i32) -> Option<Format> {
    let bits = |value: f64| encode(value).filter(|v| v.m != 0).map(|v| v.integer_bits());
    let signed = lo < 0.0;
    let integer = bits(lo).max(bits(hi)).unwrap_or(0);
    // -2^i itself fits.
    let integer = match encode(lo) {
        Some(v) if v.m == -1 && bits(hi).is_none_or(|hi| hi < integer) => integer - 1,
        _ => integer,
    };
    Format::new(signed, integer, width - i32::from(signed) - integer)
}

struct Writer<'a> {
    old: &'a Graph,
    profiles: Vec<Profile>,
    width: i32,
    new: Graph,
    renamed: Vec<Id>,
    /// Whether an old node's value has few bits already.
    narrow: Vec<bool>,
}

impl Writer<'_> {
    fn node(&mut self, id: Id) -> Result<(), String> {
        let old = self.old.node(id);
        let (mut new, mut narrow) = match &old.op {
            Op::Input | Op::Constant(_) => (self.copy(old, None), false),
            Op::Quantize(_) => (self.copy(old, None), true),
            Op::Reshape | Op::Transpose { .. } | Op::Relu => {
                (self.copy(old, None), self.narrow[old.args[0].0])
            }
            Op::Softmax { .. } => (self.copy(old, None), true),
            Op::MatMul => {
                let args = [
                    self.narrowed(old.args[0], false)?,
                    self.narrowed(old.args[1], false)?,
                ];
                (self.copy(old, Some(args)), false)
            }
            Op::Mul => {
                let args = [
                    self.narrowed(old.args[0], true)?,
                    self.narrowed(old.args[1], true)?,
                ];
                (self.copy(old, Some(args)), false)
            }
            Op::Add | Op::Sub => {
                let args = self.summands(old)?;
                (self.copy(old, Some(args)), false)
            }
        };
        if old.op == Op::Input {
            let users = || self.old.nodes.iter().filter(|user| user.args.contains(&id));
            if !users().any(|user| matches!(user.op, Op::Quantize(_))) {
                // Formats that differ from element to element would have to be
                // aligned again in front of a matrix product.
                let per_element = !users().any(|user| user.op == Op::MatMul);
                new = self.quantizer(id, new, per_element)?;
                narrow = true;
            }
        }
        self.renamed.push(new);
        self.narrow.push(narrow);
        Ok(())
    }

    fn copy(&mut self, old: &Node, args: Option<[Id; 2]>) -> Id {
        let args = match args {
            Some(args) => args.to_vec(),
            None => old.args.iter().map(|arg| self.renamed[arg.0]).collect(),
        };
        self.new.nodes.push(Node {
            args,
            ..old.clone()
        });
        Id(self.new.nodes.len() - 1)
    }

    /// An operand of a product, behind a quantiser if it has many bits.
    fn narrowed(&mut self, old: Id, per_element: bool) -> Result<Id, String> {
        let new = self.renamed[old.0];
        if self.narrow[old.0] {
            return Ok(new);
        }
        let constant = self.old.constant(old).is_some();
        self.quantizer(old, new, per_element && constant)
    }

    /// Operands of a sum: constants get quantisers.
    fn summands(&mut self, node: &Node) -> Result<[Id; 2], String> {
        let mut args = [self.renamed[node.args[0].0], self.renamed[node.args[1].0]];
        for (this, other) in [(0, 1), (1, 0)] {
            if self.old.constant(node.args[this]).is_none() {
                continue;
            }
            args[this] = match self.product_f(args[other]) {
                Some(f) => self.bias(node.args[this], args[this], f)?,
                None => self.quantizer(node.args[this], args[this], true)?,
            };
        }
        Ok(args)
    }

    /// The fractional bits of a matrix product of quantised operands.
    fn product_f(&self, id: Id) -> Option<i32> {
        let node = self.new.node(id);
        if node.op != Op::MatMul {
            return None;
        }
        let f = |id: Id| match &self.new.node(id).op {
            Op::Quantize(quantizer) => quantizer.formats.uniform_f(),
            _ => None,
        };
        Some(f(node.args[0])? + f(node.args[1])?)
    }

    fn bias(&mut self, old: Id, new: Id, f: i32) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let (lo, hi) = (smallest(lo), largest(hi));
        let widest = covering(lo, hi, 32).ok_or("no format for the bias")?;
        // One more integer bit, for rounding up.
        let format = Format::new(widest.k(), widest.i() + 1, f.min(30 - widest.i()));
        let format = format.ok_or("no format for the bias")?;
        self.quantize(old, new, Formats::Uniform(format))
    }

    fn quantizer(&mut self, old: Id, new: Id, per_element: bool) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let format = |lo, hi| covering(lo, hi, self.width).ok_or("no format for its range");
        let formats = match per_element {
            false => Formats::Uniform(format(smallest(lo), largest(hi))?),
            true => {
                let each = lo.iter().zip(hi).map(|(&lo, &hi)| format(lo, hi));
                Formats::each(lo.shape().to_vec(), each.collect::<Result<_, _>>()?)
            }
        };
        self.quantize(old, new, formats)
    }

    fn quantize(&mut self, old: Id, new: Id, formats: Formats) -> Result<Id, String> {
        let op = Op::Quantize(Quantizer {
            formats,
            rounding: Rounding::RndConv,
            overflow: Overflow::Sat,
        });
        let name = format!("{}.quantized", self.old.node(old).name);
        self.new.op_node(name, op, &[new])
    }
}

fn smallest(tensor: &Tensor) -> f64 {
    tensor.iter().copied().fold(f64::INFINITY, f64::min)
}

fn largest(tensor: &Tensor) -> f64 {
    tensor.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
