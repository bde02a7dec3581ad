//! Several graphs of one product, and the best of them.

use std::thread;

use super::assemble::assemble;
use super::decompose::{Plan, Shape, Task};
use super::graph::{Graph, Source, Writer};
use super::prepare::{MOST_PAIRS, Prepared, pairs};
use super::random::mixed;
use super::subexpressions::{Search, Taste};
use super::{AdderError, Objective, Options, Product};

/// Pairs of digits beyond which a product counts as large, and fewer searches
/// are made.
const MANY_PAIRS: u64 = 1 << 22;

/// Pairs of digits below which a thread takes longer to start than to search.
const FEW_PAIRS: u64 = 1 << 11;

/// Searches per step of effort, beyond the first of each plan.
const SEARCHES: u64 = 4;

/// The graph of a product.
///
/// # Errors
///
/// A column of another length than the inputs, a weight of more than 60 bits,
/// a sum of more than 120, or a search that broke off.
pub fn solve(product: &Product, options: &Options) -> Result<Graph, AdderError> {
    for (column, weights) in product.columns.iter().enumerate() {
        if weights.weights.len() != product.inputs.len() {
            return Err(AdderError::Misshapen {
                column,
                found: weights.weights.len(),
                expected: product.inputs.len(),
            });
        }
    }
    let prepared = Prepared::new(product)?;
    let mut writer = Writer::new(prepared.sources.clone());
    let mut sums = vec![None; prepared.unique.len()];
    for (columns, task) in prepared.tasks(options) {
        let (plan, search) = best(&task, options, &prepared.sources)?;
        let written = assemble(&task, &plan, &search, &mut writer);
        for (column, sum) in columns.into_iter().zip(written) {
            sums[column] = sum;
        }
    }
    let outputs = prepared.outputs(&sums);
    Ok(writer.finish(outputs).settled())
}

/// One way of searching: a plan, and how to choose among equals.
#[derive(Clone, Copy, Debug)]
struct Trial {
    plan: usize,
    taste: Taste,
}

impl Trial {
    fn new(plan: usize, number: u64) -> Self {
        Self {
            plan,
            taste: Taste {
                seed: mixed(number),
                deepest_first: number % 4 != 3,
            },
        }
    }
}

/// Cost, then the number of the trial: less is better, and there are no ties.
type Score = (u64, usize);

/// What a trial found.
struct Found {
    score: Score,
    plan: usize,
    search: Search,
}

/// The best of several trials, and the scores of all.
struct Outcome {
    best: Found,
    scores: Vec<Score>,
}

/// The trials of one task.
struct Trials<'a> {
    task: &'a Task,
    sources: &'a [Source],
    options: &'a Options,
    plans: Vec<(Plan, Search)>,
    /// Pairs of digits of one column, summed over columns.
    work: u64,
}

/// The best plan for a task, and the sub-expressions found in it.
fn best(task: &Task, options: &Options, sources: &[Source]) -> Result<(Plan, Search), AdderError> {
    let work: u64 = task.weights.iter().map(|column| pairs(column)).sum();
    let mut plans: Vec<Plan> = Vec::new();
    for plan in shapes(task, options, work).filter_map(|shape| task.plan(shape)) {
        if plans.iter().all(|other| other.columns != plan.columns) {
            plans.push(plan);
        }
    }
    // A plan with far more digits than another has no chance.
    let digits = plans.iter().map(|plan| plan.columns.digits());
    let least = digits.min().ok_or(AdderError::TooWide)?;
    plans.retain(|plan| plan.columns.digits() * 4 <= least * 5);
    let mut trials = Trials {
        task,
        sources,
        options,
        plans: plans
            .into_iter()
            .filter_map(|plan| Some((Search::new(&plan.columns)?, plan)))
            .map(|(search, plan)| (plan, search))
            .collect(),
        work,
    };
    let first: Vec<_> = (0..trials.plans.len())
        .map(|plan| Trial::new(plan, 0))
        .collect();
    let found = trials.run(&first)?.ok_or(AdderError::TooWide)?;
    let Outcome {
        mut best,
        mut scores,
    } = found;
    scores.sort_unstable();
    let effort = match work {
        0..=MANY_PAIRS => options.effort,
        _ => options.effort.saturating_sub(Options::DEFAULT_EFFORT),
    };
    // The second best plan has one chance in four.
    let second = scores.get(1).unwrap_or(&scores[0]).1;
    let more: Vec<_> = (0..u64::from(effort) * SEARCHES)
        .map(|number| match number % 4 {
            3 => Trial::new(second, number + 1),
            _ => Trial::new(scores[0].1, number + 1),
        })
        .collect();
    if let Some(Outcome { best: other, .. }) = trials.run(&more)?
        && other.score.0 < best.score.0
    {
        best = other;
    }
    Ok((trials.plans.swap_remove(best.plan).0, best.search))
}

/// The shapes that are worth a try.
fn shapes(task: &Task, options: &Options, work: u64) -> impl Iterator<Item = Shape> {
    let thorough = options.effort > 0 && work <= MOST_PAIRS;
    let heights: &[u32] = match task.limit {
        _ if !thorough => &[],
        None => &[0, u32::MAX],
        Some(_) => &[0, 1, 2],
    };
    let shapes = heights
        .iter()
        .flat_map(|&height| [false, true].map(|centre| Shape { centre, height }));
    std::iter::once(Shape::FLAT).chain(shapes.filter(|shape| *shape != Shape::FLAT))
}

impl Trials<'_> {
    /// Runs trials on as many threads as there may be; `None` if there are none.
    ///
    /// # Errors
    ///
    /// A thread that broke off: the best of the others alone would depend on
    /// what broke it.
    fn run(&self, trials: &[Trial]) -> Result<Option<Outcome>, AdderError> {
        let threads = match self.work {
            0..FEW_PAIRS => 1,
            _ => self.options.threads.clamp(1, trials.len().max(1)),
        };
        let share = |first: usize| {
            let mut best: Option<Found> = None;
            let mut scores = Vec::new();
            for (at, trial) in trials.iter().enumerate().skip(first).step_by(threads) {
                let (plan, start) = &self.plans[trial.plan];
                let mut search = start.clone();
                search.run(trial.taste);
                let score = (self.score(plan, &search), at);
                scores.push(score);
                if best.as_ref().is_none_or(|best| score < best.score) {
                    let plan = trial.plan;
                    best = Some(Found {
                        score,
                        plan,
                        search,
                    });
                }
            }
            best.map(|best| Outcome { best, scores })
        };
        let shares: Vec<_> = match threads {
            1 => vec![share(0)],
            _ => thread::scope(|scope| {
                let share = &share;
                let running: Vec<_> = (0..threads)
                    .map(|first| scope.spawn(move || share(first)))
                    .collect();
                let joined = running.into_iter().map(thread::ScopedJoinHandle::join);
                joined.collect::<Result<_, _>>()
            })
            .map_err(|_| AdderError::Interrupted)?,
        };
        Ok(shares.into_iter().flatten().reduce(|mut all, other| {
            all.scores.extend(other.scores);
            if other.best.score < all.best.score {
                all.best = other.best;
            }
            all
        }))
    }

    fn score(&self, plan: &Plan, search: &Search) -> u64 {
        match self.options.objective {
            Objective::Adders => (search.adders() + plan.later_offsets(self.task)) as u64,
            Objective::Bits => {
                let mut writer = Writer::new(self.sources.to_vec());
                let sums = assemble(self.task, plan, search, &mut writer);
                let cost = writer.finish(sums).settled().cost();
                cost.map_or(u64::MAX, |cost| cost.bits)
            }
        }
    }
}
