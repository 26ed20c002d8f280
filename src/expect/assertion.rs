use std::{fmt, marker::PhantomData, time::Duration};

use super::{
    bound::{Bound, Comparison},
    build::Limit,
    error::ExpectationError,
    expectation::Expectation,
    parse,
};
use crate::units::{Rate, Ratio};

/// A threshold on what the procedures of a case find out, judged at the end of the case.
///
/// | text | in code |
/// |---|---|
/// | `breaking_point >= 500/s` | `breaking_point().at_least(per_second(500))` |
/// | `capacity >= 100` | `capacity().at_least(100)` |
/// | `connections >= 500` | `connections().at_least(500)` |
/// | `recovery_time < 30s` | `recovery_time().below(seconds(30))` |
/// | `fault_leak < 1%` | `fault_leak().below(percent(1))` |
/// | `degradation == graceful`, `degradation != collapse` | `degradation().is(Grade::Graceful)`, `.is_not(...)` |
/// | `no_leak`, `no_drift` | `no_leak()`, `no_drift()` |
///
/// ```
/// use proofload::{expect::{Assertion, breaking_point}, per_second};
/// let written = Assertion::parse("breaking_point >= 500/s").unwrap();
/// assert_eq!(written, breaking_point().at_least(per_second(500)));
/// assert_eq!(written.to_string(), "breaking_point >= 500/s");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion(Result<Claim, ExpectationError>);

/// What an assertion says.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// The rate up to which a target holds, `breaking_point`.
    BreakingPoint(Bound),
    /// How many operations at once it serves, `capacity`.
    Capacity(Bound),
    /// How many connections at once it serves, `connections`.
    Connections(Bound),
    /// How long it takes to come back to normal after an overload, `recovery_time`.
    RecoveryTime(Bound),
    /// Which share of the failures that were injected is seen outside, `fault_leak`.
    FaultLeak(Bound),
    /// What it does beyond its peak is this, `degradation ==`.
    Degrades(Grade),
    /// What it does beyond its peak is anything but this, `degradation !=`.
    DegradesNot(Grade),
    /// Memory does not grow without an end.
    NoLeak,
    /// Neither latency nor the share of failures rises under a constant load.
    NoDrift,
}

/// What a target does when it is asked for more than it can do: see [`judge::Degradation`](crate::judge::Degradation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// It goes on doing what it can, and sheds the rest.
    Graceful,
    /// It does less than it could.
    Degraded,
    /// It does next to nothing of what it could.
    Collapse,
}

impl Grade {
    pub(super) const ALL: [Self; 3] = [Self::Graceful, Self::Degraded, Self::Collapse];

    /// The grade in a word.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Graceful => "graceful",
            Self::Degraded => "degraded",
            Self::Collapse => "collapse",
        }
    }
}

impl Claim {
    pub(super) const NAMES: [&str; 8] = [
        "breaking_point",
        "capacity",
        "connections",
        "recovery_time",
        "fault_leak",
        "degradation",
        "no_leak",
        "no_drift",
    ];

    /// What it is about: the first word of its text.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BreakingPoint(_) => "breaking_point",
            Self::Capacity(_) => "capacity",
            Self::Connections(_) => "connections",
            Self::RecoveryTime(_) => "recovery_time",
            Self::FaultLeak(_) => "fault_leak",
            Self::Degrades(_) | Self::DegradesNot(_) => "degradation",
            Self::NoLeak => "no_leak",
            Self::NoDrift => "no_drift",
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::BreakingPoint(bound)
            | Self::Capacity(bound)
            | Self::Connections(bound)
            | Self::RecoveryTime(bound)
            | Self::FaultLeak(bound) => write!(f, "{name} {bound}"),
            Self::Degrades(grade) => write!(f, "{name} {} {}", Comparison::Equal, grade.words()),
            Self::DegradesNot(grade) => write!(f, "{name} {} {}", Comparison::NotEqual, grade.words()),
            Self::NoLeak | Self::NoDrift => f.write_str(name),
        }
    }
}

impl Assertion {
    /// Reads an assertion.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, ExpectationError> {
        parse::claim(text).map(|claim| Self(Ok(claim)))
    }

    /// Whether this can be judged at all.
    ///
    /// # Errors
    /// The limit that it was built from does not exist.
    pub fn check(&self) -> Result<(), ExpectationError> {
        self.claim().map(|_| ()).map_err(Clone::clone)
    }

    /// What it says.
    ///
    /// # Errors
    /// The limit that it was built from does not exist.
    pub const fn claim(&self) -> Result<&Claim, &ExpectationError> {
        self.0.as_ref()
    }

    fn built(text: &str) -> Self {
        Self(parse::claim(text))
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(claim) => claim.fmt(f),
            Err(error) => f.write_str(error.text()),
        }
    }
}

/// What can be given where an assertion is wanted: a text, or one that code has built.
pub trait IntoAssertion {
    /// The assertion.
    ///
    /// # Errors
    /// It is not a valid one.
    fn into_assertion(self) -> Result<Assertion, ExpectationError>;
}

impl IntoAssertion for &str {
    fn into_assertion(self) -> Result<Assertion, ExpectationError> {
        Assertion::parse(self)
    }
}

impl IntoAssertion for String {
    fn into_assertion(self) -> Result<Assertion, ExpectationError> {
        Assertion::parse(&self)
    }
}

impl IntoAssertion for Assertion {
    fn into_assertion(self) -> Result<Assertion, ExpectationError> {
        self.check().map(|()| self)
    }
}

/// What the setting `expect` holds: something about each load, or about what the case's procedures find.
///
/// ```
/// use proofload::expect::Stated;
/// assert!(matches!(Stated::parse("success_rate >= 95%"), Ok(Stated::OfLoads(_))));
/// assert!(matches!(Stated::parse("no_leak"), Ok(Stated::OfFindings(_))));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Stated {
    /// Of each load, or of those it names.
    OfLoads(Expectation),
    /// Of what procedures find.
    OfFindings(Assertion),
}

impl Stated {
    /// Reads either; the name it begins with tells which.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, ExpectationError> {
        match parse::is_claim(text) {
            true => Assertion::parse(text).map(Self::OfFindings),
            false => Expectation::parse(text).map(Self::OfLoads),
        }
    }
}

/// Something that procedures find and that still wants its limit, of the kind `D`.
#[must_use = "a measure asserts nothing until it has a limit, such as `.at_least(...)`"]
#[derive(Debug, Clone, Copy)]
pub struct FoundMeasure<D> {
    name: &'static str,
    limit: PhantomData<fn() -> D>,
}

impl<D> FoundMeasure<D> {
    const fn new(name: &'static str) -> Self {
        Self { name, limit: PhantomData }
    }

    /// `<`: smaller than `limit`.
    pub fn below(self, limit: impl Limit<D>) -> Assertion {
        self.compared(Comparison::Below, limit)
    }

    /// `<=`: not larger than `limit`.
    pub fn at_most(self, limit: impl Limit<D>) -> Assertion {
        self.compared(Comparison::AtMost, limit)
    }

    /// `>`: larger than `limit`.
    pub fn above(self, limit: impl Limit<D>) -> Assertion {
        self.compared(Comparison::Above, limit)
    }

    /// `>=`: not smaller than `limit`.
    pub fn at_least(self, limit: impl Limit<D>) -> Assertion {
        self.compared(Comparison::AtLeast, limit)
    }

    fn compared(self, comparison: Comparison, limit: impl Limit<D>) -> Assertion {
        Assertion::built(&format!("{} {comparison} {}", self.name, limit.written()))
    }
}

/// The rate up to which the target holds.
pub const fn breaking_point() -> FoundMeasure<Rate> {
    FoundMeasure::new("breaking_point")
}

/// How many operations at once the target serves.
pub const fn capacity() -> FoundMeasure<u64> {
    FoundMeasure::new("capacity")
}

/// How many connections at once the target serves.
pub const fn connections() -> FoundMeasure<u64> {
    FoundMeasure::new("connections")
}

/// How long the target takes to come back to normal after an overload.
pub const fn recovery_time() -> FoundMeasure<Duration> {
    FoundMeasure::new("recovery_time")
}

/// Which share of the failures that were injected is seen outside, in spite of retries and fallbacks.
pub const fn fault_leak() -> FoundMeasure<Ratio> {
    FoundMeasure::new("fault_leak")
}

/// Memory does not grow without an end.
pub const fn no_leak() -> Assertion {
    Assertion(Ok(Claim::NoLeak))
}

/// Neither latency nor the share of failures rises under a constant load.
pub const fn no_drift() -> Assertion {
    Assertion(Ok(Claim::NoDrift))
}

/// How the target degrades beyond its peak.
pub const fn degradation() -> Degrading {
    Degrading(())
}

/// Degradation that still wants its grade.
#[must_use = "degradation asserts nothing until it has a grade, such as `.is(Grade::Graceful)`"]
#[derive(Debug, Clone, Copy)]
pub struct Degrading(());

impl Degrading {
    /// `==`
    pub const fn is(self, grade: Grade) -> Assertion {
        Assertion(Ok(Claim::Degrades(grade)))
    }

    /// `!=`
    pub const fn is_not(self, grade: Grade) -> Assertion {
        Assertion(Ok(Claim::DegradesNot(grade)))
    }
}

#[cfg(test)]
mod tests;
