use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::monitor::{CgroupVersion, MemoryGroup, memory_groups};

/// What the name of each of our groups begins with; the supervisor's process number follows.
const PREFIX: &str = "proofload-";

/// A group of a supervisor that cannot be seen counts as left over from this age on.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(60);

/// Tries to remove a group whose processes have just been killed, and the pause between two of them.
const REMOVALS: u32 = 100;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(5);

/// A group of the kernel's for one case, with a limit on memory that nothing overshoots (cgroups(7)).
///
/// Dropping it removes it; its processes must be gone by then.
#[derive(Debug)]
#[must_use = "dropping the group lifts the limit"]
pub(super) struct Cgroup {
    folder: PathBuf,
    version: CgroupVersion,
}

impl Cgroup {
    /// A group below this process's own, or beside it, whichever may be written; or in words why there is none.
    pub(super) fn make(limit_bytes: u64, token: &str) -> Result<Self, String> {
        Self::make_in(&memory_groups(), limit_bytes, token)
    }

    fn make_in(parents: &[MemoryGroup], limit_bytes: u64, token: &str) -> Result<Self, String> {
        let mut reason = "no cgroup with a memory controller is mounted".to_owned();
        for parent in parents {
            remove_left_over(&parent.folder);
            match Self::make_below(parent, limit_bytes, token) {
                Ok(group) => return Ok(group),
                Err(error) => {
                    reason = format!("no group can be made in {}: {error}", parent.folder.display())
                }
            }
        }
        Err(reason)
    }

    fn make_below(parent: &MemoryGroup, limit_bytes: u64, token: &str) -> io::Result<Self> {
        let folder = parent.folder.join(format!("{PREFIX}{token}"));
        fs::create_dir(&folder)?;
        // From here on the drop removes it.
        let group = Self { folder, version: parent.version };
        match group.version {
            CgroupVersion::V2 => {
                group.write("memory.max", limit_bytes)?;
                // A kernel without swap has no such file, and then there is nothing to forbid.
                group.write_if_there("memory.swap.max", 0)?;
                group.write_if_there("memory.oom.group", 1)?;
            }
            CgroupVersion::V1 => {
                group.write("memory.limit_in_bytes", limit_bytes)?;
                group.write_if_there("memory.memsw.limit_in_bytes", limit_bytes)?;
            }
        }
        Ok(group)
    }

    fn write(&self, file: &str, number: u64) -> io::Result<()> {
        fs::write(self.folder.join(file), number.to_string())
    }

    fn write_if_there(&self, file: &str, number: u64) -> io::Result<()> {
        match self.folder.join(file).exists() {
            true => self.write(file, number),
            false => Ok(()),
        }
    }

    /// Puts a process into it, and so everything that it starts from now on.
    pub(super) fn take_in(&self, process: u32) -> io::Result<()> {
        self.write("cgroup.procs", u64::from(process))
    }

    /// How often the kernel ended a process of the group for want of memory.
    pub(super) fn kills(&self) -> u64 {
        let file = match self.version {
            CgroupVersion::V2 => "memory.events",
            CgroupVersion::V1 => "memory.oom_control",
        };
        let text = fs::read_to_string(self.folder.join(file)).unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }

    /// Whoever is in it.
    pub(super) fn members(&self) -> Vec<u32> {
        let text = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    pub(super) const fn version(&self) -> CgroupVersion {
        self.version
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for _ in 0..REMOVALS {
            // Killed processes leave the group a moment after they are gone from the list of processes.
            if fs::remove_dir(&self.folder).is_ok() || !self.folder.exists() {
                return;
            }
            thread::sleep(BETWEEN_REMOVALS);
        }
        eprintln!(
            "proofload: the cgroup {} could not be removed; a later run removes it",
            self.folder.display()
        );
    }
}

/// Removes the groups of supervisors that were killed themselves; one that still has processes stays.
fn remove_left_over(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        // A process that cannot be seen from here is not gone; its group is empty for a moment only.
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        let is_old = age.is_some_and(|age| age > LEFT_OVER_AFTER);
        let is_orphan = is_old && owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists());
        if is_orphan {
            let _still_used = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn parent(version: CgroupVersion) -> (tempfile::TempDir, MemoryGroup) {
        let folder = tempfile::tempdir().unwrap();
        let group = MemoryGroup { folder: folder.path().to_owned(), version };
        (folder, group)
    }

    #[test]
    fn the_next_group_is_tried_and_the_last_reason_told() {
        let (_kept, good) = parent(CgroupVersion::V1);
        let bad = MemoryGroup { folder: PathBuf::from("/proc/nowhere"), version: CgroupVersion::V2 };
        let group = Cgroup::make_in(&[bad, good], 1 << 20, "1-0").unwrap();
        assert_eq!(fs::read_to_string(group.folder.join("memory.limit_in_bytes")).unwrap(), "1048576");
        group.take_in(42).unwrap();
        assert_eq!(group.members(), [42]);
        fs::write(group.folder.join("memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
            .unwrap();
        assert_eq!(group.kills(), 3);
        // On a real one the kernel's files go with the folder.
        fs::remove_dir_all(&group.folder).unwrap();
        let bad = MemoryGroup { folder: PathBuf::from("/proc/nowhere"), version: CgroupVersion::V2 };
        let reason = Cgroup::make_in(&[bad], 1, "1-0").unwrap_err();
        assert!(reason.starts_with("no group can be made in /proc/nowhere: "), "{reason}");
        assert_eq!(
            Cgroup::make_in(&[], 1, "1-0").unwrap_err(),
            "no cgroup with a memory controller is mounted"
        );
    }

    #[test]
    fn what_a_killed_supervisor_left_is_removed() {
        let (kept, good) = parent(CgroupVersion::V1);
        // Process numbers end at 2^22.
        let own = format!("proofload-{}-0-ab", std::process::id());
        let hour = Duration::from_secs(3600);
        for (name, age) in [
            ("proofload-99999999-0-ab", hour),
            ("proofload-99999999-1-ab", Duration::ZERO),
            (&own, hour),
            ("somebody-elses-99999999", hour),
        ] {
            let folder = kept.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::File::open(&folder).unwrap().set_modified(SystemTime::now() - age).unwrap();
        }
        remove_left_over(&good.folder);
        let mut left: Vec<String> = fs::read_dir(kept.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let new = "proofload-99999999-1-ab".to_owned();
        assert_eq!(left, [own, new, "somebody-elses-99999999".to_owned()]);
    }
}
