//! Our own trainer, as a user calls it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use toml::{Table, Value};

use super::run::{self, Beta, Point, Run, Side, Size};
use crate::context::Context;
use crate::process::{capture, run as execute};

/// Trains with trigforge.
pub struct Trainer<'a> {
    context: &'a Context,
    program: PathBuf,
    config: Table,
    folder: PathBuf,
}

impl<'a> Trainer<'a> {
    /// Builds the command and reads the configuration that all runs share.
    pub fn new(context: &'a Context, config: &Path, out: &Path) -> Result<Self> {
        execute(&mut context.cargo(["build", "--release", "--bin", "trigforge"]))?;
        let file = context.root.join(config);
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(Self {
            context,
            program: context.target().join("release/trigforge"),
            config: text.parse().with_context(|| file.display().to_string())?,
            folder: out.join("trigforge"),
        })
    }

    /// Where a training leaves its files.
    pub fn folder(&self, beta: Beta, seed: u64) -> PathBuf {
        let name = format!("beta-{beta}-seed-{seed}").replace(':', "-to-");
        self.folder.join(name)
    }

    /// Adds a training to a file, unless it is there.
    pub fn train(&self, beta: Beta, size: Size, file: &Path) -> Result<()> {
        let mut runs = run::read(file)?;
        if runs.iter().any(|run| run.is(beta, size)) {
            return Ok(());
        }
        let folder = self.folder(beta, size.seed);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let config = folder.join("config.toml");
        let table = configured(self.config.clone(), beta, size)?;
        std::fs::write(&config, table.to_string()).with_context(|| config.display().to_string())?;
        let before = children();
        let mut train = self.context.command(&self.program);
        train.args(["train", "--quiet"]).arg(&config);
        let said = capture(train.arg("--out").arg(&folder))?;
        let cpu_s = children().zip(before).map(|(after, before)| after - before);
        let list = folder.join("front.json");
        let text = std::fs::read_to_string(&list).with_context(|| list.display().to_string())?;
        let front: Vec<Network> =
            serde_json::from_str(&text).with_context(|| list.display().to_string())?;
        let last = front.iter().max_by_key(|network| network.epoch);
        let last = last.with_context(|| format!("{} lists no network", list.display()))?;
        runs.push(Run {
            side: Side::Trigforge,
            beta,
            seed: size.seed,
            last: last.point(),
            wall_s: seconds(&said)?,
            cpu_s,
            epochs: size.epochs,
            batch: size.batch,
            front: front.iter().map(Network::point).collect(),
        });
        run::write(file, &runs)
    }
}

/// The seconds of training in what `trigforge train` prints: `trained in 17.5 s; ...`.
fn seconds(said: &str) -> Result<f64> {
    let number = said
        .lines()
        .find_map(|line| line.strip_prefix("trained in ")?.split_once(" s"));
    let (number, _) = number.context("`trigforge train` does not say how long it trained")?;
    number.parse().with_context(|| number.to_owned())
}

/// Processor seconds of all programs that have been waited for; `None` off Linux.
fn children() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses; user and system time
    // of the children are the fields 16 and 17, in hundredths of a second.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(13).map(str::parse::<f64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) / 100.0)
}

/// The configuration with the run's own values in it.
fn configured(mut config: Table, beta: Beta, size: Size) -> Result<Table> {
    let train = table(&mut config, "train")?;
    let float = match train.get("float_epochs") {
        Some(epochs) => epochs
            .as_integer()
            .context("train.float_epochs is no integer")?,
        None => 0,
    };
    let epochs = i64::try_from(size.epochs)?;
    let quantised = epochs - float;
    anyhow::ensure!(
        quantised > 0,
        "train.float_epochs is {float}, which leaves none of {epochs} epochs for the quantised stage"
    );
    train.insert("quantised_epochs".to_owned(), Value::Integer(quantised));
    // Both sides run all their epochs.
    train.insert("patience".to_owned(), Value::Integer(epochs));
    let batch = i64::try_from(size.batch)?;
    train.insert("batch_size".to_owned(), Value::Integer(batch));
    let seed = i64::try_from(size.seed)?;
    train.insert("seed".to_owned(), Value::Integer(seed));
    let cost = table(train, "cost")?;
    cost.insert("beta".to_owned(), Value::Float(beta.first));
    cost.insert("beta_final".to_owned(), Value::Float(beta.last));
    table(&mut config, "output")?.insert("front".to_owned(), Value::Boolean(true));
    Ok(config)
}

fn table<'t>(within: &'t mut Table, key: &str) -> Result<&'t mut Table> {
    let table = within
        .entry(key)
        .or_insert_with(|| Value::Table(Table::new()));
    table
        .as_table_mut()
        .with_context(|| format!("`{key}` is no table"))
}

/// A network of `front.json`.
#[derive(Debug, Deserialize)]
struct Network {
    epoch: usize,
    ebops: u64,
    format_ebops: u64,
    validation_accuracy: f64,
    test_accuracy: f64,
}

impl Network {
    fn point(&self) -> Point {
        Point {
            validation_accuracy: self.validation_accuracy,
            test_accuracy: self.test_accuracy,
            ebops: Some(self.format_ebops),
            // That of `trigforge inspect`.
            ebops_exact: self.ebops,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        seed: 7,
        epochs: 300,
        batch: 512,
    };

    fn at<'c>(config: &'c Table, path: &[&str]) -> &'c Value {
        let (last, tables) = path.split_last().expect("a path");
        let inner = tables.iter().fold(config, |table, key| {
            table[*key].as_table().expect("a table")
        });
        &inner[*last]
    }

    #[test]
    fn a_run_has_all_its_epochs_and_its_own_weights() {
        let base = "[train]\nfloat_epochs = 40\npatience = 5\nseed = 1\n\
                    [train.cost]\nbeta = 1e-6\ngamma = 2e-6\n";
        let beta = Beta {
            first: 2e-6,
            last: 2e-5,
        };
        let config = configured(base.parse().expect("TOML"), beta, SIZE).expect("config");
        for (path, value) in [
            (&["train", "quantised_epochs"][..], Value::Integer(260)),
            (&["train", "patience"], Value::Integer(300)),
            (&["train", "batch_size"], Value::Integer(512)),
            (&["train", "seed"], Value::Integer(7)),
            (&["train", "cost", "beta"], Value::Float(2e-6)),
            (&["train", "cost", "beta_final"], Value::Float(2e-5)),
            (&["train", "cost", "gamma"], Value::Float(2e-6)),
            (&["output", "front"], Value::Boolean(true)),
        ] {
            assert_eq!(*at(&config, path), value, "{path:?}");
        }
    }

    #[test]
    fn a_float_stage_that_leaves_no_epoch_is_refused() {
        let base = "[train]\nfloat_epochs = 300\n".parse().expect("TOML");
        let beta = "1e-6".parse().expect("a weight");
        let error = configured(base, beta, SIZE).expect_err("refused");
        assert!(
            error.to_string().contains("leaves none of 300 epochs"),
            "{error}"
        );
    }

    #[test]
    fn the_seconds_are_those_that_are_said() {
        let said = "trained in 17.5 s; written to out\n";
        assert_eq!(seconds(said).expect("seconds"), 17.5);
        assert!(seconds("written to out\n").is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_time_of_children_grows() {
        let before = children().expect("a time");
        let busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
        let mut child = std::process::Command::new("sh");
        assert!(child.args(["-c", busy]).status().expect("sh").success());
        assert!(children().expect("a time") > before);
    }
}
