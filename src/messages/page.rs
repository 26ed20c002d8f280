use std::fmt::{Display, Write};

/// Messages under headings, as they stand in a file that a person reads.
pub(super) struct Page {
    name: &'static str,
    text: String,
}

impl Page {
    pub(super) fn new(name: &'static str, title: &str) -> Self {
        Self { name, text: format!("# {title}\n") }
    }

    /// Begins a family of messages.
    pub(super) fn family(&mut self, heading: &str) {
        let _written = write!(self.text, "\n## {heading}\n");
    }

    /// What was given, and what is said about it.
    pub(super) fn says(&mut self, given: impl Display, message: impl Display) {
        let message = message.to_string();
        assert!(!message.trim().is_empty(), "nothing is said about {given}");
        let given = given.to_string().replace('\n', " / ");
        let _written = write!(self.text, "\n{given}\n");
        for line in message.lines() {
            let _written = writeln!(self.text, "    {line}");
        }
    }

    /// The same of what must not succeed.
    #[track_caller]
    pub(super) fn refuses<T>(&mut self, given: impl Display, result: Result<T, impl Display>) {
        match result {
            Ok(_) => panic!("{given} was not refused"),
            Err(error) => self.says(given, error),
        }
    }

    /// Compares the page with its file.
    pub(super) fn check(self) {
        insta::with_settings!(
            { snapshot_path => "pages", prepend_module_to_snapshot => false, omit_expression => true },
            { insta::assert_snapshot!(self.name, self.text) }
        );
    }
}
