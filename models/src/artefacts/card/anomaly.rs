//! The figures of a detector of anomalies on the model card.

use std::fmt::Write;

use super::{row, shown_estimate};
use crate::report::AnomalyFigures;

/// Areas, efficiencies at fixed background rates, and working points.
pub(super) fn figures(card: &mut String, found: &AnomalyFigures) -> std::fmt::Result {
    let (integer, float) = (&found.integer, found.float.as_ref());
    writeln!(card, "| | integer | float |\n|---|---|---|")?;
    for (at, signal) in integer.signals.iter().enumerate() {
        let twin = float.and_then(|f| f.signals.get(at));
        let name = &signal.name;
        let title = format!("AUC {name} ({} events)", signal.rows);
        row(card, &title, Some(signal.auc), twin.map(|t| t.auc))?;
        for (number, point) in integer.points.iter().enumerate() {
            let twin = float.and_then(|f| f.points.get(number)?.signals.get(at).copied());
            let title = format!("efficiency {name} at {} background", point.background_rate);
            row(card, &title, point.signals.get(at).copied(), twin)?;
        }
    }
    let given = !integer.given.is_empty();
    writeln!(
        card,
        "\nWorking points: an event is accepted if its integer score is at least the integer \
         threshold. {}\n",
        if given {
            "The thresholds are those that the part above gave."
        } else {
            "The thresholds are taken from this part."
        }
    )?;
    let names = integer.signals.iter().map(|s| format!(" {} |", s.name));
    let names: String = names.collect();
    let rate = found.crossing_rate.map_or("", |_| " rate, kHz |");
    writeln!(
        card,
        "| background asked for | integer threshold | score | background accepted |{rate}{names}\n\
         |---|---|---|---|{}{}",
        if rate.is_empty() { "" } else { "---|" },
        "---|".repeat(integer.signals.len())
    )?;
    let points = if given {
        &integer.given
    } else {
        &integer.points
    };
    for point in points {
        let mantissa = found.mantissa(point.threshold);
        let mantissa = mantissa.map_or("-".to_owned(), |m| m.to_string());
        write!(
            card,
            "| {} | {mantissa} | {} | {} |",
            point.background_rate,
            point.threshold,
            shown_estimate(Some(point.background))
        )?;
        if let Some(rate) = found.crossing_rate {
            write!(card, " {:.3} |", rate * point.background.value)?;
        }
        for share in &point.signals {
            write!(card, " {} |", shown_estimate(Some(*share)))?;
        }
        writeln!(card)?;
    }
    Ok(())
}
