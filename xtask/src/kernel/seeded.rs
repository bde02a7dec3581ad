//! Checks the checks: kernels with a seeded fault must not pass.

use anyhow::{Context as _, Result, bail};
use trigforge_codegen::emit::{Kernel, rust};
use trigforge_codegen::ir::{Module, parse};
use trigforge_codegen::validate::validate;
use trigforge_codegen::verify::random_events;

use super::{LEVELS, build, counts, findings, one_count};
use crate::context::Context;

/// A model that is compiled within a second.
const MODEL: &str = r#"
trigforge-ir 0.1
module "seeded"
%0 "x" = input {rounding=TRN, overflow=WRAP} : [1, 4] fix(1,7,0)
%1 "w" = const {mantissas=[3, -5, 7, 11, -2, 9, 4, -8]} : [4, 2] fix(1,7,0)
%2 "y" = dense %0, %1
output "y" = %2
"#;

/// Where `infer` begins; a fault is written behind it.
const INFER: &str = "pub fn infer(x0_x: &Input) -> Output {";

/// A fault, and a word of the finding that it must give.
struct Fault {
    name: &'static str,
    code: &'static str,
    finding: &'static str,
}

/// Faults that symbols or disassembly show.
const VISIBLE: &[Fault] = &[
    Fault {
        name: "an unwrap",
        code: "let x0_x = &[x0_x.iter().copied().find(|m| *m > 3).unwrap(); 4];",
        finding: "unwrap_failed",
    },
    Fault {
        name: "an index that may be out of range",
        code: "let x0_x: &Input = &core::array::from_fn(|j| x0_x[x0_x[j] as u8 as usize]);",
        finding: "panic",
    },
    Fault {
        name: "a multiplication of floats",
        code: "let x0_x: &Input = &core::array::from_fn(|j| (x0_x[j] as f32 * 0.37) as i8);",
        finding: "floating-point",
    },
    Fault {
        name: "a division",
        code: "let x0_x: &Input = &core::array::from_fn(|j| 100 / (x0_x[j] & 63 | 1));",
        finding: "division",
    },
    Fault {
        name: "a memcpy",
        code: "let all = core::hint::black_box([x0_x[0]; 5000]);
            let all = core::hint::black_box(all);
            let x0_x: &Input = &core::array::from_fn(|j| all[j]);",
        finding: "mem",
    },
    Fault {
        name: "an allocation",
        code: "extern crate alloc;
            let x0_x: &Input = &*alloc::boxed::Box::new(core::hint::black_box(*x0_x));",
        finding: "alloc",
    },
    Fault {
        name: "a call through a pointer",
        code: "let f: fn(i8) -> i8 = core::hint::black_box(|m| m);
            let x0_x: &Input = &core::array::from_fn(|j| f(x0_x[j]));",
        finding: "call",
    },
];

/// A fault that only counting shows.
const EARLY_EXIT: &str = "if x0_x[2] == 127 { return [0; 2]; }";

/// Whether each fault is caught, and a kernel without one is not.
///
/// # Errors
///
/// A fault that passes.
pub fn all_are_caught(context: &Context, with_counts: bool) -> Result<()> {
    let module = parse(MODEL)?;
    let sound = with_code(&module, "")?;
    let found = checked(context, &module, &sound).context("the kernel without a fault")?;
    if !found.is_empty() {
        bail!(
            "a kernel without a fault does not pass: {}",
            found.join("; ")
        );
    }
    for fault in VISIBLE {
        let kernel = with_code(&module, fault.code)?;
        let found = checked(context, &module, &kernel).context(fault.name)?;
        if !found.iter().any(|finding| finding.contains(fault.finding)) {
            bail!("{} passes; found only: {found:?}", fault.name);
        }
        println!("    caught {}: {}", fault.name, found[0]);
    }
    if with_counts {
        early_exit_is_caught(context, &module, &sound)?;
    }
    Ok(())
}

fn early_exit_is_caught(context: &Context, module: &Module, sound: &Kernel) -> Result<()> {
    let events = random_events(module, 1_000, 1);
    let count = |kernel: &Kernel| {
        let kernel = build(module, kernel, LEVELS[0].cpu)?;
        one_count(&counts(context, &kernel, &events)?)
    };
    count(sound).context("a kernel without a fault")?;
    match count(&with_code(module, EARLY_EXIT)?) {
        Ok(_) => bail!("an exit that depends on the data passes"),
        Err(error) => println!("    caught an exit that depends on the data: {error}"),
    }
    Ok(())
}

fn checked(context: &Context, module: &Module, kernel: &Kernel) -> Result<Vec<String>> {
    findings(context, &build(module, kernel, LEVELS[0].cpu)?.library())
}

/// The kernel of the small model, with code at the start of `infer`.
fn with_code(module: &Module, code: &str) -> Result<Kernel> {
    let mut kernel = rust::emit(module, &validate(module)?, rust::Options::default())?;
    let mut places = 0;
    for (_, text) in &mut kernel.files {
        places += text.matches(INFER).count();
        *text = text.replace(INFER, &format!("{INFER}\n{code}"));
    }
    match places {
        1 => Ok(kernel),
        _ => bail!("`{INFER}` stands {places} times in the emitted kernel, expected once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faults_find_their_place() -> Result<()> {
        let kernel = with_code(&parse(MODEL)?, EARLY_EXIT)?;
        let seeded = kernel
            .files
            .iter()
            .filter(|(_, text)| text.contains(EARLY_EXIT))
            .count();
        assert_eq!(seeded, 1);
        Ok(())
    }
}
