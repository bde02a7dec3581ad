//! `CARD.md`: what a model is, from the figures of its own training.

use std::fmt::Write;

use crate::config::Config;
use crate::train::TrainSummary;

/// The model card.
pub(super) fn text(config: &Config, summary: &TrainSummary, saturated: &[f64]) -> String {
    let mut card = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut card, config, summary, saturated);
    card
}

fn write(
    card: &mut String,
    config: &Config,
    summary: &TrainSummary,
    saturated: &[f64],
) -> std::fmt::Result {
    let (data, words) = (&config.data, &config.card);
    writeln!(card, "# {}\n", config.model.name)?;
    section(card, None, &words.purpose)?;
    network(card, config, summary)?;
    figures(card, config, summary)?;
    formats(card, summary, saturated)?;
    writeln!(card, "## Data\n")?;
    let split = &data.split;
    let files = data.files();
    let names = files.iter().filter_map(|path| path.file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
    writeln!(
        card,
        "`{}`, column `{}` as the class. Rows shuffled with seed {}: {} % train, {} % validation \
         (chooses the epoch), {} % test (chooses nothing).",
        names.join("`, `"),
        data.label.as_deref().unwrap_or_default(),
        split.seed,
        100.0 * split.train,
        100.0 * split.validation,
        100.0 * split.test
    )?;
    writeln!(
        card,
        "`sample.npz` holds the first {} rows of the test part: `x`, float32 in the units of the \
         columns, and `label`.\n",
        config.output.sample_rows.min(summary.test.quantised.rows)
    )?;
    section(card, None, &words.provenance)?;
    section(card, Some("Limits"), &words.limits)?;
    section(card, Some("Licence and citation"), &words.licence)
}

fn section(card: &mut String, title: Option<&str>, text: &str) -> std::fmt::Result {
    if text.trim().is_empty() {
        return Ok(());
    }
    if let Some(title) = title {
        writeln!(card, "## {title}\n")?;
    }
    writeln!(card, "{}\n", text.trim())
}

fn network(card: &mut String, config: &Config, summary: &TrainSummary) -> std::fmt::Result {
    let network = &summary.model.quantised;
    let mut widths: Vec<String> = network
        .layers
        .iter()
        .map(|l| l.inputs.to_string())
        .collect();
    widths.push(config.data.classes.len().to_string());
    let last = |stage| summary.history.iter().filter(|r| r.stage == stage).count();
    writeln!(
        card,
        "Dense {}, ReLU: {} multiplications, {} parameters. Input: {}. Output: one logit for each \
         of {}, exact, without softmax; the greatest is the decision.\n",
        widths.join("-"),
        network.multiplications(),
        network.parameters(),
        quoted(&config.data.features),
        quoted(&config.data.classes)
    )?;
    writeln!(
        card,
        "Trained by `config.toml`: {} float epochs, then {} with every number quantised (straight-\
         through gradients).\n",
        last(crate::train::Stage::Float),
        last(crate::train::Stage::Quantised)
    )
}

fn figures(card: &mut String, config: &Config, summary: &TrainSummary) -> std::fmt::Result {
    let percent = 100.0 * config.output.signal_efficiency;
    writeln!(card, "## Figures\n")?;
    writeln!(
        card,
        "`model.onnx` (quantised, every bit as in the integer kernel) and `float.onnx`, {} \
         validation and {} test rows. Errors are binomial; the areas under the one-vs-rest ROC \
         curves and the rejections (1 / background efficiency at {percent} % signal efficiency) \
         are those of the softmax of the logits.\n",
        summary.validation.quantised.rows, summary.test.quantised.rows
    )?;
    writeln!(
        card,
        "| | float, validation | quantised, validation | float, test | quantised, test |"
    )?;
    writeln!(card, "|---|---|---|---|---|")?;
    let columns = [
        &summary.validation.float,
        &summary.validation.quantised,
        &summary.test.float,
        &summary.test.quantised,
    ];
    write!(card, "| accuracy |")?;
    for column in columns {
        write!(
            card,
            " {:.4} ± {:.4} |",
            column.accuracy, column.accuracy_error
        )?;
    }
    writeln!(card)?;
    for (class, name) in config.data.classes.iter().enumerate() {
        write!(card, "| AUC {name} |")?;
        for column in columns {
            write!(card, " {:.4} |", column.auc[class])?;
        }
        writeln!(card)?;
    }
    for (class, name) in config.data.classes.iter().enumerate() {
        write!(card, "| rejection {name} |")?;
        for column in columns {
            let rejection = &column.rejection[class];
            match (rejection.value, rejection.error) {
                (Some(value), Some(error)) => write!(card, " {value:.1} ± {error:.1} |")?,
                _ => write!(card, " no background row left |")?,
            }
        }
        writeln!(card)?;
    }
    writeln!(card)
}

fn formats(card: &mut String, summary: &TrainSummary, saturated: &[f64]) -> std::fmt::Result {
    let model = &summary.model;
    writeln!(card, "## Formats\n")?;
    writeln!(
        card,
        "Each feature is rounded to its raw grid (half to even, saturating), the offset is \
         subtracted, the difference is multiplied by the scale and rounded to {} (saturating). The \
         last column is the share of test rows in which one of the two saturates.\n",
        model.scaling.input.ap_fixed()
    )?;
    writeln!(card, "| feature | raw grid | offset | scale | saturated |")?;
    writeln!(card, "|---|---|---|---|---|")?;
    for (feature, share) in model.scaling.features.iter().zip(saturated) {
        let (raw, offset) = (feature.raw.ap_fixed(), feature.offset_value());
        let (power, percent) = (feature.scale_exponent, 100.0 * share);
        writeln!(
            card,
            "| `{}` | {raw} | {offset} | 2^{power} | {percent:.2} % |",
            feature.name
        )?;
    }
    writeln!(
        card,
        "\n| layer | weights | biases | greatest sum | activations |"
    )?;
    writeln!(card, "|---|---|---|---|---|")?;
    for (index, (formats, sum)) in model
        .formats
        .layers
        .iter()
        .zip(&model.accumulators)
        .enumerate()
    {
        let after = formats
            .activation
            .map_or("exact sum".to_owned(), |f| f.ap_fixed());
        writeln!(
            card,
            "| fc{} | {} | {} | {} x 2^{} | {after} |",
            index + 1,
            formats.weight.ap_fixed(),
            formats.bias.ap_fixed(),
            sum.bound,
            sum.exponent
        )?;
    }
    writeln!(card)
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
