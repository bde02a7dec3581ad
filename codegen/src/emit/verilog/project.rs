//! Constraints and scripts for the tools of vendors, and for open ones.

use super::core::Ports;
use crate::hardware::{Part, Target};

/// Package and speed grade of a part, for a project.
const fn device(part: Part) -> &'static str {
    match part {
        Part::Xcvu9p => "xcvu9p-flga2104-2L-e",
        Part::Xczu7ev => "xczu7ev-ffvc1156-2-e",
        Part::Xc7a100t => "xc7a100tcsg324-1",
        Part::Lfe5u => "LFE5U-85F-6BG756C",
    }
}

/// The files: path and text. `sources` are the paths of the Verilog files,
/// made of letters, digits, `_`, `.` and `/`.
pub(super) fn project(ports: &Ports, target: &Target, sources: &[String]) -> Vec<(String, String)> {
    let core = ports.core();
    let mhz = target.clock_mhz;
    let period = 1e3 / mhz;
    let device = device(target.part);
    let listed = |prefix: &str, join: &str| {
        let all = sources.iter().map(|path| format!("{prefix}{path}"));
        all.collect::<Vec<_>>().join(join)
    };
    // The clock network is outside of the core.
    let constraints = format!(
        "# A clock of {mhz} MHz. The core is placed out of context: what is outside has registers.\n\
         create_clock -name clk -period {period:.4} [get_ports clk]\n"
    );
    let vivado = format!(
        "# Synthesis, placement and routing of the core, out of context:\n\
         #   vivado -mode batch -source project/vivado.tcl    (from the folder above)\n\
         read_verilog [list {}]\nread_xdc project/core.xdc\n\
         synth_design -top {core} -part {device} -mode out_of_context -max_dsp 0\n\
         opt_design\nplace_design\nphys_opt_design\nroute_design\n\
         report_timing_summary -file project/timing.rpt\n\
         report_utilization -file project/utilisation.rpt\n",
        listed("", " ")
    );
    let quartus_files: String = sources
        .iter()
        .map(|path| format!("set_global_assignment -name VERILOG_FILE ../{path}\n"))
        .collect();
    let quartus = format!(
        "# quartus_sh --flow compile core    (from this folder; name the device of your board)\n\
         set_global_assignment -name TOP_LEVEL_ENTITY {core}\n\
         set_global_assignment -name FAMILY \"Agilex 7\"\n\
         set_global_assignment -name DSP_BLOCK_BALANCING \"LOGIC ELEMENTS\"\n\
         set_global_assignment -name SDC_FILE core.sdc\n{quartus_files}"
    );
    let script = |synth: &str| {
        format!(
            "read_verilog {}\nhierarchy -check -top {core}\n{synth}\nstat\n",
            listed("", " ")
        )
    };
    let yosys = match target.part {
        Part::Xcvu9p | Part::Xczu7ev => {
            script("synth_xilinx -family xcup -flatten -noiopad -nodsp")
        }
        Part::Xc7a100t => script("synth_xilinx -family xc7 -flatten -noiopad -nodsp"),
        Part::Lfe5u => script("synth_ecp5 -nodsp -json project/core.json"),
    };
    let mut files = vec![
        ("project/core.xdc".to_owned(), constraints.clone()),
        ("project/core.sdc".to_owned(), constraints),
        ("project/vivado.tcl".to_owned(), vivado),
        ("project/core.qsf".to_owned(), quartus),
        (
            "project/core.qpf".to_owned(),
            "PROJECT_REVISION = \"core\"\n".to_owned(),
        ),
        ("project/synth.ys".to_owned(), yosys),
    ];
    if target.part == Part::Lfe5u {
        files.push((
            "project/place.sh".to_owned(),
            format!(
                "#!/bin/sh\n# Yosys, nextpnr and the bitstream; from the folder above.\nset -e\n\
                 yosys project/synth.ys\n\
                 nextpnr-ecp5 --85k --speed 6 --out-of-context --json project/core.json \\\n    \
                 --freq {mhz} --textcfg project/core.config\n\
                 ecppack project/core.config project/core.bit\n"
            ),
        ));
    }
    files
}
