//! The tensors that go into and come out of a model, at either level.

use trigforge::{Format, Overflow, Rounding};

use crate::interp::{Encoded, EventError};
use crate::ir::{Module, TensorType};
use crate::ops::Op;
use crate::real::encode;

/// A tensor that enters a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The name in the model; any text, unique among the inputs.
    pub name: String,
    /// Shape and formats.
    pub ty: TensorType,
    /// Rounding of real values, which the caller does.
    pub rounding: Rounding,
    /// Overflow of real values, which the caller does.
    pub overflow: Overflow,
}

/// A tensor that leaves a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The name in the model; any text, unique among the outputs.
    pub name: String,
    /// Shape and formats.
    pub ty: TensorType,
}

/// All inputs and outputs, in the model's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ports {
    /// What enters.
    pub inputs: Vec<Input>,
    /// What leaves.
    pub outputs: Vec<Output>,
}

/// A model of either level, seen from outside.
pub trait WithPorts {
    /// Its inputs and outputs.
    fn ports(&self) -> Ports;
}

/// What computes a model's outputs, event by event.
pub trait Execute {
    /// The model's inputs and outputs.
    fn ports(&self) -> &Ports;

    /// Executes one event: the mantissas of each input in, of each output out.
    ///
    /// # Errors
    ///
    /// A wrong number of inputs or elements. A mantissa outside of its format
    /// is taken modulo `2^width`, as a port of that width takes it.
    fn run(&self, inputs: &[&[i64]]) -> Result<Vec<Vec<i64>>, EventError>;
}

impl WithPorts for Module {
    fn ports(&self) -> Ports {
        let input = |op: &Op, name: &str, ty: &TensorType| match op {
            Op::Input(modes) => Some(Input {
                name: name.to_owned(),
                ty: ty.clone(),
                rounding: modes.rounding,
                overflow: modes.overflow,
            }),
            _ => None,
        };
        Ports {
            inputs: self
                .nodes()
                .iter()
                .filter_map(|node| input(&node.op, &node.name, &node.ty))
                .collect(),
            outputs: self
                .outputs()
                .iter()
                .map(|output| Output {
                    name: output.name.clone(),
                    ty: self.node(output.node).ty.clone(),
                })
                .collect(),
        }
    }
}

impl Ports {
    /// Brings real values of one input into its formats.
    ///
    /// # Errors
    ///
    /// A wrong number of elements, or one that is not finite.
    pub fn encode(&self, input: usize, values: &[f64]) -> Result<Encoded, EventError> {
        let port = &self.inputs[input];
        check_length(port, values.len())?;
        let mut encoded = Encoded {
            mantissas: Vec::with_capacity(values.len()),
            saturated: Vec::with_capacity(values.len()),
        };
        for (index, (&value, format)) in values.iter().zip(port.ty.element_formats()).enumerate() {
            let real = encode(value).ok_or_else(|| EventError::NotFinite {
                name: port.name.clone(),
                index,
                value,
            })?;
            let (mantissa, saturated) = real.requantize(format, port.rounding, port.overflow);
            encoded.mantissas.push(mantissa);
            encoded.saturated.push(saturated);
        }
        Ok(encoded)
    }

    /// Refuses mantissas of an input that lie outside of its formats.
    ///
    /// # Errors
    ///
    /// The first such element, or a wrong number of elements.
    pub fn check(&self, input: usize, mantissas: &[i64]) -> Result<(), EventError> {
        let port = &self.inputs[input];
        check_length(port, mantissas.len())?;
        let formats = port.ty.element_formats();
        let outside = |(_, (m, format)): &(usize, (&i64, Format))| !format.contains(**m);
        match mantissas.iter().zip(formats).enumerate().find(outside) {
            None => Ok(()),
            Some((index, (&mantissa, format))) => Err(EventError::OutOfFormat {
                name: port.name.clone(),
                index,
                mantissa,
                format,
            }),
        }
    }

    /// Refuses an event with a wrong number of inputs or elements.
    ///
    /// # Errors
    ///
    /// The first input that does not fit.
    pub fn check_event(&self, inputs: &[&[i64]]) -> Result<(), EventError> {
        if inputs.len() != self.inputs.len() {
            return Err(EventError::Inputs {
                expected: self.inputs.len(),
                found: inputs.len(),
            });
        }
        let mut pairs = self.inputs.iter().zip(inputs);
        pairs.try_for_each(|(port, mantissas)| check_length(port, mantissas.len()))
    }

    /// The real values of an output's mantissas.
    ///
    /// Exact as long as a mantissa has at most 53 significant bits.
    pub fn decode(&self, output: usize, mantissas: &[i64]) -> Vec<f64> {
        mantissas
            .iter()
            .zip(self.outputs[output].ty.element_formats())
            .map(|(&m, format)| libm::scalbn(m as f64, -format.f()))
            .collect()
    }
}

fn check_length(port: &Input, found: usize) -> Result<(), EventError> {
    let expected = port.ty.len();
    if found == expected {
        return Ok(());
    }
    Err(EventError::Length {
        name: port.name.clone(),
        expected,
        found,
    })
}
