//! Compares what the headers give with the definition and the interpreter.

use anyhow::{Context as _, Result, bail, ensure};
use trigforge::{Format, Overflow, Rounding, requantize};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{IR_VERSION, parse};

use super::cases::Case;
use super::program::{Program, modes};

/// Elements of the tensors that the interpreter is given.
const TENSOR: usize = 4_096;

/// How many values were compared, and what a wrong mode would have changed.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Values that were compared, each with the definition and the interpreter.
    pub values: usize,
    /// For each rounding mode: values that the next mode would give otherwise.
    rounding: [usize; Rounding::ALL.len()],
    /// For each overflow mode, likewise.
    overflow: [usize; Overflow::ALL.len()],
}

impl Comparison {
    /// Compares all results of one case.
    pub fn case(&mut self, case: Case, program: &mut Program) -> Result<()> {
        let words = case.words();
        match case {
            Case::Cast { from, to } => self.cast(from, to, &words, program),
            Case::Real { to } => self.real(to, &words, program),
            Case::Exact { a, b } => self.exact(a, b, &words, program),
        }
    }

    /// The modes whose confusion with the next one no value showed.
    pub fn blind(&self) -> Vec<&'static str> {
        let rounding = Rounding::ALL.into_iter().zip(self.rounding);
        let overflow = Overflow::ALL.into_iter().zip(self.overflow);
        let rounding = rounding.map(|(mode, count)| (mode.name(), count));
        let overflow = overflow.map(|(mode, count)| (mode.name(), count));
        let all = rounding.chain(overflow);
        all.filter(|(_, count)| *count == 0)
            .map(|(name, _)| name)
            .collect()
    }

    fn cast(
        &mut self,
        from: Format,
        to: Format,
        words: &[i64],
        program: &mut Program,
    ) -> Result<()> {
        let interpreted = interpreted_casts(from, to, words)?;
        for ((rounding, overflow), interpreted) in modes().zip(interpreted) {
            let found = program.words(words.len())?;
            for ((&m, &found), interpreted) in words.iter().zip(&found).zip(interpreted) {
                let defined = requantize(m, from.f(), to, rounding, overflow);
                ensure!(
                    found == defined && found == interpreted,
                    "{m} of {from} into {to} with {rounding} and {overflow}: ap_fixed gives \
                     {found}, the definition {defined}, the interpreter {interpreted}"
                );
            }
            self.values += words.len();
            self.confuse(from, to, (rounding, overflow), words, &found);
        }
        Ok(())
    }

    /// Counts the values that a wrong mode would have changed.
    fn confuse(
        &mut self,
        from: Format,
        to: Format,
        (rounding, overflow): (Rounding, Overflow),
        words: &[i64],
        found: &[i64],
    ) {
        let differing = |rounding, overflow| {
            let differs = |&(&m, &found): &(&i64, &i64)| {
                requantize(m, from.f(), to, rounding, overflow) != found
            };
            words.iter().zip(found).take(TENSOR).filter(differs).count()
        };
        if let Some(at) = Rounding::ALL.iter().position(|mode| *mode == rounding) {
            let wrong = Rounding::ALL[(at + 1) % Rounding::ALL.len()];
            self.rounding[at] += differing(wrong, overflow);
        }
        if let Some(at) = Overflow::ALL.iter().position(|mode| *mode == overflow) {
            let wrong = Overflow::ALL[(at + 1) % Overflow::ALL.len()];
            self.overflow[at] += differing(rounding, wrong);
        }
    }

    fn real(&mut self, to: Format, words: &[i64], program: &mut Program) -> Result<()> {
        let values: Vec<_> = words.iter().map(|w| f64::from_bits(*w as u64)).collect();
        for (rounding, overflow) in modes() {
            let module = parse(&format!(
                "trigforge-ir {IR_VERSION}\nmodule \"real\"\n%0 \"x\" = input \
                 {{rounding={rounding}, overflow={overflow}}} : [{}] {to}\noutput \"y\" = %0\n",
                words.len()
            ))?;
            let encoded = Interpreter::new(&module)?.encode(0, &values)?.mantissas;
            let found = program.words(words.len())?;
            for ((value, found), encoded) in values.iter().zip(found).zip(encoded) {
                ensure!(
                    found == encoded,
                    "{value:e} into {to} with {rounding} and {overflow}: ap_fixed gives {found}, \
                     the input rule {encoded}"
                );
            }
            self.values += words.len();
        }
        Ok(())
    }

    fn exact(&mut self, a: Format, b: Format, words: &[i64], program: &mut Program) -> Result<()> {
        let (left, right) = words.split_at(words.len() / 2);
        for operation in ["add", "sub", "mul"] {
            let module = parse(&format!(
                "trigforge-ir {IR_VERSION}\nmodule \"exact\"\n\
                 %0 \"a\" = input {{rounding=TRN, overflow=WRAP}} : [{n}] {a}\n\
                 %1 \"b\" = input {{rounding=TRN, overflow=WRAP}} : [{n}] {b}\n\
                 %2 \"y\" = {operation} %0, %1\noutput \"y\" = %2\n",
                n = left.len()
            ))?;
            let y = module.nodes().last().context("no node")?;
            let interpreted = Interpreter::new(&module)?.run(&[left, right])?.concat();
            let f = program.words(1)?;
            ensure!(
                y.ty.formats.uniform_f().map(i64::from) == f.first().copied(),
                "{operation} of {a} and {b}: ap_fixed has {f:?} fractional bits, not {}",
                y.ty
            );
            let found = program.words(left.len())?;
            for (at, (found, interpreted)) in found.iter().zip(&interpreted).enumerate() {
                if found != interpreted {
                    bail!(
                        "{operation} of {} in {a} and {} in {b}: ap_fixed gives {found}, the \
                         interpreter {interpreted}",
                        left[at],
                        right[at]
                    );
                }
            }
            self.values += left.len();
        }
        Ok(())
    }
}

/// What the interpreter gives for each pair of modes, in the order of [`modes`].
fn interpreted_casts(from: Format, to: Format, words: &[i64]) -> Result<Vec<Vec<i64>>> {
    let mut text = format!(
        "trigforge-ir {IR_VERSION}\nmodule \"cast\"\n\
         %0 \"x\" = input {{rounding=TRN, overflow=WRAP}} : [{TENSOR}] {from}\n"
    );
    let mut outputs = String::new();
    for (index, (rounding, overflow)) in modes().enumerate() {
        let node = index + 1;
        text += &format!(
            "%{node} \"y\" = requantize %0 {{rounding={rounding}, overflow={overflow}}} : \
             [{TENSOR}] {to}\n"
        );
        outputs += &format!("output \"{rounding} {overflow}\" = %{node}\n");
    }
    let module = parse(&(text + &outputs))?;
    let interpreter = Interpreter::new(&module)?;
    let mut results = vec![Vec::with_capacity(words.len()); modes().count()];
    for chunk in words.chunks_exact(TENSOR) {
        for (result, mantissas) in results.iter_mut().zip(interpreter.run(&[chunk])?) {
            result.extend(mantissas);
        }
    }
    let rest = words.chunks_exact(TENSOR).remainder();
    ensure!(
        rest.is_empty(),
        "{} words are no whole tensors",
        words.len()
    );
    Ok(results)
}
