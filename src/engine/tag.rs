use std::{array, collections::BTreeMap, sync::OnceLock};

use crate::observe::{Ended, Figures, Recorder};

/// Names kept apart in a process; operations with further ones count together.
const MOST: usize = 32;

/// Longest name, in characters.
const LONGEST: usize = 60;

/// What operations with more names than are kept apart are called.
const OTHERS: &str = "(other tags)";

/// A name that operations call themselves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u8);

/// The names in the order of their first use. They are the same few for the whole process, so that looking one up
/// asks no load and takes no lock.
static NAMES: Names = Names([const { OnceLock::new() }; MOST]);

struct Names([OnceLock<String>; MOST]);

impl Names {
    fn tag(&self, name: &str) -> Tag {
        let short = || name.chars().take(LONGEST).collect();
        let is_it = |known: &String| known == name || name.len() > LONGEST && *known == short();
        let at = self.0.iter().position(|slot| is_it(slot.get_or_init(short))).unwrap_or(MOST);
        Tag(at as u8)
    }

    fn name(&self, at: usize) -> &str {
        self.0.get(at).and_then(OnceLock::get).map_or(OTHERS, String::as_str)
    }
}

impl Tag {
    /// The tag of this name.
    pub(super) fn of(name: &str) -> Self {
        NAMES.tag(name)
    }
}

/// The figures of the operations of one load by their tags.
pub(super) struct Tags {
    recorders: [OnceLock<Box<Recorder>>; MOST + 1],
}

impl Default for Tags {
    fn default() -> Self {
        Self { recorders: array::from_fn(|_| OnceLock::new()) }
    }
}

impl Tags {
    /// The figures of one tag, where what is more to an outcome is noted too.
    pub(super) fn recorder(&self, tag: Tag) -> &Recorder {
        self.recorders[usize::from(tag.0)].get_or_init(|| Box::new(Recorder::new()))
    }

    /// Counts an operation that ended: due and ended at once, since what it is called is known at its end only.
    pub(super) fn count(&self, tag: Tag, ended: Ended) {
        let recorder = self.recorder(tag);
        recorder.due();
        recorder.ended(ended);
    }

    /// What was counted, by name, in a load that lasted `duration_s`.
    pub(super) fn figures(&self, duration_s: f64) -> BTreeMap<String, Figures> {
        let of_load = |(name, recorder): (&str, &Recorder)| {
            (name.to_owned(), Figures { duration_s, ..figures_of(recorder) })
        };
        self.used().map(of_load).collect()
    }

    /// What was counted since the figures `known`, which become the new ones, by the names of the tags that had any.
    pub(super) fn since(&self, known: &mut BTreeMap<String, Figures>) -> Vec<(String, Figures)> {
        let mut news = Vec::new();
        for (name, recorder) in self.used() {
            let before = known.get(name);
            if before.is_some_and(|before| recorder.counts() == before.counts) {
                continue;
            }
            let now = figures_of(recorder);
            news.push((name.to_owned(), before.map_or_else(|| now.clone(), |before| now.since(before))));
            known.insert(name.to_owned(), now);
        }
        news
    }

    /// The tags that an operation had.
    fn used(&self) -> impl Iterator<Item = (&str, &Recorder)> {
        let slots = self.recorders.iter().enumerate();
        slots.filter_map(|(at, slot)| Some((NAMES.name(at), &**slot.get()?)))
    }
}

/// As of a whole load: what ended after its stage, and before the end, is part of the throughput.
fn figures_of(recorder: &Recorder) -> Figures {
    let figures = recorder.figures();
    Figures { after_phase: figures.after_load, ok_after_phase: figures.ok_after_load, ..figures }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_tags_and_endless_ones_share_the_last() {
        let names = Names([const { OnceLock::new() }; MOST]);
        let long = "é".repeat(200);
        assert_eq!(
            [names.tag("read"), names.tag(&long), names.tag("read"), names.tag(&long)].map(|t| t.0),
            [0, 1, 0, 1]
        );
        assert_eq!(names.name(1).chars().count(), LONGEST);
        let further: Vec<u8> = (0..500).map(|n| names.tag(&format!("name {n}")).0).collect();
        assert_eq!((further[0], further[MOST - 3], further[MOST - 2], further[499]), (2, 31, 32, 32));
        assert_eq!((names.name(31), names.name(MOST)), ("name 29", OTHERS));
    }
}
