use std::time::Duration;

/// Memory and CPU time of the process that asks.
pub(crate) struct OwnProcess {
    #[cfg(target_os = "linux")]
    statm: Option<std::fs::File>,
    #[cfg(not(target_os = "linux"))]
    system: sysinfo::System,
}

/// One reading of [`OwnProcess`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OwnUse {
    /// Resident memory.
    pub(crate) memory_bytes: u64,
    /// User and system time since the process began.
    pub(crate) cpu: Duration,
}

#[cfg(target_os = "linux")]
impl OwnProcess {
    pub(crate) fn new() -> Self {
        Self { statm: std::fs::File::open("/proc/self/statm").ok() }
    }

    pub(crate) fn sample(&mut self) -> OwnUse {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let cpu = Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0));
        OwnUse { memory_bytes: self.resident_bytes().unwrap_or(0), cpu }
    }

    fn resident_bytes(&self) -> Option<u64> {
        let mut text = [0u8; 128];
        let n = std::os::unix::fs::FileExt::read_at(self.statm.as_ref()?, &mut text, 0).ok()?;
        let pages: u64 = std::str::from_utf8(&text[..n]).ok()?.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

#[cfg(not(target_os = "linux"))]
impl OwnProcess {
    pub(crate) fn new() -> Self {
        Self { system: sysinfo::System::new() }
    }

    pub(crate) fn sample(&mut self) -> OwnUse {
        let pid = sysinfo::Pid::from_u32(std::process::id());
        self.system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), true);
        self.system.process(pid).map_or_else(OwnUse::default, |process| OwnUse {
            memory_bytes: process.memory(),
            cpu: Duration::from_millis(process.accumulated_cpu_time()),
        })
    }
}

/// CPU time of the thread that asks; `None` where the platform does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn own_thread_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

/// `None`: there is no portable way to ask.
#[cfg(not(target_os = "linux"))]
pub(crate) fn own_thread_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_memory_are_seen() {
        let mut own = OwnProcess::new();
        let before = own.sample();
        assert!(before.memory_bytes > 100_000, "{before:?}");
        let held = vec![1u8; 64 << 20];
        while own.sample().cpu < before.cpu + Duration::from_millis(20) {
            std::hint::black_box(held.iter().map(|b| u64::from(*b)).sum::<u64>());
        }
        let after = own.sample();
        assert!(after.memory_bytes > before.memory_bytes + (48 << 20), "{before:?} {after:?}");
        drop(held);
    }
}
