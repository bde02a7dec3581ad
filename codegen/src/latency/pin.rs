//! Binds what is started to one processor.

/// The last processor that this process may use: the first ones are busier.
#[cfg(target_os = "linux")]
pub(super) fn last_cpu() -> Option<usize> {
    let allowed = rustix::thread::sched_getaffinity(None).ok()?;
    (0..rustix::thread::CpuSet::MAX_CPU)
        .rev()
        .find(|&cpu| allowed.is_set(cpu))
}

/// Starts a child bound to a processor, and unbinds this thread again.
#[cfg(target_os = "linux")]
pub(super) fn bound<T>(cpu: Option<usize>, start: impl FnOnce() -> T) -> T {
    let before = rustix::thread::sched_getaffinity(None);
    if let Some(cpu) = cpu {
        let mut only = rustix::thread::CpuSet::new();
        only.set(cpu);
        // Unbound times are still times; the caller reports the processor.
        let _ = rustix::thread::sched_setaffinity(None, &only);
    }
    let result = start();
    if let Ok(before) = before {
        let _ = rustix::thread::sched_setaffinity(None, &before);
    }
    result
}

#[cfg(not(target_os = "linux"))]
pub(super) fn last_cpu() -> Option<usize> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn bound<T>(_cpu: Option<usize>, start: impl FnOnce() -> T) -> T {
    start()
}
