//! From a circuit to hardware: which gates form which module, and in which
//! clock cycle each of them computes.
//!
//! A [`Design`] is what hardware emitters write down. Its integers are those of
//! the circuit that it holds; all that is added here is time.

mod delay;
mod estimate;
mod flow;
mod layers;
mod lookup;
mod mapping;
mod placement;
mod retime;
mod schedule;
mod synthesis;
mod wiring;

pub use delay::Part;
pub use estimate::Estimate;
pub use layers::Section;
pub use placement::{Placed, PlacementError, place};
pub use schedule::{Schedule, ScheduleError, Target};
pub use synthesis::{Cells, SynthesisError, command, synthesise, synthesise_framed};
pub use wiring::{Source, Wiring};

use thiserror::Error;

use crate::circuit::{self, Circuit, CircuitError, Info, Wire};
use crate::lower::{LowerError, lower_layers};
use crate::model::Model;

/// A circuit in time, module by module.
#[derive(Clone, Debug)]
pub struct Design {
    /// The scalar operations.
    pub circuit: Circuit,
    /// What is known of its wires.
    pub info: Info,
    /// The modules, in order; together they hold every gate once.
    pub sections: Vec<Section>,
    /// The cycle of each gate.
    pub schedule: Schedule,
    /// Which wires need logic of their own, and which are others' bits.
    pub wiring: Wiring,
    /// For each wire of the circuit that the model lowers to, the wire here that
    /// has its value; `None` if no output needs it.
    pub origins: Vec<Option<Wire>>,
}

/// A model that has no hardware.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// It does not unroll to scalar operations.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// It breaks a rule of the circuit level.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// A gate of the simplified circuit needs more than 64 bits.
    #[error("the circuit cannot be simplified: {0}")]
    Simplify(String),
    /// It does not keep the time that was asked for.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl Design {
    /// The hardware of a model, for a part and a clock.
    ///
    /// # Errors
    ///
    /// A model that does not unroll, or time that it cannot keep.
    pub fn new(model: &Model, target: &Target) -> Result<Self, HardwareError> {
        let (circuit, sections) = match model {
            Model::Graph(module) => {
                let lowered = lower_layers(module)?;
                let sections = layers::sections(&lowered);
                (lowered.circuit, sections)
            }
            Model::Circuit(circuit) => (circuit.clone(), layers::whole(circuit)),
        };
        circuit::validate(&circuit)?;
        let simplified = circuit::simplify(&circuit).map_err(HardwareError::Simplify)?;
        let sections = layers::renamed(sections, &simplified);
        let (circuit, origins) = (simplified.circuit, simplified.wires);
        let info = circuit::validate(&circuit)?;
        let wiring = Wiring::new(&circuit, &info);
        let schedule = Schedule::new(&circuit, &info, &wiring, target)?;
        Ok(Self {
            circuit,
            info,
            sections,
            schedule,
            wiring,
            origins,
        })
    }
}
