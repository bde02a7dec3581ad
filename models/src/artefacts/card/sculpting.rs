//! What cuts do to a variable that the score shall not follow, on the model card.

use std::fmt::Write;

use super::shown_estimate;
use crate::report::SculptingFigures;

/// Divergences at the cuts, integers and float.
pub(super) fn figures(card: &mut String, found: &SculptingFigures) -> std::fmt::Result {
    let (integer, float) = (&found.integer, found.float.as_ref());
    let twin = float.map_or(String::new(), |f| format!("{:.4}", f.distance_correlation));
    writeln!(
        card,
        "\nBackground ({}) in `{}`: distance correlation with the score {:.4} (float {twin}). \
         Divergence (JSD, bits) of the background that passes a cut and that which fails:\n\n\
         | signal efficiency | background accepted | JSD | float JSD | of the sizes alone |\n\
         |---|---|---|---|---|",
        found.background.join(", "),
        found.column,
        integer.distance_correlation,
    )?;
    for (at, point) in integer.points.iter().enumerate() {
        let twin = float.and_then(|float| float.points.get(at)?.divergence);
        writeln!(
            card,
            "| {:.3} | {} | {} | {} | {:.5} |",
            point.signal_efficiency,
            shown_estimate(Some(point.background_efficiency)),
            shown_estimate(point.divergence),
            shown_estimate(twin),
            point.floor
        )?;
    }
    Ok(())
}
