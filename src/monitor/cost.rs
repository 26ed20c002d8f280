use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Sampler, own::own_thread_time};

/// What it cost to watch a tree of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplingCost {
    /// How many processes the last look saw.
    pub processes: u32,
    /// How many looks there were.
    pub looks: u64,
    /// From the first look to the last.
    pub over: Duration,
    /// CPU time of the thread, its waiting between the looks included; zero where the platform does not tell.
    pub cpu: Duration,
}

/// What a thread costs that does nothing but wake up and read one small file of the kernel's, for the benchmark: the
/// least that any look can cost on this machine.
pub fn waking_cost(tick: Duration, length: Duration) -> SamplingCost {
    let began = Instant::now();
    let clock = own_thread_time().unwrap_or_default();
    let mut looks = 0;
    while began.elapsed() < length {
        let _unread = std::hint::black_box(std::fs::read("/proc/self/statm"));
        looks += 1;
        thread::sleep(tick);
    }
    let cpu = own_thread_time().unwrap_or_default().saturating_sub(clock);
    SamplingCost { processes: 0, looks, over: began.elapsed(), cpu }
}

/// Watches a process and its descendants as the supervisor does, for the benchmark.
pub fn sampling_cost(root: u32, tick: Duration, length: Duration) -> SamplingCost {
    let began = Instant::now();
    let folder = std::env::temp_dir();
    let mut sampler = Sampler::new(root, began, &[("one", &folder), ("other", &folder)]);
    let clock = own_thread_time().unwrap_or_default();
    let (mut looks, mut processes) = (0, 0);
    while began.elapsed() < length {
        processes = sampler.look(Instant::now()).map_or(0, |sample| sample.processes);
        let recorder = sampler.recorder();
        // What the limits are compared with.
        std::hint::black_box((
            recorder.rate_now(),
            recorder.growth_over(Duration::from_secs(10)),
            recorder.cpu_percent_over(Duration::from_secs(5)),
        ));
        looks += 1;
        thread::sleep(tick);
    }
    let cpu = own_thread_time().unwrap_or_default().saturating_sub(clock);
    SamplingCost { processes, looks, over: began.elapsed(), cpu }
}
