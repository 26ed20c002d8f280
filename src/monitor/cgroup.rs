use std::{
    fs,
    path::{Path, PathBuf},
};

/// Version 1 writes "no limit" as the largest number of pages, close to 2^63.
const NO_LIMIT: u64 = 1 << 60;

const MOUNTED_AT: &str = "/sys/fs/cgroup";

/// The cores that a quota leaves to this process; `None` without a quota. May be a fraction, or more than there are.
pub(super) fn core_quota() -> Option<f64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    core_quota_in(Path::new(MOUNTED_AT), &own)
}

/// The folder of the version 2 group that a process is in, as far as it is visible.
pub(super) fn folder_of(pid: u32) -> Option<PathBuf> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    folder_in(Path::new(MOUNTED_AT), &groups)
}

fn folder_in(mounted_at: &Path, groups: &str) -> Option<PathBuf> {
    folders(mounted_at, groups, "").into_iter().find(|folder| folder.join("cgroup.procs").exists())
}

/// What is left of the memory of the groups that this process is in: `(free, limit)` of the tightest; `None` without
/// a limit. What the kernel would give back (file pages not used lately) counts as free, as it does on the machine.
pub(super) fn memory_room() -> Option<(u64, u64)> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    memory_room_in(Path::new(MOUNTED_AT), &own)
}

fn memory_room_in(mounted_at: &Path, own: &str) -> Option<(u64, u64)> {
    let unified = folders(mounted_at, own, "")
        .into_iter()
        .filter_map(|folder| room(&folder, "memory.max", "memory.current", "inactive_file"));
    let legacy = folders(mounted_at, own, "memory").into_iter().filter_map(|folder| {
        room(&folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    });
    unified.chain(legacy).min()
}

fn room(folder: &Path, limit: &str, used: &str, inactive: &str) -> Option<(u64, u64)> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let limit = read(limit)?.trim().parse::<u64>().ok().filter(|&limit| limit < NO_LIMIT)?;
    let used: u64 = read(used)?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let inactive = stat.lines().find_map(|line| line.strip_prefix(inactive)?.trim().parse().ok());
    Some((limit.saturating_sub(used.saturating_sub(inactive.unwrap_or(0))), limit))
}

/// The bytes that this process and its group may use at most; `None` without a limit.
pub(super) fn memory_limit() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    memory_limit_in(Path::new(MOUNTED_AT), &own)
}

/// A group that may hold further ones with a limit on memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryGroup {
    pub(crate) folder: PathBuf,
    pub(crate) version: CgroupVersion,
}

/// The two interfaces of the kernel's groups (cgroups(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CgroupVersion {
    V1,
    V2,
}

/// The groups of this process below which one with a limit on memory may be made, the nearest first. Whether this
/// process is allowed to is another question.
pub(crate) fn memory_groups() -> Vec<MemoryGroup> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    memory_groups_in(Path::new(MOUNTED_AT), &own)
}

fn memory_groups_in(mounted_at: &Path, own: &str) -> Vec<MemoryGroup> {
    // In version 2 a group hands a controller down only where it says so.
    let hands_down = |folder: &PathBuf| {
        let controllers = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
        controllers.split_whitespace().any(|controller| controller == "memory")
    };
    let unified = folders(mounted_at, own, "").into_iter().filter(hands_down);
    let legacy = folders(mounted_at, own, "memory");
    let legacy = legacy.into_iter().filter(|folder| folder.join("memory.limit_in_bytes").exists()).take(1);
    let unified = unified.map(|folder| MemoryGroup { folder, version: CgroupVersion::V2 });
    unified.chain(legacy.map(|folder| MemoryGroup { folder, version: CgroupVersion::V1 })).collect()
}

fn core_quota_in(mounted_at: &Path, own: &str) -> Option<f64> {
    let unified = folders(mounted_at, own, "")
        .into_iter()
        .filter_map(|folder| parse_cpu_max(&fs::read_to_string(folder.join("cpu.max")).ok()?));
    let legacy = folders(mounted_at, own, "cpu").into_iter().filter_map(|folder| {
        let number = |file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<f64>().ok();
        share(number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?)
    });
    unified.chain(legacy).min_by(f64::total_cmp)
}

fn memory_limit_in(mounted_at: &Path, own: &str) -> Option<u64> {
    let read =
        |folder: PathBuf, file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    let unified = folders(mounted_at, own, "").into_iter().filter_map(|folder| read(folder, "memory.max"));
    let legacy = folders(mounted_at, own, "memory")
        .into_iter()
        .filter_map(|folder| read(folder, "memory.limit_in_bytes"));
    unified.chain(legacy).filter(|&limit| limit < NO_LIMIT).min()
}

/// The folders with this process's limits: its own group and every one above it, since the tightest limit holds. In
/// a container the path may be the host's, of which only the end (the mount point itself) is visible.
///
/// `controller` is empty for version 2, whose line is `0::/path`; version 1 has `4:cpu,cpuacct:/path`.
fn folders(mounted_at: &Path, own: &str, controller: &str) -> Vec<PathBuf> {
    let Some((controllers, path)) = own.lines().find_map(|line| {
        let (_hierarchy, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|name| name == controller).then_some((controllers, path))
    }) else {
        return Vec::new();
    };
    let mounts = match controller {
        "" => [mounted_at.to_owned(), mounted_at.join("unified")],
        _ => [mounted_at.join(controllers), mounted_at.join(controller)],
    };
    let below = Path::new(path.trim_start_matches('/'));
    mounts.iter().flat_map(|mount| below.ancestors().map(|group| mount.join(group))).collect()
}

fn parse_cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    share(quota.parse().ok()?, period.parse().ok()?)
}

/// Version 1 writes "no quota" as -1.
fn share(quota: f64, period: f64) -> Option<f64> {
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    #[test]
    fn quota_in_words() {
        assert_eq!(parse_cpu_max("150000 100000\n"), Some(1.5));
        assert_eq!(parse_cpu_max("max 100000\n"), None);
        assert_eq!(parse_cpu_max(""), None);
    }

    #[test]
    fn version_2_takes_the_tightest_of_the_groups_above() {
        let root = tree(&[
            ("cpu.max", "max 100000\n"),
            ("a/cpu.max", "50000 100000\n"),
            ("a/b/cpu.max", "200000 100000\n"),
            ("a/memory.max", "max\n"),
            ("a/b/memory.max", "1073741824\n"),
        ]);
        assert_eq!(core_quota_in(root.path(), "0::/a/b\n"), Some(0.5));
        assert_eq!(memory_limit_in(root.path(), "0::/a/b\n"), Some(1 << 30));
        assert_eq!(core_quota_in(root.path(), "0::/other\n"), None);
        assert_eq!(memory_limit_in(root.path(), "0::/a\n"), None);
    }

    #[test]
    fn groups_that_hand_memory_down_are_found_the_nearest_first() {
        let root = tree(&[
            ("cgroup.subtree_control", "cpu memory pids\n"),
            ("a/cgroup.subtree_control", "cpu\n"),
            ("a/b/cgroup.subtree_control", "memory\n"),
            ("a/b/c/cgroup.subtree_control", "\n"),
            ("memory/x/memory.limit_in_bytes", "1\n"),
            ("memory/memory.limit_in_bytes", "1\n"),
        ]);
        let found = |own: &str| -> Vec<String> {
            let shown = |g: MemoryGroup| {
                format!("{:?} {}", g.version, g.folder.strip_prefix(root.path()).unwrap().display())
            };
            memory_groups_in(root.path(), own).into_iter().map(shown).collect()
        };
        assert_eq!(found("0::/a/b/c\n"), ["V2 a/b", "V2 "]);
        assert_eq!(found("4:memory:/x\n"), ["V1 memory/x"]);
        assert_eq!(found("4:cpu:/x\n"), [""; 0]);
    }

    #[test]
    fn the_innermost_group_that_is_visible() {
        let root = tree(&[("cgroup.procs", ""), ("a/cgroup.procs", ""), ("a/b/cgroup.procs", "")]);
        let found = |groups| folder_in(root.path(), groups);
        assert_eq!(found("4:memory:/x\n0::/a/b\n"), Some(root.path().join("a/b")));
        assert_eq!(found("0::/a/gone\n"), Some(root.path().join("a")));
        assert_eq!(found("4:memory:/a\n"), None);
        let hybrid = tree(&[("unified/a/cgroup.procs", ""), ("memory/a/cgroup.procs", "")]);
        assert_eq!(folder_in(hybrid.path(), "0::/a\n"), Some(hybrid.path().join("unified/a")));
    }

    #[test]
    fn room_is_that_of_the_tightest_group() {
        let root = tree(&[
            ("a/memory.max", "1000000\n"),
            ("a/memory.current", "900000\n"),
            ("a/memory.stat", "anon 500000\ninactive_anon 1\ninactive_file 300000\n"),
            ("a/b/memory.max", "700000\n"),
            ("a/b/memory.current", "100000\n"),
            ("a/b/memory.stat", "inactive_file 0\n"),
            ("a/free/memory.max", "max\n"),
        ]);
        assert_eq!(memory_room_in(root.path(), "0::/a\n"), Some((400_000, 1_000_000)));
        assert_eq!(memory_room_in(root.path(), "0::/a/b\n"), Some((400_000, 1_000_000)));
        assert_eq!(memory_room_in(root.path(), "0::/a/free\n"), Some((400_000, 1_000_000)));
        assert_eq!(memory_room_in(root.path(), "0::/elsewhere\n"), None);
        let legacy = tree(&[
            ("memory/x/memory.limit_in_bytes", "1000\n"),
            ("memory/x/memory.usage_in_bytes", "1200\n"),
            ("memory/x/memory.stat", "inactive_file 5\ntotal_inactive_file 100\n"),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/memory.usage_in_bytes", "9\n"),
        ]);
        assert_eq!(memory_room_in(legacy.path(), "4:memory:/x\n"), Some((0, 1000)));
        assert_eq!(memory_room_in(legacy.path(), "4:memory:/\n"), None);
    }

    #[test]
    fn version_1_in_a_container_that_sees_the_hosts_path() {
        let root = tree(&[
            ("cpu,cpuacct/cpu.cfs_quota_us", "250000\n"),
            ("cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/docker/abc/memory.limit_in_bytes", "536870912\n"),
        ]);
        let own = "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:cpuset:/docker/abc\n0::/\n";
        assert_eq!(core_quota_in(root.path(), own), Some(2.5));
        assert_eq!(memory_limit_in(root.path(), own), Some(512 << 20));
        assert_eq!(memory_limit_in(root.path(), "5:memory:/elsewhere\n"), None);
    }
}
