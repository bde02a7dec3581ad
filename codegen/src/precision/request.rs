//! What a search is asked for, what it tells meanwhile, and what it finds.

use super::loss::Loss;
use super::metric::Metric;
use super::pareto::Point;
use crate::ir::Module;
use crate::quantize::{Calibration, Site};
use crate::real::Graph;

/// What to search for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The float model.
    pub graph: &'a Graph,
    /// Events, of which a third is kept aside for the final figures.
    pub calibration: &'a Calibration,
    /// The class of each event.
    pub labels: Option<&'a [usize]>,
    /// The measure of loss.
    pub metric: Metric,
    /// The most that may be lost on the events that the search looks at, the
    /// loss's error included ([`Loss::upper`]).
    pub max_loss: f64,
    /// The output that is measured, if there are several.
    pub output: Option<&'a str>,
    /// What a single score must reach to be class 1, for the accuracy.
    pub threshold: Option<f64>,
    /// How much work may be done.
    pub limits: Limits,
}

/// How much work a search may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most choices of formats that are measured.
    pub evaluations: usize,
    /// Most events that they are measured on.
    pub search_events: usize,
    /// About as many multiplications may be done: of a large model fewer events
    /// are looked at, and fewer choices measured.
    pub multiplications: u64,
    /// Most events that the final figures are measured on.
    pub held_out_events: usize,
    /// Most points of the front that is reported.
    pub front: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            evaluations: 4_000,
            search_events: 4_000,
            multiplications: 1 << 38,
            held_out_events: 50_000,
            front: 16,
        }
    }
}

/// What the search is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// One width for all.
    Uniform,
    /// A width per tensor.
    Tensors,
    /// Beyond the limit, for the front.
    Beyond,
    /// A width per output channel.
    Channels,
    /// The final figures.
    HeldOut,
}

impl Phase {
    /// The phase in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "one width",
            Self::Tensors => "per tensor",
            Self::Beyond => "beyond the limit",
            Self::Channels => "per channel",
            Self::HeldOut => "held-out events",
        }
    }
}

/// Where the search stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// Choices measured so far.
    pub evaluations: usize,
    /// The cheapest within the limit so far: its EBOPs and its loss.
    pub best: Option<(u64, f64)>,
}

/// A choice with its loss on the events that were kept aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The choice, with its loss on the events of the search.
    pub point: Point,
    /// The loss on the events kept aside.
    pub held_out: Loss,
}

/// The formats of one site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteChoice {
    /// The site, with its formats.
    pub site: Site,
    /// Width of each channel; one entry for a whole tensor.
    pub widths: Vec<u32>,
    /// Integer bits left to saturation, of each.
    pub clips: Vec<u32>,
}

/// The result of a search.
#[derive(Debug, Clone)]
pub struct Found {
    /// The cheapest module within the limit.
    pub module: Module,
    /// Its cost and loss.
    pub chosen: Scored,
    /// Its formats, in order of evaluation.
    pub sites: Vec<SiteChoice>,
    /// The cheapest with one width for everything within the limit, and that
    /// width.
    pub uniform: Option<(u32, Scored)>,
    /// Choices that no other one beats in cost and loss, cheapest first.
    pub front: Vec<Scored>,
    /// The float model's figure on the events kept aside, for the metrics that
    /// have one.
    pub float_figure: Option<f64>,
    /// Choices that were measured.
    pub evaluations: usize,
    /// Events that the search looked at.
    pub search_events: usize,
    /// Events kept aside.
    pub held_out_events: usize,
}
