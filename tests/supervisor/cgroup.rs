//! The kernel's groups of processes, as a test makes one, and what is left of the supervisor's.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Where the groups are mounted.
const MOUNTED_AT: &str = "/sys/fs/cgroup";

/// A group of the test's own, with a limit on memory. Dropping it removes it.
pub(crate) struct Group {
    pub(crate) folder: PathBuf,
}

impl Group {
    /// One in which processes use at most so much memory together; none where none can be made.
    pub(crate) fn of(limit_bytes: u64) -> Option<Self> {
        parents().iter().find_map(|parent| {
            let folder = parent.join(format!("fixture-{}-{limit_bytes}", std::process::id()));
            fs::create_dir(&folder).ok()?;
            let group = Self { folder };
            let limits = ["memory.max", "memory.limit_in_bytes"].map(|file| group.folder.join(file));
            let limit = limits.iter().find(|file| file.exists())?;
            fs::write(limit, limit_bytes.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        eprintln!("{} could not be removed", self.folder.display());
    }
}

/// The groups that the supervisor with this process number has made and not removed.
pub(crate) fn left_by(supervisor: u32) -> Vec<PathBuf> {
    let entries = parents().into_iter().filter_map(|parent| fs::read_dir(parent).ok()).flatten();
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let prefix = format!("proofload-{supervisor}-");
    folders
        .filter(|folder| folder.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&prefix)))
        .collect()
}

/// The groups of this process in which others with a limit on memory may be, the nearest first.
fn parents() -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut parents = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let mount = match controllers {
            "" => Path::new(MOUNTED_AT).to_owned(),
            "memory" => Path::new(MOUNTED_AT).join("memory"),
            _ => continue,
        };
        let groups = Path::new(path.trim_start_matches('/')).ancestors().map(|group| mount.join(group));
        parents.extend(groups.filter(|group| holds_memory(group)));
    }
    parents
}

fn holds_memory(group: &Path) -> bool {
    let handed_down = fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
    handed_down.split_whitespace().any(|controller| controller == "memory")
        || group.join("memory.limit_in_bytes").exists()
}
