use std::{
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

/// Readings kept for a case: more borders than this say no more.
const MOST: usize = 200;

/// A reading walks the page tables, some 10 ms for a gigabyte, and holds up the process's own mapping of memory.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Proportional set size at a border of the case: unlike resident memory, a page that several processes share counts
/// once, in equal parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SharedMemory {
    /// Which border: `begin of searches`, `end of searches`, or a phase's name.
    pub border: String,
    /// Seconds since the start of the case.
    pub at_s: f64,
    /// Of all its processes, in bytes.
    pub pss_bytes: u64,
}

/// Takes readings on a thread, as they are slow; one at a time, and a border that comes too soon goes without.
#[derive(Debug, Default)]
pub(super) struct SharedMeter {
    pending: Option<(JoinHandle<Option<u64>>, String, f64)>,
    asked: Option<Instant>,
    taken: Vec<SharedMemory>,
}

impl SharedMeter {
    pub(super) fn ask(&mut self, now: Instant, at_s: f64, border: String, members: Vec<u32>) {
        self.collect();
        let is_soon = self.asked.is_some_and(|at| now.saturating_duration_since(at) < AT_MOST_EVERY);
        if is_soon || self.pending.is_some() || self.taken.len() >= MOST {
            return;
        }
        let sum = move || {
            let read: Vec<u64> = members.into_iter().filter_map(pss_of).collect();
            (!read.is_empty()).then(|| read.iter().sum())
        };
        let thread = std::thread::Builder::new().name("proofload-pss".to_owned()).spawn(sum);
        // Without a thread to spare there is no reading.
        self.pending = thread.ok().map(|thread| (thread, border, at_s));
        self.asked = Some(now);
    }

    /// Takes in what is ready; never waits.
    pub(super) fn collect(&mut self) {
        let Some((thread, border, at_s)) = self.pending.take_if(|(thread, ..)| thread.is_finished()) else {
            return;
        };
        if let Ok(Some(pss_bytes)) = thread.join() {
            self.taken.push(SharedMemory { border, at_s, pss_bytes });
        }
    }

    pub(super) fn taken(&self) -> &[SharedMemory] {
        &self.taken
    }
}

#[cfg(target_os = "linux")]
fn pss_of(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    super::procfs::labelled(&text, "Pss")
}

/// Only Linux tells.
#[cfg(not(target_os = "linux"))]
fn pss_of(_pid: u32) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn collected(meter: &mut SharedMeter, count: usize) -> bool {
        let began = Instant::now();
        while meter.taken().len() < count && began.elapsed() < Duration::from_secs(60) {
            meter.collect();
            std::thread::sleep(Duration::from_millis(1));
        }
        meter.taken().len() == count
    }

    #[test]
    fn own_memory_at_two_borders() {
        let (now, own) = (Instant::now(), vec![std::process::id()]);
        let mut meter = SharedMeter::default();
        meter.ask(now, 0.0, "begin".to_owned(), own.clone());
        assert!(collected(&mut meter, 1));
        let held = std::hint::black_box(vec![1_u8; 96 << 20]);
        // Too soon.
        meter.ask(now + Duration::from_millis(900), 0.9, "soon".to_owned(), own.clone());
        meter.ask(now + Duration::from_secs(1), 1.0, "end".to_owned(), own);
        assert!(collected(&mut meter, 2));
        drop(held);
        let [begin, end] = meter.taken() else { panic!("{:?}", meter.taken()) };
        assert_eq!((begin.border.as_str(), end.border.as_str(), end.at_s), ("begin", "end", 1.0));
        // Other tests of this process come and go; none holds as much.
        assert!(end.pss_bytes > begin.pss_bytes + (32 << 20), "{begin:?} {end:?}");
    }

    #[test]
    fn a_process_that_is_gone_has_no_reading() {
        let mut meter = SharedMeter::default();
        meter.ask(Instant::now(), 0.0, "begin".to_owned(), vec![u32::MAX]);
        let began = Instant::now();
        while meter.pending.is_some() && began.elapsed() < Duration::from_secs(60) {
            meter.collect();
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(meter.pending.is_none() && meter.taken().is_empty(), "{meter:?}");
    }
}
