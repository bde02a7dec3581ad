//! A core behind the interfaces of a system: AXI4-Stream and AXI4-Lite.

use std::fmt::Write;

use super::core::{Bus, Ports};
use super::layer::{concatenation, range};

/// Bits of all buses.
fn width(buses: &[Bus]) -> u32 {
    buses.iter().map(Bus::width).sum()
}

/// Connections of a core's buses to slices of one signal, the first bus in the
/// lowest bits.
fn slices(buses: &[Bus], signal: &str) -> Vec<String> {
    let mut first = 0;
    let mut pins = Vec::new();
    for bus in buses.iter().filter(|bus| bus.width() > 0) {
        let last = first + bus.width() - 1;
        let bits = match first == last {
            true => format!("{first}"),
            false => format!("{last}:{first}"),
        };
        pins.push(format!("        .{}({signal}[{bits}])", bus.name));
        first = last + 1;
    }
    pins
}

/// The core's instance, with all its inputs in `x` and all outputs in `y`.
fn instance(ports: &Ports) -> String {
    let mut pins = vec![
        "        .clk(clk)".to_owned(),
        "        .rst(rst)".to_owned(),
        "        .in_valid(core_in_valid)".to_owned(),
        "        .out_valid(core_out_valid)".to_owned(),
    ];
    pins.extend(slices(&ports.inputs, "x"));
    pins.extend(slices(&ports.outputs, "y"));
    format!(
        "    {} core_i (\n{}\n    );\n",
        ports.core(),
        pins.join(",\n")
    )
}

/// Bits in whole units.
fn whole(bits: u32, unit: u32) -> u32 {
    bits.max(1).div_ceil(unit) * unit
}

/// `y` continued by zeros to `total` bits.
fn padded(total: u32, bits: u32) -> String {
    match total - bits {
        0 => "y".to_owned(),
        above => concatenation(&[format!("{above}'d0"), "y".to_owned()]),
    }
}

/// The signals between a wrapper and the core; bits of `given` that no input
/// takes are said to be unused.
fn signals(text: &mut String, ports: &Ports, given: &str, total: u32) {
    let (inputs, outputs) = (width(&ports.inputs), width(&ports.outputs));
    let _ = writeln!(text, "    wire core_in_valid;\n    wire core_out_valid;");
    let _ = writeln!(text, "    wire [{}:0] y;", outputs.max(1) - 1);
    if inputs > 0 {
        let _ = writeln!(
            text,
            "    wire [{}:0] x = {given}[{}:0];",
            inputs - 1,
            inputs - 1
        );
    }
    if total > inputs {
        let _ = writeln!(
            text,
            "    wire unused = &{{1'b0, {given}[{}:{inputs}]}};",
            total - 1
        );
    }
    if outputs == 0 {
        text.push_str("    assign y = 1'd0;\n");
    }
    text.push_str(&instance(ports));
}

/// AXI4-Stream on both sides: one event in each beat.
pub(super) fn stream(ports: &Ports) -> (String, String) {
    let name = format!("{}_axis", ports.name);
    let (inputs, outputs) = (width(&ports.inputs), width(&ports.outputs));
    let (s_bits, m_bits) = (whole(inputs, 8), whole(outputs, 8));
    // A place for every event in the pipeline, in the queue and being counted.
    let places = (ports.latency + 3).next_power_of_two();
    let mut text = format!(
        "// The core `{}` between two AXI4-Streams: one event in each beat, its buses side by\n\
         // side, the first in the lowest bits. aresetn is active when low.\n\
         module {name} (\n    input  wire aclk,\n    input  wire aresetn,\n    \
         input  wire {}s_axis_tdata,\n    input  wire s_axis_tvalid,\n    \
         output wire s_axis_tready,\n    output wire {}m_axis_tdata,\n    \
         output wire m_axis_tvalid,\n    input  wire m_axis_tready\n);\n    \
         wire clk = aclk;\n    wire rst = ~aresetn;\n",
        ports.core(),
        range(s_bits),
        range(m_bits),
    );
    signals(&mut text, ports, "s_axis_tdata", s_bits);
    let _ = writeln!(
        text,
        "    trigforge_stream #(\n        .WIDTH({m_bits}),\n        .LOG2({})\n    ) stream_i (\n        \
         .clk(clk),\n        .rst(rst),\n        .s_valid(s_axis_tvalid),\n        \
         .s_ready(s_axis_tready),\n        .core_in_valid(core_in_valid),\n        \
         .core_out_valid(core_out_valid),\n        .core_out_data({}),\n        \
         .m_valid(m_axis_tvalid),\n        .m_ready(m_axis_tready),\n        \
         .m_data(m_axis_tdata)\n    );\nendmodule",
        places.ilog2(),
        padded(m_bits, outputs.max(1)),
    );
    (name, text)
}

/// AXI4-Lite: registers, one event at a time.
pub(super) fn lite(ports: &Ports) -> (String, String) {
    let name = format!("{}_axil", ports.name);
    let (inputs, outputs) = (width(&ports.inputs), width(&ports.outputs));
    let (in_bits, out_bits) = (whole(inputs, 32), whole(outputs, 32));
    const PINS: [(&str, u32, &str); 17] = [
        ("input ", 14, "awaddr"),
        ("input ", 1, "awvalid"),
        ("output", 1, "awready"),
        ("input ", 32, "wdata"),
        ("input ", 4, "wstrb"),
        ("input ", 1, "wvalid"),
        ("output", 1, "wready"),
        ("output", 2, "bresp"),
        ("output", 1, "bvalid"),
        ("input ", 1, "bready"),
        ("input ", 14, "araddr"),
        ("input ", 1, "arvalid"),
        ("output", 1, "arready"),
        ("output", 32, "rdata"),
        ("output", 2, "rresp"),
        ("output", 1, "rvalid"),
        ("input ", 1, "rready"),
    ];
    let declared =
        PINS.map(|(way, bits, pin)| format!("    {way} wire {}s_axi_{pin}", range(bits)));
    let connected = PINS.map(|(_, _, pin)| format!("        .s_axi_{pin}(s_axi_{pin})"));
    let mut text = format!(
        "// The core `{}` behind registers on AXI4-Lite, which trigforge_lite.v lists; its buses\n\
         // side by side, the first in the lowest bits. aresetn is active when low.\n\
         module {name} (\n    input  wire aclk,\n    input  wire aresetn,\n{}\n);\n    \
         wire clk = aclk;\n    wire rst = ~aresetn;\n    wire [{}:0] given;\n",
        ports.core(),
        declared.join(",\n"),
        in_bits - 1,
    );
    signals(&mut text, ports, "given", in_bits);
    let _ = writeln!(
        text,
        "    trigforge_lite #(\n        .IN_WORDS({}),\n        .OUT_WORDS({})\n    ) lite_i (\n        \
         .clk(clk),\n        .rst(rst),\n{},\n        .core_in_valid(core_in_valid),\n        \
         .core_in_data(given),\n        .core_out_valid(core_out_valid),\n        \
         .core_out_data({})\n    );\nendmodule",
        in_bits / 32,
        out_bits / 32,
        connected.join(",\n"),
        padded(out_bits, outputs.max(1)),
    );
    (name, text)
}
