//! What objdump prints, as instructions.

use std::path::Path;

use anyhow::Result;

use super::instruction::Instruction;
use crate::context::Context;

/// Disassembles all code of a library, with its relocations.
pub fn objdump(context: &Context, library: &Path) -> Result<String> {
    let mut command = context.command("objdump");
    command
        .args(["-d", "-r", "-M", "intel", "--no-show-raw-insn"])
        .arg(library);
    crate::process::capture(&mut command)
}

/// Reads the instructions of a disassembly.
///
/// A function begins with `ADDRESS <NAME>:`. An instruction is
/// `  ADDRESS:<tab>TEXT`, a relocation in it follows as
/// `<tab>ADDRESS: TYPE<tab>SYMBOL-0x4`.
pub fn parse(text: &str) -> Vec<Instruction> {
    let mut function = "code without a name";
    let mut instructions: Vec<Instruction> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_suffix(">:")
            .and_then(|line| line.split_once('<'))
        {
            function = name.1;
        } else if let Some(symbol) = relocation(line) {
            if let Some(last) = instructions.last_mut() {
                last.symbol = Some(symbol.to_owned());
            }
        } else if let Some((_, code)) = line.split_once(":\t") {
            instructions.push(Instruction::new(function, code));
        }
    }
    instructions
}

/// The symbol of a line that is a relocation.
fn relocation(line: &str) -> Option<&str> {
    let (_, target) = line.split_once(": R_X86_64_")?;
    let (_, target) = target.split_once('\t')?;
    let end = target.rfind(['+', '-']).unwrap_or(target.len());
    Some(&target[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
kernel.o:     file format elf64-x86-64


Disassembly of section .text.infer:

0000000000000000 <infer>:
   0:\tpush   rbx
   1:\tcall   QWORD PTR [rip+0x0]        # 7 <infer+0x7>
\t\t\t3: R_X86_64_GOTPCRELX\tmemcpy-0x4
   7:\tret
";

    #[test]
    fn instructions_know_their_function_and_symbol() {
        let found = parse(TEXT);
        let texts: Vec<_> = found
            .iter()
            .map(|instruction| instruction.text.as_str())
            .collect();
        assert_eq!(texts, ["push rbx", "call QWORD PTR [rip+0x0]", "ret"]);
        assert!(
            found
                .iter()
                .all(|instruction| instruction.function == "infer")
        );
        assert_eq!(found[1].symbol.as_deref(), Some("memcpy"));
    }
}
