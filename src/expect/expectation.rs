use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    bound::{Bound, exact_duration},
    error::ExpectationError,
    metric::Metric,
    parse, quoted,
    terms::{Abort, Scope, Terms, Watching},
};

/// A threshold as data: a metric, a bound, and the part of the load that it is about.
///
/// ```
/// use proofload::{expect::{Expectation, latency}, millis};
/// let written = Expectation::parse("latency.p95 < 100ms in each phase").unwrap();
/// let built = latency().p95().below(millis(100)).in_each_phase();
/// assert_eq!(written, built);
/// assert_eq!(built.to_string(), "latency.p95 < 100ms in each phase");
/// ```
///
/// One that was built from something impossible (a limit that is not a number) carries the error with it:
///
/// ```
/// # use proofload::expect::success_rate;
/// assert!(success_rate().at_least(f64::NAN).check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation(Result<Terms, ExpectationError>);

impl Expectation {
    /// Reads `METRIC OPERATOR VALUE`, and after it what is wanted of
    ///
    /// - `of load "NAME"`: it is about this load only;
    /// - `with tag "NAME"`: about the operations that call themselves so ([`Op::tag`](crate::Op::tag)) and have ended, of
    ///   the whole load: together with the clauses below it is an error;
    /// - `in each phase` or `in phase "NAME"`: about a part of the load;
    /// - `over 10s`: it has to hold in every window of 10 s while the load runs, from 1s to 1h;
    /// - `for 30s`: windows (of 1 s without `over`) count as missed only once they are for 30 s in a row, from 1s to
    ///   24h;
    /// - `abort`, after one of these two: once missed, the case ends. `abort after 1m` not before the first minute,
    ///   `abort from 100 samples` not before so many operations have ended.
    ///
    /// ```
    /// # use proofload::expect::Expectation;
    /// let text = "error_rate < 5% of load \"searches\" over 10s for 30s abort after 1m from 100 samples";
    /// assert_eq!(Expectation::parse(text).unwrap().to_string(), text);
    /// ```
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, ExpectationError> {
        parse::terms(text).map(|terms| Self(Ok(terms)))
    }

    /// Reads what code has put together; an error stays inside until [`Expectation::check`] asks.
    pub(super) fn built(text: &str) -> Self {
        Self(parse::terms(text))
    }

    /// Whether this can be judged at all.
    ///
    /// # Errors
    /// The limit or the percentile that it was built from does not exist.
    pub fn check(&self) -> Result<(), ExpectationError> {
        self.terms().map(|_| ()).map_err(Clone::clone)
    }

    /// The same for each phase by itself; the worst one decides.
    #[must_use]
    pub fn in_each_phase(self) -> Self {
        self.scoped(Scope::EachPhase)
    }

    /// The same for the phase `name` only.
    #[must_use]
    pub fn in_phase(self, name: impl Into<String>) -> Self {
        self.scoped(Scope::Phase(name.into()))
    }

    /// The same for the load `name` only.
    #[must_use]
    pub fn of_load(self, name: impl Into<String>) -> Self {
        self.changed(|terms| terms.load = Some(name.into()))
    }

    /// The same for the operations that call themselves `name` ([`Op::tag`](crate::Op::tag)) only. Those that never
    /// started or never ended are in no tag: `success_rate` and `error_rate` are then shares of the tagged ones that
    /// ended, and a pass that would not stand with the others among them is inconclusive. Phases and metrics without
    /// figures by tag make it an error.
    ///
    /// ```
    /// use proofload::{expect::{Expectation, latency}, millis};
    /// let reads = latency().p95().below(millis(20)).with_tag("read");
    /// assert_eq!(reads, Expectation::parse("latency.p95 < 20ms with tag \"read\"").unwrap());
    /// assert_eq!(reads.tag(), Some("read"));
    /// ```
    #[must_use]
    pub fn with_tag(self, name: impl Into<String>) -> Self {
        self.changed(|terms| terms.tag = Some(name.into()))
    }

    /// The same in every window of this length while the load runs, from 1 s to 1 h.
    #[must_use]
    pub fn over(self, window: Duration) -> Self {
        self.watched(|watching| watching.over = Some(window))
    }

    /// Counts as missed only once windows were missed for so long in a row; they are of 1 s unless
    /// [`over`](Expectation::over) says otherwise.
    #[must_use]
    pub fn for_at_least(self, lasting: Duration) -> Self {
        self.watched(|watching| watching.lasting = Some(lasting))
    }

    /// Ends the case early once it is missed. Wants [`over`](Expectation::over) or
    /// [`for_at_least`](Expectation::for_at_least) before it.
    #[must_use]
    pub fn aborting(self) -> Self {
        self.aborted(|_| {})
    }

    /// As [`aborting`](Expectation::aborting), but not before `delay` from the end of the warm-up.
    #[must_use]
    pub fn aborting_after(self, delay: Duration) -> Self {
        self.aborted(|abort| abort.after = delay)
    }

    /// As [`aborting`](Expectation::aborting), but not before `samples` operations of the load have ended.
    #[must_use]
    pub fn aborting_from(self, samples: u64) -> Self {
        self.aborted(|abort| abort.from_samples = samples)
    }

    /// The metric, if the expectation is valid.
    pub fn metric(&self) -> Option<&Metric> {
        self.terms().ok().map(|terms| &terms.metric)
    }

    /// The bound, if the expectation is valid.
    pub fn bound(&self) -> Option<Bound> {
        self.terms().ok().map(|terms| terms.bound)
    }

    /// The part of the load that it is about, if the expectation is valid.
    pub fn scope(&self) -> Option<&Scope> {
        self.terms().ok().map(|terms| &terms.scope)
    }

    /// The only load that it is about, if it names one.
    pub fn load(&self) -> Option<&str> {
        self.terms().ok().and_then(|terms| terms.load.as_deref())
    }

    /// What the operations call themselves that it is about, if it is not about all of them.
    pub fn tag(&self) -> Option<&str> {
        self.terms().ok().and_then(|terms| terms.tag.as_deref())
    }

    /// How it is looked at while a load runs; `None` when it is judged once, at the end.
    pub fn watching(&self) -> Option<Watching> {
        self.terms().ok().and_then(|terms| terms.watching)
    }

    /// Whether it is about the load `name`: about any, or about this one.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        self.load().is_none_or(|load| load == name)
    }

    pub(crate) const fn terms(&self) -> Result<&Terms, &ExpectationError> {
        self.0.as_ref()
    }

    fn scoped(self, scope: Scope) -> Self {
        self.changed(|terms| terms.scope = scope)
    }

    fn aborted(self, change: impl FnOnce(&mut Abort)) -> Self {
        self.watched(|watching| change(watching.abort.get_or_insert_default()))
    }

    fn watched(self, change: impl FnOnce(&mut Watching)) -> Self {
        self.changed(|terms| change(terms.watching.get_or_insert_default()))
    }

    fn changed(self, change: impl FnOnce(&mut Terms)) -> Self {
        match self.0 {
            // Read again rather than set, so that the parser alone knows what goes together.
            Ok(mut terms) => {
                change(&mut terms);
                Self::built(&terms.to_string())
            }
            invalid => Self(invalid),
        }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.metric, self.bound)?;
        if let Some(load) = &self.load {
            f.write_str(" of load ")?;
            quoted::write(f, load)?;
        }
        if let Some(tag) = &self.tag {
            f.write_str(" with tag ")?;
            quoted::write(f, tag)?;
        }
        write!(f, "{}", self.scope)?;
        self.watching.map_or(Ok(()), |watching| watching.fmt(f))
    }
}

impl fmt::Display for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (clause, length) in [("over", self.over), ("for", self.lasting)] {
            if let Some(length) = length {
                write!(f, " {clause} {}", exact_duration(length))?;
            }
        }
        let Some(abort) = self.abort else { return Ok(()) };
        f.write_str(" abort")?;
        if !abort.after.is_zero() {
            write!(f, " after {}", exact_duration(abort.after))?;
        }
        match abort.from_samples {
            0 => Ok(()),
            samples => write!(f, " from {samples} samples"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::EachPhase => f.write_str(" in each phase"),
            Self::Phase(name) => {
                f.write_str(" in phase ")?;
                quoted::write(f, name)
            }
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(terms) => terms.fmt(f),
            Err(error) => f.write_str(error.text()),
        }
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What can be given where an expectation is wanted: a text, or one that code has built.
pub trait IntoExpectation {
    /// The expectation.
    ///
    /// # Errors
    /// It is not a valid one.
    fn into_expectation(self) -> Result<Expectation, ExpectationError>;
}

impl IntoExpectation for &str {
    fn into_expectation(self) -> Result<Expectation, ExpectationError> {
        Expectation::parse(self)
    }
}

impl IntoExpectation for String {
    fn into_expectation(self) -> Result<Expectation, ExpectationError> {
        Expectation::parse(&self)
    }
}

impl IntoExpectation for Expectation {
    fn into_expectation(self) -> Result<Expectation, ExpectationError> {
        self.check().map(|()| self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_and_read_as_its_text() {
        let text = r#"service_time.p99.9 <= 1.5s in phase "the \"peak\"""#;
        let expectation = Expectation::parse(text).unwrap();
        assert_eq!(expectation.scope(), Some(&Scope::Phase("the \"peak\"".to_owned())));
        let json = serde_json::to_string(&expectation).unwrap();
        assert_eq!(json, serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::from_str::<Expectation>(&json).unwrap(), expectation);
        let error = serde_json::from_str::<Expectation>("\"dropped = 0\"").unwrap_err().to_string();
        assert!(error.starts_with("expectation: `=` is not an operator: use `==`"), "{error}");
    }

    #[test]
    fn a_later_scope_replaces_an_earlier_one() {
        let expectation = Expectation::parse("ok > 0 in each phase").unwrap();
        assert_eq!(expectation.in_phase("hold").to_string(), "ok > 0 in phase \"hold\"");
    }

    #[test]
    fn texts_and_built_ones_become_expectations_or_errors() {
        assert_eq!("ok > 0".into_expectation(), String::from("ok > 0").into_expectation());
        assert!("ok >".into_expectation().is_err());
        let invalid = Expectation::parse("cpu.mean < 150%").unwrap().in_each_phase();
        assert_eq!(
            invalid.into_expectation().unwrap_err().mistake().to_string(),
            "cpu.mean is known for the whole load only, not for a phase: leave `in` away"
        );
        let tagged = Expectation::parse("ok > 0").unwrap().with_tag("a \"b\"");
        assert_eq!(tagged.to_string(), r#"ok > 0 with tag "a \"b\"""#);
        assert_eq!(tagged.clone().with_tag("c").tag(), Some("c"));
        assert_eq!(
            tagged.in_each_phase().check().unwrap_err().mistake().to_string(),
            "tags have no phases: leave either `in` or `with tag` away"
        );
    }
}
