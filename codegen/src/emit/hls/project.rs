//! A script for the vendor's tool, and a make file for the test bench.

use super::top::Ports;
use super::{Io, Options};
use crate::hardware::Part;

/// Package and speed grade of a part; `None` if the vendor's tool has none.
pub(super) const fn device(part: Part) -> Option<&'static str> {
    match part {
        Part::Xcvu9p => Some("xcvu9p-flga2104-2L-e"),
        Part::Xczu7ev => Some("xczu7ev-ffvc1156-2-e"),
        Part::Xc7a100t => Some("xc7a100tcsg324-1"),
        Part::Lfe5u => None,
    }
}

/// The files: path and text.
pub(super) fn project(
    ports: &Ports,
    options: &Options,
    device: &str,
    has_bench: bool,
) -> Vec<(String, String)> {
    let name = &ports.name;
    let period = 1e3 / options.clock_mhz;
    let io = match options.io {
        Io::Parallel => "all elements of an event at once",
        Io::Stream => "packets, one after the other",
    };
    let bench = match has_bench {
        true => format!(
            "add_files -tb {name}_test.cpp -cflags \"-std=c++14\"\nadd_files -tb {name}_vectors.h\n"
        ),
        false => String::new(),
    };
    let [simulate, cosimulate] = match has_bench {
        true => ["csim_design\n", "cosim_design\n"],
        false => ["", ""],
    };
    let script = format!(
        "# {io}; a multiplier is used {} times.\n\
         #   vitis_hls -f build_prj.tcl\n\
         open_project -reset {name}_prj\n\
         set_top {name}\n\
         add_files firmware/{name}.cpp -cflags \"-std=c++14\"\n{bench}\
         open_solution -reset solution1\n\
         set_part {{{device}}}\n\
         create_clock -period {period:.4} -name default\n\
         {simulate}csynth_design\n{cosimulate}export_design -format ip_catalog\nexit\n",
        options.reuse
    );
    let mut files = vec![("build_prj.tcl".to_owned(), script)];
    if has_bench {
        let make = format!(
            "# The test bench on a processor: make test AP_TYPES=FOLDER\n\
             # FOLDER holds ap_fixed.h: `include` of Vitis HLS, or the public headers.\n\
             AP_TYPES ?= $(XILINX_HLS)/include\n\
             # A processor's compiler does not know the pragmas; the public headers read members\n\
             # that their constructors have not set yet.\n\
             CXXFLAGS ?= -O1 -Wall -Wextra -Werror -Wno-unknown-pragmas -Wno-uninitialized -Wno-maybe-uninitialized\n\n\
             test: {name}_test\n\t./{name}_test\n\n\
             {name}_test: {name}_test.cpp {name}_vectors.h firmware/{name}.cpp firmware/{name}.h\n\
             \t$(CXX) -std=c++14 $(CXXFLAGS) -isystem $(AP_TYPES) -o $@ {name}_test.cpp firmware/{name}.cpp\n\n\
             .PHONY: test\n"
        );
        files.push(("Makefile".to_owned(), make));
    }
    files
}
