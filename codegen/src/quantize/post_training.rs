//! Post-training quantisation: formats from profiled ranges and total widths.
//!
//! Every input, float constant and operand of a product that has no quantiser
//! gets one of the width that [`Widths`] states for it, rounding half to even,
//! saturating. Its integer bits are the fewest that hold the profiled range.
//! Element-wise constants, and inputs that do not go straight into a matrix
//! product, get theirs per element; activations per tensor; matrices per tensor
//! or, where a width per output channel is stated, per channel. A bias is
//! rounded to the fractional bits of the product that it is added to.

use ndarray::{Axis, Zip};
use thiserror::Error;
use trigforge::{Format, Overflow, Rounding};

use super::sites::{Bits, Role, Site, SiteBits, Widths};
use super::trees;
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

/// Adds quantisers of one width where the model has none.
///
/// # Errors
///
/// Calibration events that are missing or do not fit.
pub fn post_training(
    graph: &Graph,
    calibration: &Calibration,
    width: u32,
) -> Result<Graph, CalibrationError> {
    let placement = Placement::new(graph, calibration)?;
    Ok(placement.place(&Widths::all(width))?.graph)
}

/// A model with profiled ranges, ready for quantisers of any widths.
#[derive(Debug)]
pub struct Placement<'a> {
    graph: &'a Graph,
    profiles: Vec<Profile>,
}

/// A model with a quantiser at every site.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The model.
    pub graph: Graph,
    /// Where quantisers were placed: each value once, in order of evaluation.
    pub sites: Vec<Site>,
}

impl<'a> Placement<'a> {
    /// Profiles the ranges of a model's values.
    ///
    /// # Errors
    ///
    /// Calibration events that are missing or do not fit.
    pub fn new(graph: &'a Graph, calibration: &Calibration) -> Result<Self, CalibrationError> {
        Ok(Self {
            graph,
            profiles: profile(graph, calibration)?,
        })
    }

    /// Adds quantisers of the given widths where the model has none.
    ///
    /// # Errors
    ///
    /// A width that is no width, or a number of widths that is not the site's
    /// number of channels.
    pub fn place(&self, widths: &Widths) -> Result<Placed, CalibrationError> {
        if let Some(width) = widths.wrong() {
            return Err(CalibrationError::Width { width });
        }
        let graph = self.graph;
        let mut writer = Writer {
            old: graph,
            profiles: &self.profiles,
            widths,
            new: Graph {
                name: graph.name.clone(),
                source_sha256: graph.source_sha256.clone(),
                ..Graph::default()
            },
            renamed: Vec::with_capacity(graph.nodes.len()),
            narrow: Vec::with_capacity(graph.nodes.len()),
            sites: Vec::new(),
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
            mut new,
            renamed,
            mut sites,
            ..
        } = writer;
        let outputs = graph.outputs.iter();
        new.outputs = outputs
            .map(|(name, id)| (name.clone(), renamed[id.0]))
            .collect();
        sites.sort_by_key(|site| site.value);
        Ok(Placed { graph: new, sites })
    }
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

/// The format of a width that holds a range, less the clipped bits, with the
/// most fractional bits.
fn covering(lo: f64, hi: f64, bits: Bits) -> Option<Format> {
    let (width, clip) = (bits.width as i32, bits.clip as i32);
    let reach = |value: f64| encode(value).filter(|v| v.m != 0).map(|v| v.integer_bits());
    let signed = lo < 0.0;
    let integer = reach(lo).max(reach(hi)).unwrap_or(0);
    // -2^i itself fits.
    let integer = match encode(lo) {
        Some(v) if v.m == -1 && reach(hi).is_none_or(|hi| hi < integer) => integer - 1,
        _ => integer,
    } - clip;
    Format::new(signed, integer, width - i32::from(signed) - integer)
}

struct Writer<'a> {
    old: &'a Graph,
    profiles: &'a [Profile],
    widths: &'a Widths,
    new: Graph,
    renamed: Vec<Id>,
    /// Whether an old node's value has few bits already.
    narrow: Vec<bool>,
    sites: Vec<Site>,
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
                let channels = self.old.node(old.args[1]).shape.len() - 1;
                let args = [
                    self.narrowed(old.args[0], Role::Activation)?,
                    self.narrowed(old.args[1], Role::Weights { axis: channels })?,
                ];
                (self.copy(old, Some(args)), false)
            }
            Op::Mul => {
                let args = [
                    self.narrowed(old.args[0], Role::Elementwise)?,
                    self.narrowed(old.args[1], Role::Elementwise)?,
                ];
                (self.copy(old, Some(args)), false)
            }
            Op::Add | Op::Sub => {
                let args = self.summands(old)?;
                (self.copy(old, Some(args)), false)
            }
            Op::Trees(forest) => {
                let new = self.copy(old, None);
                self.new.nodes[new.0].op = trees::rounded(forest, self.widths.of(id));
                (new, false)
            }
            // Without a format of its own yet: the writer of integers decides.
            _ => (self.copy(old, None), false),
        };
        if old.op == Op::Input {
            let users = || self.old.nodes.iter().filter(|user| user.args.contains(&id));
            if !users().any(|user| matches!(user.op, Op::Quantize(_))) {
                // Formats that differ from element to element would have to be
                // aligned again in front of a matrix product.
                let role = match users().any(|user| user.op == Op::MatMul) {
                    true => Role::Activation,
                    false => Role::Elementwise,
                };
                new = self.quantizer(id, new, role)?;
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
    ///
    /// `role` is what the operand is if it is a constant; a computed one is an
    /// activation.
    fn narrowed(&mut self, old: Id, role: Role) -> Result<Id, String> {
        let new = self.renamed[old.0];
        if self.narrow[old.0] {
            return Ok(new);
        }
        match self.old.constant(old) {
            Some(_) => self.quantizer(old, new, role),
            None => self.quantizer(old, new, Role::Activation),
        }
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
                None => self.quantizer(node.args[this], args[this], Role::Elementwise)?,
            };
        }
        Ok(args)
    }

    /// The fractional bits of a matrix product of quantised operands; the most
    /// where channels differ.
    fn product_f(&self, id: Id) -> Option<i32> {
        let node = self.new.node(id);
        if node.op != Op::MatMul {
            return None;
        }
        let f = |id: Id| match &self.new.node(id).op {
            Op::Quantize(quantizer) => {
                let entries = quantizer.formats.entries().iter();
                entries.map(|format| format.f()).max()
            }
            _ => None,
        };
        Some(f(node.args[0])? + f(node.args[1])?)
    }

    fn bias(&mut self, old: Id, new: Id, f: i32) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let (lo, hi) = (smallest(lo.iter()), largest(hi.iter()));
        let widest = covering(lo, hi, Bits::wide(32)).ok_or("no format for the bias")?;
        // One more integer bit, for rounding up. A step above the whole range
        // would be no format: the bias is then finer than the product.
        let i = widest.i() + 1;
        let format = Format::new(widest.k(), i, f.clamp(-i, 31 - i));
        let format = format.ok_or("no format for the bias")?;
        self.quantize(old, new, Formats::Uniform(format))
    }

    /// A quantiser of the site's widths behind a value.
    fn quantizer(&mut self, old: Id, new: Id, role: Role) -> Result<Id, String> {
        let Profile { lo, hi } = &self.profiles[old.0];
        let count = role.channels(self.old.node(old));
        let format = |lo, hi, bits| covering(lo, hi, bits).ok_or("no format for its range");
        let formats = match (self.widths.of(old), role) {
            (SiteBits::Tensor(bits), Role::Elementwise) => {
                let each = lo.iter().zip(hi).map(|(&lo, &hi)| format(lo, hi, *bits));
                Formats::each(lo.shape().to_vec(), each.collect::<Result<_, _>>()?)
            }
            (SiteBits::Tensor(bits), _) => {
                Formats::Uniform(format(smallest(lo.iter()), largest(hi.iter()), *bits)?)
            }
            (SiteBits::Channels(each), Role::Weights { axis }) if each.len() == count => {
                let channels = lo.axis_iter(Axis(axis)).zip(hi.axis_iter(Axis(axis)));
                let formats = channels
                    .zip(each)
                    .map(|((lo, hi), bits)| format(smallest(lo.iter()), largest(hi.iter()), *bits));
                let mut dims = vec![1; lo.ndim()];
                dims[axis] = count;
                Formats::each(dims, formats.collect::<Result<_, _>>()?)
            }
            (SiteBits::Channels(each), _) => {
                let found = each.len();
                return Err(format!("{found} widths for a value of {count} channels"));
            }
        };
        match self.sites.iter_mut().find(|known| known.value == old) {
            None => {
                let site = Site::new(self.old, old, role, formats.clone());
                self.sites.push(site);
            }
            // What one user takes per channel, another may not.
            Some(known) if known.role != role => known.channels = 1,
            Some(_) => {}
        }
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

fn smallest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.copied().fold(f64::INFINITY, f64::min)
}

fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// Two inputs, two channels of which the second has small weights.
    fn layer() -> Result<Graph, String> {
        let mut graph = Graph::default();
        let x = graph.input_node("x", vec![1, 2]);
        let w = graph.constant_node("w", arr2(&[[3.0, 0.25], [-2.5, 0.125]]).into_dyn());
        let y = graph.op_node("y", Op::MatMul, &[x, w])?;
        graph.outputs.push(("y".to_owned(), y));
        Ok(graph)
    }

    fn calibration() -> Calibration {
        Calibration {
            events: vec![vec![vec![-3.0, 1.0]], vec![vec![3.5, 0.5]]],
        }
    }

    fn formats(placed: &Placed, name: &str) -> Vec<String> {
        let quantizers = placed.graph.nodes.iter().filter(|node| node.name == name);
        let formats = quantizers.filter_map(|node| match &node.op {
            Op::Quantize(quantizer) => Some(quantizer.formats.entries()),
            _ => None,
        });
        formats.flatten().map(Format::to_string).collect()
    }

    #[test]
    fn every_site_gets_the_bits_stated_for_it() -> Outcome {
        let graph = layer()?;
        let calibration = calibration();
        let placement = Placement::new(&graph, &calibration)?;
        let placed = placement.place(&Widths::all(8))?;
        let names: Vec<_> = placed.sites.iter().map(|site| site.name.as_str()).collect();
        assert_eq!(names, ["x", "w"]);
        assert_eq!(formats(&placed, "x.quantized"), ["fix(1,2,5)"]);
        assert_eq!(formats(&placed, "w.quantized"), ["fix(1,2,5)"]);

        let [x, w] = [0, 1].map(|site: usize| &placed.sites[site]);
        assert_eq!((w.role, w.channels), (Role::Weights { axis: 1 }, 2));
        let mut widths = Widths::all(8);
        let clipped = Bits { width: 4, clip: 1 };
        widths.set(x.value, SiteBits::Tensor(clipped));
        let each = vec![Bits::wide(6), Bits::wide(3)];
        widths.set(w.value, SiteBits::Channels(each));
        let placed = placement.place(&widths)?;
        assert_eq!(formats(&placed, "x.quantized"), ["fix(1,1,2)"]);
        assert_eq!(
            formats(&placed, "w.quantized"),
            ["fix(1,2,3)", "fix(0,-1,4)"]
        );
        Ok(())
    }

    #[test]
    fn widths_that_do_not_fit_are_refused() -> Outcome {
        let graph = layer()?;
        let placement = Placement::new(&graph, &calibration())?;
        let refused = |widths: &Widths| {
            let placed = placement.place(widths);
            placed.err().map(|error| error.to_string())
        };
        let expected = "a width of 33 bits is not between 2 and 32";
        assert_eq!(refused(&Widths::all(33)).as_deref(), Some(expected));
        let mut widths = Widths::all(8);
        widths.set(Id(1), SiteBits::Channels(vec![Bits::wide(4); 3]));
        let expected = "internal error at node `y`: 3 widths for a value of 2 channels";
        assert_eq!(refused(&widths).as_deref(), Some(expected));
        Ok(())
    }
}
