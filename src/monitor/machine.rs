use std::time::{Duration, Instant};

use super::{
    procfs::{ProcFile, labelled},
    sample::{MachineSample, Pressure},
};

/// The kernel counts a core's time in steps of 10 ms: over less than this a share would be noise.
const CPU_SHARE_OVER: Duration = Duration::from_millis(200);

/// The machine, watched through `/proc`. A sample costs some 40 us; one every half second is plenty.
#[derive(Debug)]
pub(crate) struct Machine {
    stat: ProcFile,
    memory: ProcFile,
    load: ProcFile,
    network: ProcFile,
    pressure: [ProcFile; 3],
    cpu: CpuMeter,
}

impl Machine {
    /// Opens what will be read. What the kernel does not have stays unknown.
    pub(crate) fn new() -> Self {
        let file = |path: &str| ProcFile::keep_open(path).unwrap_or_else(|_| ProcFile::reopen(path));
        let mut machine = Self {
            stat: file("/proc/stat"),
            memory: file("/proc/meminfo"),
            load: file("/proc/loadavg"),
            network: file("/proc/net/dev"),
            pressure: ["cpu", "memory", "io"].map(|name| file(&format!("/proc/pressure/{name}"))),
            cpu: CpuMeter::default(),
        };
        machine.cpu_share(Instant::now());
        machine
    }

    /// Looks at the machine. Figures that cannot be read are 0 or `None`.
    pub(crate) fn sample(&mut self) -> MachineSample {
        let memory =
            self.memory.whole(|text| Some((labelled(text, "MemAvailable"), labelled(text, "MemTotal"))));
        let (available, total) = memory.unwrap_or_default();
        let network = self.network.whole(|text| Some(parse_net_dev(text))).unwrap_or_default();
        MachineSample {
            cpu_share: self.cpu_share(Instant::now()),
            memory_available_bytes: available.unwrap_or(0),
            memory_total_bytes: total.unwrap_or(0),
            load_1m: self.load.whole(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0.0),
            network_received_bytes: network.received,
            network_sent_bytes: network.sent,
            loopback_bytes: network.loopback,
            pressure: self.pressure(),
        }
    }

    fn cpu_share(&mut self, now: Instant) -> Option<f64> {
        // The line wanted is the first; the rest grows with cores and interrupts.
        let times = self.stat.short(|text| parse_cpu_times(&String::from_utf8_lossy(text)))?;
        self.cpu.share(now, times)
    }

    fn pressure(&self) -> Option<Pressure> {
        let [cpu, memory, io] = &self.pressure;
        Some(Pressure {
            cpu_some_avg10: cpu.whole(|text| parse_avg10(text, "some"))?,
            memory_full_avg10: memory.whole(|text| parse_avg10(text, "full"))?,
            io_full_avg10: io.whole(|text| parse_avg10(text, "full"))?,
        })
    }
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct NetworkTotals {
    received: u64,
    sent: u64,
    loopback: u64,
}

fn parse_net_dev(text: &str) -> NetworkTotals {
    let mut totals = NetworkTotals::default();
    for (name, numbers) in text.lines().filter_map(|line| line.split_once(':')) {
        let number = |index| {
            let word: Option<&str> = numbers.split_ascii_whitespace().nth(index);
            word.and_then(|word| word.parse::<u64>().ok()).unwrap_or(0)
        };
        // Eight columns of received, then eight of sent; bytes come first in both.
        match name.trim() {
            "lo" => totals.loopback += number(8),
            _ => {
                totals.received += number(0);
                totals.sent += number(8);
            }
        }
    }
    totals
}

fn parse_avg10(text: &str, kind: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
    line.split_ascii_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
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
    fn interfaces_are_summed_and_loopback_is_apart() {
        let text = "Inter-|   Receive                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls\n    \
            lo:    6386      58    0    0    0     0          0         0     6386      58    0    0    0     0\n  \
            eth0:76666592    5020    0    0    0     0          0         0   476776    3896    0    0    0     0\n \
            wlan0: 8 1 0 0 0 0 0 0 24 1 0 0 0 0 0 0\n";
        let totals = NetworkTotals { received: 76_666_600, sent: 476_800, loopback: 6386 };
        assert_eq!(parse_net_dev(text), totals);
    }

    #[test]
    fn pressure_of_one_kind() {
        let text = "some avg10=0.13 avg60=0.49 avg300=0.59 total=15954014\nfull avg10=1.50 avg60=0.00 avg300=0 total=0\n";
        assert_eq!(parse_avg10(text, "some"), Some(0.13));
        assert_eq!(parse_avg10(text, "full"), Some(1.5));
        assert_eq!(parse_avg10("some avg60=1\n", "some"), None);
    }

    #[test]
    fn this_machine() {
        let mut machine = Machine::new();
        std::thread::sleep(2 * CPU_SHARE_OVER);
        let sample = machine.sample();
        assert!((0.0..=1.0).contains(&sample.cpu_share.unwrap()), "{sample:?}");
        assert!(sample.memory_available_bytes > 0, "{sample:?}");
        assert!(sample.memory_total_bytes > sample.memory_available_bytes, "{sample:?}");
    }
}
