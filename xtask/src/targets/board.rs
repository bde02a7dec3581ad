//! The processors that kernels are run on, and how QEMU stands for each.

use crate::tools::{self, Tool};

/// A processor, and where its programs run.
#[derive(Debug, Clone, Copy)]
pub struct Board {
    /// The name that a user types and that the table shows.
    pub name: &'static str,
    /// Rust's target.
    pub triple: &'static str,
    /// `-C target-cpu`.
    pub cpu: &'static str,
    /// `-C target-feature`, or nothing.
    pub features: &'static str,
    /// How a program runs.
    pub machine: Machine,
    /// What a reader of its figures must know, or nothing.
    pub note: &'static str,
}

/// How a program runs.
#[derive(Debug, Clone, Copy)]
pub enum Machine {
    /// A whole machine without an operating system.
    System {
        /// QEMU's program.
        qemu: Tool,
        /// The machine and what else QEMU must be told.
        arguments: &'static [&'static str],
        /// How QEMU takes the program.
        load: Load,
        /// Address of the first instruction.
        origin: u64,
        /// End of the stack, which lies apart.
        stack_top: u64,
    },
    /// A Linux program.
    User {
        /// QEMU's program.
        qemu: Tool,
        /// The cross compiler's driver, which links.
        linker: Tool,
        /// Its C library.
        library: Tool,
    },
    /// Not at all, for the board's note as a reason: it is compiled and linked.
    Nowhere {
        /// Address of the first instruction.
        origin: u64,
        /// End of the stack.
        stack_top: u64,
    },
}

/// How QEMU takes a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// `-kernel`.
    Kernel,
    /// The generic loader, for the first core.
    Loader,
}

/// Bare metal in memory from 1 MiB on, the stack up to 48 MiB.
const LOW: [u64; 2] = [0x0010_0000, 0x0300_0000];

/// The memory of RISC-V machines.
const HIGH: [u64; 2] = [0x8000_0000, 0x8300_0000];

/// All boards, in the order of the table.
pub const BOARDS: &[Board] = &[
    Board {
        name: "cortex-m4",
        triple: "thumbv7em-none-eabihf",
        cpu: "cortex-m4",
        features: "",
        machine: Machine::System {
            qemu: tools::QEMU_ARM,
            arguments: &["-M", "mps2-an386"],
            load: Load::Kernel,
            origin: 0,
            stack_top: 0x2040_0000,
        },
        note: "",
    },
    Board {
        name: "cortex-m7",
        triple: "thumbv7em-none-eabihf",
        cpu: "cortex-m7",
        features: "",
        machine: Machine::System {
            qemu: tools::QEMU_ARM,
            arguments: &["-M", "mps2-an500"],
            load: Load::Kernel,
            origin: 0,
            stack_top: 0x2040_0000,
        },
        note: "",
    },
    Board {
        name: "cortex-a9",
        triple: "armv7a-none-eabihf",
        cpu: "cortex-a9",
        features: "+neon",
        machine: Machine::System {
            qemu: tools::QEMU_ARM,
            arguments: &["-M", "xilinx-zynq-a9"],
            load: Load::Kernel,
            origin: LOW[0],
            stack_top: LOW[1],
        },
        note: "rustup ships no library for the target: `core` is built from source \
               (`-Zbuild-std=core`, which `RUSTC_BOOTSTRAP=1` allows on the stable compiler)",
    },
    Board {
        name: "cortex-a9-linux",
        triple: "armv7-unknown-linux-gnueabihf",
        cpu: "cortex-a9",
        features: "+neon",
        machine: Machine::User {
            qemu: tools::QEMU_ARM_USER,
            linker: tools::GCC_ARM,
            library: tools::LIBC_ARM,
        },
        note: "",
    },
    Board {
        name: "cortex-a53",
        triple: "aarch64-unknown-none",
        cpu: "cortex-a53",
        features: "",
        machine: Machine::System {
            qemu: tools::QEMU_AARCH64,
            arguments: &["-M", "xlnx-zcu102"],
            load: Load::Kernel,
            origin: LOW[0],
            stack_top: LOW[1],
        },
        note: "the target forbids unaligned access (`+strict-align`), since it assumes no MMU",
    },
    Board {
        name: "cortex-a53-linux",
        triple: "aarch64-unknown-linux-gnu",
        cpu: "cortex-a53",
        features: "",
        machine: Machine::User {
            qemu: tools::QEMU_AARCH64_USER,
            linker: tools::GCC_AARCH64,
            library: tools::LIBC_AARCH64,
        },
        note: "",
    },
    Board {
        name: "riscv32imac",
        triple: "riscv32imac-unknown-none-elf",
        cpu: "generic-rv32",
        features: "",
        machine: Machine::System {
            qemu: tools::QEMU_RISCV32,
            arguments: &["-M", "virt", "-bios", "none"],
            load: Load::Kernel,
            origin: HIGH[0],
            stack_top: HIGH[1],
        },
        note: "",
    },
    Board {
        name: "riscv64gc",
        triple: "riscv64gc-unknown-none-elf",
        cpu: "generic-rv64",
        features: "",
        machine: Machine::System {
            qemu: tools::QEMU_RISCV64,
            arguments: &["-M", "virt", "-bios", "none"],
            load: Load::Kernel,
            origin: HIGH[0],
            stack_top: HIGH[1],
        },
        note: "",
    },
    Board {
        name: "polarfire-soc",
        triple: "riscv64gc-unknown-none-elf",
        cpu: "generic-rv64",
        features: "",
        machine: Machine::System {
            qemu: tools::QEMU_RISCV64,
            arguments: &[
                "-M",
                "microchip-icicle-kit",
                "-smp",
                "5",
                "-m",
                "2G",
                "-bios",
                "none",
            ],
            load: Load::Loader,
            origin: HIGH[0],
            stack_top: HIGH[1],
        },
        note: "",
    },
    Board {
        name: "riscv64gc-linux",
        triple: "riscv64gc-unknown-linux-gnu",
        cpu: "generic-rv64",
        features: "",
        machine: Machine::User {
            qemu: tools::QEMU_RISCV64_USER,
            linker: tools::GCC_RISCV64,
            library: tools::LIBC_RISCV64,
        },
        note: "",
    },
    Board {
        name: "cortex-r5",
        triple: "armv7r-none-eabihf",
        cpu: "cortex-r5",
        features: "",
        machine: Machine::Nowhere {
            origin: LOW[0],
            stack_top: LOW[1],
        },
        note: "compiled and linked only: QEMU 7.2 starts no program on the R5 cores of its machine \
               `xlnx-zcu102`; `core` is built from source, as for cortex-a9",
    },
];

impl Board {
    /// Whether `core` has to be built: rustup has no library for the target.
    pub fn build_core(&self) -> bool {
        matches!(self.triple, "armv7a-none-eabihf" | "armv7r-none-eabihf")
    }

    /// The machine, as the table names it.
    pub fn runs_on(&self) -> String {
        match self.machine {
            Machine::System { arguments, .. } => arguments[1].to_owned(),
            Machine::User { .. } => "user mode".to_owned(),
            Machine::Nowhere { .. } => "not run".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_what_does_not_run_says_why() {
        let mut names: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BOARDS.len());
        for board in BOARDS {
            let runs = !matches!(board.machine, Machine::Nowhere { .. });
            assert!(runs || !board.note.is_empty(), "{}", board.name);
        }
    }
}
