//! `--init`: what a suite begins with, and the lines that go into files of others.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{exit, place};
use crate::{settings::commented_file, suite::Suite};

/// The first case; an example of the repository, so that it is compiled and run there.
const FIRST_CASE: &str = include_str!("../../examples/suite/cases/first.rs");

/// Its name in the folder of the cases.
const FIRST_FILE: &str = "first.rs";

/// Writes what is not there, shows the rest, and says what comes next.
pub(super) fn init(suite: &Suite) -> ExitCode {
    let (done, result) = write(&place::suite_folder(suite), suite);
    for line in &done {
        println!("{line}");
    }
    if let Err(error) = result {
        eprintln!("error: {error}");
        return ExitCode::from(exit::REPORT_NOT_WRITTEN);
    }
    print!("\n{}", lines(suite));
    ExitCode::from(exit::PASSED)
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error(
        "{} is not there: --init writes beside the suite's main file, so run it where the package is, with `cargo test`",
        main_file.display()
    )]
    NoSuite { main_file: PathBuf },
    #[error(
        "{} cannot be written: {source}; see to it that it can, and run the same command again, which leaves alone what \
         is written already",
        path.display()
    )]
    Unwritten { path: PathBuf, source: io::Error },
}

/// What became of each file, in words, up to the first that could not be written.
fn write(folder: &Path, suite: &Suite) -> (Vec<String>, Result<(), InitError>) {
    let mut done = Vec::new();
    let result = write_all(folder, suite, &mut done);
    (done, result)
}

fn write_all(folder: &Path, suite: &Suite, done: &mut Vec<String>) -> Result<(), InitError> {
    let main_file = folder.join(Path::new(suite.main_file).file_name().unwrap_or_default());
    if !main_file.is_file() {
        return Err(InitError::NoSuite { main_file });
    }
    let settings = folder.join("stress.toml");
    let is_new = write_new(&settings, &commented_file(suite.crate_name))?;
    done.push(said(
        &settings,
        is_new,
        "every setting with its default, and the profiles ci, nightly and soak",
    ));

    let cases = folder.join(suite.folder);
    let first = cases.join(FIRST_FILE);
    if has_cases(&cases) && !first.exists() {
        done.push(format!("left   {}/ alone: it has cases", place::shown(&cases).display()));
        return Ok(());
    }
    match fs::create_dir(&cases) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            return Err(InitError::Unwritten { path: place::shown(&cases), source });
        }
        _ => {}
    }
    let is_new = write_new(&first, FIRST_CASE)?;
    done.push(said(&first, is_new, "a first case"));
    if is_new {
        // So that the next command has it.
        place::touch(suite);
    }
    Ok(())
}

fn said(path: &Path, is_new: bool, what: &str) -> String {
    let path = place::shown(path);
    match is_new {
        true => format!("wrote  {}: {what}", path.display()),
        false => format!("left   {} alone: it is there already", path.display()),
    }
}

/// Whether the folder has a file or a folder that is a module of cases.
fn has_cases(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !is_hidden && (path.extension().is_some_and(|e| e == "rs") || path.join("mod.rs").is_file())
    })
}

/// Writes a file that is not there; false if it is, whatever it is.
fn write_new(path: &Path, text: &str) -> Result<bool, InitError> {
    let unwritten = |source| InitError::Unwritten { path: place::shown(path), source };
    let mut file = match fs::File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(unwritten(error)),
    };
    match file.write_all(text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(error) => {
            // The next try would take half a file for somebody's.
            let _still_there = fs::remove_file(path);
            Err(unwritten(error))
        }
    }
}

/// The lines for files that are not ours to write, and the next command.
fn lines(suite: &Suite) -> String {
    let name = suite.crate_name;
    let main_file = place::suite_folder(suite);
    let main_file = main_file.join(Path::new(suite.main_file).file_name().unwrap_or_default());
    let path = main_file.strip_prefix(suite.package_dir).unwrap_or(Path::new(suite.main_file));
    // TOML and YAML take this slash everywhere.
    let path = path.to_string_lossy().replace('\\', "/");
    let mut text = format!(
        "\
Cargo.toml, what is not there yet of

    [dev-dependencies]
    proofload = \"{version}\"     # or its path or git address

    [[test]]
    name = \"{name}\"
    path = \"{path}\"
    harness = false
    test = false              # `cargo test` leaves it out, `cargo test --test {name}` runs it

    [profile.test]            # of a workspace: in its root's Cargo.toml
    opt-level = 2             # else the load generator may be what is measured
    debug = \"line-tables-only\"   # enough for backtraces, and less to build

.config/nextest.toml, for `cargo nextest run --test {name}`: cases one at a time

    [test-groups]
    stress = {{ max-threads = 1 }}

    [[profile.default.overrides]]
    filter = 'binary({name})'
    test-group = 'stress'

a workflow of GitHub: steps that run the cases and keep the reports

    - name: Stress
      run: cargo test --test {name} -- --profile ci
    - name: Keep the reports
      if: always()
      uses: actions/upload-artifact@v4
      with:
        name: stress
        path: |
          target/stress
          !target/stress/latest

",
        version = env!("CARGO_PKG_VERSION"),
    );
    if env!("BUILT_WITH_OPT_LEVEL") == "0" {
        text +=
            "note: this build is not optimised; [profile.test] with an opt-level, as above, changes that\n";
    }
    text += &format!("next: cargo test --test {name}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(package: &Path) -> Suite {
        Suite {
            package_dir: package.display().to_string().leak(),
            package: "p",
            version: "0.0.0",
            crate_name: "load",
            main_file: "load/main.rs",
            folder: "cases",
            files: &[],
            tmp: None,
        }
    }

    fn package() -> (tempfile::TempDir, Suite) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("load")).unwrap();
        fs::write(folder.path().join("load/main.rs"), "proofload::main!();\n").unwrap();
        let suite = suite(folder.path());
        (folder, suite)
    }

    /// What `write` said, the package's folder left out, and whether all went well.
    fn written(package: &Path, suite: &Suite) -> (Vec<String>, Result<(), String>) {
        let inner = |text: &str| text.replace(&format!("{}/", package.display()), "");
        let (done, result) = write(&place::suite_folder(suite), suite);
        (done.iter().map(|line| inner(line)).collect(), result.map_err(|error| inner(&error.to_string())))
    }

    #[test]
    fn it_writes_what_is_not_there_and_nothing_twice() {
        let (package, suite) = package();
        let file = |path: &str| fs::read_to_string(package.path().join("load").join(path)).unwrap();
        let wrote = [
            "wrote  load/stress.toml: every setting with its default, and the profiles ci, nightly and soak",
            "wrote  load/cases/first.rs: a first case",
        ];
        assert_eq!(written(package.path(), &suite), (wrote.map(str::to_owned).to_vec(), Ok(())));
        assert_eq!(file("stress.toml"), commented_file("load"));
        assert_eq!(file("cases/first.rs"), FIRST_CASE);

        fs::write(package.path().join("load/stress.toml"), "users = 5\n").unwrap();
        fs::write(package.path().join("load/cases/first.rs"), "// mine\n").unwrap();
        let left = [
            "left   load/stress.toml alone: it is there already",
            "left   load/cases/first.rs alone: it is there already",
        ];
        assert_eq!(written(package.path(), &suite), (left.map(str::to_owned).to_vec(), Ok(())));
        assert_eq!(
            (file("stress.toml").as_str(), file("cases/first.rs").as_str()),
            ("users = 5\n", "// mine\n")
        );
    }

    #[test]
    fn a_folder_with_cases_gets_no_first_one() {
        for case in ["cases/search.rs", "cases/http/mod.rs"] {
            let (package, suite) = package();
            let case = package.path().join("load").join(case);
            fs::create_dir_all(case.parent().unwrap()).unwrap();
            fs::write(&case, "").unwrap();
            let (done, result) = written(package.path(), &suite);
            assert_eq!((done[1].as_str(), result), ("left   load/cases/ alone: it has cases", Ok(())));
            assert!(!package.path().join("load/cases/first.rs").exists());
        }
        let (package, suite) = package();
        fs::create_dir(package.path().join("load/cases")).unwrap();
        fs::write(package.path().join("load/cases/.hidden.rs"), "").unwrap();
        assert_eq!(written(package.path(), &suite).0[1], "wrote  load/cases/first.rs: a first case");
    }

    #[test]
    fn what_cannot_be_written_is_named_and_the_rest_stays() {
        let (package, suite) = package();
        fs::write(package.path().join("load/cases"), "no folder").unwrap();
        let (done, result) = written(package.path(), &suite);
        assert_eq!(done.len(), 1, "{done:?}");
        let error = result.unwrap_err();
        assert!(error.starts_with("load/cases/first.rs cannot be written: "), "{error}");
        assert!(package.path().join("load/stress.toml").is_file());

        let elsewhere = tempfile::tempdir().unwrap();
        let (done, result) = written(elsewhere.path(), &super::tests::suite(elsewhere.path()));
        assert!(done.is_empty());
        assert!(result.unwrap_err().starts_with("load/main.rs is not there: --init writes beside"));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_lines_name_the_suite_and_come_before_the_next_command() {
        let (_package, suite) = package();
        let text = lines(&suite);
        for part in [
            "    name = \"load\"\n    path = \"load/main.rs\"\n    harness = false\n",
            "filter = 'binary(load)'",
            "run: cargo test --test load -- --profile ci",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.ends_with("\nnext: cargo test --test load\n"), "{text}");
    }
}
