//! A model judged on a held-back part of the data of a configuration.

mod anomaly;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use trigforge_codegen::model::Model;
use trigforge_codegen::validate::validate;

use crate::config::{
    CardConfig, ConfigError, DataConfig, DecorrelationConfig, EvaluationConfig, OutputConfig,
};
use crate::data::{self, DataError, InputSpec, Source};
use crate::execute::{self, Engine, Executable, ExecuteError, Outputs};
use crate::metrics::{MetricsError, Options, Scores, logits_of};
use crate::report::{Cost, Fact, LayerWidths, Part, Predicted, Report, Rows, Targets};

/// What is judged, and on what.
#[derive(Debug, Clone)]
pub struct Request {
    /// Model of any kind that codegen takes. Its first output is taken.
    pub model: PathBuf,
    /// Configuration (TOML) with the table `[data]`; `[card]`, `[train.decorrelation]` and, for data without labels and
    /// targets, `[evaluation]` are used where they are there, any other table is not looked at.
    pub config: PathBuf,
    /// The part of the data.
    pub part: data::Part,
    /// A float model to judge on the same rows.
    pub float: Option<PathBuf>,
    /// Whether the model gives probabilities rather than logits.
    pub probabilities: bool,
    /// What to look at.
    pub options: Options,
}

/// Why a model cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data is not valid.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A model cannot be executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The outputs cannot be judged.
    #[error("{}: the outputs cannot be judged", path.display())]
    Metrics {
        /// The model.
        path: PathBuf,
        /// Why.
        source: MetricsError,
    },
    /// A model has another number of outputs than classes or targets.
    #[error("{}: the first output has {found} elements; the data has {expected}", path.display())]
    Outputs {
        /// The model.
        path: PathBuf,
        /// Elements of the output.
        found: usize,
        /// Classes or targets of the data.
        expected: String,
    },
}

/// The tables of a configuration that an evaluation looks at.
#[derive(Debug, Deserialize)]
struct Tables {
    data: DataConfig,
    #[serde(default)]
    evaluation: EvaluationConfig,
    #[serde(default)]
    output: OutputConfig,
    #[serde(default)]
    card: CardConfig,
    #[serde(default)]
    train: Watched,
}

/// What is looked at of the table `[train]`.
#[derive(Debug, Default, Deserialize)]
struct Watched {
    decorrelation: Option<DecorrelationConfig>,
}

impl Tables {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mut tables: Self = toml::from_str(&text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let mut checked = tables.data.check().and(tables.evaluation.check());
        if let Some(decorrelation) = &tables.train.decorrelation {
            tables.data.look_at(&decorrelation.column);
            checked = checked.and(decorrelation.check(&tables.data));
        }
        match checked {
            Ok(()) => Ok(tables),
            Err(problem) => Err(ConfigError::Invalid {
                path: path.to_owned(),
                problem: Box::new(problem),
            }),
        }
    }
}

/// The table `[data]` of a configuration; no other table needs to be there.
///
/// # Errors
///
/// A file that cannot be read or is not TOML, and an unknown key or a value out of range in the
/// tables that an evaluation looks at.
pub fn data_of(config: &Path) -> Result<DataConfig, ConfigError> {
    Ok(Tables::read(config)?.data)
}

/// What is known of the rows of a part.
#[derive(Default)]
struct Truth {
    labels: Vec<usize>,
    targets: Vec<f64>,
    weights: Vec<f64>,
    /// Of each row all spectators.
    spectators: Vec<f32>,
    /// The first input.
    input: Vec<f32>,
}

/// Judges a model on a part of the data.
///
/// `progress` is told how many events are done, over all models, and how many there are.
///
/// # Errors
///
/// See [`EvaluateError`].
pub fn evaluate(
    request: &Request,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, EvaluateError> {
    let tables = Tables::read(&request.config)?;
    let model = Executable::load(&request.model, Engine::Integer)?;
    let twin = match &request.float {
        Some(path) => Some(Executable::load(path, Engine::Float)?),
        None => None,
    };
    let source = Source::open(&tables.data)?;
    let signals = match tables.data.has_goal() {
        true => Vec::new(),
        false => anomaly::signals(request, &tables.data, &tables.evaluation)?,
    };
    let rows = source.rows(request.part) + signals.iter().map(|s| s.1.rows).sum::<usize>();
    let all = rows * (1 + usize::from(twin.is_some()));
    let done = std::sync::atomic::AtomicUsize::new(0);
    let step = |events: usize| {
        let before = done.fetch_add(events, std::sync::atomic::Ordering::Relaxed);
        progress(before + events, all);
    };
    let specs: Vec<InputSpec> = source.inputs().to_vec();
    let (mut truth, mut outputs, mut twins) = (Truth::default(), Vec::new(), Vec::new());
    let mut ports = Vec::new();
    for events in source.chunks(request.part, None) {
        let events = events?;
        let found = run(&model, &request.model, &tables.data, &specs, &events, &step)?;
        outputs.extend(found.values);
        ports = found.ports;
        if let (Some(twin), Some(path)) = (&twin, &request.float) {
            let found = run(twin, path, &tables.data, &specs, &events, &step)?;
            twins.extend(found.values);
        }
        truth
            .input
            .extend(events.inputs.into_iter().next().unwrap_or_default());
        truth.labels.extend(events.labels);
        truth.spectators.extend(events.spectators);
        truth
            .targets
            .extend(events.targets.iter().map(|t| f64::from(*t)));
        truth
            .weights
            .extend(events.weights.iter().map(|w| f64::from(*w)));
    }
    let twins = twin.is_some().then_some(twins);
    let part = if tables.data.has_goal() {
        let outputs = Judged {
            ports,
            values: outputs,
            twins,
            spec: specs.first(),
        };
        judge(request, &tables, &truth, outputs)?
    } else {
        let models = anomaly::Models {
            model: &model,
            float: twin.as_ref(),
            specs: &specs,
            step: &step,
        };
        anomaly::judge(
            request,
            &tables.evaluation,
            &signals,
            &models,
            (&truth, tables.data.weight.is_some()),
            (&outputs, twins.as_deref()),
        )?
    };
    Ok(describe(request, tables, &source, &model, part))
}

/// Outputs of a model for all rows of a part.
struct Judged<'a> {
    ports: Vec<(String, usize)>,
    values: Vec<f64>,
    /// Those of a float model.
    twins: Option<Vec<f64>>,
    /// The first input.
    spec: Option<&'a InputSpec>,
}

/// The outputs of a model for some events.
fn run(
    model: &Executable,
    path: &Path,
    data: &DataConfig,
    specs: &[InputSpec],
    events: &data::Events,
    step: &(dyn Fn(usize) + Sync),
) -> Result<Outputs, EvaluateError> {
    let outputs = model.run(specs, events, step)?;
    let (classes, targets) = (data.classes.len(), data.targets.len());
    let first = outputs.ports.first().map_or(outputs.width, |port| port.1);
    let fits = match classes {
        0 if !data.has_goal() => outputs.width == 1,
        0 if outputs.ports.len() > 1 => {
            let mean = outputs.ports.iter().find(|(name, _)| name == "mean");
            mean.is_some_and(|(_, width)| *width == targets)
        }
        0 => outputs.width == targets,
        2 => first == 1 || first == 2,
        classes => first == classes,
    };
    if events.rows == 0 || fits {
        return Ok(outputs);
    }
    Err(EvaluateError::Outputs {
        path: path.to_owned(),
        found: outputs.width,
        expected: match classes {
            0 if !data.has_goal() => "neither labels nor targets, for a single score".to_owned(),
            0 => format!("{targets} targets"),
            classes => format!("{classes} classes"),
        },
    })
}

fn judge(
    request: &Request,
    tables: &Tables,
    truth: &Truth,
    outputs: Judged<'_>,
) -> Result<Part, EvaluateError> {
    let data = &tables.data;
    let weights = match data.weight {
        Some(_) => truth.weights.as_slice(),
        None => &[],
    };
    let name = request.part.name();
    let judged = if data.classes.is_empty() {
        let names: Vec<_> = data
            .targets
            .iter()
            .map(|t| (t.clone(), String::new()))
            .collect();
        let targets = Targets {
            names: &names,
            values: &truth.targets,
            weights,
        };
        let rows = Rows {
            spec: outputs.spec,
            input: &truth.input,
            targets: &truth.targets,
            weights,
        };
        let found = Predicted::of(&outputs.ports, &outputs.values);
        let twins = outputs.twins.as_ref();
        let twins = twins.map(|values| Predicted::of(&outputs.ports, values).means);
        let options = &request.options;
        let uncertainty = found.judge(&rows, &tables.output.bins, options.bootstrap);
        let part = Part::regression(name, &found.means, twins.as_deref(), &targets, options);
        part.and_then(|part| match uncertainty? {
            Some(uncertainty) => Ok(part.with_uncertainty(uncertainty)),
            None => Ok(part),
        })
    } else {
        let classes = data.classes.len();
        let logits = |values: Vec<f64>| match request.probabilities {
            true => logits_of(&values, values.len() == truth.labels.len()),
            false => values,
        };
        let of_first = |values: &[f64]| logits(execute::first(&outputs.ports, values).into_owned());
        let twins = outputs.twins.as_deref().map(of_first);
        let (ports, values) = (&outputs.ports, &outputs.values);
        let outputs = of_first(values);
        let scores = Scores {
            logits: &outputs,
            classes,
            labels: &truth.labels,
            weights,
        };
        let (twins, options) = (twins.as_deref(), &request.options);
        let part = Part::classification(name, &scores, twins, options);
        let mut part = part.map(|part| part.with_latent(ports, values, weights));
        if let Some(own) = &tables.train.decorrelation {
            let beside = &truth.spectators;
            part =
                part.and_then(|p| p.with_sculpting((own, data), beside, (&scores, twins), options));
        }
        match data.mixture {
            Some(_) if request.part != data::Part::Test => part.map(Part::of_mixed_samples),
            _ => part,
        }
    };
    judged.map_err(|source| EvaluateError::Metrics {
        path: request.model.clone(),
        source,
    })
}

fn describe(
    request: &Request,
    tables: Tables,
    source: &Source,
    model: &Executable,
    part: Part,
) -> Report {
    let file = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let files: Vec<String> = tables.data.files().iter().map(|path| file(path)).collect();
    let counts = source.counts();
    let split = &tables.data.split;
    let mut facts = vec![
        ("model", file(&request.model)),
        ("configuration", file(&request.config)),
        ("data", files.join(", ")),
        ("selection", tables.data.selection.join(" and ")),
        ("rows of all files", counts.all.to_string()),
        (
            "deselected, skipped",
            format!("{}, {}", counts.deselected, counts.skipped),
        ),
        (
            "split (train, validation, test; seed)",
            format!(
                "{}, {}, {}; {}",
                split.train, split.validation, split.test, split.seed
            ),
        ),
        ("weights", tables.data.weight.clone().unwrap_or_default()),
        ("bootstrap", {
            let bootstrap = request.options.bootstrap;
            format!("{} replicas, seed {}", bootstrap.replicas, bootstrap.seed)
        }),
        ("provenance", tables.card.provenance.clone()),
        ("limits", tables.card.limits.clone()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    let mut report = Report {
        name: file(&request.model),
        purpose: tables.card.purpose,
        classes: tables.data.classes,
        facts: (facts.into_iter())
            .map(|(name, value)| Fact {
                name: name.to_owned(),
                value,
            })
            .collect(),
        parts: vec![part],
        baselines: tables.card.baselines,
        ..Report::default()
    };
    if let Some(Model::Graph(module)) = model.integer() {
        report.name.clone_from(&module.name);
        if let Ok(info) = validate(module) {
            report.cost = Cost::of(module, &info);
            report.layers = LayerWidths::of(module, &info);
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::accuracy;
    use crate::report::Figures;
    use crate::zoo::JSC_MLP;

    #[test]
    fn the_shipped_tagger_is_judged_as_its_training_judged_it() {
        let dir = tempfile::tempdir().expect("tempdir");
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).expect("write");
            path
        };
        let sample = write("sample.npz", JSC_MLP.sample);
        let features: Vec<String> = (0..16).map(|j| format!("\"x[{j}]\"")).collect();
        let config = format!(
            "[data]\npath = {:?}\nfeatures = [{}]\nlabel = \"label\"\n\
             classes = [\"g\", \"q\", \"W\", \"Z\", \"t\"]\n\
             split = {{ train = 0.4, validation = 0.3, test = 0.3, seed = 1 }}\n\
             [[card.baselines]]\nmodel = \"trees\"\nmetric = \"accuracy\"\nvalue = 0.6375\n\
             [anything]\nelse = 1\n",
            sample.display().to_string(),
            features.join(", ")
        );
        let mut request = Request {
            model: write("model.onnx", JSC_MLP.model),
            config: write("config.toml", config.as_bytes()),
            part: data::Part::Test,
            float: Some(write("float.onnx", JSC_MLP.float)),
            probabilities: false,
            options: Options::default(),
        };
        let last = std::sync::Mutex::new((0, 0));
        let progress = |done: usize, all: usize| {
            let mut last = last.lock().expect("lock");
            last.0 = last.0.max(done);
            last.1 = all;
        };
        let report = evaluate(&request, &progress).expect("report");
        assert_eq!(*last.lock().expect("lock"), (2400, 2400));
        let part = &report.parts[0];
        let Figures::Classification {
            integer: model,
            float,
            ..
        } = &part.figures
        else {
            panic!("a classifier");
        };
        assert_eq!(
            (part.rows(), part.name.as_str(), report.name.as_str()),
            (1200, "test", "jsc-mlp")
        );
        assert!(
            (model.accuracy.value - 0.6368).abs() < 4.0 * 0.0139,
            "{:?}",
            model.accuracy
        );
        assert!(float.is_some() && report.baselines.len() == 1);
        let ebops: u64 = report.layers.iter().map(|layer| layer.ebops).sum();
        assert!(ebops > 0 && report.cost.ebops == Some(ebops));

        // The figures are those of the rows: executed here one by one.
        let source =
            Source::open(&Tables::read(&request.config).expect("tables").data).expect("data");
        let events = source
            .chunks(data::Part::Test, None)
            .next()
            .expect("chunk")
            .expect("events");
        let executable = Executable::load(&request.model, Engine::Integer).expect("model");
        let outputs = executable
            .run(source.inputs(), &events, &|_| {})
            .expect("outputs");
        assert_eq!(
            model.accuracy.value,
            accuracy(&outputs.values, 5, &events.labels)
        );

        request.config = write("two.toml", config.replace(", \"t\"]", "]").as_bytes());
        let error = evaluate(&request, &|_, _| {})
            .expect_err("error")
            .to_string();
        assert!(
            error.contains("label") || error.contains("4 classes"),
            "{error}"
        );
    }
}
