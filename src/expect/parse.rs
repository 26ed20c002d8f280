//! The grammar, by hand: `METRIC OPERATOR VALUE` and the clauses after it, which may come in any order.

mod assertion;
mod clauses;

use std::ops::Range;

use super::{
    bound::{Bound, Comparison, Subject, Value},
    error::{ExpectationError, Mistake},
    metric::Metric,
    quoted,
    terms::Terms,
};

use clauses::Clauses;

pub(super) use assertion::{claim, is_claim};

/// Reads an expectation.
pub(super) fn terms(text: &str) -> Result<Terms, ExpectationError> {
    let mut scanner = Scanner { text, at: 0 };
    let metric = scanner.metric()?;
    let comparison = scanner.comparison()?;
    let limit = scanner.limit(&Subject::from(&metric))?;
    let Clauses { load, tag, scope, watching } = scanner.clauses(&metric)?;
    let bound = Bound { comparison, limit };
    Ok(Terms { metric, bound, load, tag, scope, watching })
}

/// The words that may follow a value.
const CLAUSES: [&str; 6] = ["of", "with", "in", "over", "for", "abort"];

fn is_operator(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '!' | '≤' | '≥' | '≠' | '~')
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// From here to the end, spaces at the end excluded.
    fn to_the_end(&self) -> Range<usize> {
        self.at..self.at + self.rest().trim_end().len()
    }

    fn wrong<T>(&self, at: Range<usize>, mistake: Mistake) -> Result<T, ExpectationError> {
        Err(ExpectationError::new(self.text, at, mistake))
    }

    /// The next run of characters that `belong`.
    fn run(&mut self, belong: impl Fn(char) -> bool) -> Range<usize> {
        self.skip_spaces();
        let start = self.at;
        self.at += self.rest().find(|c| !belong(c)).unwrap_or(self.rest().len());
        start..self.at
    }

    fn word(&mut self) -> Range<usize> {
        self.run(|c| !c.is_whitespace())
    }

    fn metric(&mut self) -> Result<Metric, ExpectationError> {
        self.skip_spaces();
        if self.rest().is_empty() {
            return self.wrong(0..0, Mistake::Empty);
        }
        let start = self.at;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '"' => match quoted::read(self.rest()) {
                    Some((_, length)) => self.at += length,
                    None => return self.wrong(self.to_the_end(), Mistake::UnclosedQuote),
                },
                c if c.is_whitespace() || is_operator(c) => break,
                c => self.at += c.len_utf8(),
            }
        }
        let name = start..self.at;
        match name.is_empty() {
            true => {
                let operator = self.run(is_operator);
                self.wrong(operator, Mistake::MissingMetric)
            }
            false => self.text[name.clone()].parse().or_else(|mistake| self.wrong(name, mistake)),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, ExpectationError> {
        let operator = self.run(is_operator);
        if operator.is_empty() {
            let word = self.word();
            return self.wrong(word, Mistake::MissingOperator);
        }
        self.text[operator.clone()].parse().or_else(|mistake| self.wrong(operator, mistake))
    }

    /// A value may be of several words (`1m 30s`): all up to the end or to a clause.
    fn limit(&mut self, subject: &Subject) -> Result<Value, ExpectationError> {
        let mut words = Vec::new();
        let end = loop {
            let word = self.word();
            if word.is_empty() || CLAUSES.contains(&&self.text[word.clone()]) {
                break word;
            }
            words.push(word);
        };
        self.at = end.start;
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            let wanted = subject.dimension.wanted();
            return self.wrong(end, Mistake::MissingValue { metric: subject.name.clone(), wanted });
        };
        let whole = first.start..last.end;
        let mistake = match Value::read(&self.text[whole.clone()], subject) {
            Ok(value) => return Ok(value),
            Err(mistake) => mistake,
        };
        // When fewer words would do, the others are what is wrong.
        let shorter = words.windows(2).rev().find(|pair| {
            let fewer = &self.text[first.start..pair[0].end];
            !matches!(Value::read(fewer, subject), Err(Mistake::WrongValue { .. }))
        });
        match shorter {
            None => self.wrong(whole, mistake),
            Some(pair) => match Value::read(&self.text[first.start..pair[0].end], subject) {
                Ok(_) => self.trailing(pair[1].start..last.end),
                Err(mistake) => self.wrong(first.start..pair[0].end, mistake),
            },
        }
    }

    fn trailing<T>(&self, at: Range<usize>) -> Result<T, ExpectationError> {
        let words = self.text[at.clone()].to_owned();
        self.wrong(at, Mistake::TrailingWords { words })
    }
}

#[cfg(test)]
mod tests;
