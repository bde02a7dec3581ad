//! The values that a parameter can take.

use serde::{Deserialize, Serialize};
use toml::Value;

/// Significant digits of a drawn number: what can be typed again gives the same trial.
const DIGITS: usize = 4;

/// The values of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Range {
    /// Any number between two bounds.
    Continuous {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
        /// Whether equal factors, and not equal differences, are equally likely.
        log: bool,
        /// Values that a grid takes, evenly spaced from bound to bound.
        points: Option<usize>,
    },
    /// The integers `low`, `low + step`, ... up to `high`.
    Integer {
        /// The lower bound.
        low: i64,
        /// The upper bound.
        high: i64,
        /// The distance of two values.
        step: i64,
    },
    /// Values without an order.
    Choice(Vec<Value>),
}

/// A range as the sweep file writes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    float: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    int: Option<[i64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<usize>,
}

impl TryFrom<Written> for Range {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { step, points, .. } = written;
        let range = match (written.log, written.float, written.int, written.choice) {
            (Some([low, high]), None, None, None) if step.is_none() => {
                if low <= 0.0 {
                    return Err(format!("log = [{low}, {high}]: expected bounds above zero"));
                }
                Self::continuous(low, high, true, points)?
            }
            (None, Some([low, high]), None, None) if step.is_none() => {
                Self::continuous(low, high, false, points)?
            }
            (None, None, Some([low, high]), None) if points.is_none() => {
                let step = step.unwrap_or(1);
                if step < 1 || low > high || high.checked_sub(low).is_none() {
                    return Err(format!(
                        "int = [{low}, {high}], step = {step}: expected the lower bound first and \
                         a step of at least 1"
                    ));
                }
                Self::Integer { low, high, step }
            }
            (None, None, None, Some(values)) if step.is_none() && points.is_none() => {
                if values.is_empty() || (1..values.len()).any(|i| values[..i].contains(&values[i]))
                {
                    return Err("choice: expected at least one value, and each once".to_owned());
                }
                Self::Choice(values)
            }
            _ => {
                return Err(
                    "expected one of `log = [low, high]` and `float = [low, high]` (for a grid \
                     with `points = n`), `int = [low, high]` (with `step = n` or without) or \
                     `choice = [...]`"
                        .to_owned(),
                );
            }
        };
        Ok(range)
    }
}

impl From<Range> for Written {
    fn from(range: Range) -> Self {
        let mut written = Self::default();
        match range {
            Range::Continuous {
                low,
                high,
                log,
                points,
            } => {
                let bounds = if log {
                    &mut written.log
                } else {
                    &mut written.float
                };
                *bounds = Some([low, high]);
                written.points = points;
            }
            Range::Integer { low, high, step } => {
                written.int = Some([low, high]);
                written.step = Some(step);
            }
            Range::Choice(values) => written.choice = Some(values),
        }
        written
    }
}

impl Range {
    fn continuous(low: f64, high: f64, log: bool, points: Option<usize>) -> Result<Self, String> {
        if !(low < high && (high - low).is_finite()) {
            return Err(format!(
                "[{low}, {high}]: expected two numbers, the lower one first"
            ));
        }
        if points.is_some_and(|points| points < 2) {
            return Err("points: expected at least 2, one at each bound".to_owned());
        }
        Ok(Self::Continuous {
            low,
            high,
            log,
            points,
        })
    }

    /// How many values there are; `None` for any number between two bounds.
    pub(super) fn count(&self) -> Option<usize> {
        match self {
            Self::Continuous { .. } => None,
            Self::Integer { low, high, step } => {
                usize::try_from((high - low) / step).ok()?.checked_add(1)
            }
            Self::Choice(values) => Some(values.len()),
        }
    }

    /// How many values a grid takes; `None` where it is not said.
    pub(super) fn grid_count(&self) -> Option<usize> {
        match self {
            Self::Continuous { points, .. } => *points,
            _ => self.count(),
        }
    }

    /// The value of a grid at a place below [`Self::grid_count`].
    pub(super) fn grid_value(&self, at: usize) -> Value {
        match self {
            Self::Continuous { points, .. } => {
                let last = points.unwrap_or(2).max(2) - 1;
                self.value(at as f64 / last as f64)
            }
            _ => self.value(at as f64),
        }
    }

    /// Where coordinates end: they are counts of values, or run from 0 to 1.
    pub(super) fn extent(&self) -> f64 {
        self.count().map_or(1.0, |count| count as f64)
    }

    /// The value at a coordinate from 0 to [`Self::extent`].
    pub(super) fn value(&self, coordinate: f64) -> Value {
        match self {
            Self::Continuous { low, .. } if coordinate <= 0.0 => Value::Float(*low),
            Self::Continuous { high, .. } if coordinate >= 1.0 => Value::Float(*high),
            Self::Continuous { low, high, log, .. } => {
                let number = if *log {
                    low * (high / low).powf(coordinate)
                } else {
                    low + (high - low) * coordinate
                };
                Value::Float(rounded(number).clamp(*low, *high))
            }
            Self::Integer { low, high, step } => {
                let count = coordinate.max(0.0) as i64;
                Value::Integer(low + step * count.min((high - low) / step))
            }
            Self::Choice(values) => {
                let at = (coordinate.max(0.0) as usize).min(values.len().saturating_sub(1));
                values.get(at).cloned().unwrap_or(Value::Boolean(false))
            }
        }
    }

    /// A coordinate below [`Self::extent`] that gives this value; `None` for another's value.
    pub(super) fn coordinate(&self, value: &Value) -> Option<f64> {
        let coordinate = match (self, value) {
            (Self::Continuous { low, high, log, .. }, Value::Float(number)) => {
                if *log {
                    (number / low).ln() / (high / low).ln()
                } else {
                    (number - low) / (high - low)
                }
            }
            (Self::Integer { low, step, .. }, Value::Integer(number)) => {
                number.checked_sub(*low)? as f64 / *step as f64 + 0.5
            }
            (Self::Choice(values), value) => values.iter().position(|v| v == value)? as f64,
            _ => return None,
        };
        let inside = coordinate.is_finite();
        inside.then(|| coordinate.clamp(0.0, self.extent().next_down()))
    }

    /// The values with which the range is checked: the bounds, or every choice.
    pub(super) fn ends(&self) -> Vec<Value> {
        match self {
            Self::Choice(values) => values.clone(),
            _ => vec![self.value(0.0), self.value(self.extent())],
        }
    }
}

/// The number with [`DIGITS`] significant digits.
fn rounded(number: f64) -> f64 {
    let digits = DIGITS - 1;
    format!("{number:.digits$e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<Range, String> {
        #[derive(Deserialize)]
        struct Holder {
            r: Range,
        }
        let holder: Result<Holder, _> = toml::from_str(&format!("r = {text}"));
        holder.map(|h| h.r).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn values_and_coordinates_belong_to_each_other() {
        let log = range("{ log = [1e-3, 1e-1] }").expect("range");
        assert_eq!(log.value(0.5), Value::Float(0.01));
        assert_eq!(log.value(1.0), Value::Float(0.1));
        let int = range("{ int = [256, 1100], step = 256 }").expect("range");
        assert_eq!((int.count(), int.extent()), (Some(4), 4.0));
        assert_eq!(int.value(3.99), Value::Integer(1024));
        assert_eq!(int.value(4.0), Value::Integer(1024));
        let choice = range("{ choice = [\"a\", [1, 2], 3] }").expect("range");
        for range in [log, int, choice] {
            for step in 0..20 {
                let value = range.value(range.extent() * f64::from(step) / 20.0);
                let coordinate = range.coordinate(&value).expect("coordinate");
                assert!(coordinate < range.extent());
                assert_eq!(range.value(coordinate), value);
            }
            assert_eq!(range.coordinate(&Value::Boolean(true)), None);
        }
    }

    #[test]
    fn drawn_numbers_are_short_and_inside() {
        let range = range("{ float = [0.12345678, 0.2] }").expect("range");
        assert_eq!(range.value(0.0), Value::Float(0.12345678));
        assert_eq!(range.value(0.3), Value::Float(0.1464));
    }

    #[test]
    fn a_grid_goes_from_bound_to_bound() {
        let range = range("{ log = [1e-4, 1e-2], points = 3 }").expect("range");
        let values: Vec<_> = (0..3).map(|at| range.grid_value(at)).collect();
        assert_eq!(values, [1e-4, 1e-3, 1e-2].map(Value::Float));
    }

    #[test]
    fn what_is_written_comes_back() {
        for text in [
            "{ log = [1e-7, 1e-4], points = 5 }",
            "{ float = [0.0, 1.0] }",
            "{ int = [1, 9], step = 2 }",
            "{ choice = [[64, 32], [16]] }",
        ] {
            let range = range(text).expect(text);
            let json = serde_json::to_string(&range).expect("json");
            assert_eq!(serde_json::from_str::<Range>(&json).expect("range"), range);
        }
    }

    #[test]
    fn ranges_without_a_meaning_are_refused() {
        for (text, reason) in [
            ("{ log = [0.0, 1.0] }", "above zero"),
            ("{ float = [2.0, 1.0] }", "lower one first"),
            ("{ float = [0.0, nan] }", "lower one first"),
            ("{ float = [0.0, 1.0], points = 1 }", "at least 2"),
            ("{ float = [0.0, 1.0], step = 1 }", "expected one of"),
            ("{ int = [1, 3], step = 0 }", "at least 1"),
            ("{ int = [3, 1] }", "lower bound first"),
            ("{ choice = [] }", "at least one value"),
            ("{ choice = [1, 2, 1] }", "each once"),
            ("{ int = [1, 3], choice = [1] }", "expected one of"),
            ("{}", "expected one of"),
            ("{ steps = 3 }", "unknown field"),
        ] {
            let error = range(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
