//! The loop over epochs and stages.

use std::time::Instant;

use burn::tensor::Device;

use super::checkpoint;
use super::data::{Data, Rows};
use super::decorrelation::Decorrelation;
use super::epoch::Epoch;
use super::evaluate::{Fixed, observe};
use super::loss::Objective;
use super::processor::Processor;
use super::progress::Progress;
use super::schedule::beta;
use super::state::{EpochRecord, FrontPoint, Stage, State};
use super::widths::{first_widths, start};
use super::{TrainError, TrainOptions};
use crate::config::Config;
use crate::data::Part;
use crate::net::cost::Weight;
use crate::net::{Cost, Mode, Net, Ranges};

/// Runs until both stages are over, or for `limit` epochs.
pub(super) fn run(
    config: &Config,
    net: &Net,
    data: &mut Data,
    options: &TrainOptions,
    limit: usize,
) -> Result<State, TrainError> {
    let path = checkpoint::path(&options.out_dir);
    let folder = options.out_dir.join(checkpoint::FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| TrainError::Io {
        path: folder,
        source,
    })?;
    let mut state = if options.resume {
        checkpoint::load(&path, config, net)?
    } else {
        State::start(start(net, config.train.seed))
    };
    let device = options.processor.device()?;
    let mut done = 0;
    for stage in [Stage::Float, Stage::Quantised] {
        if stage == Stage::Quantised && state.position.stage == Stage::Float {
            let calibration = data.calibration(stage)?;
            net.fold(&mut state.best);
            let parameters = first_widths(net, &state.best, &calibration)?;
            state.quantise(parameters);
        }
        if state.position.stage != stage {
            continue;
        }
        let this = StageRun {
            config,
            net,
            stage,
            rows: data.source.rows(Part::Train),
            calibration: data.calibration(stage)?,
            validation: data.validation(stage),
            decorrelation: Decorrelation::of(config),
            processor: options.processor,
            device: &device,
        };
        let epochs = this.epochs();
        let batches = data
            .source
            .rows(Part::Train)
            .div_ceil(config.train.batch_size);
        let epoch = state.position.epoch;
        let progress = Progress::start(stage, epoch, epochs, batches, options.quiet);
        while !state.stage_is_over(epochs, config.train.patience) {
            if done == limit {
                return Ok(state);
            }
            let begun = Instant::now();
            let record = this.epoch(&mut state, data, || progress.batch())?;
            progress.epoch(&record);
            state.position.seconds += begun.elapsed().as_secs_f64();
            checkpoint::save(&path, config, &state)?;
            done += 1;
        }
        progress.finish();
    }
    Ok(state)
}

/// One stage of a training.
struct StageRun<'a> {
    config: &'a Config,
    net: &'a Net,
    stage: Stage,
    /// Rows of the training part.
    rows: usize,
    calibration: Rows,
    validation: Rows,
    decorrelation: Option<Decorrelation<'a>>,
    processor: Processor,
    device: &'a Device,
}

impl StageRun<'_> {
    fn epochs(&self) -> usize {
        match self.stage {
            Stage::Float => self.config.train.float_epochs,
            Stage::Quantised => self.config.train.quantised_epochs,
        }
    }

    /// Ranges of the activations on the calibration events; of none in floating point.
    fn ranges(&self, parameters: &[f32]) -> Result<Ranges, TrainError> {
        let mut ranges = Ranges::unseen(self.net);
        if self.stage == Stage::Quantised {
            observe(self.net, parameters, &self.calibration, &mut ranges)?;
        }
        Ok(ranges)
    }

    /// Runs one epoch and evaluates the network after it.
    fn epoch(
        &self,
        state: &mut State,
        data: &mut Data,
        tick: impl FnMut(),
    ) -> Result<EpochRecord, TrainError> {
        let train = &self.config.train;
        let rate = match self.stage {
            Stage::Float => train.learning_rate,
            Stage::Quantised => train.quantised_learning_rate.unwrap_or(train.learning_rate),
        };
        let position = &state.position;
        let beta = match self.stage {
            Stage::Float => None,
            Stage::Quantised => Some(beta(
                &train.cost,
                position.epoch,
                self.epochs(),
                position.beta,
                position.ebops,
            )),
        };
        let ranges = self.ranges(&state.parameters)?;
        let epoch = Epoch {
            config: self.config,
            net: self.net,
            ranges: &ranges,
            processor: (self.processor, self.device),
            rate,
            epochs: self.epochs(),
            objective: Objective::of(self.config, self.rows).beside(self.decorrelation.as_ref()),
            weight: Weight {
                beta: beta.unwrap_or(0.0) as f32,
                gamma: train.cost.gamma as f32,
            },
        };
        let loss = epoch.run(state, data, tick)?;
        state.position.beta = beta;
        self.judge(state, loss)
    }

    /// Evaluates the running mean after an epoch and keeps it if it is the best.
    fn judge(&self, state: &mut State, train_loss: f64) -> Result<EpochRecord, TrainError> {
        let ranges = self.ranges(&state.average)?;
        let mode = match self.stage {
            Stage::Float => Mode::Float,
            Stage::Quantised => Mode::Quantised,
        };
        let fixed = Fixed {
            net: self.net,
            parameters: &state.average,
            ranges: &ranges,
            mode,
        };
        let objective = Objective::of(self.config, self.rows);
        let objective = objective.beside(self.decorrelation.as_ref());
        let (loss, accuracy) = fixed.judge(objective, &self.validation)?;
        let ebops = (self.stage == Stage::Quantised).then(|| {
            let formats = ranges.formats(self.net, &state.average);
            Cost::new(self.net, &formats).ebops
        });
        let position = &mut state.position;
        let record = EpochRecord {
            stage: self.stage,
            epoch: position.epoch - 1,
            train_loss,
            validation_loss: loss,
            validation_accuracy: accuracy,
            ebops,
            beta: position.beta,
        };
        if let Some(ebops) = ebops {
            let first = position.ebops.map_or(ebops as f64, |(first, _)| first);
            position.ebops = Some((first, ebops as f64));
        }
        let objective = self.objective(loss, ebops);
        if position.best.is_none_or(|(_, best)| objective < best) {
            position.best = Some((record.epoch, objective));
            position.best_ranges = Some(ranges.clone());
            state.best = state.average.clone();
        }
        state.position.history.push(record.clone());
        if let (true, Some(ebops)) = (self.config.output.front, ebops) {
            let point = FrontPoint {
                epoch: record.epoch,
                ebops,
                validation_loss: loss,
                validation_accuracy: accuracy,
                ranges,
            };
            let parameters = state.average.clone();
            state.consider(point, &parameters);
        }
        Ok(record)
    }

    /// What the best network minimises: the validation loss and the cost at its last weight; with
    /// a target, the validation loss among networks that keep it, and before that the cost.
    fn objective(&self, loss: f64, ebops: Option<u64>) -> f64 {
        let Some(ebops) = ebops else { return loss };
        let cost = &self.config.train.cost;
        match cost.target {
            Some(target) if ebops > target => 1e6 * (ebops as f64 / target.max(1) as f64),
            Some(_) => loss,
            None => loss + cost.beta_final.unwrap_or(cost.beta) * ebops as f64,
        }
    }
}
