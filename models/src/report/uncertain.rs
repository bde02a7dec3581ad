//! What a model says of its own uncertainty, judged on rows of the data.

use crate::config::BinConfig;
use crate::data::InputSpec;
use crate::execute::port;
use crate::metrics::{
    Bootstrap, Column, MetricsError, Uncertain, Uncertainty, equal_edges, gaussian_loss,
    uncertainty,
};

/// Outputs of a regression for some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// The means: the output `mean`, or the only one.
    pub means: Vec<f64>,
    /// The output `sigma_syst`, or half the distance of the quantiles one sigma from the median;
    /// empty without either.
    pub syst: Vec<f64>,
    /// The output `sigma_stat`; empty without it.
    pub stat: Vec<f64>,
}

/// Truth of some rows, and what they are binned in.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The first input of the data.
    pub spec: Option<&'a InputSpec>,
    /// Its numbers, row after row.
    pub input: &'a [f32],
    /// The targets.
    pub targets: &'a [f64],
    /// The weight of each row; empty for a weight of one each.
    pub weights: &'a [f64],
}

impl Predicted {
    /// Takes the outputs of a model apart: `ports` are their names and widths, `values` all of them,
    /// row after row.
    pub fn of(ports: &[(String, usize)], values: &[f64]) -> Self {
        let output = |name: &str| port(ports, values, name);
        let quantiles = || {
            let (low, high) = (output("quantile_16")?, output("quantile_84")?);
            let half = |(low, high): (f64, f64)| (high - low) / 2.0;
            Some(low.into_iter().zip(high).map(half).collect())
        };
        Self {
            means: output("mean").unwrap_or_else(|| values.to_vec()),
            syst: output("sigma_syst").or_else(quantiles).unwrap_or_default(),
            stat: output("sigma_stat").unwrap_or_default(),
        }
    }

    fn beside<'a>(&'a self, rows: &Rows<'a>) -> Uncertain<'a> {
        Uncertain {
            means: &self.means,
            syst: &self.syst,
            stat: &self.stat,
            targets: rows.targets,
            weights: rows.weights,
        }
    }

    /// Figures of the uncertainties, overall and in `bins`; `None` for a model that gives none.
    ///
    /// # Errors
    ///
    /// What [`uncertainty()`] refuses.
    pub fn judge(
        &self,
        rows: &Rows<'_>,
        bins: &[BinConfig],
        bootstrap: Bootstrap,
    ) -> Result<Option<Uncertainty>, MetricsError> {
        if self.syst.is_empty() {
            return Ok(None);
        }
        let values: Vec<Vec<f64>> = bins.iter().map(|bin| self.column(rows, bin)).collect();
        let edges = bins
            .iter()
            .zip(&values)
            .map(|(bin, values)| match bin.edges.is_empty() {
                true => equal_edges(values, bin.count),
                false => bin.edges.clone(),
            });
        let edges: Vec<Vec<f64>> = edges.collect();
        let columns: Vec<Column<'_>> = (0..bins.len())
            .map(|at| Column {
                name: &bins[at].column,
                values: &values[at],
                edges: &edges[at],
            })
            .collect();
        uncertainty(&self.beside(rows), &columns, bootstrap).map(Some)
    }

    /// Mean over rows of minus the logarithm of the Gaussian likelihood of the outputs; `None` for a
    /// model that gives no uncertainties.
    ///
    /// # Errors
    ///
    /// What [`uncertainty()`] refuses.
    pub fn loss(&self, rows: &Rows<'_>) -> Result<Option<f64>, MetricsError> {
        if self.syst.is_empty() {
            return Ok(None);
        }
        gaussian_loss(&self.beside(rows)).map(Some)
    }

    /// The value in each row of the column of a bin; the means where the input has no such column.
    fn column(&self, rows: &Rows<'_>, bin: &BinConfig) -> Vec<f64> {
        let place = rows.spec.and_then(|spec| {
            let at = spec.columns.iter().position(|c| *c == bin.column)?;
            Some((at, spec.elements().max(1)))
        });
        match place {
            Some((at, width)) => {
                let row = |row: &[f32]| f64::from(row[at]);
                rows.input.chunks_exact(width).map(row).collect()
            }
            None => self.means.clone(),
        }
    }
}
