use super::*;
use crate::seed::{Purpose, Stream};

const BOOTSTRAP: Bootstrap = Bootstrap {
    replicas: 40,
    seed: 1,
};

/// Means of 10 with sigmas 1 to 2 and targets that scatter by `factor` times as much.
fn sample(rows: usize, factor: f64) -> [Vec<f64>; 3] {
    let mut stream = Stream::new(5, Purpose::Split);
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    for row in 0..rows {
        let sigma = 1.0 + row as f64 / rows as f64;
        let e = f64::from(stream.normal_pair()[0]);
        for (part, value) in parts
            .iter_mut()
            .zip([10.0, sigma, 10.0 + factor * sigma * e])
        {
            part.push(value);
        }
    }
    parts
}

fn judge(
    [means, syst, targets]: &[Vec<f64>; 3],
    stat: &[f64],
    columns: &[Column<'_>],
) -> Uncertainty {
    let given = Uncertain {
        means,
        syst,
        stat,
        targets,
        weights: &[],
    };
    uncertainty(&given, columns, BOOTSTRAP).expect("figures")
}

#[test]
fn right_uncertainties_give_pulls_of_width_one() {
    let sample = sample(20_000, 1.0);
    let found = judge(&sample, &[], &[]).overall;
    assert!(found.mean.value.abs() < 0.03, "{found:?}");
    assert!((found.width.value - 1.0).abs() < 0.03, "{found:?}");
    assert!((found.core.value - 1.0).abs() < 0.03, "{found:?}");
    assert!(found.distance < 0.015, "{found:?}");
    for coverage in &found.coverage {
        assert!(
            (coverage.found.value - coverage.expected).abs() < 0.015,
            "{coverage:?}"
        );
    }
    let sizes = found.sizes;
    assert!(sizes.relative && sizes.stat.is_none());
    assert!(
        (sizes.residual / sizes.syst - 1.0).abs() < 0.03,
        "{sizes:?}"
    );
}

#[test]
fn small_uncertainties_give_wide_pulls_and_low_coverage() {
    let sample = sample(5000, 2.0);
    let found = judge(&sample, &[], &[]).overall;
    assert!((found.width.value - 2.0).abs() < 0.1, "{found:?}");
    assert!(
        found.coverage[0].found.value < 0.45 && found.distance > 0.1,
        "{found:?}"
    );
    // Both uncertainties count: the statistical one makes up for what is missing.
    let stat: Vec<f64> = sample[1].iter().map(|s| s * 3f64.sqrt()).collect();
    let found = judge(&sample, &stat, &[]).overall;
    assert!((found.width.value - 1.0).abs() < 0.05, "{found:?}");
    assert!(found.sizes.stat.expect("stat") > found.sizes.syst);
}

#[test]
fn bins_hold_their_rows_once() {
    let sample = sample(3000, 1.0);
    let edges = equal_edges(&sample[1], 6);
    let column = Column {
        name: "sigma",
        values: &sample[1],
        edges: &edges,
    };
    let found = judge(&sample, &[], &[column]);
    let bins = &found.binned[0].bins;
    assert_eq!(bins.len(), 6);
    assert_eq!(bins.iter().map(|b| b.figures.rows).sum::<usize>(), 3000);
    assert!(bins[5].figures.sizes.syst > 1.5 * bins[0].figures.sizes.syst);
    assert!((found.histogram.iter().sum::<f64>() - 1.0).abs() < 0.01);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let given = Uncertain {
        means: &[1.0],
        syst: &[0.0],
        stat: &[],
        targets: &[2.0],
        weights: &[],
    };
    let error = uncertainty(&given, &[], BOOTSTRAP).expect_err("error");
    assert!(
        matches!(error, MetricsError::NotFinite { row: 0, .. }),
        "{error}"
    );
    let longer = Uncertain {
        syst: &[1.0, 1.0],
        ..given
    };
    assert!(uncertainty(&longer, &[], BOOTSTRAP).is_err());
}
