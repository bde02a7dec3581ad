//! A counter of each core.

use trigforge_soc::Clock;

/// The low bits of the core's counter: the global timer beside a Cortex-A9, the
/// virtual counter of an Arm core with 64 bits, cycles of a RISC-V core.
#[derive(Debug)]
pub struct CoreClock(());

/// Global timer of Zynq-7000 (UG585): counter and control.
#[cfg(target_arch = "arm")]
const GLOBAL_TIMER: [usize; 2] = [0xf8f0_0200, 0xf8f0_0208];

impl CoreClock {
    /// Starts it, where it does not run by itself.
    pub fn start() -> Self {
        #[cfg(target_arch = "arm")]
        // SAFETY: switches a timer on that nothing else uses.
        unsafe {
            (GLOBAL_TIMER[1] as *mut u32).write_volatile(1);
        }
        Self(())
    }
}

impl Clock for CoreClock {
    fn now(&mut self) -> u32 {
        let ticks: usize;
        // SAFETY: reads a counter.
        unsafe {
            #[cfg(target_arch = "arm")]
            {
                ticks = (GLOBAL_TIMER[0] as *const usize).read_volatile();
            }
            #[cfg(target_arch = "aarch64")]
            core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack));
            #[cfg(target_arch = "riscv64")]
            core::arch::asm!("csrr {}, mcycle", out(reg) ticks, options(nomem, nostack));
        }
        ticks as u32
    }
}
