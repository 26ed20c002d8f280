use std::time::{Duration, Instant};

use super::{super::procfs::ProcFile, FOUND_WITHIN};

/// Whether a search for new processes can find any: only if the machine has begun a process or a thread since the last,
/// which the kernel tells for the price of one reading (`/proc/loadavg`, proc(5): its last word is the number that was
/// given out last).
#[derive(Debug)]
pub(super) struct Newest {
    file: Option<ProcFile>,
    known: Option<u64>,
    /// The kernel's list of children may leave one out while another ends, so there is a second search behind each.
    is_again: bool,
    searched: Option<Instant>,
}

impl Default for Newest {
    fn default() -> Self {
        Self { file: ProcFile::keep_open("/proc/loadavg").ok(), known: None, is_again: false, searched: None }
    }
}

impl Newest {
    /// Whether to search now; who asks does so then.
    pub(super) fn is_worth_a_search(&mut self, now: Instant) -> bool {
        let newest = self.file.as_ref().and_then(|file| file.short(last_number));
        let is_worth_it = self.is_worth_it(newest, self.since_search(now));
        if is_worth_it {
            self.searched = Some(now);
        }
        is_worth_it
    }

    fn since_search(&self, now: Instant) -> Option<Duration> {
        self.searched.map(|searched| now.saturating_duration_since(searched))
    }

    fn is_worth_it(&mut self, newest: Option<u64>, since_search: Option<Duration>) -> bool {
        // Where nobody counts (a sandbox that makes the file up), it is 0.
        let has_begun = newest.is_none_or(|number| number == 0) || newest != self.known;
        let is_second = std::mem::replace(&mut self.is_again, has_begun);
        self.known = newest;
        has_begun || is_second || since_search.is_none_or(|since| since >= FOUND_WITHIN)
    }
}

fn last_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.split_ascii_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_newest_is_the_last_word() {
        assert_eq!(last_number(b"0.25 0.10 0.03 1/214 31337\n"), Some(31_337));
        assert_eq!(last_number(b""), None);
    }

    #[test]
    fn nothing_is_searched_where_nothing_has_begun() {
        let mut newest = Newest { file: None, ..Newest::default() };
        let short = Some(Duration::from_millis(100));
        assert!(newest.is_worth_it(Some(7), None), "the first time");
        assert!(newest.is_worth_it(Some(7), short), "the list of the first time may have left one out");
        assert!(!newest.is_worth_it(Some(7), short));
        assert!(newest.is_worth_it(Some(7), Some(FOUND_WITHIN)), "now and then, to be sure");
        assert!(newest.is_worth_it(Some(9), short), "somebody began");
        assert!(newest.is_worth_it(Some(9), short));
        assert!(!newest.is_worth_it(Some(9), short));
        assert!(newest.is_worth_it(Some(3), short), "numbers begin again when they are used up");
        for unknown in [None, Some(0)] {
            assert!((0..5).all(|_| newest.is_worth_it(unknown, short)), "{unknown:?}: who knows");
        }
    }

    /// The kernel's word, of a process that begins now.
    #[test]
    fn a_new_process_is_worth_a_search() {
        let mut newest = Newest::default();
        let began = Instant::now();
        let searches = |newest: &mut Newest| newest.is_worth_a_search(began);
        assert!(searches(&mut newest));
        std::process::Command::new("true").status().unwrap();
        assert!(searches(&mut newest), "one has begun");
    }
}
