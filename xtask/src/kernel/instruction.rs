//! Which x86 instructions a kernel must not hold.

use std::collections::BTreeSet;

/// One instruction of a disassembly, in Intel's spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The function that it belongs to.
    pub function: String,
    /// The instruction itself.
    pub text: String,
    /// The symbol that it refers to.
    pub symbol: Option<String>,
}

/// Words that objdump prints before a mnemonic and that change no meaning here.
const PREFIXES: &[&str] = &[
    "addr32", "bnd", "cs", "data16", "ds", "es", "fs", "gs", "lock", "notrack", "ss",
];

/// What an instruction on floating-point registers does if it computes nothing:
/// LLVM uses these for integers too.
const MOVES: &[&str] = &[
    "align",
    "and",
    "blend",
    "broadcast",
    "compress",
    "expand",
    "extract",
    "gather",
    "insert",
    "maskmov",
    "mov",
    "or",
    "scatter",
    "shuf",
    "unpck",
    "xor",
];

/// How the mnemonics of floating-point instructions end, by element type.
const FLOAT_ENDINGS: &[&str] = &["ss", "sd", "ps", "pd", "sh", "ph", "bf16", "bf8"];

impl Instruction {
    /// An instruction as objdump prints it, without its comment.
    pub fn new(function: &str, code: &str) -> Self {
        let code = code.split(['#', '<']).next().unwrap_or(code);
        let words: Vec<_> = code.split_whitespace().collect();
        Self {
            function: function.to_owned(),
            text: words.join(" "),
            symbol: None,
        }
    }

    /// Why a kernel must not hold this instruction, if so.
    pub fn fault(&self, defined: &BTreeSet<String>) -> Option<&'static str> {
        let mut words = self
            .text
            .split(' ')
            .skip_while(|word| PREFIXES.contains(word));
        let mnemonic = words.next()?;
        let operand = words.next().unwrap_or("");
        // A direct target that lies elsewhere is an undefined symbol, and found there.
        let elsewhere = || match &self.symbol {
            Some(symbol) => !defined.contains(symbol),
            None => !operand.chars().all(|digit| digit.is_ascii_hexdigit()),
        };
        match mnemonic {
            "call" | "jmp" if elsewhere() => Some("call or jump to what is not in the kernel"),
            "rep" | "repz" | "repnz" => Some("string loop"),
            "div" | "idiv" => Some("division, whose time depends on the data"),
            "ud2" | "hlt" | "int" | "int1" | "int3" | "into" | "syscall" => Some("trap"),
            _ if is_float(mnemonic) => Some("floating-point arithmetic"),
            _ => None,
        }
    }
}

/// Whether a mnemonic computes with floating-point numbers.
///
/// Moves and logic on floating-point registers do not. All that is not known to
/// be harmless counts as arithmetic.
fn is_float(mnemonic: &str) -> bool {
    let base = mnemonic.strip_prefix('v').unwrap_or(mnemonic);
    // x87, and the fused multiply-adds of AVX.
    if base.starts_with('f') || base.contains("cvt") {
        return true;
    }
    // Integer vectors, and permutations.
    if base.starts_with('p') {
        return false;
    }
    let float = FLOAT_ENDINGS.iter().any(|ending| base.ends_with(ending));
    float && !MOVES.iter().any(|start| base.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_float_and_moves_are_not() {
        let arithmetic = "addss mulps vmulpd divsd sqrtss vsqrtps cvtsi2ss cvttps2dq vcvtdq2ps \
            fld fmul fstp vfmadd231ps vfnmsub132sd maxps vminss cmpltps ucomiss vcomisd rcpps \
            vrsqrt14ps roundsd vrndscaleps haddps dpps vaddph vdpbf16ps tdpbf16ps vfpclassps";
        for mnemonic in arithmetic.split_whitespace() {
            assert!(is_float(mnemonic), "{mnemonic}");
        }
        let harmless = "movss movsd movaps vmovups vmovdqa xorps vandnps orpd shufps unpckhps \
            vbroadcastss vinsertps vextractps vblendvps vgatherdps vpermps vpermilpd pabsd \
            vpminsd vpmaxsd vpdpwssd vpdpbusd pmaddwd push pop shl sar add imul bts vpgatherdd \
            kmovd vzeroupper vinserti128 bsr lzcnt movmskps valignd sets cmovs";
        for mnemonic in harmless.split_whitespace() {
            assert!(!is_float(mnemonic), "{mnemonic}");
        }
    }

    #[test]
    fn calls_must_stay_in_the_kernel() {
        let defined = BTreeSet::from(["helper".to_owned()]);
        let fault = |code: &str, symbol: Option<&str>| {
            let mut instruction = Instruction::new("infer", code);
            instruction.symbol = symbol.map(str::to_owned);
            instruction.fault(&defined)
        };
        assert!(fault("call   rax", None).is_some());
        assert!(fault("notrack jmp rax", None).is_some());
        assert!(fault("jmp    QWORD PTR [rax*8+0x0]", None).is_some());
        assert!(fault("call   QWORD PTR [rip+0x0] # 7 <infer+0x7>", Some("memcpy")).is_some());
        assert!(fault("call   QWORD PTR [rip+0x0]", Some("helper")).is_none());
        assert!(fault("call   5 <infer+0x5>", Some("helper")).is_none());
        assert!(fault("jmp    1f0 <infer+0x1f0>", None).is_none());
        assert!(fault("jmp    c8 <infer+0xc8>", None).is_none());
        assert!(fault("jne    1f0 <infer+0x1f0>", None).is_none());
    }

    #[test]
    fn traps_divisions_and_string_loops_are_faults() {
        for code in [
            "ud2",
            "idiv   ecx",
            "rep movs QWORD PTR es:[rdi],QWORD PTR ds:[rsi]",
        ] {
            let instruction = Instruction::new("infer", code);
            assert!(instruction.fault(&BTreeSet::new()).is_some(), "{code}");
        }
        let padding = Instruction::new("infer", "data16 cs nop WORD PTR [rax+rax*1+0x0]");
        assert_eq!(padding.fault(&BTreeSet::new()), None);
    }
}
