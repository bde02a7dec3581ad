//! Post-training quantisation: formats from profiled ranges and total widths.
//!
//! Every input, float constant, operand of a product and result of a function
//! that has no quantiser gets one of the width that [`Widths`] states for it,
//! rounding half to even, saturating; `place` says which operation asks for
//! which. Its integer bits are the fewest that hold the profiled range.
//! Element-wise constants, and inputs that do not go straight into a matrix
//! product, get theirs per element; activations per tensor; matrices per tensor
//! or, where a width per output channel is stated, per channel. A bias is
//! rounded to the fractional bits of the product that it is added to.

use thiserror::Error;

use super::place::Writer;
use super::profile::{Calibration, Profile, profile};
use super::sites::{Site, Widths};
use crate::real::{EvalError, Graph};

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
        let mut writer = Writer::new(graph, &self.profiles, widths);
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

#[cfg(test)]
mod tests {
    use ndarray::arr2;
    use trigforge::Format;

    use super::super::sites::{Bits, Role, SiteBits};
    use super::*;
    use crate::real::{Id, Op};

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
