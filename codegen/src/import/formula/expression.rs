//! One expression, computed in double precision for columns of numbers.

use super::parser;
use super::terms::{Kind, NOT_TAKEN, Terms, computed};

/// Elements that are computed together, so that all terms of them stay in a cache.
const BLOCK: usize = 512;

/// An expression over named variables, in the grammar of the formulas.
///
/// ```
/// use trigforge_codegen::import::formula::Expression;
///
/// let dphi = Expression::parse("wrap(phi - jet_phi)", &["phi", "jet_phi"])?;
/// assert_eq!(dphi.variables(), ["phi", "jet_phi"]);
/// let found = dphi.evaluate(2, &[&[3.0, 1.0], &[-3.0, 0.5]]);
/// assert!((found[0] - (6.0 - 2.0 * std::f64::consts::PI)).abs() < 1e-14 && found[1] == 0.5);
/// # Ok::<(), trigforge_codegen::import::formula::ExpressionError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    /// Each term after those that it is made of; the last one is the expression.
    terms: Vec<Kind>,
    variables: Vec<String>,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ExpressionError {
    /// The column, and what is not taken or was expected there.
    pub reason: String,
}

impl Expression {
    /// Reads an expression. `names` are variables even where they mean something else by
    /// themselves, as `E` does; other names may occur, too.
    ///
    /// # Errors
    ///
    /// A text that is not of the grammar, or holds a function that is not taken.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, ExpressionError> {
        let wrong = |(column, reason): (usize, String)| ExpressionError {
            reason: format!("column {column}: {reason}"),
        };
        let stated = names.iter().copied().collect();
        let mut terms = Terms::default();
        let parsed = parser::parse(text, 1, &stated, &mut terms).map_err(wrong)?;
        if parsed.name.is_some() {
            return Err(wrong((
                1,
                "expected an expression without a name".to_owned(),
            )));
        }
        if let Some(item) = terms.unsupported.first() {
            let at = item.node.trim_start_matches("line 1, ");
            let reason = format!("{at}: `{}`: {}", item.operator, item.reason);
            return Err(ExpressionError { reason });
        }
        let mut variables = terms.variables;
        variables.retain(|name| name != NOT_TAKEN);
        let mut list: Vec<_> = terms.list.into_iter().map(|(kind, _)| kind).collect();
        list.truncate(parsed.root + 1);
        Ok(Self {
            terms: list,
            variables,
        })
    }

    /// The variables, in the order in which they are met.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The expression for `count` elements. `columns` holds those of each variable; a column of
    /// one element has it everywhere. An operand that is NaN gives NaN, also in `min` and `max`.
    pub fn evaluate(&self, count: usize, columns: &[&[f64]]) -> Vec<f64> {
        let mut result = Vec::with_capacity(count);
        let mut blocks: Vec<Vec<f64>> = vec![Vec::new(); self.terms.len()];
        for start in (0..count).step_by(BLOCK) {
            let length = BLOCK.min(count - start);
            for at in 0..self.terms.len() {
                let (before, rest) = blocks.split_at_mut(at);
                let Some(block) = rest.first_mut() else {
                    continue;
                };
                block.clear();
                match &self.terms[at] {
                    Kind::Number(value) => block.resize(length, *value),
                    Kind::Variable(place) => match columns.get(*place) {
                        Some([value]) => block.resize(length, *value),
                        Some(column) => block.extend(column.iter().skip(start).take(length)),
                        None => {}
                    },
                    Kind::Operation(op, args) => {
                        let mut operands = [0.0; 3];
                        let operands = &mut operands[..args.len().min(3)];
                        block.extend((0..length).map(|element| {
                            for (operand, arg) in operands.iter_mut().zip(args) {
                                *operand = before[*arg].get(element).copied().unwrap_or(f64::NAN);
                            }
                            computed(op, operands).unwrap_or(f64::NAN)
                        }));
                    }
                }
            }
            result.extend(blocks.last().into_iter().flatten());
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn value(text: &str, x: f64, y: f64) -> f64 {
        let expression = Expression::parse(text, &["x", "y"]).expect("expression");
        let columns: Vec<Vec<f64>> = expression
            .variables()
            .iter()
            .map(|name| vec![if name == "x" { x } else { y }])
            .collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        expression.evaluate(1, &columns)[0]
    }

    #[test]
    fn angles_are_those_of_the_whole_circle() {
        for (y, x) in [
            (0.0, 0.0),
            (0.0, 2.0),
            (0.0, -2.0),
            (3.0, 0.0),
            (-3.0, -0.0),
            (1.0, 2.0),
            (1.0, -2.0),
            (-1.0, -2.0),
            (-1.0, 2.0),
        ] {
            let found = value("atan2(y, x)", x, y);
            // A zero on the axis has no sign here.
            let expected = match x == 0.0 && y == 0.0 {
                true => 0.0,
                false => f64::atan2(y, x + 0.0),
            };
            assert!(
                (found - expected).abs() < 1e-15,
                "atan2({y}, {x}) = {found}"
            );
        }
        assert!((value("wrap(x)", 3.5, 0.0) - (3.5 - 2.0 * PI)).abs() < 1e-15);
        assert!((value("wrap(x)", -3.5, 0.0) - (2.0 * PI - 3.5)).abs() < 1e-15);
        assert_eq!(value("wrap(x)", PI, 0.0), -PI);
        assert_eq!(value("wrap(x)", -1.25, 0.0), -1.25);
        assert_eq!(value("hypot(x, y)", -3.0, 4.0), 5.0);
    }

    #[test]
    fn blocks_are_put_together_in_order() {
        let expression = Expression::parse("2*x + y", &[]).expect("expression");
        let x: Vec<f64> = (0..1300).map(f64::from).collect();
        let found = expression.evaluate(x.len(), &[&x, &[0.5]]);
        assert!(
            found
                .iter()
                .zip(&x)
                .all(|(found, x)| *found == 2.0 * x + 0.5)
        );
        assert_eq!(found.len(), x.len());
    }

    #[test]
    fn nothing_hides_a_nan() {
        for text in [
            "min(x, y)",
            "max(x, y)",
            "relu(x) + y",
            "x*0 + y",
            "atan2(x, y)",
        ] {
            assert!(value(text, f64::NAN, 1.0).is_nan(), "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        let error = |text| {
            Expression::parse(text, &["E"])
                .expect_err("error")
                .to_string()
        };
        assert_eq!(error("x + "), "column 4: expected a number, a name or `(`");
        assert!(error("x + fold(y)").starts_with("column 5: `fold`: it is no function"));
        assert!(error("y = x").contains("without a name"));
        assert!(Expression::parse("E + 1", &["E"]).is_ok());
        assert!(error("I + 1").contains("imaginary"));
    }
}
