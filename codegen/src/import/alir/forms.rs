//! Which fractional bits of an operation's result can be other than zero.
//!
//! A program may state a coarser step than its operands have, where it knows
//! that the low bits cancel: x + 3x is a multiple of 4. Sums are therefore known
//! as linear forms of what is no sum, and a result that would lose bits can be
//! told from one that cannot.

use std::collections::BTreeMap;

use super::decode::Decoded;
use crate::exact::Exact;

/// Most terms of one form; a sum of more is taken for something of its own.
const MOST_TERMS: usize = 1024;
/// Most terms of all forms together.
const MOST_TERMS_OF_ALL: usize = 4_000_000;

/// A sum of operations times constants, and a constant.
#[derive(Clone, Debug)]
struct Form {
    terms: BTreeMap<usize, Exact>,
    constant: Exact,
}

/// The forms of the operations so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Forms {
    forms: Vec<Form>,
    /// Fractional bits that each operation's values have at most.
    finest: Vec<i32>,
    terms: usize,
}

impl Forms {
    /// Takes the next operation, whose wire has `f` fractional bits; returns
    /// the fractional bits that its values have at most.
    pub(super) fn define(&mut self, operation: &Decoded, f: i32) -> i32 {
        let own = self.forms.len();
        let known = self.terms < MOST_TERMS_OF_ALL;
        let form = known
            .then(|| self.form(operation))
            .flatten()
            .filter(|form| form.terms.len() <= MOST_TERMS);
        let (form, finest) = match form {
            Some(form) => {
                let finest = self.finest_of(&form);
                (form, finest.min(f))
            }
            None => {
                let form = Form {
                    terms: BTreeMap::from([(own, Exact { m: 1, f: 0 })]),
                    constant: Exact { m: 0, f: 0 },
                };
                let finest = match *operation {
                    Decoded::Product(a, b) => self.finest[a].saturating_add(self.finest[b]).min(f),
                    _ => f,
                };
                (form, finest)
            }
        };
        self.terms += form.terms.len();
        self.forms.push(form);
        self.finest.push(finest);
        finest
    }

    fn finest_of(&self, form: &Form) -> i32 {
        form.terms
            .iter()
            .map(|(&root, factor)| self.finest[root].saturating_add(factor.f))
            .chain((form.constant.m != 0).then_some(form.constant.f))
            .max()
            .unwrap_or(i32::MIN)
    }

    /// The form of an operation that is linear; `None` for every other one.
    fn form(&self, operation: &Decoded) -> Option<Form> {
        let mut sum = Form {
            terms: BTreeMap::new(),
            constant: Exact { m: 0, f: 0 },
        };
        let mut add = |at: usize, factor: Exact| -> Option<()> {
            let form = self.forms.get(at)?;
            sum.constant = sum.constant.plus(form.constant.times(factor).ok()?).ok()?;
            for (&root, &term) in &form.terms {
                let term = term.times(factor).ok()?;
                let known = sum.terms.entry(root).or_insert(Exact { m: 0, f: 0 });
                *known = known.plus(term).ok()?;
            }
            Some(())
        };
        match *operation {
            Decoded::Negate(a) => add(a, Exact { m: -1, f: 0 })?,
            Decoded::Sum(ref terms) => {
                for &(at, shift, minus) in terms {
                    let m = if minus { -1 } else { 1 };
                    add(at, Exact { m, f: -shift })?;
                }
            }
            Decoded::AddConstant(a, m, f) => {
                add(a, Exact { m: 1, f: 0 })?;
                sum.constant = sum.constant.plus(Exact::new(m.into(), f)).ok()?;
            }
            _ => return None,
        }
        sum.terms.retain(|_, factor| factor.m != 0);
        Some(sum)
    }
}
