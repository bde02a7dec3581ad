//! `CARD.md`: what a model is, from the figures of its own training.

mod anomaly;
mod sculpting;

use std::fmt::Write;

use super::Artefacts;
use crate::config::{Config, Method};
use crate::inputs::{ColumnTransform, InputTransform, Steps};
use crate::metrics::{Estimate, Pulls, Uncertainty};
use crate::net::Format;
use crate::report::{Figures, Part, ViewFigures, WidthKind};

/// The model card.
pub(super) fn text(config: &Config, artefacts: &Artefacts) -> String {
    let mut card = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut card, config, artefacts);
    card
}

fn write(card: &mut String, config: &Config, artefacts: &Artefacts) -> std::fmt::Result {
    let words = &config.card;
    writeln!(card, "# {}\n", config.model.name)?;
    section(card, None, &words.purpose)?;
    network(card, config, artefacts)?;
    writeln!(card, "## Figures\n")?;
    writeln!(
        card,
        "`model.onnx`, executed by the integer interpreter, and its float twin `float.onnx`. All \
         figures with their definitions are in `metrics.json`, pictures in `report.html`.\n"
    )?;
    for part in &artefacts.report.parts {
        figures(card, config, part)?;
    }
    baselines(card, artefacts)?;
    widths(card, artefacts)?;
    inputs(card, &artefacts.transforms)?;
    data(card, config, artefacts)?;
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

fn network(card: &mut String, config: &Config, artefacts: &Artefacts) -> std::fmt::Result {
    let cost = &artefacts.report.cost;
    let epochs = |stage: &str| {
        let history = &artefacts.report.history;
        history.iter().filter(|point| point.stage == stage).count()
    };
    let outputs = if config.contrastive.is_some() {
        "`features`, which a head that is trained on them takes".to_owned()
    } else if let Some(latent) = &config.latent {
        format!(
            "`logits`, one for each of {}, exact, without softmax; the greatest decides; and \
             `latent`, the {} numbers that they are computed of",
            quoted(&config.data.classes),
            latent.dimensions
        )
    } else if let Some(anomaly) = &config.anomaly {
        format!(
            "`score`, larger for less usual events: {}",
            anomaly.describe()
        )
    } else if config.data.classes.is_empty() {
        targets(config)
    } else {
        let classes = quoted(&config.data.classes);
        format!("one logit for each of {classes}, exact, without softmax; the greatest decides")
    };
    writeln!(
        card,
        "{} parameters, {} multiplications and {} effective bit operations (EBOPs) an event. \
         Output: {outputs}.\n",
        cost.parameters,
        cost.multiplications,
        cost.ebops.unwrap_or(0)
    )?;
    writeln!(
        card,
        "Trained by `config.toml`: {} float epochs, {} with every number rounded.\n",
        epochs("float"),
        epochs("quantised")
    )
}

/// What the outputs of a regression are.
fn targets(config: &Config) -> String {
    let targets = quoted(&config.data.targets);
    let sigmas = "`sigma_syst` (the spread that more data does not remove)";
    let stat = "`sigma_stat` (what more training data would remove)";
    match config.model.head.as_ref().map(|head| &head.method) {
        None => format!("the targets {targets}"),
        Some(Method::Gaussian) => format!("`mean` and {sigmas} of the target {targets}"),
        Some(Method::Mixture { .. }) => {
            format!(
                "`mean`, `quantile_16`, `quantile_50` and `quantile_84` of the target {targets}"
            )
        }
        Some(_) => format!("`mean`, {sigmas} and {stat} of the target {targets}"),
    }
}

fn figures(card: &mut String, config: &Config, part: &Part) -> std::fmt::Result {
    writeln!(
        card,
        "{}, {} events ({}):\n",
        part.name,
        part.rows(),
        part.role
    )?;
    match &part.figures {
        Figures::Classification {
            integer,
            float,
            difference,
            sculpting,
        } => {
            writeln!(card, "| | integer | float |\n|---|---|---|")?;
            let float = float.as_deref();
            let accuracy = float.map(|f| f.accuracy);
            row(card, "accuracy", Some(integer.accuracy), accuracy)?;
            let pairs = integer.discrimination.iter().enumerate();
            let shown =
                pairs.filter(|(_, d)| d.background.is_none() || config.data.classes.len() == 2);
            for (index, found) in shown {
                let name = &config.data.classes[found.signal];
                let twin = float.and_then(|f| f.discrimination.get(index));
                row(
                    card,
                    &format!("AUC {name}"),
                    Some(found.auc),
                    twin.map(|t| t.auc),
                )?;
                for (at, rejection) in found.rejection.iter().enumerate() {
                    let percent = 100.0 * rejection.signal_efficiency;
                    let estimate = |r: &crate::metrics::Rejection| {
                        r.value.map(|value| Estimate {
                            value,
                            error: r.error,
                        })
                    };
                    let twin = twin.and_then(|t| t.rejection.get(at));
                    row(
                        card,
                        &format!("rejection {name} at {percent} %"),
                        estimate(rejection),
                        twin.and_then(estimate),
                    )?;
                }
            }
            if let Some(difference) = difference {
                writeln!(
                    card,
                    "\nInteger minus float, on the same events: accuracy {}.",
                    shown_estimate(Some(difference.accuracy))
                )?;
            }
            if let Some(found) = sculpting {
                sculpting::figures(card, found)?;
            }
        }
        Figures::Anomaly(found) => anomaly::figures(card, found)?,
        Figures::Views(found) => views(card, found)?,
        Figures::Regression { targets } => {
            writeln!(card, "| target | | integer | float |\n|---|---|---|---|")?;
            for target in targets {
                let float = target.float.as_ref().map(|f| &f.overall);
                let integer = &target.integer.overall;
                let mut line =
                    |name: &str, a, b| row(card, &format!("{} | {name}", target.name), a, b);
                line(
                    "median response",
                    integer.median_response,
                    float.and_then(|f| f.median_response),
                )?;
                line(
                    "half 68 % width of the response",
                    integer.response_width,
                    float.and_then(|f| f.response_width),
                )?;
                line("bias", Some(integer.bias), float.map(|f| f.bias))?;
                line("RMS", Some(integer.rms), float.map(|f| f.rms))?;
            }
            for target in targets {
                if let Some(found) = &target.uncertainty {
                    uncertainties(card, found)?;
                }
            }
        }
    }
    if let Some(latent) = &part.latent {
        let spread: Vec<String> = latent.spread.iter().map(|s| format!("{s:.3}")).collect();
        writeln!(
            card,
            "\nLatent numbers of the integers: largest correlation of two of them {:.4}, standard \
             deviations {}.",
            latent.largest,
            spread.join(", ")
        )?;
    }
    writeln!(card)
}

/// Cosines of the features of events and of their rotated copies.
fn views(card: &mut String, found: &ViewFigures) -> std::fmt::Result {
    writeln!(
        card,
        "Cosines of the features, less their mean over the events: median, 16 and 84 %.\n\n\
         | | own rotated copy | copy of another event | more like the own copy |\n|---|---|---|---|"
    )?;
    let integer = ("integer", &found.integer);
    for (kind, found) in std::iter::once(integer).chain(found.float.as_ref().map(|f| ("float", f)))
    {
        let cosines =
            |[low, median, high]: [f64; 3]| format!("{median:.4} ({low:.4} to {high:.4})");
        writeln!(
            card,
            "| {kind} | {} | {} | {} |",
            cosines(found.same.quantiles),
            cosines(found.different.quantiles),
            shown_estimate(Some(found.recognised))
        )?;
    }
    Ok(())
}

/// Pulls and sizes of the uncertainties, overall and in bins.
fn uncertainties(card: &mut String, found: &Uncertainty) -> std::fmt::Result {
    writeln!(
        card,
        "\nUncertainties of the integers. A pull is (target - mean) / sigma with both uncertainties; \
         KS is the greatest distance of its distribution from a Gaussian of width 1; residual and \
         uncertainties are root mean squares, in units of the mean where that is positive.\n"
    )?;
    writeln!(
        card,
        "| bin | rows | pull mean | pull width | half 68 % width | KS | within 1 sigma | median \
         response | half 68 % width of the response | residual | sigma_syst | sigma_stat |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|"
    )?;
    pulls(card, "all", &found.overall)?;
    for binned in &found.binned {
        for bin in &binned.bins {
            let name = format!("{} {:.3} to {:.3}", binned.column, bin.low, bin.high);
            pulls(card, &name, &bin.figures)?;
        }
    }
    Ok(())
}

fn pulls(card: &mut String, name: &str, pulls: &Pulls) -> std::fmt::Result {
    let sizes = pulls.sizes;
    let within = pulls.coverage.first().map(|coverage| coverage.found);
    writeln!(
        card,
        "| {name} | {} | {} | {} | {} | {:.4} | {} | {} | {} | {:.4} | {:.4} | {} |",
        pulls.rows,
        shown_estimate(Some(pulls.mean)),
        shown_estimate(Some(pulls.width)),
        shown_estimate(Some(pulls.core)),
        pulls.distance,
        shown_estimate(within),
        shown_estimate(pulls.median_response),
        shown_estimate(pulls.response_width),
        sizes.residual,
        sizes.syst,
        sizes
            .stat
            .map_or("-".to_owned(), |stat| format!("{stat:.5}")),
    )
}

fn row(
    card: &mut String,
    name: &str,
    integer: Option<Estimate>,
    float: Option<Estimate>,
) -> std::fmt::Result {
    let (integer, float) = (shown_estimate(integer), shown_estimate(float));
    writeln!(card, "| {name} | {integer} | {float} |")
}

fn shown_estimate(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate {
            value,
            error: Some(error),
        }) => {
            let digits = (2 - error.abs().max(1e-9).log10().ceil() as i32).clamp(0, 6) as usize;
            format!("{value:.digits$} ± {error:.digits$}")
        }
        Some(Estimate { value, error: None }) => format!("{value:.4}"),
        None => "-".to_owned(),
    }
}

fn baselines(card: &mut String, artefacts: &Artefacts) -> std::fmt::Result {
    if artefacts.report.baselines.is_empty() {
        return Ok(());
    }
    writeln!(
        card,
        "| baseline | figure | value | source |\n|---|---|---|---|"
    )?;
    for baseline in &artefacts.report.baselines {
        writeln!(
            card,
            "| {} | {} | {} | {} |",
            baseline.model, baseline.metric, baseline.value, baseline.source
        )?;
    }
    writeln!(card)
}

fn widths(card: &mut String, artefacts: &Artefacts) -> std::fmt::Result {
    writeln!(card, "## Widths\n")?;
    writeln!(
        card,
        "Bits without the sign; an element of no bits is pruned. Every format saturates \
         symmetrically and rounds half to even.\n"
    )?;
    writeln!(
        card,
        "| tensor | | elements | pruned | mean bits | most | EBOPs |\n|---|---|---|---|---|---|---|"
    )?;
    for layer in &artefacts.report.layers {
        let kind = match layer.kind {
            WidthKind::Weight => "weight",
            WidthKind::Activation => "activation",
        };
        writeln!(
            card,
            "| `{}` | {kind} | {} | {} | {:.2} | {} | {} |",
            layer.name,
            layer.bits.len(),
            layer.pruned(),
            layer.mean(),
            layer.most(),
            layer.ebops
        )?;
    }
    writeln!(card)
}

fn inputs(card: &mut String, transforms: &[InputTransform]) -> std::fmt::Result {
    writeln!(card, "## Inputs\n")?;
    writeln!(
        card,
        "Each column is rounded to its raw grid (half to even, saturating), then transformed; all \
         of it is part of `model.onnx`.\n"
    )?;
    writeln!(
        card,
        "| input | column | raw grid | transform |\n|---|---|---|---|"
    )?;
    for transform in transforms {
        for column in &transform.columns {
            writeln!(
                card,
                "| {} {:?} | `{}` | {} | {} |",
                transform.name,
                transform.shape,
                column.name,
                fixed(&column.raw),
                steps(column)
            )?;
        }
    }
    writeln!(card)
}

/// A format as `ap_fixed<W,I>`.
fn fixed(format: &Format) -> String {
    let width = format.bits() + u32::from(format.signed);
    let integer = format.integer + i32::from(format.signed);
    let prefix = if format.signed {
        "ap_fixed"
    } else {
        "ap_ufixed"
    };
    format!("{prefix}<{width},{integer}>")
}

fn steps(column: &ColumnTransform) -> String {
    match &column.steps {
        Steps::OneHot(values) => format!("one hot of {values:?}"),
        Steps::Number {
            clip,
            log,
            offset,
            scale_exponent,
        } => {
            let mut text = String::new();
            if let Some([low, high]) = clip {
                text.push_str(&format!("clip to {low}..{high}, "));
            }
            if *log {
                text.push_str("logarithm, ");
            }
            text + &format!("subtract {offset}, times 2^{scale_exponent}")
        }
    }
}

fn data(card: &mut String, config: &Config, artefacts: &Artefacts) -> std::fmt::Result {
    writeln!(card, "## Data\n")?;
    let split = &config.data.split;
    let files = config.data.files();
    let names: Vec<String> = files
        .iter()
        .map(|f| {
            f.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    writeln!(
        card,
        "{}. Split with seed {}: {} % train, {} % validation (chooses the epoch), {} % test \
         (chooses nothing). `sample.npz` holds the first {} events of the test part.\n",
        quoted(&names),
        split.seed,
        100.0 * split.train,
        100.0 * split.validation,
        100.0 * split.test,
        config.output.sample_rows.min(artefacts.test.rows)
    )?;
    let (Some(mixture), Some(name)) = (&config.data.mixture, config.data.classes.last()) else {
        return Ok(());
    };
    let [first, second] = mixture.shares.map(|share| 100.0 * share);
    writeln!(
        card,
        "Learned without labels (arXiv:1708.02949): the train and the validation part are two \
         samples of equal size, with {first} and {second} % of `{name}`; what is learned is which \
         of them an event comes from. The test part is judged by its true classes.\n"
    )
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
