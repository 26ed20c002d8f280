//! The course of a case for other programs: `latency.hlog` for HdrHistogram's, `timeline.csv` for spreadsheets.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    },
};
use serde_json::Value;

use super::{Impossible, fixture::Package, tests};

tests![
    the_log_has_the_times_of_the_report,
    the_csv_has_the_counts_of_the_report,
    both_are_formats_that_can_be_left_out,
    a_case_in_this_process_has_them_too
    ; where possible:
    the_java_library_reads_the_log,
];

/// A case of 2.5 s in one phase, one of three stages and one of two loads.
const CASES: [&str; 3] = ["watched_stays_well", "fast_stages", "fast_open"];

fn folder_of(package: &Package, case: &str) -> PathBuf {
    package.latest(&format!("cases/suite.{case}"))
}

fn decoded(text: &str) -> Histogram<u64> {
    let bytes = STANDARD.decode(text).unwrap();
    match bytes.is_empty() {
        true => Histogram::new(3).unwrap(),
        false => Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap(),
    }
}

/// All of a log, by tag.
pub(super) fn by_tag(log: &Path) -> BTreeMap<String, Histogram<u64>> {
    let bytes = fs::read(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    let mut tags = BTreeMap::new();
    for entry in IntervalLogIterator::new(&bytes) {
        if let LogEntry::Interval(interval) = entry.unwrap_or_else(|_| panic!("{}", log.display())) {
            let tag = interval.tag().expect("every line has a tag").as_str().to_owned();
            let all: &mut Histogram<u64> = tags.entry(tag).or_insert_with(|| Histogram::new(3).unwrap());
            all.auto(true);
            all.add(decoded(interval.encoded_histogram())).unwrap();
        }
    }
    tags
}

/// The tags of a load without its warm-up, of this kind of time.
fn tags_of<'a>(tags: impl Iterator<Item = &'a String>, load: &str, kind: &str) -> Vec<&'a String> {
    let phase = format!("{load}/");
    let is_measured = |tag: &&String| {
        tag.strip_suffix(kind).is_some_and(|name| name == format!("{load}.") || name.starts_with(&phase))
            && !tag.starts_with(&format!("{load}/warm_up."))
    };
    tags.filter(is_measured).collect()
}

fn loads(package: &Package, case: &str) -> Vec<Value> {
    package.case(case)["loads"].as_array().unwrap().clone()
}

fn the_log_has_the_times_of_the_report() {
    let package = Package::new();
    for case in CASES {
        package.run(&["--exact", &format!("suite::{case}")]).exits(0);
        let tags = by_tag(&folder_of(&package, case).join("latency.hlog"));
        for load in loads(&package, case) {
            let name = load["load"].as_str().unwrap();
            for (kind, histogram) in [("response", "response_histogram"), ("service", "service_histogram")] {
                let mut all: Histogram<u64> = Histogram::new(3).unwrap();
                all.auto(true);
                let of = tags_of(tags.keys(), name, kind);
                of.iter().for_each(|tag| all.add(&tags[*tag]).unwrap());
                let told = decoded(load[histogram].as_str().unwrap());
                assert!(
                    all == told && !all.is_empty(),
                    "{case}, {name}.{kind} in {of:?}: {} of {}",
                    all.len(),
                    told.len()
                );
            }
            // A short phase may come and go without an operation on a busy machine.
            let phases =
                load["phases"].as_array().unwrap().iter().filter(|phase| phase["is_warm_up"] == false);
            let busy = phases.clone().filter(|phase| phase["figures"]["counts"]["due"] != 0).count();
            let told = tags_of(tags.keys(), name, "response");
            assert!(
                (busy..=phases.count()).contains(&told.len()),
                "{case}, {name}: {busy} busy phases, {told:?}"
            );
        }
    }
}

fn rows(package: &Package, case: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder_of(package, case).join("timeline.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn the_csv_has_the_counts_of_the_report() {
    let package = Package::new();
    for case in CASES {
        package.run(&["--exact", &format!("suite::{case}")]).exits(0);
        let rows = rows(&package, case);
        for load in loads(&package, case) {
            let of_load = || rows.iter().filter(|row| row["load"] == load["load"].as_str().unwrap());
            assert_eq!(of_load().count(), load["timeline"].as_array().unwrap().len(), "{case}");
            for outcome in ["due", "ok", "error", "dropped"] {
                let sum: u64 = of_load().map(|row| row[outcome].parse::<u64>().unwrap()).sum();
                let told: u64 = load["phases"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|phase| phase["figures"]["counts"][outcome].as_u64().unwrap())
                    .sum();
                assert_eq!(sum, told, "{case}, {outcome}: {rows:?}");
            }
            assert!(of_load().all(|row| row["response_p99_ms"].parse::<f64>().unwrap() >= 0.0), "{rows:?}");
        }
        if cfg!(target_os = "linux") && case == "watched_stays_well" {
            assert!(
                rows.iter().any(|row| row["memory_bytes"].parse::<u64>().unwrap_or(0) > 100_000),
                "{rows:?}"
            );
            assert!(rows.iter().any(|row| row["threads"].parse::<u64>().unwrap_or(0) > 1), "{rows:?}");
        }
    }
}

fn both_are_formats_that_can_be_left_out() {
    let package = Package::new();
    let there = |formats: &str| {
        package.run(&["--exact", "suite::fast_closed", "--report", formats]).exits(0);
        let folder = folder_of(&package, "fast_closed");
        ["latency.hlog", "timeline.csv"].map(|file| folder.join(file).exists())
    };
    assert_eq!(there("json"), [false, false]);
    assert_eq!(there("hlog"), [true, false]);
    assert_eq!(there("csv"), [false, true]);
}

fn a_case_in_this_process_has_them_too() {
    let package = Package::new();
    package.run(&["--exact", "suite::fast_open", "--set", "in_process=true"]).exits(0);
    let tags = by_tag(&folder_of(&package, "fast_open").join("latency.hlog"));
    let due = loads(&package, "fast_open")[0]["total"]["counts"]["ok"].as_u64().unwrap();
    assert_eq!(tags["load.response"].len(), due);
    assert!(rows(&package, "fast_open").iter().any(|row| row["load"] == "load"));
}

/// HdrHistogram's own library and its program for logs.
struct Java {
    library: PathBuf,
}

/// Where Debian's package has it; `HDRHISTOGRAM_JAR` names another place.
const LIBRARY: &str = "/usr/share/java/hdrhistogram.jar";

impl Java {
    /// In CI it is there, so that the test is never left out unseen, unless `STRESS_WITHOUT` says that it could not be
    /// installed.
    fn find() -> Result<Self, Impossible> {
        let library = env::var_os("HDRHISTOGRAM_JAR").map_or_else(|| LIBRARY.into(), PathBuf::from);
        let has_java = Command::new("java").arg("-version").output().is_ok_and(|java| java.status.success());
        let missing = match (library.is_file(), has_java) {
            (true, true) => return Ok(Self { library }),
            (false, _) => ("hdrhistogram", format!("there is no {}", library.display())),
            (true, false) => ("java", "there is no java".to_owned()),
        };
        let without = env::var("STRESS_WITHOUT").unwrap_or_default();
        let is_excused = without.split_whitespace().any(|name| name == "java" || name == "hdrhistogram");
        assert!(env::var_os("CI").is_none() || is_excused, "CI has to install {}: {}", missing.0, missing.1);
        Err(Impossible(missing.1))
    }

    /// What its program for logs prints.
    #[track_caller]
    fn read(&self, log: &Path, arguments: &[&str]) -> String {
        let mut java = Command::new("java");
        java.arg("-cp").arg(&self.library).arg("org.HdrHistogram.HistogramLogProcessor").arg("-i").arg(log);
        let ended = java.args(arguments).output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success() && !stderr.contains("xception"), "{stdout}\n{stderr}");
        stdout.into_owned()
    }
}

/// The value after `name` and an equals sign in the last lines of a distribution: `#[Max = 5.1, Total count = 125]`.
fn footer(text: &str, name: &str) -> f64 {
    let (_, rest) = text.rsplit_once(name).unwrap_or_else(|| panic!("no {name} in {text}"));
    let number = rest.trim_start_matches([' ', '=']).split([',', ']', ' ']).next().unwrap();
    number.parse().unwrap_or_else(|_| panic!("{name} is {number} in {text}"))
}

/// The value at a percentile of a distribution. A line says up to which value so many lie, and what lies in the last of them
/// has no line for each of its percentiles.
fn value_at(text: &str, percentile: f64) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(' '));
    let mut numbers = lines.filter_map(|line| {
        let words: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        words.first().copied().zip(words.get(2).copied())
    });
    let rank = (percentile * footer(text, "Total count")).ceil();
    let found = numbers.find(|(_, below)| *below >= rank);
    found.unwrap_or_else(|| panic!("nothing at {percentile} in {text}")).0
}

fn the_java_library_reads_the_log() -> Result<(), Impossible> {
    let java = Java::find()?;
    let package = Package::new();
    for case in CASES {
        package.run(&["--exact", &format!("suite::{case}")]).exits(0);
        let log = folder_of(&package, case).join("latency.hlog");
        let listed = java.read(&log, &["-listtags"]);
        for (tag, ours) in by_tag(&log) {
            assert!(listed.lines().any(|line| line.trim() == tag), "{tag} is not in {listed}");
            let out = package.file("distribution");
            java.read(&log, &["-tag", &tag, "-o", out.to_str().unwrap()]);
            let text = fs::read_to_string(out.with_extension("hgrm")).unwrap();
            assert_eq!(footer(&text, "Total count") as u64, ours.len(), "{tag}: {text}");
            for (theirs, ours) in [
                (footer(&text, "Max"), ours.max()),
                (value_at(&text, 0.5), ours.value_at_quantile(0.5)),
                (value_at(&text, 0.75), ours.value_at_quantile(0.75)),
            ] {
                let ours_ms = ours as f64 / 1e6;
                // Printed with three places.
                assert!(
                    (theirs - ours_ms).abs() <= 0.0006,
                    "{case}, {tag}: {theirs} ms for {ours_ms}: {text}"
                );
            }
        }
    }
    Ok(())
}
