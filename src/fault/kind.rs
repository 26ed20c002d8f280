use std::{fmt, str::FromStr, time::Duration};

use super::{FaultError, Latency, hold::Hold};
use crate::{
    case::nearest,
    units::{ByteSize, parse_duration},
};

/// What an operation meets.
///
/// A fault can be written in words too: `error`, `error no route`, `hang`, `panic`, `panic out of luck`, `latency 20ms`,
/// `latency 10ms..50ms`, `latency exponential 20ms`, `latency normal 20ms 5ms`, `latency log-normal 20ms 3` and
/// `memory 1MiB for 500ms`.
///
/// ```
/// use proofload::fault::Fault;
/// let fault: Fault = "latency 10ms..50ms".parse().unwrap();
/// assert_eq!(fault.to_string(), "latency of 10 ms to 50 ms");
/// let unknown = "latecny 10ms".parse::<Fault>().unwrap_err();
/// assert_eq!(
///     unknown.to_string(),
///     "\"latecny 10ms\" is no fault: there are error, hang, panic, latency and memory; did you mean `latency`?"
/// );
/// ```
#[derive(Debug, Clone)]
pub struct Fault(pub(super) Kind);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Error(Box<str>),
    Hang,
    Panic(Box<str>),
    Latency(Latency),
    Hold(Hold),
}

/// What an injected error or panic says where nothing is stated.
const USUAL: &str = "injected";

/// The words that faults begin with.
const WORDS: [&str; 5] = ["error", "hang", "panic", "latency", "memory"];

impl Fault {
    /// The operation fails with an error of this kind.
    pub fn error(kind: impl fmt::Display) -> Self {
        Self(Kind::Error(kind.to_string().into()))
    }

    /// The operation goes no further until its timeout cuts it off. It goes on where the fault ends before that.
    pub const fn hang() -> Self {
        Self(Kind::Hang)
    }

    /// The operation panics with this message, which is counted as its error and is not tried again.
    pub fn panic(message: impl fmt::Display) -> Self {
        Self(Kind::Panic(message.to_string().into()))
    }

    /// The operation waits before it begins.
    pub const fn latency(latency: Latency) -> Self {
        Self(Kind::Latency(latency))
    }

    /// The operation takes so much memory, which is held for `length` while it goes on: touched pages, never more than
    /// what [`Context::pressure_bounds`](crate::Context::pressure_bounds) leave.
    pub const fn hold_memory(amount: ByteSize, length: Duration) -> Self {
        Self(Kind::Hold(Hold::memory(amount, length)))
    }

    /// The operation takes something, called `name`, which is held for `length` while it goes on: a permit, a
    /// connection, a lock. Dropping what `take` comes to gives it back.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use proofload::{fault::Fault, millis};
    /// use tokio::sync::Semaphore;
    ///
    /// let pool = Arc::new(Semaphore::new(8));
    /// let fault = Fault::hold("permit", millis(500), move || Arc::clone(&pool).acquire_owned());
    /// assert_eq!(fault.to_string(), "permit held for 500 ms");
    /// ```
    pub fn hold<F, T>(name: impl fmt::Display, length: Duration, take: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output: Send + 'static> + Send + 'static,
    {
        Self(Kind::Hold(Hold::resource(name.to_string(), length, take)))
    }

    /// The word for it, as counts name it: `error`, `hang`, `panic`, `latency` or `hold`.
    pub const fn word(&self) -> &'static str {
        match self.0 {
            Kind::Error(_) => "error",
            Kind::Hang => "hang",
            Kind::Panic(_) => "panic",
            Kind::Latency(_) => "latency",
            Kind::Hold(_) => "hold",
        }
    }

    /// Why it cannot be, if it cannot.
    pub(super) fn mistake(&self) -> Option<String> {
        match &self.0 {
            Kind::Latency(latency) => latency.mistake(),
            Kind::Hold(hold) => hold.mistake(),
            Kind::Error(kind) if kind.trim().is_empty() => {
                Some("it says nothing: give it the kind of error that the report is to show".to_owned())
            }
            Kind::Error(_) | Kind::Hang | Kind::Panic(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Error(kind) => write!(f, "error `{kind}`"),
            Kind::Hang => f.write_str("hang"),
            Kind::Panic(message) => write!(f, "panic `{message}`"),
            Kind::Latency(latency) => write!(f, "latency of {latency}"),
            Kind::Hold(hold) => write!(f, "{hold}"),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let trimmed = text.trim();
        let (word, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        let rest = rest.trim();
        let said = if rest.is_empty() { USUAL } else { rest };
        let fault = match word {
            "error" => Ok(Self::error(said)),
            "panic" => Ok(Self::panic(said)),
            "hang" if rest.is_empty() => Ok(Self::hang()),
            "hang" => Err("`hang` stands alone: it lasts until the operation's timeout".to_owned()),
            "latency" => latency(rest).map(Self::latency),
            "memory" => memory(rest),
            _ => Err(unknown(word)),
        };
        let fault = fault.and_then(|fault| fault.mistake().map_or(Ok(fault), Err));
        fault.map_err(|reason| FaultError::Words { text: text.to_owned(), reason })
    }
}

fn unknown(word: &str) -> String {
    let near = nearest(word, WORDS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("there are error, hang, panic, latency and memory{near}")
}

fn latency(text: &str) -> Result<Latency, String> {
    let read = |text: &str| parse_duration(text).map_err(|error| error.to_string());
    if let Some((from, to)) = text.split_once("..") {
        return Ok(Latency::uniform(read(from)?, read(to)?));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["exponential", mean] => Ok(Latency::exponential(read(mean)?)),
        ["normal", mean, deviation] => Ok(Latency::normal(read(mean)?, read(deviation)?)),
        ["log-normal", median, factor] => {
            let factor = factor.parse().map_err(|_| format!("{factor:?} is not a factor like 3"))?;
            Ok(Latency::log_normal(read(median)?, factor))
        }
        _ => Ok(Latency::constant(read(text)?)),
    }
}

fn memory(text: &str) -> Result<Fault, String> {
    let Some((amount, length)) = text.split_once(" for ") else {
        return Err("write how much and how long: `memory 1MiB for 500ms`".to_owned());
    };
    let amount: ByteSize = amount.parse().map_err(|error| format!("{error}"))?;
    Ok(Fault::hold_memory(amount, parse_duration(length).map_err(|error| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let read = |text: &str| text.parse::<Fault>().map(|fault| fault.to_string());
        let known = [
            ("error", "error `injected`"),
            (" error  no route ", "error `no route`"),
            ("hang", "hang"),
            ("panic out of luck", "panic `out of luck`"),
            ("latency 20ms", "latency of 20 ms"),
            ("latency 10ms .. 50ms", "latency of 10 ms to 50 ms"),
            ("latency exponential 20ms", "latency of exponential with a mean of 20 ms"),
            ("latency normal 20ms 5ms", "latency of normal with a mean of 20 ms and a deviation of 5 ms"),
            ("latency log-normal 20ms 3", "latency of log-normal with a median of 20 ms and a factor of 3"),
            ("memory 1MiB for 500ms", "1 MiB of memory held for 500 ms"),
        ];
        for (text, shown) in known {
            assert_eq!(read(text).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn other_words_are_refused_with_the_reason() {
        let reason = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        for text in ["", "eror", "5%", "delay 20ms"] {
            assert!(reason(text).contains("there are error, hang, panic, latency and memory"), "{text}");
        }
        assert!(reason("eror").ends_with("did you mean `error`?"));
        assert!(reason("hang 5s").contains("stands alone"));
        assert!(reason("latency").contains("a duration like 30s"));
        assert!(reason("latency 50ms..10ms").contains("give the shorter one first"));
        assert!(reason("latency log-normal 20ms wide").contains("not a factor"));
        assert!(reason("memory 1MiB").contains("`memory 1MiB for 500ms`"));
        assert!(reason("memory much for 1s").contains("much"));
        assert!(reason("memory 0MiB for 1s").contains("over 0"));
    }
}
