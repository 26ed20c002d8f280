use std::time::{Duration, Instant};

use super::{
    machine_use::MachineMeter,
    pressure::Pressure,
    recent::{CPU_OVER_AT_LEAST, Reading, Recent},
    resources::{ResourceWindow, Resources},
    sample::{MachineSample, TreeSample},
};

/// One hour by the second; then windows are merged. 500 KB.
const MAX_WINDOWS: usize = 3600;

/// This part of the time counts as warm-up, in which memory may grow.
const WARM_UP: f64 = 0.4;

/// Fewer windows than this tell nothing about growth.
const WINDOWS_FOR_GROWTH: usize = 10;

/// Turns samples into [`Resources`]. Pure: time comes with the samples. Its memory is bounded, whatever the pace and
/// the length of the run.
#[derive(Debug)]
pub(crate) struct ResourceRecorder {
    origin: Instant,
    cores: f64,
    max_windows: usize,
    window_s: u32,
    windows: Vec<Window>,
    recent: Recent,
    last_at: Option<Instant>,
    first: Option<Reading>,
    last: Option<Reading>,
    /// Where the stretch began that is next to be weighed for the peak of CPU.
    stretch: Option<Reading>,
    network: Option<Network>,
    pressure: Option<Pressure>,
    seen: Option<TreeSample>,
    machine: MachineMeter,
    /// Peaks and totals; what can be computed at the end is not in it.
    so_far: Resources,
}

impl Reading {
    /// Cores in use since an earlier reading; `None` when too little time lies between for CPU's steps of 10 ms.
    fn cores_since(self, earlier: Self) -> Option<f64> {
        cores(self.cpu.saturating_sub(earlier.cpu), self.at.saturating_duration_since(earlier.at))
    }
}

fn cores(cpu: Duration, over: Duration) -> Option<f64> {
    (over >= CPU_OVER_AT_LEAST).then(|| cpu.as_secs_f64() / over.as_secs_f64())
}

/// Bytes that crossed the machine's interfaces.
#[derive(Debug, Clone, Copy, Default)]
struct Network {
    received: u64,
    sent: u64,
    loopback: u64,
}

impl Network {
    fn of(machine: &MachineSample) -> Self {
        let total = machine.interfaces.total();
        Self { received: total.received, sent: total.sent, loopback: machine.interfaces.loopback() }
    }

    /// An interface that went away takes its count with it: then nothing is counted, not less than nothing.
    fn since(self, earlier: Self) -> Self {
        Self {
            received: self.received.saturating_sub(earlier.received),
            sent: self.sent.saturating_sub(earlier.sent),
            loopback: self.loopback.saturating_sub(earlier.loopback),
        }
    }

    fn add(&mut self, other: Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.loopback += other.loopback;
    }
}

/// A window with sums in place of means, so that two of them merge without loss.
#[derive(Debug, Clone)]
struct Window {
    at_s: u32,
    cpu: Duration,
    span: Duration,
    rss_bytes: u64,
    rss_min_bytes: u64,
    threads: u32,
    descriptors: u32,
    machine_cpu_sum: f64,
    machine_cpu_count: u32,
    memory_available_bytes: Option<u64>,
    network: Network,
    read_bytes: u64,
    written_bytes: u64,
    switches: u64,
    stalls: Option<Stalls>,
}

/// Waiting for memory and for storage.
#[derive(Debug, Clone, Copy, Default)]
struct Stalls {
    memory: Duration,
    storage: Duration,
}

impl Window {
    fn at(at_s: u32) -> Self {
        Self {
            at_s,
            cpu: Duration::ZERO,
            span: Duration::ZERO,
            rss_bytes: 0,
            rss_min_bytes: u64::MAX,
            threads: 0,
            descriptors: 0,
            machine_cpu_sum: 0.0,
            machine_cpu_count: 0,
            memory_available_bytes: None,
            network: Network::default(),
            read_bytes: 0,
            written_bytes: 0,
            switches: 0,
            stalls: None,
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.span += other.span;
        self.rss_bytes = self.rss_bytes.max(other.rss_bytes);
        self.rss_min_bytes = self.rss_min_bytes.min(other.rss_min_bytes);
        self.threads = self.threads.max(other.threads);
        self.descriptors = self.descriptors.max(other.descriptors);
        self.machine_cpu_sum += other.machine_cpu_sum;
        self.machine_cpu_count += other.machine_cpu_count;
        self.memory_available_bytes = least(self.memory_available_bytes, other.memory_available_bytes);
        self.network.add(other.network);
        self.read_bytes += other.read_bytes;
        self.written_bytes += other.written_bytes;
        self.switches += other.switches;
        if let Some(other) = other.stalls {
            let stalls = self.stalls.get_or_insert_default();
            stalls.memory += other.memory;
            stalls.storage += other.storage;
        }
    }

    fn finished(&self, cores_available: f64) -> ResourceWindow {
        ResourceWindow {
            at_s: self.at_s,
            cpu_percent: cores(self.cpu, self.span).map(|cores| percent(cores, cores_available)),
            rss_bytes: self.rss_bytes,
            rss_min_bytes: self.rss_min_bytes,
            threads: self.threads,
            descriptors: self.descriptors,
            machine_cpu_percent: (self.machine_cpu_count > 0)
                .then(|| self.machine_cpu_sum / f64::from(self.machine_cpu_count)),
            memory_available_bytes: self.memory_available_bytes,
            network_received_bytes: self.network.received,
            network_sent_bytes: self.network.sent,
            loopback_bytes: self.network.loopback,
            read_bytes: self.read_bytes,
            written_bytes: self.written_bytes,
            context_switches: self.switches,
            memory_stall_s: self.stalls.map(|stalls| stalls.memory.as_secs_f64()),
            storage_stall_s: self.stalls.map(|stalls| stalls.storage.as_secs_f64()),
        }
    }
}

fn percent(cores: f64, cores_available: f64) -> f64 {
    100.0 * cores / cores_available
}

fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

impl ResourceRecorder {
    /// Records from `origin`; `cores` are those available ([`super::cores_available`]), of which percentages are.
    pub(crate) fn new(origin: Instant, cores: f64) -> Self {
        Self::bounded(origin, cores, MAX_WINDOWS)
    }

    fn bounded(origin: Instant, cores: f64, max_windows: usize) -> Self {
        Self {
            origin,
            cores,
            max_windows,
            window_s: 1,
            windows: Vec::new(),
            recent: Recent::default(),
            last_at: None,
            first: None,
            last: None,
            stretch: None,
            network: None,
            pressure: None,
            seen: None,
            machine: MachineMeter::default(),
            so_far: Resources::default(),
        }
    }

    /// Adds a sample; `at` must not go backwards. A tree sample without processes (the last totals of a tree that has
    /// ended) counts for the totals alone.
    pub(crate) fn push(&mut self, at: Instant, tree: &TreeSample, machine: Option<&MachineSample>) {
        let reading = Reading { at: tree.cpu_at.unwrap_or(at), cpu: tree.cpu };
        let since = self.last.unwrap_or(reading);
        let gap = at.saturating_duration_since(self.last_at.replace(at).unwrap_or(at));
        // What a tree had before its first sample belongs to the first window.
        let before = self.seen.replace(*tree).unwrap_or_default();
        self.total(tree, gap);
        self.last = Some(reading);
        self.first.get_or_insert(reading);
        self.weigh(reading);

        let crossed = machine.map(|machine| self.look_at(at, machine)).unwrap_or_default();
        let stalls = machine.and_then(|machine| self.stalls_since_last(machine));
        if tree.processes == 0 {
            return;
        }
        self.recent.push(at, reading, tree.rss_bytes);
        let at_s = u32::try_from(at.saturating_duration_since(self.origin).as_secs()).unwrap_or(u32::MAX);
        let share = machine.and_then(|machine| machine.cpu_share);
        self.add(&Window {
            at_s: at_s / self.window_s * self.window_s,
            cpu: tree.cpu.saturating_sub(since.cpu),
            span: reading.at.saturating_duration_since(since.at),
            rss_bytes: tree.rss_bytes,
            rss_min_bytes: tree.rss_bytes,
            threads: tree.threads,
            descriptors: tree.descriptors,
            machine_cpu_sum: share.unwrap_or(0.0) * 100.0,
            machine_cpu_count: share.is_some().into(),
            memory_available_bytes: machine.map(|machine| machine.memory_available_bytes),
            network: crossed,
            read_bytes: tree.read_bytes.saturating_sub(before.read_bytes),
            written_bytes: tree.written_bytes.saturating_sub(before.written_bytes),
            switches: tree.context_switches.saturating_sub(before.context_switches),
            stalls,
        });
    }

    /// The group's account is preferred: the machine's has everybody's waits in it.
    fn stalls_since_last(&mut self, machine: &MachineSample) -> Option<Stalls> {
        let now = machine.group_pressure.or(machine.pressure)?;
        let before = self.pressure.replace(now).unwrap_or(now);
        Some(Stalls {
            memory: now.memory.some.saturating_sub(before.memory.some),
            storage: now.io.some.saturating_sub(before.io.some),
        })
    }

    fn total(&mut self, tree: &TreeSample, gap: Duration) {
        let so_far = &mut self.so_far;
        so_far.samples += 1;
        so_far.longest_gap_ms = so_far.longest_gap_ms.max(gap.as_secs_f64() * 1000.0);
        so_far.cpu_seconds = tree.cpu.as_secs_f64();
        so_far.read_bytes = tree.read_bytes;
        so_far.written_bytes = tree.written_bytes;
        so_far.context_switches = tree.context_switches;
        so_far.peak_memory_bytes = so_far.peak_memory_bytes.max(tree.rss_bytes).max(tree.highest_rss_bytes);
        so_far.peak_threads = so_far.peak_threads.max(tree.threads);
        so_far.peak_descriptors = so_far.peak_descriptors.max(tree.descriptors);
        so_far.peak_processes = so_far.peak_processes.max(tree.processes);
    }

    fn weigh(&mut self, reading: Reading) {
        let begun = *self.stretch.get_or_insert(reading);
        if let Some(cores) = reading.cores_since(begun) {
            let peak = &mut self.so_far.peak_cpu_percent;
            *peak = highest(*peak, Some(percent(cores, self.cores)));
            self.stretch = Some(reading);
        }
    }

    fn look_at(&mut self, at: Instant, machine: &MachineSample) -> Network {
        self.machine.add(at, machine);
        let so_far = &mut self.so_far;
        let share = machine.cpu_share.map(|share| share * 100.0);
        so_far.machine_peak_cpu_percent = highest(so_far.machine_peak_cpu_percent, share);
        so_far.machine_memory_available_min_bytes =
            least(so_far.machine_memory_available_min_bytes, Some(machine.memory_available_bytes));
        let now = Network::of(machine);
        let crossed = now.since(self.network.replace(now).unwrap_or(now));
        so_far.network_received_bytes += crossed.received;
        so_far.network_sent_bytes += crossed.sent;
        so_far.loopback_bytes += crossed.loopback;
        crossed
    }

    fn add(&mut self, window: &Window) {
        match self.windows.last_mut() {
            Some(last) if last.at_s >= window.at_s => last.absorb(window),
            Some(_) | None => {
                let mut fresh = Window::at(window.at_s);
                fresh.absorb(window);
                self.windows.push(fresh);
            }
        }
        while self.windows.len() > self.max_windows {
            self.double_the_width();
        }
    }

    fn double_the_width(&mut self) {
        self.window_s = self.window_s.saturating_mul(2);
        let mut merged: Vec<Window> = Vec::with_capacity(self.windows.len() / 2 + 1);
        for mut window in self.windows.drain(..) {
            window.at_s = window.at_s / self.window_s * self.window_s;
            match merged.last_mut() {
                Some(last) if last.at_s == window.at_s => last.absorb(&window),
                Some(_) | None => merged.push(window),
            }
        }
        self.windows = merged;
    }

    /// CPU over the last `window` (500 ms to 5 minutes, less or more is brought into that range), in percent of the
    /// cores available; `None` while there is less history.
    pub(crate) fn cpu_percent_over(&self, window: Duration) -> Option<f64> {
        self.recent.cores_over(window).map(|cores| percent(cores, self.cores))
    }

    /// Growth of resident memory over the last `window` (up to 5 minutes), in bytes a second: from the least in its
    /// first quarter to the least in its last quarter, so that bursts do not count; `None` while there is less history.
    pub(crate) fn growth_over(&self, window: Duration) -> Option<f64> {
        self.recent.growth_over(window)
    }

    /// Growth of resident memory over the last two ticks, in bytes a second; 0 before there are two.
    pub(crate) fn rate_now(&self) -> f64 {
        self.recent.rate_now()
    }

    /// All that is known by now; recording can go on.
    pub(crate) fn finish(&self) -> Resources {
        let mean = self.first.zip(self.last).and_then(|(first, last)| last.cores_since(first));
        Resources {
            cores_available: (self.so_far.samples > 0).then_some(self.cores),
            mean_cpu_percent: mean.map(|cores| percent(cores, self.cores)),
            memory_growth_bytes_per_sec: self.growth(),
            machine: self.machine.finished(),
            window_s: self.window_s,
            windows: self.windows.iter().map(|window| window.finished(self.cores)).collect(),
            ..self.so_far.clone()
        }
    }

    fn growth(&self) -> Option<f64> {
        let (first, last) = (self.windows.first()?.at_s, self.windows.last()?.at_s);
        let end = f64::from(last.saturating_add(self.window_s));
        let settled = f64::from(first) + WARM_UP * (end - f64::from(first));
        let windows = self.windows.iter().filter(|window| f64::from(window.at_s) >= settled);
        let points: Vec<(f64, f64)> =
            windows.map(|window| (f64::from(window.at_s), window.rss_min_bytes as f64)).collect();
        (points.len() >= WINDOWS_FOR_GROWTH).then(|| least_squares(&points))
    }
}

/// The slope of the line; the points must not all have the same x.
fn least_squares(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let along = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    along / points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests;
