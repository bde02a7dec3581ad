//! Which events the search looks at, and which it never sees.

use super::SearchError;
use super::metric::Reference;
use super::request::{Limits, Request};
use crate::quantize::Calibration;
use crate::real::evaluate;

/// Fewest events, of which a third is kept aside.
const FEWEST: usize = 6;

/// Rows of the calibration file, split in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    /// Rows that choose the formats.
    pub search: Vec<usize>,
    /// Rows that the final figures are measured on.
    pub held_out: Vec<usize>,
}

/// Keeps every third row aside, in an order that no pattern of the file follows,
/// and cuts both parts to their limits.
pub(super) fn split(events: usize, limits: &Limits) -> Result<Split, SearchError> {
    if events < FEWEST {
        return Err(SearchError::TooFewEvents {
            found: events,
            expected: FEWEST,
        });
    }
    let mut rows: Vec<usize> = (0..events).collect();
    rows.sort_by_key(|&row| (scrambled(row as u64), row));
    let (aside, rest) = rows.split_at(events / 3);
    let sorted = |rows: &[usize], most: usize| {
        let mut rows: Vec<_> = rows.iter().copied().take(most.max(1)).collect();
        rows.sort_unstable();
        rows
    };
    Ok(Split {
        search: sorted(rest, limits.search_events),
        held_out: sorted(aside, limits.held_out_events),
    })
}

/// The SplitMix64 hash of a row's number.
fn scrambled(row: u64) -> u64 {
    let mut z = row.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The events of some rows.
pub(super) fn events(request: &Request<'_>, rows: &[usize]) -> Calibration {
    let all = &request.calibration.events;
    Calibration {
        events: rows.iter().map(|&row| all[row].clone()).collect(),
    }
}

/// The float model's outputs for some rows, checked against the metric.
pub(super) fn reference(
    request: &Request<'_>,
    output: usize,
    rows: &[usize],
) -> Result<Reference, SearchError> {
    let mut scores = Vec::new();
    for &row in rows {
        let inputs = request.calibration.events[row].iter();
        let inputs: Vec<_> = inputs.map(Vec::as_slice).collect();
        let outputs = evaluate(request.graph, &inputs)
            .map_err(|source| SearchError::Event { event: row, source })?;
        scores.extend(outputs[output].iter());
    }
    let labels = request.labels;
    let labels = labels.map(|labels| rows.iter().map(|&row| labels[row]).collect());
    let width = scores.len() / rows.len().max(1);
    let reference = Reference::new(scores, width, labels, request.threshold);
    reference.check(request.metric, |event| rows[event])?;
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_is_kept_aside_and_no_row_is_in_both() -> Result<(), SearchError> {
        let limits = Limits {
            search_events: 150,
            ..Limits::default()
        };
        let parts = split(300, &limits)?;
        assert_eq!((parts.search.len(), parts.held_out.len()), (150, 100));
        assert!(parts.search.iter().all(|row| !parts.held_out.contains(row)));
        // Of rows in turns of three kinds, each kind is in both parts.
        for kind in 0..3 {
            let of_kind = |rows: &[usize]| rows.iter().filter(|row| *row % 3 == kind).count();
            assert!(of_kind(&parts.held_out) > 20 && of_kind(&parts.search) > 30);
        }
        let error = split(5, &limits);
        assert!(matches!(
            error,
            Err(SearchError::TooFewEvents { found: 5, .. })
        ));
        Ok(())
    }
}
