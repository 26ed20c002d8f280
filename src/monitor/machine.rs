use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    cgroup,
    disk::Disks,
    netdev::{interfaces_of, namespace_of, parse_net_dev},
    procfs::{ProcFile, labelled},
    psi::PressureFiles,
    sample::MachineSample,
};

/// The kernel counts a core's time in steps of 10 ms: over less than this a share would be noise.
const CPU_SHARE_OVER: Duration = Duration::from_millis(200);

/// The machine, watched through `/proc`. A sample costs some 40 us; one every half second is plenty.
#[derive(Debug)]
pub(crate) struct Machine {
    stat: ProcFile,
    meminfo: ProcFile,
    load: ProcFile,
    network: ProcFile,
    disks: Disks,
    pressure: PressureFiles,
    watched: Option<Watched>,
    /// Where no control group limits memory, none is asked: that would be a third of the price.
    memory: Memory,
    cpu: CpuMeter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Unlimited,
    Limited,
}

/// A process whose surroundings may be its own.
#[derive(Debug)]
struct Watched {
    pid: u32,
    group_pressure: Option<PressureFiles>,
    /// The network namespace of this process, not of the watched one.
    own_namespace: Option<PathBuf>,
}

impl Machine {
    /// Opens what will be read. What the kernel does not have stays unknown.
    pub(crate) fn new() -> Self {
        let file = |path: &str| ProcFile::keep_open(path).unwrap_or_else(|_| ProcFile::reopen(path));
        let mut machine = Self {
            stat: file("/proc/stat"),
            meminfo: file("/proc/meminfo"),
            load: file("/proc/loadavg"),
            network: file("/proc/net/dev"),
            disks: Disks::new(),
            pressure: PressureFiles::of_machine(),
            watched: None,
            memory: cgroup::memory_room().map_or(Memory::Unlimited, |_| Memory::Limited),
            cpu: CpuMeter::default(),
        };
        machine.cpu_share(Instant::now());
        machine
    }

    /// The same, with the control group and the network namespace of a process.
    pub(crate) fn around(pid: u32) -> Self {
        let group_pressure = cgroup::folder_of(pid).map(|folder| PressureFiles::of_group(&folder));
        Self {
            watched: Some(Watched { pid, group_pressure, own_namespace: namespace_of("self") }),
            ..Self::new()
        }
    }

    /// Looks at the machine. Figures that cannot be read are 0 or `None`.
    pub(crate) fn sample(&mut self) -> MachineSample {
        let memory =
            self.meminfo.whole(|text| Some((labelled(text, "MemAvailable"), labelled(text, "MemTotal"))));
        let (available, total) = memory.unwrap_or_default();
        let room = (self.memory == Memory::Limited).then(cgroup::memory_room).flatten();
        let (available, total) = within(room, available.unwrap_or(0), total.unwrap_or(0));
        let cpu_share = self.cpu_share(Instant::now());
        let watched = self.watched.as_ref();
        MachineSample {
            cpu_share,
            memory_available_bytes: available,
            memory_total_bytes: total,
            load_1m: self.load.whole(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0.0),
            interfaces: self.network.whole(|text| Some(parse_net_dev(text))).unwrap_or_default(),
            namespace: watched
                .and_then(|watched| interfaces_of(watched.pid, watched.own_namespace.as_deref()?)),
            disks: self.disks.read(),
            pressure: self.pressure.read(),
            group_pressure: watched.and_then(|watched| watched.group_pressure.as_ref()?.read()),
        }
    }

    fn cpu_share(&mut self, now: Instant) -> Option<f64> {
        // The line wanted is the first; the rest grows with cores and interrupts.
        let times = self.stat.short(|text| parse_cpu_times(&String::from_utf8_lossy(text)))?;
        self.cpu.share(now, times)
    }
}

/// What is available and all there is, on a machine whose control groups leave `room`.
fn within(room: Option<(u64, u64)>, available: u64, total: u64) -> (u64, u64) {
    let (free, limit) = room.unwrap_or((u64::MAX, u64::MAX));
    (available.min(free), total.min(limit))
}

/// Turns running totals of core time into a share over at least 200 ms.
#[derive(Debug, Default)]
struct CpuMeter {
    since: Option<(Instant, CpuTimes)>,
    share: Option<f64>,
}

impl CpuMeter {
    fn share(&mut self, now: Instant, times: CpuTimes) -> Option<f64> {
        match self.since {
            None => self.since = Some((now, times)),
            Some((at, before)) if now.saturating_duration_since(at) >= CPU_SHARE_OVER => {
                let all = times.all.saturating_sub(before.all);
                if all > 0 {
                    let busy = times.busy.saturating_sub(before.busy);
                    self.share = Some((busy as f64 / all as f64).min(1.0));
                    self.since = Some((now, times));
                }
            }
            Some(_) => {}
        }
        self.share
    }
}

/// Core time since boot in clock ticks, summed over the cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CpuTimes {
    /// All that was not idle. Stolen time is in it: nobody here could have used it.
    busy: u64,
    all: u64,
}

fn parse_cpu_times(text: &str) -> Option<CpuTimes> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    // user nice system idle iowait irq softirq steal; guest time, which follows, is contained in user.
    let times: Vec<u64> = line.split_ascii_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
    let idle = times.get(3)? + times.get(4).unwrap_or(&0);
    let all = times.iter().sum();
    Some(CpuTimes { busy: all - idle, all })
}

/// Processes that the kernel has ended for want of memory since it started; `None` where it does not count.
pub(crate) fn oom_kills() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/vmstat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_times() {
        let text = "cpu  100 5 45 800 50 2 3 10 60 0\ncpu0 100 5 45 800 50 2 3 10 60 0\nintr 1 2 3\n";
        assert_eq!(parse_cpu_times(text), Some(CpuTimes { busy: 165, all: 1015 }));
        assert_eq!(parse_cpu_times("cpu  1 2\n"), None);
    }

    #[test]
    fn a_control_group_is_a_smaller_machine() {
        assert_eq!(within(None, 600, 1000), (600, 1000));
        assert_eq!(within(Some((100, 400)), 600, 1000), (100, 400));
        assert_eq!(within(Some((300, 4000)), 200, 1000), (200, 1000));
    }

    #[test]
    fn a_share_waits_for_200_ms_and_is_then_kept() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut meter = CpuMeter::default();
        assert_eq!(meter.share(at(0), CpuTimes { busy: 100, all: 1000 }), None);
        assert_eq!(meter.share(at(100), CpuTimes { busy: 110, all: 1010 }), None);
        assert_eq!(meter.share(at(200), CpuTimes { busy: 110, all: 1040 }), Some(0.25));
        assert_eq!(meter.share(at(300), CpuTimes { busy: 130, all: 1060 }), Some(0.25));
        assert_eq!(meter.share(at(400), CpuTimes { busy: 150, all: 1080 }), Some(1.0));
    }

    #[test]
    fn this_machine() {
        let mut machine = Machine::around(std::process::id());
        std::thread::sleep(2 * CPU_SHARE_OVER);
        let sample = machine.sample();
        assert!((0.0..=1.0).contains(&sample.cpu_share.unwrap()), "{sample:?}");
        assert!(sample.memory_available_bytes > 0, "{sample:?}");
        assert!(sample.memory_total_bytes > sample.memory_available_bytes, "{sample:?}");
        // In the namespace of this process itself.
        assert_eq!(sample.namespace, None);
        assert_eq!(sample.pressure.is_some(), std::fs::read("/proc/pressure/cpu").is_ok(), "{sample:?}");
    }
}
