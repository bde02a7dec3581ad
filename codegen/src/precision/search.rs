//! The search: one bit after the other, the cheapest first.

use std::collections::BTreeSet;

use super::SearchError;
use super::measure::{Measured, Subject, build};
use super::moves::{Move, moves, per_channel, wide_per_channel};
use super::pareto::{Front, Point};
use super::reference::{events, reference, split};
use super::request::{Found, Limits, Phase, Progress, Request, Scored, SiteChoice};
use super::sensitivity::{Sensitivity, rank, sensitivity};
use crate::quantize::{Calibration, Placement, Site, Widths};
use crate::validate::validate;

/// Uniform widths that are tried, the widest first.
const UNIFORM: std::ops::RangeInclusive<u32> = 2..=16;
/// Wider ones, where those are not enough.
const WIDER: [u32; 2] = [24, 32];
/// Bits above the narrowest uniform width that the search starts with.
const HEADROOM: u32 = 1;
/// Share of the moves, best first, that are tried together.
const TENSOR_SHARE: f64 = 0.25;
const CHANNEL_SHARE: f64 = 0.5;
/// For the front the search goes on to this many times the limit, for at most
/// so many rounds.
const BEYOND: f64 = 8.0;
const BEYOND_ROUNDS: usize = 16;
/// However large a model is, so many choices are measured, on so many events.
const FEW_CHOICES: usize = 256;
const FEW_EVENTS: usize = 64;
/// How often refused moves are tried again.
const REPEATS: usize = 2;

/// Searches for the cheapest formats within a loss.
///
/// `progress` is told after every choice that was measured.
///
/// # Errors
///
/// A request that cannot be fulfilled, by reason.
pub fn search(
    request: &Request<'_>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Found, SearchError> {
    let limit = request.max_loss;
    if !limit.is_finite() {
        return Err(SearchError::Limit { limit });
    }
    let output = output(request)?;
    let mut rows = split(request.calibration.events.len(), &request.limits)?;
    if let Some(labels) = request.labels {
        let events = request.calibration.events.len();
        if labels.len() != events {
            let labels = labels.len();
            return Err(super::MetricError::Count { labels, events }.into());
        }
    }
    let calibration = events(request, &rows.search);
    let placement = Placement::new(request.graph, &calibration)?;
    let effort = Effort::of(&placement, rows.search.len(), &request.limits)?;
    rows.search = rows.search.into_iter().step_by(effort.every).collect();
    let calibration = events(request, &rows.search);
    let subject = |rows: &[usize], events: Calibration| {
        Ok::<_, SearchError>(Subject {
            placement: &placement,
            events: events.events,
            reference: reference(request, output, rows)?,
            metric: request.metric,
            output,
        })
    };
    let held_out = subject(&rows.held_out, events(request, &rows.held_out))?;
    let mut search = Search {
        subject: subject(&rows.search, calibration)?,
        evaluations_left: effort.evaluations,
        limit,
        phase: Phase::Uniform,
        evaluations: 0,
        front: Front::default(),
        best: None,
        progress,
    };

    let (start, uniform) = search.uniform()?;
    let start = search.descend(start, TENSOR_SHARE, Phase::Tensors, usize::MAX)?;
    search.descend(start.clone(), TENSOR_SHARE, Phase::Beyond, BEYOND_ROUNDS)?;
    let mut now = search.split_channels(start)?;
    for _ in 0..REPEATS {
        let before = now.point.ebops;
        now = search.descend(now, CHANNEL_SHARE, Phase::Channels, usize::MAX)?;
        if now.point.ebops == before {
            break;
        }
    }
    let best = search.best.clone().unwrap_or(now.point);

    search.phase = Phase::HeldOut;
    let all = search.front.clone();
    let dearer = all.dearer_than(&best, limit);
    let thinned = |kept: &Point| all.thinned(request.limits.front, kept);
    let mut scored = |point: &Point| {
        search.count();
        let measured = held_out.measure(&point.widths, None)?;
        Ok::<_, SearchError>(Scored {
            point: point.clone(),
            held_out: measured.point.loss,
        })
    };
    let mut chosen = scored(&best)?;
    // What was only lucky on the events of the search gives way to the next
    // dearer choice; if none keeps the limit here, the reader is told.
    for point in &dearer {
        if chosen.held_out.value <= limit {
            break;
        }
        let next = scored(point)?;
        if next.held_out.value <= limit {
            chosen = next;
        }
    }
    let uniform = match &uniform {
        Some((width, point)) => Some((*width, scored(point)?)),
        None => None,
    };
    let thinned = thinned(&chosen.point);
    let front = thinned.iter().map(&mut scored).collect::<Result<_, _>>()?;
    let widths = &chosen.point.widths;
    let (module, sites) = build(&placement, widths)?;
    Ok(Found {
        module,
        sites: sites.into_iter().map(|s| choice(s, widths)).collect(),
        chosen,
        uniform,
        front,
        float_figure: held_out.reference.float_figure(request.metric),
        evaluations: search.evaluations,
        search_events: rows.search.len(),
        held_out_events: rows.held_out.len(),
    })
}

/// The output that is measured.
fn output(request: &Request<'_>) -> Result<usize, SearchError> {
    let outputs = &request.graph.outputs;
    let position = match request.output {
        Some(wanted) => outputs.iter().position(|(name, _)| name == wanted),
        None => (outputs.len() == 1).then_some(0),
    };
    position.ok_or_else(|| SearchError::Output {
        found: outputs.iter().map(|(name, _)| name.clone()).collect(),
    })
}

fn choice(site: Site, widths: &Widths) -> SiteChoice {
    let entries = widths.of(site.value).entries();
    SiteChoice {
        widths: entries.iter().map(|bits| bits.width).collect(),
        clips: entries.iter().map(|bits| bits.clip).collect(),
        site,
    }
}

/// What a model of this size allows.
struct Effort {
    /// Every so many of the events is looked at.
    every: usize,
    /// Most choices that are measured.
    evaluations: usize,
}

impl Effort {
    fn of(placement: &Placement<'_>, events: usize, limits: &Limits) -> Result<Self, SearchError> {
        let (module, sites) = build(placement, &Widths::all(*UNIFORM.end()))?;
        if sites.is_empty() {
            return Err(SearchError::NothingToChoose);
        }
        let macs = validate(&module)?.costs(&module);
        let macs: u64 = macs.iter().map(|cost| cost.macs).sum();
        let elements: usize = module.nodes().iter().map(|node| node.ty.len()).sum();
        let per_event = (macs + elements as u64).max(1);
        let affordable = |choices: usize| {
            let events = limits.multiplications / per_event / choices.max(1) as u64;
            usize::try_from(events).unwrap_or(usize::MAX)
        };
        let few = affordable(FEW_CHOICES).max(FEW_EVENTS);
        let every = events.div_ceil(few).max(1);
        let used = events.div_ceil(every);
        Ok(Self {
            every,
            evaluations: affordable(used).max(FEW_CHOICES).min(limits.evaluations),
        })
    }
}

struct Search<'a, 'p> {
    subject: Subject<'a>,
    evaluations_left: usize,
    limit: f64,
    phase: Phase,
    evaluations: usize,
    front: Front<Point>,
    /// The cheapest within the limit.
    best: Option<Point>,
    progress: &'p mut dyn FnMut(&Progress),
}

impl Search<'_, '_> {
    /// One more choice was measured.
    fn count(&mut self) {
        self.evaluations += 1;
        self.evaluations_left = self.evaluations_left.saturating_sub(1);
        (self.progress)(&Progress {
            phase: self.phase,
            evaluations: self.evaluations,
            best: self.best.as_ref().map(|best| (best.ebops, best.loss.value)),
        });
    }

    /// Remembers a choice that was measured.
    fn note(&mut self, point: &Point) {
        self.front.add(point.clone());
        let best = self.best.as_ref();
        let cheaper = best.is_none_or(|best| point.is_cheaper_than(best));
        if point.loss.upper() <= self.limit && cheaper {
            self.best = Some(point.clone());
        }
        self.count();
    }

    fn measure(
        &mut self,
        widths: &Widths,
        base: Option<&Measured>,
    ) -> Result<Measured, SearchError> {
        let measured = self.subject.measure(widths, base.map(|base| &base.batch))?;
        self.note(&measured.point);
        Ok(measured)
    }

    /// Tries one width for everything. Gives what the search starts with, and
    /// the narrowest width within the limit.
    fn uniform(&mut self) -> Result<(Measured, Option<(u32, Point)>), SearchError> {
        let mut within: Vec<(u32, Point)> = Vec::new();
        let mut out_of_reach = None;
        for width in UNIFORM.rev().chain(WIDER) {
            if !within.is_empty() && WIDER.contains(&width) {
                break;
            }
            let measured = match self.measure(&Widths::all(width), None) {
                // Sums of so many bits need more than 64.
                Err(SearchError::NotExact(_)) if WIDER.contains(&width) => break,
                measured => measured?,
            };
            let loss = measured.point.loss;
            if loss.upper() <= self.limit {
                within.push((width, measured.point));
            } else if width >= *UNIFORM.end() {
                out_of_reach = Some((width, loss));
            }
        }
        if let (true, Some((width, loss))) = (within.is_empty(), out_of_reach) {
            return Err(SearchError::OutOfReach {
                width,
                metric: self.subject.metric,
                loss: loss.value,
                error: loss.error,
                limit: self.limit,
            });
        }
        // The loss need not fall with every bit: `within` may have gaps.
        let narrowest = within.last().cloned();
        let enough = narrowest.as_ref().map_or(0, |(width, _)| width + HEADROOM);
        let start = within.iter().rev().find(|(width, _)| *width >= enough);
        match start.or(narrowest.as_ref()) {
            Some((_, start)) => Ok((self.subject.measure(&start.widths, None)?, narrowest)),
            None => Err(SearchError::NothingToChoose),
        }
    }

    /// Takes bits away until none can go: each round measures every move by
    /// itself and takes the best of them together, as many as the limit allows.
    fn descend(
        &mut self,
        mut now: Measured,
        share: f64,
        phase: Phase,
        rounds: usize,
    ) -> Result<Measured, SearchError> {
        self.phase = phase;
        let limit = match phase {
            Phase::Beyond => self.limit.max(0.0) * BEYOND,
            _ => self.limit,
        };
        // A move that breaks the limit by itself will do so later too.
        let mut barred: BTreeSet<Move> = BTreeSet::new();
        for _ in 0..rounds {
            let mut ranked: Vec<Sensitivity> = Vec::new();
            for change in moves(&now.sites, &now.point.widths) {
                if barred.contains(&change) {
                    continue;
                }
                if self.evaluations_left == 0 {
                    return Ok(now);
                }
                let base = Some(&now.batch);
                match sensitivity(&self.subject, &now, base, change)? {
                    Some((found, after)) => {
                        self.note(&after.point);
                        match found.loss.upper() <= limit {
                            true => ranked.push(found),
                            false => _ = barred.insert(change),
                        }
                    }
                    None => _ = barred.insert(change),
                }
            }
            rank(&mut ranked);
            let mut chosen: Vec<Move> = Vec::new();
            for found in &ranked {
                if chosen.iter().all(|known| !known.overlaps(&found.change)) {
                    chosen.push(found.change);
                }
            }
            match self.together(&now, &chosen, share, limit)? {
                Some(after) => now = after,
                None => break,
            }
        }
        Ok(now)
    }

    /// Makes the first of some moves, best first: a share of them, or half of
    /// that, and so on, until the limit holds; the first alone is known to hold.
    fn together(
        &mut self,
        now: &Measured,
        moves: &[Move],
        share: f64,
        limit: f64,
    ) -> Result<Option<Measured>, SearchError> {
        let mut count = (moves.len() as f64 * share).ceil() as usize;
        while count > 0 {
            let mut widths = now.point.widths.clone();
            for change in &moves[..count] {
                widths = change.apply(&now.sites, &widths).unwrap_or(widths);
            }
            let after = self.measure(&widths, Some(now))?;
            if after.point.loss.upper() <= limit {
                return Ok(Some(after));
            }
            count /= 2;
        }
        Ok(None)
    }

    /// States bits per output channel; the values stay, but for channels of
    /// fewer bits than any quantiser has, which become finer.
    fn split_channels(&mut self, now: Measured) -> Result<Measured, SearchError> {
        self.phase = Phase::Channels;
        let wide = wide_per_channel(&now.sites, &now.point.widths);
        let (_, each) = build(self.subject.placement, &wide)?;
        let widths = per_channel(&now.sites, &now.point.widths, &each);
        let split = self.measure(&widths, Some(&now))?;
        match split.point.loss.upper() <= self.limit {
            true => Ok(split),
            false => Ok(now),
        }
    }
}
