//! From reset to `main` on the first core: a stack, variables of zeros, the
//! vector unit. Caches and translation stay as the board's loader left them.

#[cfg(target_arch = "arm")]
core::arch::global_asm!(
    ".section .start, \"ax\"",
    ".arm",
    ".fpu vfpv3",
    ".global _start",
    "_start:",
    "ldr sp, =_stack_top",
    "mrc p15, 0, r0, c1, c0, 2", // CPACR: coprocessors 10 and 11
    "orr r0, r0, #0xf00000",
    "mcr p15, 0, r0, c1, c0, 2",
    "isb",
    "mov r0, #0x40000000", // FPEXC.EN
    "vmsr fpexc, r0",
    "ldr r0, =_bss",
    "ldr r1, =_bss_end",
    "mov r2, #0",
    "1: cmp r0, r1",
    "strlo r2, [r0], #4",
    "blo 1b",
    "bl main",
    ".pool",
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "ldr x0, =_stack_top",
    "mov sp, x0",
    "mov x1, #0x300000", // CPACR_EL1.FPEN
    "msr cpacr_el1, x1",
    "mrs x0, CurrentEL",
    "cmp x0, #8",
    "b.lt 1f",
    "mov x1, #0x33ff", // CPTR_EL2: no trap
    "msr cptr_el2, x1",
    "b.eq 1f",
    "msr cptr_el3, xzr",
    "1:",
    "isb",
    "ldr x0, =_bss",
    "ldr x1, =_bss_end",
    "2: cmp x0, x1",
    "b.hs 3f",
    "stp xzr, xzr, [x0], #16",
    "b 2b",
    "3: bl main",
    ".pool",
);

#[cfg(target_arch = "riscv64")]
core::arch::global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "csrr t0, mhartid",
    // The first core alone.
    "0: bnez t0, 0b",
    "la sp, _stack_top",
    "la t0, _bss",
    "la t1, _bss_end",
    "1: bgeu t0, t1, 2f",
    "sd zero, 0(t0)",
    "addi t0, t0, 8",
    "j 1b",
    "2: call main",
);
