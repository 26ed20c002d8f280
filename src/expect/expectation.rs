use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    bound::Bound,
    error::ExpectationError,
    metric::Metric,
    parse, quoted,
    terms::{Scope, Terms},
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
    /// Reads `METRIC OPERATOR VALUE`, and after it `in each phase` or `in phase "NAME"` if wanted.
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

    pub(crate) const fn terms(&self) -> Result<&Terms, &ExpectationError> {
        self.0.as_ref()
    }

    fn scoped(self, scope: Scope) -> Self {
        match self.0 {
            // Read again rather than set, so that the parser alone knows which metrics have phases.
            Ok(terms) => Self::built(&Terms { scope, ..terms }.to_string()),
            invalid => Self(invalid),
        }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.metric, self.bound, self.scope)
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
            "cpu.mean is known for the whole load only, not for a phase"
        );
    }
}
