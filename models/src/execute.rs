//! Models executed on many events, on all cores of the processor.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use trigforge_codegen::import::{self, ImportError};
use trigforge_codegen::model::{self, Model};
use trigforge_codegen::ports::{Execute, WithPorts};
use trigforge_codegen::quantize::LoadError;
use trigforge_codegen::real::{self, Graph};

use crate::data::{Events, InputSpec};

/// What executes a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The integer interpreter, which defines what every kernel does.
    Integer,
    /// The model as its file states it, in double precision, rounded to single at the end.
    Float,
}

/// A model that can be executed.
pub struct Executable {
    path: PathBuf,
    loaded: Loaded,
}

enum Loaded {
    Integer(Model),
    Float(Graph),
}

/// Why a model cannot be executed on some events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The file is no model, or has no exact integer form.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The file is no model.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Inputs of model and data do not fit.
    #[error("{}: the model takes {expected}; the data has {found}", path.display())]
    Inputs {
        /// The model.
        path: PathBuf,
        /// Name and number of elements of each of its inputs.
        expected: String,
        /// The same of the data.
        found: String,
    },
    /// An event cannot be executed.
    #[error("{}, row {row}: {reason}", path.display())]
    Event {
        /// The model.
        path: PathBuf,
        /// The event, counted from 0.
        row: usize,
        /// Why.
        reason: String,
    },
}

/// Outputs of a model for many events.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// Name of each output and its numbers for one event.
    pub ports: Vec<(String, usize)>,
    /// Numbers of one event, those of all outputs.
    pub width: usize,
    /// The outputs in their order, event after event.
    pub values: Vec<f64>,
}

impl Outputs {
    /// The numbers of output `name`, event after event; `None` if there is no such output.
    pub fn port(&self, name: &str) -> Option<Vec<f64>> {
        port(&self.ports, &self.values, name)
    }
}

/// The numbers of output `name` among those of all outputs, `ports` being their names and widths;
/// `None` if there is no such output.
pub fn port(ports: &[(String, usize)], values: &[f64], name: &str) -> Option<Vec<f64>> {
    let at = ports.iter().position(|(port, _)| port == name)?;
    let width = |ports: &[(String, usize)]| ports.iter().map(|(_, width)| width).sum::<usize>();
    let first = width(&ports[..at]);
    let own = first..first + ports[at].1;
    let events = values.chunks_exact(width(ports).max(1));
    Some(
        events
            .flat_map(|event| event[own.clone()].to_vec())
            .collect(),
    )
}

/// The numbers of the first output: all where it is the only one.
pub fn first<'a>(ports: &[(String, usize)], values: &'a [f64]) -> Cow<'a, [f64]> {
    match ports {
        [(name, _), _, ..] => Cow::Owned(port(ports, values, name).unwrap_or_default()),
        _ => Cow::Borrowed(values),
    }
}

/// Executes one event, or says why not.
type OneEvent<'a> = Box<dyn Fn(&[Vec<f64>]) -> Result<Vec<f64>, String> + 'a>;

/// Events that a thread takes at a time.
const BLOCK: usize = 64;

impl Executable {
    /// Reads a model of any kind that codegen takes.
    ///
    /// # Errors
    ///
    /// A file that cannot be imported; for [`Engine::Integer`] also values without an exact
    /// integer form.
    pub fn load(path: &Path, engine: Engine) -> Result<Self, ExecuteError> {
        let loaded = match engine {
            Engine::Integer => Loaded::Integer(model::load(path, None)?.0),
            Engine::Float => Loaded::Float(import::read(path)?),
        };
        Ok(Self {
            path: path.to_owned(),
            loaded,
        })
    }

    /// The integer model; `None` for [`Engine::Float`].
    pub fn integer(&self) -> Option<&Model> {
        match &self.loaded {
            Loaded::Integer(model) => Some(model),
            Loaded::Float(_) => None,
        }
    }

    /// Fractional bits of the first number of the first output of the integer model.
    pub fn fractional(&self) -> Option<i32> {
        let ports = self.integer()?.ports();
        let formats = ports.outputs.first()?.ty.element_formats();
        Some(formats.first()?.f())
    }

    /// Executes every event. Inputs go by name, or by themselves where there is only one.
    ///
    /// `done` is told the number of events executed since it was last called.
    ///
    /// # Errors
    ///
    /// Inputs that do not fit the model's, or an event that cannot be executed.
    pub fn run(
        &self,
        specs: &[InputSpec],
        events: &Events,
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<Outputs, ExecuteError> {
        let order = self.order(specs)?;
        let next = AtomicUsize::new(0);
        let blocks = events.rows.div_ceil(BLOCK);
        let finished = Mutex::new(Vec::with_capacity(blocks));
        let work = || -> Result<(), ExecuteError> {
            let one = self.one_event()?;
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                let rows = block * BLOCK..((block + 1) * BLOCK).min(events.rows);
                if block >= blocks {
                    return Ok(());
                }
                let mut values = Vec::new();
                for row in rows.clone() {
                    let inputs = order.iter().map(|&input| {
                        let elements = specs[input].elements();
                        let row = &events.inputs[input][row * elements..][..elements];
                        row.iter().map(|v| f64::from(*v)).collect()
                    });
                    let output = one(&inputs.collect::<Vec<_>>()).map_err(|reason| {
                        // The others stop at the next block.
                        next.store(blocks, Ordering::Relaxed);
                        ExecuteError::Event {
                            path: self.path.clone(),
                            row,
                            reason,
                        }
                    })?;
                    values.extend(output);
                }
                done(rows.len());
                let mut finished = finished
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                finished.push((block, values));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.min(blocks))
                .map(|_| scope.spawn(work))
                .collect();
            let mut result = work();
            for other in others {
                let found = other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(found);
            }
            result
        })?;
        let mut finished = finished
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        finished.sort_unstable_by_key(|(block, _)| *block);
        let values: Vec<f64> = finished
            .into_iter()
            .flat_map(|(_, values)| values)
            .collect();
        let ports = self.output_ports();
        Ok(Outputs {
            width: ports.iter().map(|(_, width)| width).sum(),
            ports,
            values,
        })
    }

    /// Name of each output and its numbers for one event.
    pub(crate) fn output_ports(&self) -> Vec<(String, usize)> {
        match &self.loaded {
            Loaded::Integer(model) => {
                let outputs = model.ports().outputs;
                let outputs = outputs.into_iter();
                outputs.map(|o| (o.name, o.ty.len())).collect()
            }
            Loaded::Float(graph) => {
                let width = |id: &real::Id| graph.node(*id).shape.iter().product();
                let outputs = graph.outputs.iter();
                outputs
                    .map(|(name, id)| (name.clone(), width(id)))
                    .collect()
            }
        }
    }

    /// For each input of the model, which input of the data it is.
    fn order(&self, specs: &[InputSpec]) -> Result<Vec<usize>, ExecuteError> {
        let wanted: Vec<(String, usize)> = match &self.loaded {
            Loaded::Integer(model) => {
                let inputs = model.ports().inputs;
                inputs
                    .iter()
                    .map(|i| (i.name.clone(), i.ty.len()))
                    .collect()
            }
            Loaded::Float(graph) => {
                let shape = |shape: &[usize]| shape.iter().product();
                let inputs = graph.inputs();
                inputs
                    .map(|(_, node)| (node.name.clone(), shape(&node.shape)))
                    .collect()
            }
        };
        let place = |(name, elements): &(String, usize)| {
            let single = wanted.len() == 1 && specs.len() == 1;
            let fits =
                |spec: &InputSpec| spec.elements() == *elements && (single || spec.name == *name);
            specs.iter().position(fits)
        };
        let places: Option<Vec<usize>> = wanted.iter().map(place).collect();
        places.ok_or_else(|| {
            let list = |inputs: &mut dyn Iterator<Item = (&str, usize)>| {
                let each = inputs.map(|(name, n)| format!("`{}` ({n})", name.escape_debug()));
                each.collect::<Vec<_>>().join(", ")
            };
            ExecuteError::Inputs {
                path: self.path.clone(),
                expected: list(&mut wanted.iter().map(|(name, n)| (name.as_str(), *n))),
                found: list(&mut specs.iter().map(|s| (s.name.as_str(), s.elements()))),
            }
        })
    }

    /// What executes one event: the real values of each input in, of all outputs out.
    fn one_event(&self) -> Result<OneEvent<'_>, ExecuteError> {
        Ok(match &self.loaded {
            Loaded::Float(graph) => Box::new(move |inputs| {
                let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
                let outputs = real::evaluate(graph, &inputs).map_err(|e| e.to_string())?;
                let all = outputs.iter().flatten();
                Ok(all.map(|v| f64::from(*v as f32)).collect())
            }),
            Loaded::Integer(model) => {
                let interpreter = model.interpreter().map_err(|e| ExecuteError::Event {
                    path: self.path.clone(),
                    row: 0,
                    reason: e.to_string(),
                })?;
                Box::new(move |inputs| execute(interpreter.as_ref(), inputs))
            }
        })
    }
}

fn execute(interpreter: &dyn Execute, inputs: &[Vec<f64>]) -> Result<Vec<f64>, String> {
    let ports = interpreter.ports();
    let mut mantissas = Vec::with_capacity(inputs.len());
    for (input, values) in inputs.iter().enumerate() {
        let encoded = ports.encode(input, values).map_err(|e| e.to_string())?;
        mantissas.push(encoded.mantissas);
    }
    let mantissas: Vec<&[i64]> = mantissas.iter().map(Vec::as_slice).collect();
    let outputs = interpreter.run(&mantissas).map_err(|e| e.to_string())?;
    let decode = |(at, output): (usize, &Vec<i64>)| ports.decode(at, output);
    Ok(outputs.iter().enumerate().flat_map(decode).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r#"
trigforge-ir 0.1
module "m"
%0 "a" = input {rounding=RND_CONV, overflow=SAT} : [2] fix(1,7,1)
%1 "b" = input {rounding=RND_CONV, overflow=SAT} : [2] fix(1,7,1)
%2 "y" = sub %0, %1
output "y" = %2
"#;

    fn spec(name: &str, elements: usize) -> InputSpec {
        InputSpec {
            name: name.to_owned(),
            columns: vec![String::new(); elements],
            shape: vec![elements],
            mask: None,
        }
    }

    fn model() -> (tempfile::TempDir, Executable) {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("m.ir");
        std::fs::write(&path, MODEL).expect("write");
        let model = Executable::load(&path, Engine::Integer).expect("model");
        (dir, model)
    }

    #[test]
    fn inputs_go_by_name_and_events_keep_their_order() {
        let (_dir, model) = model();
        let rows = 3 * BLOCK + 5;
        let a: Vec<f32> = (0..2 * rows).map(|v| (v % 100) as f32).collect();
        let b: Vec<f32> = (0..2 * rows).map(|v| (v % 7) as f32 + 0.5).collect();
        let events = Events {
            rows,
            inputs: vec![b.clone(), a.clone()],
            ..Events::default()
        };
        let count = AtomicUsize::new(0);
        let done = |events: usize| {
            count.fetch_add(events, Ordering::Relaxed);
        };
        let outputs = model
            .run(&[spec("b", 2), spec("a", 2)], &events, &done)
            .expect("outputs");
        assert_eq!((outputs.width, count.into_inner()), (2, rows));
        let expected: Vec<f64> = a.iter().zip(&b).map(|(a, b)| f64::from(a - b)).collect();
        assert_eq!(outputs.values, expected);
        assert_eq!(outputs.ports, [("y".to_owned(), 2)]);
        assert_eq!(outputs.port("y"), Some(expected));
        assert_eq!(outputs.port("z"), None);
        let two = [("a".to_owned(), 2), ("b".to_owned(), 1)];
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(first(&two, &values)[..], [1.0, 2.0, 4.0, 5.0]);
        assert_eq!(first(&two[..1], &values)[..], values);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let (_dir, model) = model();
        let error = |specs: &[InputSpec], inputs: Vec<Vec<f32>>| {
            let events = Events {
                rows: 1,
                inputs,
                ..Events::default()
            };
            let error = model.run(specs, &events, &|_| {}).expect_err("error");
            error.to_string()
        };
        let text = error(
            &[spec("a", 2), spec("c", 3)],
            vec![vec![0.0; 2], vec![0.0; 3]],
        );
        assert!(
            text.contains("takes `a` (2), `b` (2); the data has `a` (2), `c` (3)"),
            "{text}"
        );
        let nan = vec![vec![0.0; 2], vec![0.0, f32::NAN]];
        let text = error(&[spec("a", 2), spec("b", 2)], nan);
        assert!(
            text.contains("row 0") && text.contains("element 1"),
            "{text}"
        );
    }
}
