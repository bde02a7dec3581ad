//! The state of a training in one file, replaced at the end of every epoch.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use ndarray::{Array1, ArrayView1};
use ndarray_npy::{NpzReader, NpzWriter};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::state::{Position, State};
use crate::config::Config;
use crate::files;
use crate::net::Net;

/// Name of the folder below the output directory.
pub(super) const FOLDER: &str = "checkpoint";

#[derive(Serialize, Deserialize)]
struct Header {
    config: Config,
    position: Position,
}

/// Where the checkpoint of an output directory is.
pub(super) fn path(out_dir: &Path) -> PathBuf {
    out_dir.join(FOLDER).join("state.npz")
}

/// Removes the folder of a complete training. The state goes last, so that a training that is
/// stopped here either has it or is complete.
pub(super) fn remove(out_dir: &Path) -> Result<(), TrainError> {
    let (folder, state) = (out_dir.join(FOLDER), path(out_dir));
    let removed = std::fs::read_dir(&folder).and_then(|entries| {
        for entry in entries {
            let path = entry?.path();
            if path != state {
                std::fs::remove_file(path)?;
            }
        }
        std::fs::remove_file(state)?;
        std::fs::remove_dir(&folder)
    });
    removed.map_err(|source| TrainError::Io {
        path: folder,
        source,
    })
}

/// Replaces the checkpoint.
pub(super) fn save(path: &Path, config: &Config, state: &State) -> Result<(), TrainError> {
    let failed = |reason: String| TrainError::Checkpoint {
        path: path.to_owned(),
        reason,
    };
    let header = Header {
        config: config.clone(),
        position: state.position.clone(),
    };
    let header = serde_json::to_vec(&header).map_err(|e| failed(e.to_string()))?;
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = NpzWriter::new(&mut bytes);
    let write = |writer: &mut NpzWriter<_>| {
        for (name, numbers) in arrays(state) {
            writer.add_array(name, &ArrayView1::from(numbers))?;
        }
        writer.add_array("header", &Array1::from(header))
    };
    write(&mut writer).map_err(|e| failed(e.to_string()))?;
    writer.finish().map_err(|e| failed(e.to_string()))?;
    files::replace(path, &bytes.into_inner()).map_err(|source| TrainError::Io {
        path: path.to_owned(),
        source,
    })
}

/// The vectors of a state with their names.
fn arrays(state: &State) -> Vec<(String, &[f32])> {
    let named = [
        ("parameters", &state.parameters),
        ("first_moment", &state.first_moment),
        ("second_moment", &state.second_moment),
        ("average", &state.average),
        ("best", &state.best),
        ("float", &state.float),
    ];
    let front = state.front.iter().enumerate();
    let front = front.map(|(index, numbers)| (format!("front_{index}"), numbers.as_slice()));
    let named = named.map(|(name, numbers)| (name.to_owned(), numbers.as_slice()));
    named.into_iter().chain(front).collect()
}

/// Reads a checkpoint that belongs to `config`, whose network is `net`.
pub(super) fn load(path: &Path, config: &Config, net: &Net) -> Result<State, TrainError> {
    let failed = |reason: String| TrainError::Checkpoint {
        path: path.to_owned(),
        reason,
    };
    let complete = path
        .ancestors()
        .nth(2)
        .is_some_and(|out_dir| out_dir.join("model.onnx").is_file());
    if complete && !path.exists() {
        return Err(TrainError::Complete {
            path: path.to_owned(),
        });
    }
    let bytes = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
    let mut reader = NpzReader::new(Cursor::new(bytes)).map_err(|e| failed(e.to_string()))?;
    let header: Array1<u8> = reader
        .by_name("header")
        .map_err(|e| failed(e.to_string()))?;
    let header: Header =
        serde_json::from_slice(&header.to_vec()).map_err(|e| failed(e.to_string()))?;
    if let Some(difference) = difference(&header.config, config) {
        return Err(TrainError::OtherConfig {
            path: path.to_owned(),
            difference: difference.to_owned(),
        });
    }
    let expected = net.parameter_count();
    let mut numbers = |name: &str| {
        let numbers: Array1<f32> = reader.by_name(name).map_err(|e| failed(e.to_string()))?;
        if numbers.len() == expected {
            Ok(numbers.to_vec())
        } else {
            let found = numbers.len();
            Err(failed(format!(
                "'{name}' has {found} numbers, expected {expected}"
            )))
        }
    };
    let front = (0..header.position.front.len()).map(|index| numbers(&format!("front_{index}")));
    let front = front.collect::<Result<_, _>>()?;
    Ok(State {
        parameters: numbers("parameters")?,
        first_moment: numbers("first_moment")?,
        second_moment: numbers("second_moment")?,
        average: numbers("average")?,
        best: numbers("best")?,
        float: numbers("float")?,
        front,
        position: header.position,
    })
}

/// The first table that matters to the weights and is not the same.
fn difference(old: &Config, new: &Config) -> Option<&'static str> {
    if old.data != new.data {
        Some("[data] differs")
    } else if old.model != new.model {
        Some("[model] differs")
    } else if old.anomaly != new.anomaly {
        Some("[anomaly] differs")
    } else if old.train != new.train {
        Some("[train] differs")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Ranges;
    use crate::train::state::{EpochRecord, FrontPoint, Stage};
    use crate::train::tests::{tiny_config, tiny_net};

    fn state() -> (Net, State) {
        let net = tiny_net();
        let numbers = |seed| crate::train::widths::start(&net, seed);
        let mut state = State::start(numbers(1));
        state.average = numbers(2);
        state.position.best = Some((4, 0.1 + 0.2));
        state.position.seconds = 1.0 / 3.0;
        state.position.history.push(EpochRecord {
            stage: Stage::Float,
            epoch: 0,
            train_loss: 1.0 / 7.0,
            validation_loss: 0.7,
            validation_accuracy: Some(0.5),
            ebops: None,
            beta: None,
        });
        let point = FrontPoint {
            epoch: 3,
            ebops: 77,
            validation_loss: 0.5,
            validation_accuracy: None,
            ranges: Ranges::unseen(&net),
        };
        state.consider(point, &numbers(5));
        (net, state)
    }

    #[test]
    fn comes_back_bit_for_bit() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, config) = (dir.path().join("state.npz"), tiny_config());
        let (net, state) = state();
        save(&path, &config, &state).expect("save");
        assert_eq!(load(&path, &config, &net).expect("load"), state);
        let files = std::fs::read_dir(dir.path()).expect("list").count();
        assert_eq!(files, 1, "the temporary file is gone");
    }

    #[test]
    fn another_config_or_a_damaged_file_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, config) = (dir.path().join("state.npz"), tiny_config());
        let (net, state) = state();
        save(&path, &config, &state).expect("save");
        let mut other = config.clone();
        other.train.learning_rate *= 2.0;
        let error = load(&path, &other, &net).expect_err("error");
        assert!(error.to_string().contains("[train] differs"), "{error}");
        let bytes = std::fs::read(&path).expect("read");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("write");
        let error = load(&path, &config, &net).expect_err("error");
        assert!(matches!(error, TrainError::Checkpoint { .. }), "{error}");
    }
}
