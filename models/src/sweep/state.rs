//! The state of a sweep in one file, replaced whenever a trial begins or ends.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::figures::Figures;
use super::pareto::Scored;
use super::propose::Earlier;
use super::space::{Method, Space};
use super::{Objective, SweepError};
use crate::files;

/// Name of the file in the folder of the sweep.
const FILE: &str = "sweep.json";

/// Everything that is known of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The configuration that all trials share.
    config: Table,
    /// What is searched and how.
    pub(super) space: Space,
    /// How many trials run beside each other: the estimator knows so many less.
    pub(super) jobs: usize,
    /// The trials that have begun, by number.
    pub(super) trials: Vec<Trial>,
}

/// One trial of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its values, in alphabetical order of the parameters.
    pub values: Vec<Value>,
    /// How it went.
    pub outcome: Outcome,
    /// Seconds that it took, reading the data and writing the files included; those of an
    /// interrupted run are not counted.
    pub seconds: f64,
}

/// How a trial went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It has begun.
    Running,
    /// It is over.
    Finished(Figures),
    /// It gave no network.
    Failed {
        /// The error.
        reason: String,
    },
}

impl Trial {
    /// Whether it has ended in one way or the other.
    pub(super) fn is_over(&self) -> bool {
        self.outcome != Outcome::Running
    }

    /// Its figures, if it has ended well.
    pub fn figures(&self) -> Option<&Figures> {
        match &self.outcome {
            Outcome::Finished(figures) => Some(figures),
            _ => None,
        }
    }

    /// What counts of it for an objective.
    pub(super) fn scored(&self, number: usize, objective: Objective) -> Option<Scored> {
        let figures = self.figures()?;
        Some(Scored {
            trial: number,
            ebops: figures.ebops,
            loss: figures.lost(objective)?,
        })
    }
}

impl State {
    /// A sweep before its first trial.
    pub(super) fn start(config: &Table, space: &Space, jobs: usize) -> Self {
        Self {
            config: config.clone(),
            space: space.clone(),
            jobs,
            trials: Vec::new(),
        }
    }

    /// Where the state of a folder is.
    pub(super) fn path(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Replaces the file.
    pub(super) fn save(&self, dir: &Path) -> Result<(), SweepError> {
        let path = Self::path(dir);
        let io = |source| SweepError::Io {
            path: path.clone(),
            source,
        };
        let text = serde_json::to_string_pretty(self).map_err(|e| io(e.into()))?;
        files::replace(&path, text.as_bytes()).map_err(io)
    }

    /// Reads the state of a sweep that goes on with this configuration and space.
    ///
    /// The number of trials may differ, and that of jobs where nothing depends on it.
    pub(super) fn load(
        dir: &Path,
        config: &Table,
        space: &Space,
        jobs: Option<usize>,
    ) -> Result<Self, SweepError> {
        let path = Self::path(dir);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SweepError::NothingToResume { path });
            }
            Err(source) => return Err(SweepError::Io { path, source }),
        };
        let mut state: Self = match serde_json::from_str(&text) {
            Ok(state) => state,
            Err(error) => {
                let reason = error.to_string();
                return Err(SweepError::State { path, reason });
            }
        };
        let wanted = jobs.unwrap_or(state.jobs);
        if let Some(difference) = state.difference(config, space, wanted) {
            return Err(SweepError::OtherSweep { path, difference });
        }
        let parameters = space.parameters.len();
        if let Some(bad) = state
            .trials
            .iter()
            .position(|t| t.values.len() != parameters)
        {
            let reason = format!("trial {bad} has not {parameters} values");
            return Err(SweepError::State { path, reason });
        }
        state.space.trials = space.trials;
        state.jobs = wanted;
        Ok(state)
    }

    /// What of the present sweep is not as it was, apart from the number of trials.
    fn difference(&self, config: &Table, space: &Space, jobs: usize) -> Option<String> {
        let old = &self.space;
        if self.config != *config {
            Some("another configuration".to_owned())
        } else if old.method != space.method {
            Some(format!("method '{}'", old.method.name()))
        } else if old.seed != space.seed {
            Some(format!("seed {}", old.seed))
        } else if old.objective != space.objective {
            Some(format!("objective '{}'", old.objective.key()))
        } else if old.parameters != space.parameters {
            Some("other parameters".to_owned())
        } else if space.method == Method::Tpe && self.jobs != jobs {
            Some(format!("--jobs {}, on which the values depend", self.jobs))
        } else {
            None
        }
    }

    /// Whether trial `number` is over.
    pub(super) fn is_over(&self, number: usize) -> bool {
        self.trials.get(number).is_some_and(Trial::is_over)
    }

    /// How many trials must be over before trial `number` begins; it knows these, and no other.
    pub(super) fn known_to(&self, number: usize) -> usize {
        (number + 1).saturating_sub(self.jobs)
    }

    /// The trials before `number`, as it knows them.
    pub(super) fn earlier(&self, number: usize) -> Vec<Earlier<'_>> {
        let known = self.known_to(number);
        let trials = self.trials.iter().enumerate().take(number);
        trials
            .map(|(at, trial)| Earlier {
                values: &trial.values,
                known: at < known,
                scored: trial.scored(at, self.space.objective),
            })
            .collect()
    }

    /// What counts of all trials that have ended well.
    pub(super) fn scored(&self) -> Vec<Scored> {
        let objective = self.space.objective;
        let trials = self.trials.iter().enumerate();
        trials
            .filter_map(|(at, trial)| trial.scored(at, objective))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(text: &str) -> Space {
        Space::from_text(text, Path::new("s.toml")).expect("space")
    }

    const SPACE: &str = "trials = 5\n[parameters]\na = { log = [0.1, 10.0] }\n\
                         b = { choice = [[1, 2], \"x\", true] }\n";

    fn state() -> State {
        let config: Table = toml::from_str("x = 0.1\ny = [1, 2]").expect("config");
        let mut state = State::start(&config, &space(SPACE), 2);
        let figures = Figures {
            loss: 1.0 / 3.0,
            accuracy: None,
            accuracy_error: None,
            auc: Some(0.1 + 0.2),
            ebops: u64::from(u32::MAX) + 7,
        };
        let outcomes = [
            Outcome::Finished(figures),
            Outcome::Failed {
                reason: "the loss is NaN".to_owned(),
            },
            Outcome::Running,
        ];
        for (outcome, choice) in outcomes.into_iter().zip([
            Value::Array(vec![Value::Integer(1), Value::Integer(2)]),
            Value::String("x".to_owned()),
            Value::Boolean(true),
        ]) {
            state.trials.push(Trial {
                values: vec![Value::Float(2.0), choice],
                outcome,
                seconds: 1.5,
            });
        }
        state
    }

    #[test]
    fn comes_back_as_it_was_and_may_grow() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut old = state();
        old.save(dir.path()).expect("save");
        let longer = space(&SPACE.replace("5", "9"));
        let new = State::load(dir.path(), &old.config, &longer, None).expect("load");
        old.space.trials = Some(9);
        assert_eq!(new, old);
    }

    #[test]
    fn another_sweep_is_refused_with_the_difference() {
        let dir = tempfile::tempdir().expect("tempdir");
        let old = state();
        old.save(dir.path()).expect("save");
        let load = |config: &Table, text: &str, jobs| {
            let error = State::load(dir.path(), config, &space(text), jobs);
            error.expect_err("error").to_string()
        };
        let config = &old.config;
        let other: Table = toml::from_str("x = 0.2\ny = [1, 2]").expect("config");
        assert!(load(&other, SPACE, None).contains("another configuration"));
        let text = load(config, &format!("seed = 1\n{SPACE}"), None);
        assert!(text.contains("started with seed 0"), "{text}");
        let text = load(config, &format!("method = \"random\"\n{SPACE}"), None);
        assert!(text.contains("method 'tpe'"), "{text}");
        assert!(load(config, &SPACE.replace("10.0", "9.0"), None).contains("other parameters"));
        assert!(load(config, SPACE, Some(1)).contains("--jobs 2"));
    }

    #[test]
    fn a_damaged_or_missing_file_is_told() {
        let dir = tempfile::tempdir().expect("tempdir");
        let old = state();
        let load = || State::load(dir.path(), &old.config, &old.space, None).expect_err("error");
        assert!(matches!(load(), SweepError::NothingToResume { .. }));
        std::fs::write(State::path(dir.path()), "{").expect("write");
        assert!(matches!(load(), SweepError::State { .. }));
    }

    #[test]
    fn a_trial_knows_what_was_over_before_it_could_begin() {
        let state = state();
        assert_eq!([0, 1, 2, 5].map(|n| state.known_to(n)), [0, 0, 1, 4]);
        let known: Vec<_> = state.earlier(2).iter().map(|e| e.known).collect();
        assert_eq!(known, [true, false]);
        assert_eq!(
            state.scored().len(),
            1,
            "of three trials one has ended well"
        );
    }
}
