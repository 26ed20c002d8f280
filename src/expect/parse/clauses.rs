//! What may follow the value: `of load`, `with tag`, `in`, `over`, `for`, `abort`.

use std::{ops::Range, time::Duration};

use super::{CLAUSES, Scanner};
use crate::{
    expect::{
        error::{ExpectationError, Mistake},
        metric::Metric,
        quoted,
        terms::{Abort, Scope, Watching, whole_load_only, without_tags, without_windows},
    },
    units::parse_duration,
};

/// What `over` may be. A reading of the recorders covers 0.2 s, so shorter windows would be mostly border; a case
/// that looks over more than an hour wants the figure of the whole load.
const OVER: Lengths =
    Lengths { clause: "over", least_s: 1, most_s: 3_600, shown: ("1s", "1h"), example: "10s" };

/// What `for` may be.
const FOR: Lengths =
    Lengths { clause: "for", least_s: 1, most_s: 86_400, shown: ("1s", "24h"), example: "30s" };

/// The longest delay of an abort: longer than a day, it would never come.
const LONGEST_DELAY: Duration = Duration::from_secs(86_400);

struct Lengths {
    clause: &'static str,
    least_s: u64,
    most_s: u64,
    shown: (&'static str, &'static str),
    example: &'static str,
}

/// The clauses of an expectation.
pub(super) struct Clauses {
    pub(super) load: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) scope: Scope,
    pub(super) watching: Option<Watching>,
}

impl Scanner<'_> {
    pub(super) fn clauses(&mut self, metric: &Metric) -> Result<Clauses, ExpectationError> {
        let (mut load, mut tag, mut scope, mut watching) = (None, None, None, Watching::default());
        let (mut abort_at, mut of_a_phase) = (0..0, None);
        loop {
            self.skip_spaces();
            let (end, clause) = (self.to_the_end(), self.word());
            let word = &self.text[clause.clone()];
            let is_twice = match word {
                "" => break,
                "of" => load.replace(self.load(&end)?).is_some(),
                "with" => tag.replace(self.tag(metric, &end)?).is_some(),
                "in" => scope.replace(self.phase(metric, &end)?).is_some(),
                "over" => watching.over.replace(self.length(metric, &clause, &OVER)?).is_some(),
                "for" => watching.lasting.replace(self.length(metric, &clause, &FOR)?).is_some(),
                "abort" => {
                    abort_at = clause.clone();
                    watching.abort.replace(self.abort(metric, &clause)?).is_some()
                }
                _ => return self.trailing(end),
            };
            if is_twice {
                let mistake = Mistake::Twice { clause: word.to_owned() };
                return self.wrong(clause.start..self.at, mistake);
            }
            if word == "in" {
                of_a_phase.get_or_insert(clause.start..self.at);
            }
        }
        if let (Some(at), Some(_)) = (of_a_phase, &tag) {
            return self.wrong(at, Mistake::TagOfAPhase);
        }
        if watching.abort.is_some() && watching.over.is_none() && watching.lasting.is_none() {
            return self.wrong(abort_at, Mistake::AbortWithoutWindow);
        }
        let watching = (watching != Watching::default()).then_some(watching);
        Ok(Clauses { load, tag, scope: scope.unwrap_or(Scope::Whole), watching })
    }

    /// What follows `of`; `clause` is everything from there to the end.
    fn load(&mut self, clause: &Range<usize>) -> Result<String, ExpectationError> {
        let noun = self.word();
        match &self.text[noun] {
            "load" => self.name(clause, Mistake::BadLoad),
            _ => self.wrong(clause.clone(), Mistake::BadLoad),
        }
    }

    /// What follows `with`; `clause` as above.
    fn tag(&mut self, metric: &Metric, clause: &Range<usize>) -> Result<String, ExpectationError> {
        let noun = self.word();
        let name = match &self.text[noun] {
            "tag" => self.name(clause, Mistake::BadTag)?,
            _ => return self.wrong(clause.clone(), Mistake::BadTag),
        };
        match without_tags(metric) {
            Some(mistake) => self.wrong(clause.start..self.at, mistake),
            None => Ok(name),
        }
    }

    /// What follows `in`; `clause` as above.
    fn phase(&mut self, metric: &Metric, clause: &Range<usize>) -> Result<Scope, ExpectationError> {
        let next = self.word();
        let scope = match &self.text[next] {
            "each" => {
                let noun = self.word();
                match &self.text[noun] {
                    "phase" => Scope::EachPhase,
                    _ => return self.wrong(clause.clone(), Mistake::BadScope),
                }
            }
            "phase" => Scope::Phase(self.name(clause, Mistake::BadScope)?),
            _ => return self.wrong(clause.clone(), Mistake::BadScope),
        };
        match whole_load_only(metric) {
            Some(mistake) => self.wrong(clause.start..self.at, mistake),
            None => Ok(scope),
        }
    }

    /// A name in quotes; `mistake` when something else is there.
    fn name(&mut self, clause: &Range<usize>, mistake: Mistake) -> Result<String, ExpectationError> {
        self.skip_spaces();
        match quoted::read(self.rest()) {
            Some((name, length)) => {
                self.at += length;
                Ok(name)
            }
            None if self.rest().starts_with('"') => self.wrong(self.to_the_end(), Mistake::UnclosedQuote),
            None => self.wrong(clause.clone(), mistake),
        }
    }

    /// What follows `over` and `for`.
    fn length(
        &mut self,
        metric: &Metric,
        clause: &Range<usize>,
        lengths: &Lengths,
    ) -> Result<Duration, ExpectationError> {
        let at = self.words_before(&CLAUSES);
        if let Some(mistake) = without_windows(metric) {
            return self.wrong(clause.start..at.end, mistake);
        }
        let allowed = Duration::from_secs(lengths.least_s)..=Duration::from_secs(lengths.most_s);
        let length = parse_duration(&self.text[at.clone()]).ok().filter(|length| allowed.contains(length));
        let (clause, (least, most), example) = (lengths.clause, lengths.shown, lengths.example);
        length.map_or_else(|| self.wrong(at, Mistake::BadWindow { clause, least, most, example }), Ok)
    }

    /// What follows `abort`.
    fn abort(&mut self, metric: &Metric, clause: &Range<usize>) -> Result<Abort, ExpectationError> {
        if let Some(mistake) = without_windows(metric) {
            return self.wrong(clause.clone(), mistake);
        }
        let (mut after, mut from_samples) = (None, None);
        loop {
            let before = self.at;
            let next = self.word();
            let is_twice = match &self.text[next.clone()] {
                "after" => after.replace(self.delay()?).is_some(),
                "from" => from_samples.replace(self.samples()?).is_some(),
                _ => {
                    self.at = before;
                    break;
                }
            };
            if is_twice {
                let mistake = Mistake::Twice { clause: self.text[next.clone()].to_owned() };
                return self.wrong(next.start..self.at, mistake);
            }
        }
        Ok(Abort { after: after.unwrap_or_default(), from_samples: from_samples.unwrap_or_default() })
    }

    fn delay(&mut self) -> Result<Duration, ExpectationError> {
        let at = self.words_before(&[&CLAUSES[..], &["from", "after"]].concat());
        let delay = parse_duration(&self.text[at.clone()]).ok().filter(|delay| *delay <= LONGEST_DELAY);
        delay.map_or_else(|| self.wrong(at, Mistake::BadAbort), Ok)
    }

    fn samples(&mut self) -> Result<u64, ExpectationError> {
        let (number, noun) = (self.word(), self.word());
        let is_noun = matches!(&self.text[noun.clone()], "sample" | "samples");
        let digits = self.text[number.clone()].replace('_', "");
        let is_number = digits.bytes().all(|b| b.is_ascii_digit());
        let samples = digits.parse().ok().filter(|_| is_noun && is_number);
        samples.map_or_else(|| self.wrong(number.start..noun.end, Mistake::BadAbort), Ok)
    }

    /// The words up to the next of `ends` or to the end of the text.
    fn words_before(&mut self, ends: &[&str]) -> Range<usize> {
        self.skip_spaces();
        let (start, mut end) = (self.at, self.at);
        loop {
            let before = self.at;
            let word = self.word();
            if word.is_empty() || ends.contains(&&self.text[word.clone()]) {
                self.at = before;
                return start..end;
            }
            end = word.end;
        }
    }
}
