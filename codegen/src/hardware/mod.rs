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

use crate::adders::Options;
use crate::circuit::{self, Circuit, CircuitError, Info, Merged, Wire};
use crate::lower::{LowerError, lower_layers_seeking};
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
    /// How the adders of products were sought.
    pub adders: Options,
    /// What became of each wire of the circuit that the model lowers to.
    pub origins: Vec<Option<Image>>,
}

/// A wire of a design that stands for one of the model's circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The wire.
    pub wire: Wire,
    /// What its mantissa has more than that wire's: half of the unit that a
    /// rounding behind it asks for, or nothing.
    pub more: i64,
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
    /// Products share their adders at the price of up to two more in a row; if
    /// the time that is asked for does not allow that, at the price of one, or
    /// of none.
    ///
    /// # Errors
    ///
    /// A model that does not unroll, or time that it cannot keep.
    pub fn new(model: &Model, target: &Target) -> Result<Self, HardwareError> {
        let mut options = Options {
            effort: target.effort,
            ..Options::of_compilation()
        };
        let module = match model {
            Model::Graph(module) => module,
            Model::Circuit(circuit) => {
                return Self::of(circuit.clone(), layers::whole(circuit), options, target);
            }
        };
        loop {
            let lowered = lower_layers_seeking(module, options)?;
            let sections = layers::sections(&lowered);
            let late = match Self::of(lowered.circuit, sections, options, target) {
                Err(HardwareError::Schedule(
                    late @ (ScheduleError::Latency { .. } | ScheduleError::Budget { .. }),
                )) => late,
                done => return done,
            };
            options.extra_depth = match options.extra_depth {
                Some(extra) if extra > 0 => Some(extra - 1),
                _ => return Err(late.into()),
            };
        }
    }

    fn of(
        circuit: Circuit,
        sections: Vec<Section>,
        adders: Options,
        target: &Target,
    ) -> Result<Self, HardwareError> {
        circuit::validate(&circuit)?;
        let simplified = circuit::simplify(&circuit).map_err(HardwareError::Simplify)?;
        let sections = layers::renamed(sections, &simplified);
        // Without it where a half more needs more than 64 bits, or than an output has.
        let (circuit, sections, origins) = match circuit::merge_roundings(&simplified.circuit) {
            Ok(Merged {
                simplified: merged,
                more,
            }) => {
                let images = simplified.wires.iter().map(|old| {
                    let old = (*old)?.index();
                    let wire = merged.wires[old]?;
                    let more = more.get(&old).map_or(Some(0), |more| *more)?;
                    Some(Image { wire, more })
                });
                let images = images.collect();
                let sections = layers::renamed(sections, &merged);
                (merged.circuit, sections, images)
            }
            Err(_) => {
                let same = |wire: Option<Wire>| {
                    Some(Image {
                        wire: wire?,
                        more: 0,
                    })
                };
                let images = simplified.wires.iter().map(|&wire| same(wire)).collect();
                (simplified.circuit, sections, images)
            }
        };
        let info = circuit::validate(&circuit)?;
        let wiring = Wiring::new(&circuit, &info);
        let schedule = Schedule::new(&circuit, &info, &wiring, target)?;
        Ok(Self {
            circuit,
            info,
            sections,
            schedule,
            wiring,
            adders,
            origins,
        })
    }
}
