//! The core's own timer as a clock.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use trigforge_soc::Clock;

/// Largest value of the timer, which counts down to 0 and starts again.
const TOP: u32 = 0x00ff_ffff;

/// Ticks of SysTick. In QEMU one tick is 40 instructions if `-icount shift=0`
/// ties time to them.
pub struct SysTick {
    /// Owned, so that nobody else sets it.
    _timer: SYST,
    last: u32,
    ticks: u32,
}

impl SysTick {
    /// Starts the timer.
    pub fn new(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(TOP);
        timer.clear_current();
        timer.enable_counter();
        Self {
            _timer: timer,
            last: TOP,
            ticks: 0,
        }
    }
}

impl Clock for &mut SysTick {
    fn now(&mut self) -> u32 {
        let now = SYST::get_current();
        self.ticks = self.ticks.wrapping_add(self.last.wrapping_sub(now) & TOP);
        self.last = now;
        self.ticks
    }
}
