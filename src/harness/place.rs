use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{report::RunFolder, settings::Resolved, suite::Suite};

/// The folder that the folders of runs are in: what the settings say, else `stress` in cargo's target directory.
pub(super) fn reports(suite: &Suite, run: &Resolved) -> PathBuf {
    run.text("report_dir").map_or_else(|| in_target(suite), PathBuf::from)
}

fn in_target(suite: &Suite) -> PathBuf {
    // Cargo's folder for temporary files of tests is right below the target directory.
    let of_cargo = suite.tmp.map(Path::new).and_then(Path::parent).map(Path::to_owned);
    let of_program = || {
        let program = std::env::current_exe().ok()?;
        program.ancestors().find(|folder| folder.ends_with("target")).map(Path::to_owned)
    };
    let target = of_cargo.or_else(of_program).unwrap_or_else(|| Path::new(suite.package_dir).join("target"));
    target.join("stress")
}

/// The root of the workspace, from which the compiler names files; unknown where the sources are no more.
pub(super) fn workspace(suite: &Suite) -> Option<PathBuf> {
    let mut bases = Path::new(suite.package_dir).ancestors();
    bases.find(|base| base.join(suite.main_file).is_file()).map(Path::to_owned)
}

/// The folder that `main!` stands in. The compiler names its file relative to the workspace.
pub(super) fn suite_folder(suite: &Suite) -> PathBuf {
    let base = workspace(suite).unwrap_or_else(|| suite.package_dir.into());
    let file = base.join(suite.main_file);
    file.parent().unwrap_or(Path::new(suite.package_dir)).to_owned()
}

/// `path` as people write it: relative to where they are.
pub(super) fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.unwrap_or_else(|| path.to_owned())
}

/// The line that says where the reports of a run are.
pub(super) fn reports_line(folder: &RunFolder) -> String {
    let page =
        folder.page().map_or_else(String::new, |page| format!(" (in a browser: {})", shown(&page).display()));
    format!("reports: {}{page}", shown(folder.path()).display())
}

/// What to say of files that were not there when the suite was built, if there are any; the next run has them.
pub(super) fn not_built(suite: &Suite) -> Option<String> {
    let missing = files_not_built(suite);
    if missing.is_empty() {
        return None;
    }
    touch(suite);
    let missing: Vec<String> = missing.iter().map(|path| path.display().to_string()).collect();
    Some(format!(
        "{} came after this build: run the same command again, and it is built in. (A build.rs with \
         `cargo::rerun-if-changed` for the folder saves the second run.)",
        missing.join(", ")
    ))
}

/// The files of the cases' folder that were not there when the suite was built. Cargo does not look into a folder
/// that a macro reads.
fn files_not_built(suite: &Suite) -> Vec<PathBuf> {
    let folder = suite_folder(suite).join(suite.folder);
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| entry.ok()).map(|entry| entry.path());
    let is_case = |path: &PathBuf| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        path.extension().is_some_and(|e| e == "rs") && !name.starts_with('.') && !suite.files.contains(&name)
    };
    let mut missing: Vec<PathBuf> = paths.filter(is_case).map(|path| shown(&path)).collect();
    missing.sort();
    missing
}

/// Makes cargo build the suite anew. When the file cannot be touched, the message that follows is still right.
pub(super) fn touch(suite: &Suite) {
    let file = suite_folder(suite).join(Path::new(suite.main_file).file_name().unwrap_or_default());
    if let Ok(file) = fs::File::options().append(true).open(file) {
        let _untouched = file.set_modified(SystemTime::now());
    }
}

/// A name for this run: nextest's where it is one of several processes, else the time and something random.
pub(super) fn run_id(seed: u64) -> String {
    of_nextest().unwrap_or_else(|| {
        let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let salt = u64::from(std::process::id()) ^ seed.rotate_left(17);
        format!("{now}-{:04x}", salt & 0xffff)
    })
}

fn of_nextest() -> Option<String> {
    std::env::var("NEXTEST_RUN_ID").ok().filter(|id| is_file_name(id))
}

/// The seed that all processes of one nextest run find by themselves: a second try is then the same test.
pub(super) fn shared_seed() -> Option<u64> {
    // 32 bits, as for other runs: people type it again.
    of_nextest().map(|id| u64::from(crc32fast::hash(id.as_bytes())))
}

/// Which try at its case nextest says that this process is; unknown elsewhere.
pub(super) fn attempt() -> Option<u32> {
    // Whoever leaves the run's name out for a suite started within a test means the rest as well.
    of_nextest()?;
    std::env::var("NEXTEST_ATTEMPT").ok()?.parse().ok()
}

fn is_file_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The time now, UTC, to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    let to_second = now.round(jiff::Unit::Second).unwrap_or(now);
    to_second.to_string()
}
