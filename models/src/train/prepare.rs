//! The data of a training: read, checked, split and scaled.

use super::TrainError;
use super::calibrate::input_format;
use super::epoch::Rows;
use super::state::Stage;
use crate::config::Config;
use crate::data::{Dataset, Part, Split, Table};
use crate::scaling::{InputScaling, ScalingOptions};

/// One part of the data with the network inputs of both stages.
pub(super) struct Inputs {
    /// The rows in physical units.
    pub(super) data: Dataset,
    float: Vec<f32>,
    quantised: Vec<f32>,
    classes: usize,
}

impl Inputs {
    fn new(data: Dataset, scaling: &InputScaling, classes: usize) -> Self {
        Self {
            float: scaling.apply_float(data.features()),
            quantised: scaling.apply(data.features()),
            classes,
            data,
        }
    }

    /// The rows as a stage sees them.
    pub(super) fn rows(&self, stage: Stage) -> Rows<'_> {
        let inputs = match stage {
            Stage::Float => &self.float,
            Stage::Quantised => &self.quantised,
        };
        let (labels, width) = (self.data.labels(), self.data.width());
        Rows {
            inputs,
            labels,
            width,
            classes: self.classes,
        }
    }
}

/// All data of a training.
pub(super) struct Prepared {
    pub(super) scaling: InputScaling,
    pub(super) train: Inputs,
    pub(super) validation: Inputs,
    pub(super) test: Inputs,
}

impl Prepared {
    /// Reads the file that the configuration names.
    pub(super) fn load(config: &Config) -> Result<Self, TrainError> {
        let data = &config.data;
        let mut names: Vec<&str> = data.features.iter().map(String::as_str).collect();
        let label = data.label.as_deref().unwrap_or_default();
        let path = data.path.clone().unwrap_or_default();
        names.push(label);
        let table = Table::read(&path, &names)?;
        let all = Dataset::from_table(&table, &data.features, label, &data.classes)?;
        let split = Split::new(&path, all.rows(), &data.split)?;
        let part = |part| all.select(split.rows(part));
        let (train, validation, test) =
            (part(Part::Train), part(Part::Validation), part(Part::Test));
        let options = ScalingOptions {
            raw_bits: config.model.raw_bits,
            tail: config.model.tail,
            input: input_format(config),
        };
        let scaling = InputScaling::fit(&data.features, train.features(), &options);
        let classes = data.classes.len();
        Ok(Self {
            train: Inputs::new(train, &scaling, classes),
            validation: Inputs::new(validation, &scaling, classes),
            test: Inputs::new(test, &scaling, classes),
            scaling,
        })
    }
}
