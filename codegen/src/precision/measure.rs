//! What a choice of formats costs and loses: of the integers that would run.

use super::SearchError;
use super::batch::Batch;
use super::metric::{Metric, Reference};
use super::pareto::Point;
use crate::ir::Module;
use crate::quantize::{Placed, Placement, Site, Widths, to_integer};
use crate::validate::validate;

/// Events that losses are measured on.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// The model with its ranges.
    pub placement: &'a Placement<'a>,
    /// Real events.
    pub events: Vec<Vec<Vec<f64>>>,
    /// The float model's outputs for them.
    pub reference: Reference,
    /// The measure of loss.
    pub metric: Metric,
    /// Which output it looks at.
    pub output: usize,
}

/// A choice of formats with all that is known of it.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// Cost and loss.
    pub point: Point,
    /// A smooth distance to the float model.
    pub distance: f64,
    /// The sites with their formats.
    pub sites: Vec<Site>,
    /// The integer module and its values.
    pub batch: Batch,
}

impl Subject<'_> {
    /// Measures a choice of formats; `base` holds values that may be reused.
    pub(super) fn measure(
        &self,
        widths: &Widths,
        base: Option<&Batch>,
    ) -> Result<Measured, SearchError> {
        let (module, sites) = build(self.placement, widths)?;
        let info = validate(&module)?;
        let ebops = info.costs(&module).iter().map(|cost| cost.ebops).sum();
        let batch = Batch::run(module, &self.events, base);
        let found = batch.output(self.output);
        let point = Point {
            widths: widths.clone(),
            ebops,
            bits: sites.iter().map(|site| total_bits(site, widths)).sum(),
            loss: self.reference.loss(self.metric, &found),
        };
        Ok(Measured {
            point,
            distance: self.reference.distance(self.metric, &found),
            sites,
            batch,
        })
    }
}

/// The integer module of a choice of formats.
pub(super) fn build(
    placement: &Placement<'_>,
    widths: &Widths,
) -> Result<(Module, Vec<Site>), SearchError> {
    let Placed { graph, sites } = placement.place(widths)?;
    let module = to_integer(&graph).map_err(SearchError::NotExact)?;
    Ok((module, sites))
}

/// Bits of all elements of a site.
fn total_bits(site: &Site, widths: &Widths) -> u64 {
    let entries = widths.of(site.value).entries();
    let per_entry = site.elements / entries.len().max(1);
    let bits = entries.iter().map(|bits| u64::from(bits.width));
    bits.sum::<u64>() * per_entry as u64
}
