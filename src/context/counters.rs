use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::observe::Counter;

/// A counter of the case's own; the report shows what it counted during each load, expectations name it
/// `counter.NAME`. Cheap to clone, and to count with: one atomic addition.
#[derive(Debug, Clone)]
pub struct CaseCounter {
    cell: Arc<Cell>,
}

/// A rate of the case's own: how often something was true of how often it was asked. Expectations name it
/// `counter.NAME`, a share.
#[derive(Debug, Clone)]
pub struct CaseRatio {
    cell: Arc<Cell>,
}

#[derive(Debug, Default)]
struct Cell {
    count: AtomicU64,
    of: AtomicU64,
}

/// The counters and rates of a case, by name. One of each kind may have the same name; the rate is the one shown.
#[derive(Debug, Default)]
pub(super) struct Counters {
    plain: Mutex<BTreeMap<String, Arc<Cell>>>,
    ratios: Mutex<BTreeMap<String, Arc<Cell>>>,
}

impl CaseCounter {
    /// Counts `n` more.
    pub fn add(&self, n: u64) {
        self.cell.count.fetch_add(n, Ordering::Relaxed);
    }

    /// Counts one more.
    pub fn increment(&self) {
        self.add(1);
    }
}

impl CaseRatio {
    /// Asked once more, and it was `is_hit`.
    pub fn record(&self, is_hit: bool) {
        // Asked before hit: a reader in between sees a share that is too small rather than over 1.
        self.cell.of.fetch_add(1, Ordering::Release);
        if is_hit {
            self.cell.count.fetch_add(1, Ordering::Release);
        }
    }
}

impl Counters {
    pub(super) fn counter(&self, name: &str) -> CaseCounter {
        CaseCounter { cell: named(&self.plain, name) }
    }

    pub(super) fn ratio(&self, name: &str) -> CaseRatio {
        CaseRatio { cell: named(&self.ratios, name) }
    }

    /// All of them as they are now.
    pub(super) fn read(&self) -> BTreeMap<String, Counter> {
        let plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        let ratios = self.ratios.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = plain.iter().map(|(name, cell)| {
            (name.clone(), Counter { count: cell.count.load(Ordering::Relaxed), of: None })
        });
        let ratios = ratios.iter().map(|(name, cell)| {
            let count = cell.count.load(Ordering::Acquire);
            (name.clone(), Counter { count, of: Some(cell.of.load(Ordering::Acquire)) })
        });
        plain.chain(ratios).collect()
    }
}

fn named(cells: &Mutex<BTreeMap<String, Arc<Cell>>>, name: &str) -> Arc<Cell> {
    let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(cells.entry(name.to_owned()).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_rates_add_up_by_name() {
        let counters = Counters::default();
        counters.counter("tokens").add(5);
        counters.counter("tokens").increment();
        let hits = counters.ratio("cache_hit_rate");
        [true, true, false, true].into_iter().for_each(|hit| hits.record(hit));
        let read = counters.read();
        assert_eq!(read["tokens"], Counter { count: 6, of: None });
        assert_eq!(read["cache_hit_rate"].value(), Some(0.75));
    }
}
