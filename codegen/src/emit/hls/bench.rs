//! A self-checking test bench with its vectors beside it.

use std::fmt::Write;

use super::Io;
use super::integer::literal;
use super::top::{Port, Ports};
use crate::emit::Vectors;

/// Statements that call a top function: words of an event into its parameters,
/// and results out of them.
///
/// `words` and `results` are the names of arrays of 64-bit integers.
pub(crate) fn call(ports: &Ports, io: Io, words: &str, results: &str) -> String {
    let mut text = String::new();
    let element = |port: &Port, first: usize| format!("{}_t({words}[{first} + i])", port.name);
    let mut first = 0;
    for port in &ports.inputs {
        let (name, len, packet) = (&port.name, port.len, port.packet);
        let value = element(port, first);
        let _ = match io {
            Io::Parallel => writeln!(
                text,
                "        {name}_t {name}[{len}];\n        for (unsigned i = 0; i < {len}; i++) {name}[i] = {value};"
            ),
            Io::Stream => writeln!(
                text,
                "        hls::stream<trigforge::packet<{name}_t, {packet}> > {name};\n        \
                 trigforge::packet<{name}_t, {packet}> {name}_packet;\n        \
                 for (unsigned i = 0; i < {len}; i++) {{\n            \
                 {name}_packet.data[i % {packet}] = {value};\n            \
                 if (i % {packet} == {packet} - 1) {name}.write({name}_packet);\n        }}"
            ),
        };
        first += len;
    }
    for port in &ports.outputs {
        let (name, len, packet) = (&port.name, port.len, port.packet);
        let _ = match io {
            Io::Parallel => writeln!(text, "        {name}_t {name}[{len}];"),
            Io::Stream => writeln!(
                text,
                "        hls::stream<trigforge::packet<{name}_t, {packet}> > {name};"
            ),
        };
    }
    let all = ports.inputs.iter().chain(&ports.outputs);
    let names: Vec<_> = all.map(|port| port.name.as_str()).collect();
    let _ = writeln!(text, "        {}({});", ports.name, names.join(", "));
    let mut first = 0;
    for port in &ports.outputs {
        let (name, len, packet) = (&port.name, port.len, port.packet);
        let _ = match io {
            Io::Parallel => writeln!(
                text,
                "        for (unsigned i = 0; i < {len}; i++) {results}[{first} + i] = {name}[i].to_int64();"
            ),
            Io::Stream => writeln!(
                text,
                "        trigforge::packet<{name}_t, {packet}> {name}_packet;\n        \
                 for (unsigned i = 0; i < {len}; i++) {{\n            \
                 if (i % {packet} == 0) {name}_packet = {name}.read();\n            \
                 {results}[{first} + i] = {name}_packet.data[i % {packet}].to_int64();\n        }}"
            ),
        };
        first += len;
    }
    text
}

/// Words of all parameters.
pub(crate) fn words(ports: &[Port]) -> usize {
    ports.iter().map(|port| port.len).sum()
}

/// The test bench and its vectors: path and text.
pub(super) fn bench(ports: &Ports, io: Io, vectors: &Vectors) -> Vec<(String, String)> {
    let name = &ports.name;
    let count = vectors.results.len();
    let (inputs, outputs) = (words(&ports.inputs), words(&ports.outputs));
    let rows = |all: &mut dyn Iterator<Item = Vec<i64>>| -> String {
        let rows = all.map(|row| {
            let numbers: Vec<_> = row.iter().map(|&m| literal(m)).collect();
            format!("    {{{}}},\n", numbers.join(", "))
        });
        rows.collect()
    };
    let given = rows(&mut (0..count).map(|event| vectors.events.inputs(event).concat()));
    let expected = rows(&mut vectors.results.iter().cloned());
    let data = format!(
        "// Events of {name}, and what they must give.\n\
         static const unsigned COUNT = {count};\n\n\
         static const long long GIVEN[{count}][{}] = {{\n{given}}};\n\n\
         static const long long EXPECTED[{count}][{}] = {{\n{expected}}};\n",
        inputs.max(1),
        outputs.max(1)
    );
    let program = format!(
        "// Test bench of {name}: prints PASS or FAIL, and fails unless every output of\n\
         // every event is the one that is expected.\n\
         #include <cstdio>\n\n#include \"firmware/{name}.h\"\n\n#include \"{name}_vectors.h\"\n\n\
         int main() {{\n    unsigned failures = 0;\n    \
         for (unsigned event = 0; event < COUNT; event++) {{\n        \
         long long results[{outputs}];\n{}        \
         for (unsigned i = 0; i < {outputs}; i++) {{\n            \
         if (results[i] == EXPECTED[event][i]) continue;\n            failures++;\n            \
         std::printf(\"event %u, element %u: got %lld, expected %lld\\n\", event, i, results[i],\n                        \
         EXPECTED[event][i]);\n        }}\n    }}\n    \
         if (failures == 0) {{\n        std::printf(\"PASS: %u events\\n\", COUNT);\n        return 0;\n    }}\n    \
         std::printf(\"FAIL: %u outputs of %u events differ\\n\", failures, COUNT);\n    return 1;\n}}\n",
        call(ports, io, "GIVEN[event]", "results")
    );
    vec![
        (format!("{name}_test.cpp"), program),
        (format!("{name}_vectors.h"), data),
    ]
}
