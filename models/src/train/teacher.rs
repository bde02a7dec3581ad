//! What a teacher says of events, for a student to learn.

use super::TrainError;
use crate::config::{AnomalyConfig, Config};
use crate::data::{Events, InputSpec};
use crate::execute::{Engine, Executable};
use crate::net::anomaly::TeacherScale;

/// A trained network whose score another one learns.
pub(super) struct Teacher {
    model: Executable,
    specs: Vec<InputSpec>,
    scale: TeacherScale,
}

impl Teacher {
    /// The teacher of a configuration, if it names one.
    pub(super) fn open(config: &Config, specs: &[InputSpec]) -> Result<Option<Self>, TrainError> {
        let Some(AnomalyConfig::Distillation(method)) = &config.anomaly else {
            return Ok(None);
        };
        Ok(Some(Self {
            model: Executable::load(&method.teacher, Engine::Float)?,
            specs: specs.to_vec(),
            scale: method.scale,
        }))
    }

    /// Writes what is to be learned of each event into its targets.
    pub(super) fn teach(&self, events: &mut Events) -> Result<(), TrainError> {
        let found = self.model.run(&self.specs, events, &|_| {})?;
        if found.width != 1 && events.rows > 0 {
            return Err(TrainError::Teacher { width: found.width });
        }
        let learned = found.values.iter().map(|score| self.scale.apply(*score));
        events.targets = learned.map(|score| score as f32).collect();
        Ok(())
    }
}
