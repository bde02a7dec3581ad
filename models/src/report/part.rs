//! Figures on one part of the data.

use serde::{Deserialize, Serialize};

use crate::execute::port;
use crate::metrics::{
    Classification, Correlation, Difference, Discrimination, Estimate, MetricsError, Options,
    Predictions, Regression, Scores, Uncertainty, classification, correlation, difference,
    regression,
};
use crate::net::latent::LATENT;

/// Figures on one part of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Name of the part: `validation`, `test`.
    pub name: String,
    /// What the part decided in the training, as in `chooses nothing`.
    #[serde(default)]
    pub role: String,
    /// How the latent numbers of the integers depend on each other, where the model gives some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<Correlation>,
    /// The figures.
    pub figures: Figures,
}

/// The figures of the model on one part: of the integers, and of its float twin beside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Figures {
    /// Classes.
    Classification {
        /// Executed by the integer interpreter.
        integer: Box<Classification>,
        /// The float model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        float: Option<Box<Classification>>,
        /// Integer minus float on the same rows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        difference: Option<Difference>,
        /// What cuts do to the background's shape in a variable.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sculpting: Option<Box<super::SculptingFigures>>,
    },
    /// Scores of a detector of anomalies.
    Anomaly(Box<super::AnomalyFigures>),
    /// Features of an encoder.
    Views(Box<super::ViewFigures>),
    /// Real targets.
    Regression {
        /// Each target.
        targets: Vec<TargetFigures>,
    },
}

/// The figures of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetFigures {
    /// Name of the target.
    pub name: String,
    /// Its unit; empty if it has none or it is not known.
    #[serde(default)]
    pub unit: String,
    /// Executed by the integer interpreter.
    pub integer: Regression,
    /// The float model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float: Option<Regression>,
    /// Uncertainties, where the model gives them: executed by the integer interpreter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<Box<Uncertainty>>,
}

/// True targets of a regression, several in each row.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// Name and unit of each target.
    pub names: &'a [(String, String)],
    /// The targets, row after row.
    pub values: &'a [f64],
    /// The weight of each row; empty for a weight of one each.
    pub weights: &'a [f64],
}

impl Part {
    /// Judges a classifier by the logits of its integers, beside `float` logits of the same rows.
    ///
    /// # Errors
    ///
    /// What [`classification()`] refuses.
    pub fn classification(
        name: &str,
        integer: &Scores<'_>,
        float: Option<&[f64]>,
        options: &Options,
    ) -> Result<Self, MetricsError> {
        let twin = float.map(|logits| Scores { logits, ..*integer });
        let twin = twin.as_ref();
        Ok(Self::named(
            name,
            Figures::Classification {
                integer: Box::new(classification(integer, options)?),
                float: match twin {
                    Some(twin) => Some(Box::new(classification(twin, options)?)),
                    None => None,
                },
                difference: match twin {
                    Some(twin) => Some(difference(integer, twin, options.bootstrap)?),
                    None => None,
                },
                sculpting: None,
            },
        ))
    }

    /// Judges a regression by the outputs of its integers (rows of one prediction for each
    /// target), beside `float` outputs of the same rows, in 10 bins of each target.
    ///
    /// # Errors
    ///
    /// What [`regression()`] refuses.
    pub fn regression(
        name: &str,
        integer: &[f64],
        float: Option<&[f64]>,
        truth: &Targets<'_>,
        options: &Options,
    ) -> Result<Self, MetricsError> {
        const BINS: usize = 10;
        let count = truth.names.len().max(1);
        let column = |values: &[f64], at: usize| -> Vec<f64> {
            values.iter().skip(at).step_by(count).copied().collect()
        };
        let judge = |predictions: &[f64], at: usize| {
            let given = Predictions {
                predictions: &column(predictions, at),
                targets: &column(truth.values, at),
                weights: truth.weights,
            };
            regression(&given, BINS, options.bootstrap)
        };
        let target = |(at, (name, unit)): (usize, &(String, String))| {
            Ok(TargetFigures {
                name: name.clone(),
                unit: unit.clone(),
                integer: judge(integer, at)?,
                float: match float {
                    Some(float) => Some(judge(float, at)?),
                    None => None,
                },
                uncertainty: None,
            })
        };
        let targets: Result<_, MetricsError> = truth.names.iter().enumerate().map(target).collect();
        Ok(Self::named(name, Figures::Regression { targets: targets? }))
    }

    /// The part with the uncertainties of its first target.
    pub fn with_uncertainty(mut self, uncertainty: Uncertainty) -> Self {
        if let Figures::Regression { targets } = &mut self.figures
            && let Some(target) = targets.first_mut()
        {
            target.uncertainty = Some(Box::new(uncertainty));
        }
        self
    }

    /// The part with the correlations of latent numbers: the output `latent` of those that `ports`
    /// name with their widths, of which `values` holds all, row after row.
    #[must_use]
    pub fn with_latent(
        mut self,
        ports: &[(String, usize)],
        values: &[f64],
        weights: &[f64],
    ) -> Self {
        let latent = port(ports, values, LATENT);
        self.latent = latent.map(|latent| {
            let rows: usize = ports.iter().map(|(_, width)| width).sum();
            let ones = vec![1.0; values.len() / rows.max(1)];
            let weights = if weights.is_empty() { &ones } else { weights };
            correlation(&latent, weights, 0.0)
        });
        self
    }

    /// The part as one of mixed samples: its classes are the samples, not what was true.
    #[must_use]
    pub fn of_mixed_samples(mut self) -> Self {
        self.role.push_str("; its classes are two mixed samples");
        self
    }

    pub(super) fn named(name: &str, figures: Figures) -> Self {
        let role = match name {
            "train" => "the weights are learned on it",
            "validation" => "chooses the epoch",
            "test" => "chooses nothing",
            _ => "",
        };
        Self {
            name: name.to_owned(),
            role: role.to_owned(),
            latent: None,
            figures,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.figures {
            Figures::Classification { integer, .. } => integer.rows,
            Figures::Anomaly(figures) => figures.integer.rows,
            Figures::Views(figures) => figures.integer.rows,
            Figures::Regression { targets } => targets
                .first()
                .map_or(0, |target| target.integer.overall.rows),
        }
    }

    /// The integers' figure that a baseline calls by this name: `accuracy`, `AUC t`,
    /// `rejection t at 50 %`, `median response`, `response width`,
    /// `pull mean`, `pull width`; `None` for other words.
    ///
    /// Of an encoder it is `recognised`.
    /// Of a detector they are `AUC s` and `efficiency s at r`, for a signal and a background rate.
    /// Of two classes the names are `AUC` and `rejection at 50 %`, of one target as above.
    pub fn figure(&self, name: &str, classes: &[String]) -> Option<Estimate> {
        match &self.figures {
            Figures::Classification { integer, .. } => match name {
                "accuracy" => Some(integer.accuracy),
                _ => (integer.discrimination.iter())
                    .filter(|d| d.background.is_none() || classes.len() == 2)
                    .find_map(|d| of_class(d, name, classes)),
            },
            Figures::Anomaly(figures) => figures.figure(name),
            Figures::Views(figures) => (name == "recognised").then_some(figures.integer.recognised),
            Figures::Regression { targets } => {
                let target = targets.first()?;
                let overall = &target.integer.overall;
                let pulls = target.uncertainty.as_ref().map(|u| &u.overall);
                match name {
                    "pull mean" => pulls.map(|p| p.mean),
                    "pull width" => pulls.map(|p| p.width),
                    "median response" => overall.median_response,
                    "response width" => overall.response_width,
                    _ => None,
                }
            }
        }
    }
}

fn of_class(found: &Discrimination, name: &str, classes: &[String]) -> Option<Estimate> {
    let class = match classes.len() {
        2 => String::new(),
        _ => format!(" {}", classes.get(found.signal)?),
    };
    if name == format!("AUC{class}") {
        return Some(found.auc);
    }
    let rejection = found.rejection.iter().find(|r| {
        let percent = 100.0 * r.signal_efficiency;
        name == format!("rejection{class} at {percent} %")
    })?;
    Some(Estimate {
        value: rejection.value?,
        error: rejection.error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [usize; 6] = [0, 1, 2, 0, 1, 2];

    #[test]
    fn figures_are_found_by_the_names_of_baselines() {
        let classes = ["a", "b", "c"].map(str::to_owned);
        let logits: Vec<f64> = (0..18).map(|v| f64::from(v * v % 7)).collect();
        let scores = Scores {
            logits: &logits,
            classes: 3,
            labels: &LABELS,
            weights: &[],
        };
        let part = Part::classification("test", &scores, Some(&logits), &Options::default())
            .expect("part");
        assert_eq!((part.rows(), part.role.as_str()), (6, "chooses nothing"));
        let Figures::Classification {
            integer,
            difference,
            ..
        } = &part.figures
        else {
            panic!("a classifier");
        };
        let difference = difference.as_ref().expect("difference");
        assert_eq!((difference.accuracy.value, difference.auc.len()), (0.0, 3));
        assert_eq!(difference.auc[0].error, Some(0.0));
        let figure = |name: &str| part.figure(name, &classes);
        assert_eq!(figure("accuracy"), Some(integer.accuracy));
        assert_eq!(figure("AUC b"), Some(integer.discrimination[1].auc));
        let value = integer.discrimination[2].rejection[1].value;
        assert_eq!(figure("rejection c at 50 %").map(|r| r.value), value);
        assert_eq!(figure("beauty"), None);
    }

    #[test]
    fn every_target_is_judged_on_its_own_column() {
        let names = [("e", "GeV"), ("m", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let truth = Targets {
            names: &names,
            values: &[1.0, 10.0, 2.0, 20.0, 4.0, 40.0],
            weights: &[],
        };
        let predictions = [2.0, 10.0, 4.0, 20.0, 8.0, 40.0];
        let part = Part::regression("test", &predictions, None, &truth, &Options::default())
            .expect("part");
        let Figures::Regression { targets } = &part.figures else {
            panic!("a regression");
        };
        let medians = targets.iter().map(|t| t.integer.overall.median_response);
        let medians: Vec<f64> = medians.map(|m| m.expect("response").value).collect();
        assert_eq!((medians, targets[0].unit.as_str()), (vec![2.0, 1.0], "GeV"));
    }
}
