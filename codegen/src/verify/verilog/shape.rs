//! The ports of a design for the C++ program that drives it.

use std::fmt::Write;

use super::Around;
use crate::emit::verilog::{Bus, Ports};

/// The header `shape.h`: sizes, and macros that move words to and from buses.
pub(super) fn shape(ports: &Ports, around: Around) -> String {
    let words = |buses: &[Bus]| buses.iter().map(|bus| bus.elements.len()).sum::<usize>();
    let bits = |buses: &[Bus]| buses.iter().map(Bus::width).sum::<u32>();
    let mut text = format!(
        "#include \"Vcore.h\"\ntypedef Vcore Core;\n\
         static const std::size_t INPUT_WORDS = {};\n\
         static const std::size_t OUTPUT_WORDS = {};\n\
         static const int INPUT_BITS = {};\n\
         static const int OUTPUT_BITS = {};\n\
         static const uint64_t LATENCY = {};\n",
        words(&ports.inputs),
        words(&ports.outputs),
        bits(&ports.inputs),
        bits(&ports.outputs),
        ports.latency
    );
    for (what, buses) in [("IN", &ports.inputs), ("OUT", &ports.outputs)] {
        // A bus each, and all of them side by side.
        let single = buses.iter().map(|bus| bus.elements.as_slice());
        for (index, elements) in single.enumerate() {
            array(&mut text, &format!("{what}{index}"), elements);
        }
        let all: Vec<_> = buses
            .iter()
            .flat_map(|bus| &bus.elements)
            .copied()
            .collect();
        array(&mut text, what, &all);
    }
    let (inputs, outputs) = (words(&ports.inputs), words(&ports.outputs));
    let _ = writeln!(
        text,
        "#define PACK_INPUTS(bits, words) pack(bits, IN, {inputs}, words);\n\
         #define UNPACK_OUTPUTS(bits, words) unpack(bits, OUT, {outputs}, words);"
    );
    match around {
        Around::Nothing => {
            let _ = writeln!(
                text,
                "#define SET_INPUTS(core, words) \\\n{}\n#define GET_OUTPUTS(core, words) \\\n{}",
                buses("IN", &ports.inputs),
                buses("OUT", &ports.outputs)
            );
        }
        Around::Stream => text.push_str(
            "#define SET_INPUTS(core, words) \\\n    { Bits bits(INPUT_BITS); \
             PACK_INPUTS(bits, words) drive(core.s_axis_tdata, bits); }\n\
             #define GET_OUTPUTS(core, words) \\\n    { Bits bits(OUTPUT_BITS); \
             sample(core.m_axis_tdata, bits); UNPACK_OUTPUTS(bits, words) }\n",
        ),
        Around::Lite => text.push_str("#define LITE\n"),
    }
    text
}

/// The elements of a bus: bits, and whether they are signed.
fn array(text: &mut String, name: &str, elements: &[(u32, bool)]) {
    let rows: Vec<_> = elements
        .iter()
        .map(|(width, signed)| format!("{{{width}, {}}}", u8::from(*signed)))
        .collect();
    let _ = writeln!(
        text,
        "static const int {name}[{}][2] = {{{}}};",
        rows.len().max(1),
        if rows.is_empty() {
            "{0, 0}".to_owned()
        } else {
            rows.join(", ")
        }
    );
}

/// The statements that move words to or from each bus of a core.
fn buses(what: &str, buses: &[Bus]) -> String {
    let mut lines = Vec::new();
    let mut word = 0;
    for (index, bus) in buses.iter().enumerate() {
        let (width, count, name) = (bus.width(), bus.elements.len(), &bus.name);
        lines.push(match (what, width) {
            ("IN", 0) => String::new(),
            ("IN", _) => format!(
                "    {{ Bits bits({width}); pack(bits, IN{index}, {count}, words + {word}); \
                 drive(core.{name}, bits); }}"
            ),
            (_, 0) => format!("    for (int i = 0; i < {count}; ++i) words[{word} + i] = 0;"),
            _ => format!(
                "    {{ Bits bits({width}); sample(core.{name}, bits); \
                 unpack(bits, OUT{index}, {count}, words + {word}); }}"
            ),
        });
        word += count;
    }
    lines.join(" \\\n")
}
