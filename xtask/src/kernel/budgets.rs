//! Budgets on instructions, in `benches/budgets.toml`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;

/// Instructions per event that a model's kernel may take, by processor.
pub type Budget = BTreeMap<String, u64>;

/// Reads the budget of a model; `None` if the file sets none.
///
/// # Errors
///
/// A file that cannot be read, or holds something else.
pub fn budget(context: &Context, model: &str) -> Result<Option<Budget>> {
    let path = context.root.join("benches/budgets.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut all: BTreeMap<String, Budget> =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(all.remove(model))
}

/// Compares a count with the budget of a processor.
///
/// # Errors
///
/// A count above its budget, or a processor that has none.
pub fn keep(budget: &Budget, cpu: &str, count: u64) -> Result<()> {
    let Some(&most) = budget.get(cpu) else {
        bail!("benches/budgets.toml sets no budget for {cpu}, which takes {count} instructions");
    };
    if count > most {
        let over = count - most;
        bail!(
            "{count} instructions, {over} over the budget of {most} (+{:.1} %)",
            100.0 * over as f64 / most as f64
        );
    }
    if count < most {
        println!(
            "    {cpu}: {} below its budget; lower it in benches/budgets.toml",
            most - count
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_budget_is_an_error() {
        let budget = Budget::from([("x86-64".to_owned(), 100)]);
        assert!(keep(&budget, "x86-64", 100).is_ok());
        let error = keep(&budget, "x86-64", 103).map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("103 instructions, 3 over the budget of 100 (+3.0 %)".to_owned())
        );
        assert!(keep(&budget, "riscv", 1).is_err());
    }
}
