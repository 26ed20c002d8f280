use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// What met faults, by the number of the load and of the stretch of their schedule.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<(u32, u32), Met>>);

/// What met faults in one stretch of one load.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    pub(super) count: u64,
    pub(super) kinds: BTreeMap<&'static str, u64>,
    pub(super) first: Option<Instant>,
    pub(super) last: Option<Instant>,
}

impl Tally {
    /// One more. Only what meets a fault comes here: the others take no lock.
    pub(super) fn note(&self, load: u32, stretch: u32, word: &'static str, now: Instant) {
        let mut all = self.all();
        let met = all.entry((load, stretch)).or_default();
        met.count += 1;
        *met.kinds.entry(word).or_default() += 1;
        met.first.get_or_insert(now);
        met.last = Some(now);
    }

    /// What was met in that stretch of that load.
    pub(super) fn of(&self, load: u32, stretch: u32) -> Met {
        self.all().get(&(load, stretch)).cloned().unwrap_or_default()
    }

    /// What was met in all, by its word.
    pub(super) fn by_word(&self) -> BTreeMap<String, u64> {
        let mut words = BTreeMap::<String, u64>::new();
        for met in self.all().values() {
            met.kinds.iter().for_each(|(word, n)| *words.entry((*word).to_owned()).or_default() += n);
        }
        words
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(u32, u32), Met>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
