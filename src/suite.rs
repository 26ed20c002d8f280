//! The cases of a suite: what the attribute registers, what the entry macro says about its folder.

use std::{collections::BTreeMap, fmt, pin::Pin};

use crate::{case::CaseInfo, context::Context, error::Error};

/// A case with its body, as [`macro@crate::case`] registers it.
#[derive(Clone, Copy)]
pub struct Registered {
    /// Name, place, markers, settings.
    pub info: CaseInfo,
    /// Tells whether what the case cannot do without is there; an error says what is missing.
    pub needs: Option<fn() -> Result<(), Error>>,
    /// What it does.
    pub body: Body,
}

inventory::collect!(Registered);

/// The future of an async case.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The function behind a case.
#[derive(Clone, Copy)]
pub enum Body {
    /// An async function.
    Async(fn(Context) -> Running),
    /// A plain function.
    Blocking(fn(Context) -> Result<(), Error>),
}

/// What a case may return: nothing, or a `Result` with a printable error.
#[diagnostic::on_unimplemented(
    message = "a case returns nothing or a `Result<(), E>` with a printable error, not `{Self}`",
    note = "`proofload::Result` takes any error with `?`"
)]
pub trait IntoCaseResult {
    /// The result of the case.
    ///
    /// # Errors
    /// The case's own.
    fn into_case_result(self) -> Result<(), Error>;
}

impl IntoCaseResult for () {
    fn into_case_result(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<E: fmt::Display> IntoCaseResult for Result<(), E> {
    fn into_case_result(self) -> Result<(), Error> {
        // The alternate form is where error crates put the chain of causes.
        self.map_err(|error| Error::msg(format!("{error:#}")))
    }
}

/// The answer of a case's `needs`.
///
/// # Errors
/// What is missing, in words.
pub fn met<E: fmt::Display>(answer: Result<(), E>) -> Result<(), Error> {
    answer.into_case_result()
}

/// What `main!` knows about the suite it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// The package's folder.
    pub package_dir: &'static str,
    /// The package's name.
    pub package: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The name of the suite's crate: `stress`.
    pub crate_name: &'static str,
    /// The file that `main!` stands in, as the compiler names it.
    pub main_file: &'static str,
    /// The folder of the cases, beside that file.
    pub folder: &'static str,
    /// The files that were compiled in.
    pub files: &'static [&'static str],
    /// Cargo's folder for temporary files of this target: below the target directory.
    pub tmp: Option<&'static str>,
}

/// Why the registered cases are no suite.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SuiteError {
    #[error(
        "there is no case yet: `cargo test --test {suite} -- --init` writes a first one; or write `#[proofload::case]` above \
         an async function in a file of {folder:?} beside {main_file}"
    )]
    Empty { suite: &'static str, folder: &'static str, main_file: &'static str },
    #[error("two cases are called `{name}`: {first} and {second}; give one of them another name")]
    Twice { name: String, first: String, second: String },
}

/// The registered cases by name.
pub(crate) fn sorted(
    registered: impl IntoIterator<Item = Registered>,
    suite: &Suite,
) -> Result<BTreeMap<String, Registered>, SuiteError> {
    let mut cases = BTreeMap::<String, Registered>::new();
    for case in registered {
        let name = case.info.name();
        if let Some(first) = cases.insert(name.clone(), case) {
            let mut places = [first.info.place(), case.info.place()];
            places.sort();
            let [first, second] = places;
            return Err(SuiteError::Twice { name, first, second });
        }
    }
    match cases.is_empty() {
        true => Err(SuiteError::Empty {
            suite: suite.crate_name,
            folder: suite.folder,
            main_file: suite.main_file,
        }),
        false => Ok(cases),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Severity;

    const SUITE: Suite = Suite {
        package_dir: "/p",
        package: "p",
        version: "0.0.0",
        crate_name: "stress",
        main_file: "stress/main.rs",
        folder: "cases",
        files: &[],
        tmp: None,
    };

    fn case(function: &'static str, file: &'static str, line: u32) -> Registered {
        let info = CaseInfo {
            function,
            module: "stress::cases::search",
            file,
            line,
            markers: &[],
            settings: &[],
            severity: Severity::Medium,
            target: None,
            about: "",
        };
        Registered { info, needs: None, body: Body::Blocking(|_| Ok(())) }
    }

    #[test]
    fn cases_are_sorted_by_name() {
        let cases = [case("b", "x.rs", 1), case("a", "y.rs", 2)];
        let names: Vec<_> = sorted(cases, &SUITE).unwrap().into_keys().collect();
        assert_eq!(names, ["cases::search::a", "cases::search::b"]);
    }

    #[test]
    fn two_of_one_name_and_none_at_all_are_errors() {
        let twice = sorted([case("a", "y.rs", 9), case("a", "x.rs", 3)], &SUITE).err().unwrap();
        assert_eq!(
            twice.to_string(),
            "two cases are called `cases::search::a`: x.rs:3 and y.rs:9; give one of them another name"
        );
        let empty = sorted([], &SUITE).err().unwrap();
        assert_eq!(
            empty.to_string(),
            "there is no case yet: `cargo test --test stress -- --init` writes a first one; or write \
             `#[proofload::case]` above an async function in a file of \"cases\" beside stress/main.rs"
        );
    }
}
