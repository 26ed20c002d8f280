//! The grammar of assertions: `breaking_point >= 500/s`, `degradation == graceful`, `no_leak`.

use super::{Scanner, is_operator};
use crate::expect::{
    assertion::{Claim, Grade},
    bound::{Bound, Comparison, Subject},
    error::{ExpectationError, Mistake},
    metric::{Dimension, Metric, unknown},
};

/// Whether the text begins with the name of something that procedures find.
pub(in crate::expect) fn is_claim(text: &str) -> bool {
    let name = text.trim_start().split(|c: char| c.is_whitespace() || is_operator(c)).next();
    name.is_some_and(|name| Claim::NAMES.contains(&name))
}

/// Reads an assertion.
pub(in crate::expect) fn claim(text: &str) -> Result<Claim, ExpectationError> {
    let mut scanner = Scanner { text, at: 0 };
    let at = scanner.run(|c| !c.is_whitespace() && !is_operator(c));
    let claim = match &text[at.clone()] {
        "" if text.trim().is_empty() => return scanner.wrong(0..0, Mistake::Empty),
        "" => {
            let operator = scanner.run(is_operator);
            return scanner.wrong(operator, Mistake::MissingMetric);
        }
        "breaking_point" => Claim::BreakingPoint(scanner.interval("breaking_point", Dimension::Rate)?),
        "capacity" => Claim::Capacity(scanner.interval("capacity", Dimension::Count)?),
        "connections" => Claim::Connections(scanner.interval("connections", Dimension::Count)?),
        "recovery_time" => Claim::RecoveryTime(scanner.interval("recovery_time", Dimension::Duration)?),
        "fault_leak" => Claim::FaultLeak(scanner.interval("fault_leak", Dimension::Ratio)?),
        "degradation" => scanner.degradation()?,
        "no_leak" => Claim::NoLeak,
        "no_drift" => Claim::NoDrift,
        name if name.parse::<Metric>().is_ok() => {
            return scanner.wrong(at, Mistake::OfALoad { name: name.to_owned() });
        }
        name => return scanner.wrong(at, unknown(name)),
    };
    scanner.skip_spaces();
    match scanner.to_the_end() {
        end if end.is_empty() => Ok(claim),
        end => scanner.trailing(end),
    }
}

impl Scanner<'_> {
    /// An operator and a limit, of something that is known as an interval or as "not within".
    fn interval(&mut self, name: &'static str, dimension: Dimension) -> Result<Bound, ExpectationError> {
        let before = self.at;
        let comparison = self.comparison()?;
        if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            let (known, instead) = ("between two figures", "write one of <, <=, > and >=");
            let operator = before + self.text[before..self.at].find(is_operator).unwrap_or(0)..self.at;
            return self.wrong(operator, Mistake::OperatorOfFinding { name, known, instead });
        }
        let subject = Subject { name: name.to_owned(), dimension, is_share_of_due: false };
        Ok(Bound { comparison, limit: self.limit(&subject)? })
    }

    fn degradation(&mut self) -> Result<Claim, ExpectationError> {
        self.skip_spaces();
        let before = self.at;
        let comparison = self.comparison()?;
        let operator = before..self.at;
        let word = self.word();
        let Some(grade) = Grade::ALL.into_iter().find(|grade| grade.words() == &self.text[word.clone()])
        else {
            let found = self.text[word.clone()].to_owned();
            return self.wrong(word, Mistake::BadGrade { found });
        };
        match comparison {
            Comparison::Equal => Ok(Claim::Degrades(grade)),
            Comparison::NotEqual => Ok(Claim::DegradesNot(grade)),
            Comparison::Below | Comparison::AtMost | Comparison::Above | Comparison::AtLeast => {
                let (name, known, instead) = ("degradation", "by a word", "write one of == and !=");
                self.wrong(operator, Mistake::OperatorOfFinding { name, known, instead })
            }
        }
    }
}
