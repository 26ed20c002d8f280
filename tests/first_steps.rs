//! The first day with proofload: the commands of docs/guide/first-steps.md, as they stand there, in an empty folder.
//! Without the network and without optimisation, in a target folder of its own; the first time is the longest.

#![cfg(unix)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// How the guide names what this repository is.
const SOURCE: &str = "--git https://github.com/proofload/proofload";

/// The commands of the guide up to the one that writes the first case, and the rest.
fn commands() -> (String, String) {
    let guide = fs::read_to_string(Path::new(REPOSITORY).join("docs/guide/first-steps.md")).unwrap();
    let script = guide.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    assert!(script.contains(SOURCE), "{script}");
    let here = format!("--path '{REPOSITORY}'");
    let script = script.replace(SOURCE, &here);
    let at = script.find("cargo test --test stress -- --init").unwrap();
    (script[..at].to_owned(), script[at..].to_owned())
}

/// An empty folder to work in.
struct Desk {
    root: tempfile::TempDir,
}

impl Desk {
    fn package(&self) -> PathBuf {
        self.root.path().join("word-count")
    }

    /// Runs commands in this folder, up to the first that fails.
    fn run(&self, folder: &Path, script: &str) -> Ended {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-steps");
        let mut shell = Command::new("sh");
        // What cargo and nextest tell their tests is not for those of another package.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let is_told = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "NEXTEST", "PROOFLOAD_"];
            if text == "OUT_DIR" || is_told.iter().any(|prefix| text.starts_with(prefix)) {
                shell.env_remove(&name);
            }
        }
        let output = shell
            .args(["-ec", script])
            .current_dir(folder)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_PROFILE_TEST_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "false")
            .env("PROOFLOAD_LOCK", "off")
            .env("PROOFLOAD_REPORT_DIR", self.root.path().join("reports"))
            .output()
            .expect("sh starts");
        Ended(output)
    }

    /// Runs cargo in the package.
    fn cargo(&self, arguments: &str) -> Ended {
        self.run(&self.package(), &format!("cargo test --test stress {arguments}"))
    }
}

struct Ended(Output);

impl Ended {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(status), "{}", self.said());
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.said().contains(text), "{text:?} is not in\n{}", self.said());
        self
    }

    fn said(&self) -> String {
        let Output { stdout, stderr, .. } = &self.0;
        format!("{}\n{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
    }
}

#[test]
fn the_first_steps_lead_to_a_report() {
    let desk = Desk { root: tempfile::tempdir().unwrap() };
    let (begin, rest) = commands();
    desk.run(desk.root.path(), &begin).exits(0);
    // The versions that are surely there without the network.
    fs::copy(Path::new(REPOSITORY).join("Cargo.lock"), desk.package().join("Cargo.lock")).unwrap();

    let missing = "error: there is no case yet: `cargo test --test stress -- --init` writes a first one";
    desk.cargo("").exits(2).says(missing);
    desk.cargo("-- --list").exits(0).says("warning: there is no case yet");

    let ended = desk.run(&desk.package(), &rest).exits(0);
    let ended = ended.says("wrote  stress/stress.toml").says("wrote  stress/cases/first.rs");
    let ended = ended.says("test cases::first::words_are_counted ... ok").says("PASSED: 1 passed, 0 failed");
    assert!(!ended.said().contains("came after this build"), "{}", ended.said());
    for file in ["report.html", "report.json", "summary.txt"] {
        assert!(desk.root.path().join("reports/latest").join(file).is_file(), "{file}");
    }

    // Everything in the file that is commented out is right for the case beside it.
    let settings = desk.package().join("stress/stress.toml");
    let commented = fs::read_to_string(&settings).unwrap();
    let is_prose = |line: &str| line == "#" || line.starts_with("# ");
    let lines =
        commented.lines().map(|line| if is_prose(line) { line } else { line.trim_start_matches('#') });
    fs::write(&settings, lines.collect::<Vec<_>>().join("\n")).unwrap();
    desk.cargo("-- --init")
        .exits(0)
        .says("left   stress/stress.toml alone")
        .says("left   stress/cases/first.rs alone");
    let ended = desk.cargo("-- --show-settings --profile soak").exits(0);
    ended.says("cases::first::words_are_counted on count_words\n").says("[[profile.soak.override]]");
}

/// A line that is easily forgotten.
#[test]
fn a_target_with_the_harness_of_libtest_says_what_it_lacks() {
    let desk = Desk { root: tempfile::tempdir().unwrap() };
    let (begin, _) = commands();
    desk.run(desk.root.path(), &begin).exits(0);
    fs::copy(Path::new(REPOSITORY).join("Cargo.lock"), desk.package().join("Cargo.lock")).unwrap();
    let manifest = desk.package().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("harness = false\n"), "{text}");
    fs::write(&manifest, text.replace("harness = false\n", "")).unwrap();
    desk.cargo("").exits(101).says("set `harness = false` for it in Cargo.toml");
}
