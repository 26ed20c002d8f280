use std::{error::Error as StdError, fmt};

/// What a case returns when it cannot go on. Any error converts into it with `?`; a text with [`Error::msg`].
///
/// It is no `std::error::Error` itself: that is what lets every other error convert.
pub struct Error {
    source: Box<dyn StdError + Send + Sync>,
}

/// The result of a case.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that says `text`.
    ///
    /// ```
    /// let error = proofload::Error::msg("the index is empty");
    /// assert_eq!(error.to_string(), "the index is empty");
    /// ```
    pub fn msg(text: impl fmt::Display) -> Self {
        Self { source: text.to_string().into() }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self { source: Box::new(source) }
    }
}

impl fmt::Display for Error {
    /// The error and what it came from, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        let mut said = self.source.to_string();
        let mut next = self.source.source();
        while let Some(source) = next {
            let text = source.to_string();
            // Some errors already print what they came from.
            if !said.contains(&text) {
                write!(f, ": {text}")?;
            }
            said = text;
            next = source.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
