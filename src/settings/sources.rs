use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Mistake, SettingsError, Wrong, keys::PREFIX};

/// What the layers above the code are read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The settings file: its path as messages show it, and its text.
    pub(crate) file: Option<(PathBuf, String)>,
    /// The environment variables whose names start with `PROOFLOAD_`.
    pub(crate) environment: Vec<(String, String)>,
    /// A key or `case.key`, its value, and how it was given: `("profile", "nightly", "--profile nightly")`.
    pub(crate) command_line: Vec<(String, String, String)>,
}

impl Sources {
    /// The file at this path, if there is one, and this process's environment.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub(crate) fn around(file: &Path) -> Result<Self, SettingsError> {
        let file = match fs::read_to_string(file) {
            Ok(text) => Some((file.to_owned(), text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let mistake = Mistake::new(file.display().to_string(), Wrong::Unreadable(error));
                return Err(SettingsError { mistakes: vec![mistake] });
            }
        };
        // A name or value that is not Unicode is shown with replacement characters by whatever error it leads to.
        let environment = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Ok(Self { file, environment, command_line: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_no_mistake_and_one_that_cannot_be_read_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stress.toml");
        assert_eq!(Sources::around(&path).unwrap().file, None);

        fs::write(&path, "users = 5\n").unwrap();
        assert_eq!(Sources::around(&path).unwrap().file, Some((path.clone(), "users = 5\n".to_owned())));

        fs::write(&path, [0xff, 0xfe]).unwrap();
        let error = Sources::around(&path).unwrap_err().to_string();
        let wanted = "cannot be read: stream did not contain valid UTF-8; make it a text file that can be read, or take it away";
        assert_eq!(error, format!("{}: {wanted}", path.display()));
    }
}
