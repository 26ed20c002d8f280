use std::{
    array,
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use super::Kind;
use crate::outcome::OutcomeClass;

/// Kinds of failures kept apart; a target that invents more of them gets the rest counted together.
const KINDS: usize = 48;

/// Status codes kept apart.
const STATUSES: usize = 48;

/// Longest text of a kind, in characters: enough to tell kinds apart, too little to fill a report.
const LONGEST_TEXT: usize = 200;

/// Counts failures by their text and statuses by their code, without a lock: slots are claimed once and then only
/// counted up.
pub(crate) struct Tally {
    kinds: [OnceLock<Slot>; KINDS],
    others: OnceLock<Slot>,
    statuses: [Status; STATUSES],
}

struct Slot {
    class: &'static str,
    text: String,
    sample: String,
    count: AtomicU64,
    first_ns: u64,
    last_ns: AtomicU64,
}

#[derive(Default)]
struct Status {
    /// The code and one more, so that 0 is a free slot.
    code: AtomicU32,
    count: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            kinds: array::from_fn(|_| OnceLock::new()),
            others: OnceLock::new(),
            statuses: array::from_fn(|_| Status::default()),
        }
    }
}

impl Tally {
    /// Counts a failure with the text `sample`, seen `at_ns` after the start of the load.
    pub(crate) fn failure(&self, class: OutcomeClass, sample: &str, at_ns: u64) {
        let class = match class {
            OutcomeClass::Rejected => "rejected",
            OutcomeClass::Timeout => "timeout",
            OutcomeClass::Ok | OutcomeClass::Error | OutcomeClass::Unfinished | OutcomeClass::Dropped => {
                "error"
            }
        };
        let text = without_numbers(sample);
        let new = || Slot {
            class,
            text: text.clone(),
            sample: sample.chars().take(LONGEST_TEXT).collect(),
            count: AtomicU64::new(0),
            first_ns: at_ns,
            last_ns: AtomicU64::new(at_ns),
        };
        let found =
            self.kinds.iter().map(|slot| slot.get_or_init(new)).find(|k| k.class == class && k.text == text);
        let slot = found.unwrap_or_else(|| {
            self.others.get_or_init(|| Slot { class: "error", text: "(other kinds)".to_owned(), ..new() })
        });
        slot.count.fetch_add(1, Ordering::Relaxed);
        slot.last_ns.fetch_max(at_ns, Ordering::Relaxed);
    }

    pub(crate) fn status(&self, code: u16) {
        let wanted = u32::from(code) + 1;
        for slot in &self.statuses {
            let holder = match slot.code.compare_exchange(0, wanted, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_free) => wanted,
                Err(holder) => holder,
            };
            if holder == wanted {
                slot.count.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// The kinds of failures so far, the most frequent first.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let seconds = |ns: u64| ns as f64 / 1e9;
        let slots = self.kinds.iter().chain([&self.others]).filter_map(OnceLock::get);
        let mut kinds: Vec<Kind> = slots
            .map(|slot| Kind {
                class: slot.class.to_owned(),
                text: slot.text.clone(),
                count: slot.count.load(Ordering::Relaxed),
                sample: slot.sample.clone(),
                first_s: seconds(slot.first_ns),
                last_s: seconds(slot.last_ns.load(Ordering::Relaxed)),
            })
            .filter(|kind| kind.count > 0)
            .collect();
        kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        kinds
    }

    /// How often each status code was reported.
    pub(crate) fn statuses(&self) -> BTreeMap<u16, u64> {
        let taken = self.statuses.iter().filter_map(|slot| {
            let code = slot.code.load(Ordering::Relaxed).checked_sub(1)?;
            Some((u16::try_from(code).ok()?, slot.count.load(Ordering::Relaxed)))
        });
        taken.filter(|(_, count)| *count > 0).collect()
    }
}

/// `slot 17 of 0x1f` as `slot N of N`: numbers differ from failure to failure, kinds do not.
fn without_numbers(text: &str) -> String {
    let mut kind = String::with_capacity(text.len().min(LONGEST_TEXT));
    let mut is_in_number = false;
    let mut is_in_word = false;
    for c in text.chars().take(LONGEST_TEXT) {
        let continues_number = is_in_number && (c.is_ascii_hexdigit() || matches!(c, 'x' | '.' | '_'));
        if c.is_ascii_digit() && !is_in_word || continues_number {
            if !is_in_number {
                kind.push('N');
            }
            is_in_number = true;
        } else {
            is_in_number = false;
            is_in_word = c.is_alphanumeric() || c == '_';
            kind.push(c);
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_do_not_make_a_kind() {
        assert_eq!(without_numbers("document 17 not in the first 10"), "document N not in the first N");
        assert_eq!(without_numbers("0x7f1a2b at 1.5"), "N at N");
        assert_eq!(without_numbers("utf8 and h2 stay"), "utf8 and h2 stay");
        assert_eq!(without_numbers(&"x".repeat(1_000)).len(), LONGEST_TEXT);
    }

    #[test]
    fn kinds_are_counted_with_first_last_and_a_sample() {
        let tally = Tally::default();
        tally.failure(OutcomeClass::Error, "slot 3 is gone", 1_000_000_000);
        tally.failure(OutcomeClass::Error, "slot 4 is gone", 3_000_000_000);
        tally.failure(OutcomeClass::Rejected, "slot 4 is gone", 2_000_000_000);
        let shown: Vec<_> =
            tally.kinds().into_iter().map(|k| (k.class, k.count, k.sample, k.first_s, k.last_s)).collect();
        assert_eq!(
            shown,
            [
                ("error".to_owned(), 2, "slot 3 is gone".to_owned(), 1.0, 3.0),
                ("rejected".to_owned(), 1, "slot 4 is gone".to_owned(), 2.0, 2.0)
            ]
        );
    }

    #[test]
    fn endless_kinds_stay_bounded_and_counted() {
        let tally = Tally::default();
        for n in 0..1_000 {
            let word: String = format!("{n}").chars().map(|d| (b'a' + d as u8 - b'0') as char).collect();
            tally.failure(OutcomeClass::Error, &word, 0);
        }
        let kinds = tally.kinds();
        assert_eq!(kinds.len(), KINDS + 1);
        assert_eq!(kinds[0].text, "(other kinds)");
        assert_eq!(kinds.iter().map(|k| k.count).sum::<u64>(), 1_000);
    }

    #[test]
    fn statuses_are_counted_by_code() {
        let tally = Tally::default();
        [200, 200, 429, 0].into_iter().for_each(|code| tally.status(code));
        assert_eq!(tally.statuses(), BTreeMap::from([(0, 1), (200, 2), (429, 1)]));
    }
}
