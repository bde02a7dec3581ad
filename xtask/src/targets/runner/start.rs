//! From reset to `runner`: a stack, and the vector unit switched on.

#[cfg(all(target_arch = "arm", m_profile))]
core::arch::global_asm!(
    ".section .start, \"ax\"",
    ".word _stack_top",
    ".word _start",
    ".thumb_func",
    ".global _start",
    "_start:",
    "ldr r0, =0xe000ed88", // CPACR: coprocessors 10 and 11
    "ldr r1, [r0]",
    "orr r1, r1, #0xf00000",
    "str r1, [r0]",
    "dsb",
    "isb",
    "bl runner",
    ".pool",
);

#[cfg(all(target_arch = "arm", not(m_profile)))]
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
    "bl runner",
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
    "bl runner",
    ".pool",
);

#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
core::arch::global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, _stack_top",
    "j runner",
);
