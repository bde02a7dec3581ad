//! The finished network: calibrated, exported, read back, and judged by what its integers do.

use std::path::Path;

use burn::tensor::DType;

use super::TrainError;
use super::data::{Data, Rows};
use super::decorrelation::{Decorrelation, Truth};
use super::evaluate::{Fixed, observe};
use super::integer::{IntegerOutputs, compare};
use super::kept::Kept;
use super::loss::{Objective, total_loss};
use super::signals::Signals;
use super::state::{Stage, State};
use crate::artefacts::{Artefacts, FrontModel};
use crate::config::Config;
use crate::data::{Events, InputSpec, Part};
use crate::execute;
use crate::export;
use crate::metrics::{Options, Scores};
use crate::net::{Cost, Format, Kind, Mode, Net, Ranges, Role};
use crate::report::{self, Fact, LayerWidths, Predicted, Report, WidthKind};

/// A finished training.
pub(super) struct Finished {
    pub(super) artefacts: Artefacts,
    pub(super) ebops: u64,
    pub(super) validation_loss: f64,
}

/// Calibrates the best network on all training events, exports it, and judges the file.
pub(super) fn finish(
    config: &Config,
    net: &Net,
    data: &mut Data,
    state: &State,
    out_dir: &Path,
) -> Result<Finished, TrainError> {
    let trained = Trained { config, net };
    let ranges = trained.calibrated(data, &state.best)?;
    let formats = ranges.formats(net, &state.best);
    let quantised = trained.export(data, &state.best, Some(&formats));
    let twin = state.twin(config.train.float_epochs);
    let float = trained.export(data, twin, None);
    let kept = Kept::new(out_dir);
    let path = kept.place("model", &quantised)?;

    let test = data.part(Part::Test)?;
    let signals = match config.anomaly {
        Some(_) => Some(Signals::read(config, data, &path)?),
        None => None,
    };
    let mut parts = Vec::new();
    let (mut cost, mut validation_loss) = (None, 0.0);
    for (name, events) in [("validation", &data.validation), ("test", &test)] {
        let own = Fixed {
            net,
            parameters: &state.best,
            ranges: &ranges,
            mode: Mode::Quantised,
        };
        let rows = data.judged(events.clone(), Stage::Quantised);
        let loss = match net.says_loss() {
            true => Some(own.judge(Objective::of(config, rows.rows), &rows)?.0),
            false => None,
        };
        let rows = Rows::new(&data.transforms, events.clone(), Stage::Quantised);
        let integer = kept.outputs("model", &quantised, name, data.source.inputs(), events)?;
        compare(&path, &integer.values, &own.outputs(&rows, DType::F64)?)?;
        let twin = Fixed {
            parameters: twin,
            mode: Mode::Float,
            ..own
        };
        let rows = Rows::new(&data.transforms, events.clone(), Stage::Float);
        let float = twin.outputs(&rows, DType::F32)?;
        if name == "validation" {
            validation_loss = match loss {
                Some(loss) => loss,
                None => trained.loss(&integer, events)?,
            };
        }
        cost = Some(integer.cost);
        let specs = data.source.inputs();
        let part = match (&signals, data.rotated(events)) {
            (None, Some(rotated)) => {
                let copies = format!("{name}-rotated");
                let found = kept.outputs("model", &quantised, &copies, specs, &rotated)?;
                let rows = |stage| Rows::new(&data.transforms, rotated.clone(), stage);
                let exact = own.outputs(&rows(Stage::Quantised), DType::F64)?;
                compare(&path, &found.values, &exact)?;
                let twins = twin.outputs(&rows(Stage::Float), DType::F32)?;
                let features = |events, copies| report::Features { events, copies };
                let integers = features(&integer.values, &found.values);
                report::Part::views(name, events.rows, integers, Some(features(&float, &twins)))
                    .map_err(|source| TrainError::Metrics { part: name, source })?
            }
            (Some(signals), _) => {
                signals.part(name, &integer, &float, events, parts.last(), (own, twin))?
            }
            (None, None) => trained.part(name, &integer, &float, events, specs)?,
        };
        parts.push(part);
    }
    let front = trained.front(data, &test, state, &kept)?;
    let cost = cost.unwrap_or_default();
    let report = Report {
        name: config.model.name.clone(),
        purpose: config.card.purpose.trim().to_owned(),
        classes: config.data.classes.clone(),
        facts: facts(net, &state.best, &formats),
        parts,
        baselines: config.card.baselines.clone(),
        cost: report::Cost {
            parameters: weights(net) as u64,
            multiplications: cost.macs,
            ebops: Some(cost.ebops),
        },
        layers: layers(net, &formats),
        metric: "accuracy".to_owned(),
        history: state.position.history.iter().map(Into::into).collect(),
    };
    Ok(Finished {
        artefacts: Artefacts {
            quantised,
            float,
            test,
            transforms: data.transforms.clone(),
            front,
            report,
        },
        ebops: cost.ebops,
        validation_loss,
    })
}

/// A network of a configuration.
struct Trained<'a> {
    config: &'a Config,
    net: &'a Net,
}

impl Trained<'_> {
    /// Ranges of all activations over the training part.
    fn calibrated(&self, data: &mut Data, parameters: &[f32]) -> Result<Ranges, TrainError> {
        let mut ranges = Ranges::unseen(self.net);
        data.chunks(Stage::Quantised, 0, 0, |rows, _| {
            observe(self.net, parameters, rows, &mut ranges)
        })?;
        if self.config.contrastive.is_some() {
            // What is judged and deployed sees the events as they are.
            let rows = Rows::new(&data.transforms, data.part(Part::Train)?, Stage::Quantised);
            observe(self.net, parameters, &rows, &mut ranges)?;
        }
        Ok(ranges)
    }

    fn export(&self, data: &Data, parameters: &[f32], formats: Option<&[Format]>) -> Vec<u8> {
        export::model(self.config, &data.transforms, self.net, parameters, formats)
    }

    /// Loss of the integers; with a head, that of a Gaussian with its outputs.
    fn loss(&self, integer: &IntegerOutputs, events: &Events) -> Result<f64, TrainError> {
        if self.config.model.head.is_some() {
            let targets: Vec<f64> = events.targets.iter().map(|t| f64::from(*t)).collect();
            let weights: Vec<f64> = events.weights.iter().map(|w| f64::from(*w)).collect();
            let rows = report::Rows {
                spec: None,
                input: &[],
                targets: &targets,
                weights: &weights,
            };
            let outputs = Predicted::of(&integer.ports, &integer.values);
            let loss = outputs.loss(&rows).map_err(|source| TrainError::Metrics {
                part: "validation",
                source,
            })?;
            return Ok(loss.unwrap_or(f64::NAN));
        }
        let objective = Objective::of(self.config, events.rows);
        let (total, weight) = total_loss(
            objective,
            &integer.values,
            &events.labels,
            &events.targets,
            &events.weights,
        )?;
        let truth = Truth {
            labels: &events.labels,
            spectators: &events.spectators,
            weights: &events.weights,
        };
        let decorrelation = Decorrelation::of(self.config);
        let beside = decorrelation.map(|d| d.whole(&integer.values, truth));
        Ok(total / weight + beside.unwrap_or(0.0))
    }

    /// Figures of one part.
    fn part(
        &self,
        name: &'static str,
        integer: &IntegerOutputs,
        float: &[f64],
        events: &Events,
        specs: &[InputSpec],
    ) -> Result<report::Part, TrainError> {
        let weights: Vec<f64> = events.weights.iter().map(|w| f64::from(*w)).collect();
        let mut options = Options::default();
        let quoted = self.config.output.signal_efficiency;
        if !options.signal_efficiencies.contains(&quoted) {
            options.signal_efficiencies.push(quoted);
            options.signal_efficiencies.sort_by(f64::total_cmp);
        }
        let part = if events.labels.is_empty() {
            let names = &self.config.data.targets;
            let names: Vec<_> = names.iter().map(|n| (n.clone(), String::new())).collect();
            let targets: Vec<f64> = events.targets.iter().map(|t| f64::from(*t)).collect();
            let truth = report::Targets {
                names: &names,
                values: &targets,
                weights: &weights,
            };
            let found = Predicted::of(&integer.ports, &integer.values);
            let twin = Predicted::of(&integer.ports, float);
            let rows = report::Rows {
                spec: specs.first(),
                input: events.inputs.first().map_or(&[], Vec::as_slice),
                targets: &targets,
                weights: &weights,
            };
            let bins = &self.config.output.bins;
            let uncertainty = found.judge(&rows, bins, options.bootstrap);
            let part =
                report::Part::regression(name, &found.means, Some(&twin.means), &truth, &options);
            part.and_then(|part| match uncertainty? {
                Some(uncertainty) => Ok(part.with_uncertainty(uncertainty)),
                None => Ok(part),
            })
        } else {
            let scores = Scores {
                logits: &execute::first(&integer.ports, &integer.values),
                classes: self.config.data.classes.len(),
                labels: &events.labels,
                weights: &weights,
            };
            let float = execute::first(&integer.ports, float);
            let part = report::Part::classification(name, &scores, Some(&float), &options);
            let mut part =
                part.map(|part| part.with_latent(&integer.ports, &integer.values, &weights));
            if let Some(own) = &self.config.train.decorrelation {
                let (configs, scores) = ((own, &self.config.data), (&scores, Some(&*float)));
                let beside = &events.spectators;
                part = part.and_then(|p| p.with_sculpting(configs, beside, scores, &options));
            }
            match self.config.data.mixture {
                Some(_) if name != "test" => part.map(report::Part::of_mixed_samples),
                _ => part,
            }
        };
        part.map_err(|source| TrainError::Metrics { part: name, source })
    }

    /// Every network of the front as a file, judged by its integers.
    fn front(
        &self,
        data: &mut Data,
        test: &Events,
        state: &State,
        kept: &Kept,
    ) -> Result<Vec<FrontModel>, TrainError> {
        let mut front = Vec::new();
        let points = state.position.front.iter().zip(&state.front);
        for (number, (point, parameters)) in points.enumerate() {
            let ranges = self.calibrated(data, parameters)?;
            let formats = ranges.formats(self.net, parameters);
            let model = self.export(data, parameters, Some(&formats));
            let name = format!("front-{number}");
            let specs = data.source.inputs();
            let integer = kept.outputs(&name, &model, "validation", specs, &data.validation)?;
            let of_test = kept.outputs(&name, &model, "test", specs, test)?;
            let classes = self.config.data.classes.len();
            let accuracy = |outputs: &IntegerOutputs, events: &Events| {
                let logits = execute::first(&outputs.ports, &outputs.values);
                (classes > 0).then(|| crate::metrics::accuracy(&logits, classes, &events.labels))
            };
            let loss = |outputs: &IntegerOutputs, events: &Events| match self.net.says_loss() {
                true => {
                    let fixed = Fixed {
                        net: self.net,
                        parameters,
                        ranges: &ranges,
                        mode: Mode::Quantised,
                    };
                    let rows = data.judged(events.clone(), Stage::Quantised);
                    let objective = Objective::of(self.config, rows.rows);
                    fixed.judge(objective, &rows).map(|found| found.0)
                }
                false => self.loss(outputs, events),
            };
            front.push(FrontModel {
                epoch: point.epoch,
                ebops: integer.cost.ebops,
                format_ebops: integer.cost.format_ebops,
                validation_loss: loss(&integer, &data.validation)?,
                validation_accuracy: accuracy(&integer, &data.validation),
                test_loss: loss(&of_test, test)?,
                test_accuracy: accuracy(&of_test, test),
                model,
            });
        }
        Ok(front)
    }
}

/// Numbers of the exported network: those that are learned and no widths, or that follow a
/// distribution rather than their distribution.
fn weights(net: &Net) -> usize {
    let kept = |(number, parameter): &(usize, &crate::net::Parameter)| {
        let of = |id: crate::net::ParameterId| id.number() == *number;
        let mut posteriors = net.posteriors.iter();
        !matches!(parameter.role, Role::Bits | Role::Fixed)
            && parameter.deployed
            && !posteriors.any(|p| of(p.mean) || of(p.spread))
    };
    let parameters = net.parameters.iter().enumerate();
    parameters.filter(kept).map(|(_, p)| p.len()).sum()
}

/// Learned numbers that have a meaning of their own, such as a metric, as they are exported.
fn facts(net: &Net, parameters: &[f32], formats: &[Format]) -> Vec<Fact> {
    let fact = |quantiser: &crate::net::Quantiser| {
        let parameter = &net.parameters[quantiser.weight?.0];
        (parameter.role == Role::Free).then(|| {
            let values = parameters[parameter.range()].iter().enumerate();
            let value = |(element, value): (usize, &f32)| {
                let format = &formats[quantiser.first + quantiser.grouping.of(element)];
                export::rounded(*value, format).to_string()
            };
            Fact {
                name: parameter.name.clone(),
                value: values.map(value).collect::<Vec<_>>().join(", "),
            }
        })
    };
    net.quantisers.iter().filter_map(fact).collect()
}

/// The width of every weight and activation.
fn layers(net: &Net, formats: &[Format]) -> Vec<LayerWidths> {
    let cost = Cost::new(net, formats);
    let layer = |quantiser: &crate::net::Quantiser| {
        let bits = (0..quantiser.elements())
            .map(|e| formats[quantiser.first + quantiser.grouping.of(e)].bits())
            .map(|bits| u8::try_from(bits).unwrap_or(u8::MAX));
        let weight = quantiser.kind == Kind::Weight;
        // Every product has one weight, or none: counted with the weight.
        let ebops = quantiser
            .widths()
            .map(|w| f64::from(cost.slope[w]) * f64::from(formats[w].bits()));
        LayerWidths {
            name: quantiser.name.clone(),
            kind: if quantiser.kind == Kind::Activation {
                WidthKind::Activation
            } else {
                WidthKind::Weight
            },
            shape: quantiser.shape.clone(),
            bits: bits.collect(),
            ebops: if weight { ebops.sum::<f64>() as u64 } else { 0 },
        }
    };
    let deployed = net.quantisers.iter().filter(|q| q.deployed);
    deployed.map(layer).collect()
}
