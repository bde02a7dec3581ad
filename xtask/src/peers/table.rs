//! The comparison as Markdown.

use std::fmt::Write as _;

use super::front::{Front, mean, within};
use super::run::{Count, Point, Run, Side};

/// Every run, as it ended.
pub fn runs(runs: &[Run]) -> String {
    let mut text = String::from(
        "\n| trainer | beta | seed | EBOPs (ours) | EBOPs (HGQ2) | validation | test | wall s | CPU s |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for side in Side::ALL {
        let mut rows: Vec<_> = runs.iter().filter(|run| run.side == side).collect();
        rows.sort_by(|a, b| {
            let beta = a.beta.last.total_cmp(&b.beta.last);
            beta.then(a.seed.cmp(&b.seed))
        });
        for run in rows {
            let Point {
                validation_accuracy,
                test_accuracy,
                ebops,
                ebops_exact,
            } = run.last;
            let ebops = ebops.map_or("-".to_owned(), |ebops| ebops.to_string());
            let cpu = run.cpu_s.map_or("-".to_owned(), |cpu| format!("{cpu:.1}"));
            // Writing into a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {ebops_exact} | {ebops} | {:.2} % | {:.2} % | {:.1} | {cpu} |",
                side.name(),
                run.beta,
                run.seed,
                100.0 * validation_accuracy,
                100.0 * test_accuracy,
                run.wall_s,
            );
        }
    }
    text
}

/// Mean accuracies over the seeds within each budget, and how far we are above.
pub fn budgets(fronts: &[Vec<Front>; 2], count: Count, budgets: &[u64]) -> String {
    let mut text = format!(
        "\n{}; the network within the budget is chosen on the validation part.\n\n\
         | at most | {ours} validation | {theirs} validation | difference | {ours} test | {theirs} test | difference |\n\
         |---|---|---|---|---|---|---|\n",
        count.title(),
        ours = Side::Trigforge.name(),
        theirs = Side::Hgq2.name(),
    );
    for &budget in budgets {
        let _ = write!(text, "| {budget} |");
        for accuracy in [
            |point: &Point| point.validation_accuracy,
            |point: &Point| point.test_accuracy,
        ] {
            let [ours, theirs] = fronts.each_ref().map(|fronts| {
                let values: Vec<f64> = fronts
                    .iter()
                    .filter_map(|front| within(front, count, budget).map(accuracy))
                    .collect();
                // A seed without a network within the budget would leave the mean to the lucky ones.
                (values.len() == fronts.len())
                    .then(|| mean(&values))
                    .flatten()
            });
            let _ = write!(
                text,
                " {} | {} | {} |",
                percent(ours),
                percent(theirs),
                difference(ours, theirs)
            );
        }
        text.push('\n');
    }
    text
}

type Mean = Option<(f64, Option<f64>)>;

fn percent(value: Mean) -> String {
    match value {
        None => "-".to_owned(),
        Some((mean, None)) => format!("{:.2} %", 100.0 * mean),
        Some((mean, Some(error))) => format!("{:.2} ± {:.2} %", 100.0 * mean, 100.0 * error),
    }
}

fn difference(ours: Mean, theirs: Mean) -> String {
    match (ours, theirs) {
        (Some((a, Some(da))), Some((b, Some(db)))) => {
            format!("{:+.2} ± {:.2}", 100.0 * (a - b), 100.0 * da.hypot(db))
        }
        (Some((a, _)), Some((b, _))) => format!("{:+.2}", 100.0 * (a - b)),
        _ => "-".to_owned(),
    }
}

/// Mean seconds of a run, and the ratios.
pub fn times(runs: &[Run]) -> String {
    let seconds = Side::ALL.map(|side| {
        let of = |seconds: fn(&Run) -> Option<f64>| {
            let values: Vec<f64> = runs
                .iter()
                .filter(|run| run.side == side)
                .filter_map(seconds)
                .collect();
            mean(&values).map(|(mean, _)| mean)
        };
        [of(|run| Some(run.wall_s)), of(|run| run.cpu_s)]
    });
    let mut text =
        String::from("\n| mean of the runs | trigforge | HGQ2 | ratio |\n|---|---|---|---|\n");
    for (index, name) in ["wall seconds", "CPU seconds"].into_iter().enumerate() {
        let [ours, theirs] = [seconds[0][index], seconds[1][index]];
        let shown = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.1}"));
        let ratio = match (ours, theirs) {
            (Some(ours), Some(theirs)) => format!("{:.2}", ours / theirs),
            _ => "-".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {ratio} |",
            shown(ours),
            shown(theirs)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(accuracy: f64) -> Front {
        vec![Point {
            validation_accuracy: accuracy,
            test_accuracy: accuracy,
            ebops: Some(900),
            ebops_exact: 800,
        }]
    }

    #[test]
    fn a_budget_that_one_seed_misses_has_no_mean() {
        let fronts = [vec![front(0.62), front(0.64)], vec![front(0.61)]];
        let text = budgets(&fronts, Count::Peer, &[899, 900]);
        assert!(text.contains("| 899 | - | - | - | - | - | - |"), "{text}");
        assert!(
            text.contains("| 900 | 63.00 ± 1.00 % | 61.00 % | +2.00 |"),
            "{text}"
        );
    }
}
