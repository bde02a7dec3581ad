//! A self-checking test bench with its vectors in itself.

use std::fmt::Write;

use super::core::{Bus, Ports};
use crate::emit::Vectors;

/// The mantissas of buses side by side, as a hexadecimal literal.
fn word(buses: &[Bus], mantissas: &[i64]) -> String {
    let elements = buses.iter().flat_map(|bus| &bus.elements);
    let mut bits = Vec::new();
    for (&(width, _), &m) in elements.zip(mantissas) {
        bits.extend((0..width).map(|bit| m >> bit.min(63) & 1 == 1));
    }
    let digits = bits.chunks(4).rev().map(|nibble| {
        let value = nibble
            .iter()
            .rev()
            .fold(0, |value, &bit| value * 2 + u32::from(bit));
        char::from_digit(value, 16).unwrap_or('0')
    });
    let digits: String = digits.collect();
    format!(
        "{}'h{}",
        bits.len().max(1),
        if digits.is_empty() { "0" } else { &digits }
    )
}

/// The test bench of a core: one event in three cycles of four, so that there
/// are gaps, and each result in its cycle.
pub(super) fn bench(ports: &Ports, vectors: &Vectors) -> (String, String) {
    let name = format!("{}_tb", ports.name);
    let bits = |buses: &[Bus]| buses.iter().map(Bus::width).sum::<u32>().max(1);
    let (inputs, outputs) = (bits(&ports.inputs), bits(&ports.outputs));
    let count = vectors.results.len();
    let mut given = String::new();
    let mut expected = String::new();
    for (event, result) in vectors.results.iter().enumerate() {
        let mantissas = vectors.events.inputs(event).concat();
        let _ = writeln!(
            given,
            "            {event}: given = {};",
            word(&ports.inputs, &mantissas)
        );
        let _ = writeln!(
            expected,
            "            {event}: expected = {};",
            word(&ports.outputs, result)
        );
    }
    let mut pins = String::new();
    for (buses, signal) in [(&ports.inputs, "x"), (&ports.outputs, "y")] {
        let mut first = 0;
        for bus in buses.iter().filter(|bus| bus.width() > 0) {
            let last = first + bus.width() - 1;
            let _ = write!(pins, ",\n        .{}({signal}[{last}:{first}])", bus.name);
            first = last + 1;
        }
    }
    let text = format!(
        r#"// Test bench of `{core}`: {count} events with gaps between them. It prints PASS or
// FAIL, and needs nothing but rtl/:
//   iverilog -g2005 -y rtl -o simulation bench/{name}.v && vvp simulation
module {name};
    localparam COUNT = {count};
    localparam LATENCY = {latency};
    reg clk = 1'b0;
    reg rst = 1'b1;
    reg in_valid = 1'b0;
    reg [{x}:0] x = {inputs}'d0;
    wire out_valid;
    wire [{y}:0] y;
    function [{x}:0] given;
        input integer event_number;
        case (event_number)
{given}            default: given = {{{inputs}{{1'b1}}}};
        endcase
    endfunction
    function [{y}:0] expected;
        input integer event_number;
        case (event_number)
{expected}            default: expected = {outputs}'d0;
        endcase
    endfunction
    {core} core_i (
        .clk(clk),
        .rst(rst),
        .in_valid(in_valid),
        .out_valid(out_valid){pins}
    );
    integer cycle;
    integer sent;
    integer received;
    integer failures;
    reg [LATENCY:0] due;
    initial begin
        sent = 0;
        received = 0;
        failures = 0;
        due = {{(LATENCY + 1){{1'b0}}}};
        for (cycle = 0; cycle < 2 * COUNT + LATENCY + 8; cycle = cycle + 1) begin
            rst = cycle < 3;
            in_valid = cycle >= 3 && sent < COUNT && cycle % 4 != 2;
            x = given(in_valid ? sent : -1);
            if (in_valid) sent = sent + 1;
            due = {{due[LATENCY-1:0], in_valid}};
            #1 clk = 1'b1;
            #1;
            if (cycle >= 3 + LATENCY && out_valid !== due[LATENCY-1]) begin
                failures = failures + 1;
                $display("cycle %0d: out_valid is %b, expected %b", cycle, out_valid, due[LATENCY-1]);
            end
            if (due[LATENCY-1]) begin
                if (y !== expected(received)) begin
                    failures = failures + 1;
                    $display("event %0d: got %h, expected %h", received, y, expected(received));
                end
                received = received + 1;
            end
            clk = 1'b0;
        end
        if (failures == 0 && received == COUNT) $display("PASS: %0d events", received);
        else $display("FAIL: %0d failures, %0d of %0d events", failures, received, COUNT);
        $finish;
    end
endmodule
"#,
        core = ports.core(),
        latency = ports.latency,
        x = inputs - 1,
        y = outputs - 1,
    );
    (name, text)
}
