use std::path::Path;

use super::{Machine, cores_available};

/// Something of which there is so much, and so much left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    /// What it is, or what it holds.
    pub(crate) name: &'static str,
    /// What is left for this user.
    pub(crate) free_bytes: u64,
    /// All of it.
    pub(crate) total_bytes: u64,
}

/// What the machine has to give before a case starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Supply {
    /// Memory, within the limits of the control groups; `None` where it is not told.
    pub(crate) memory: Option<Space>,
    /// The disks of the folders that were asked about, in their order; without those that are not told.
    pub(crate) disks: Vec<Space>,
    /// The load average over one minute; `None` on Windows, which has none.
    pub(crate) load_1m: Option<f64>,
    /// The cores available.
    pub(crate) cores: f64,
}

impl Supply {
    /// Asks now; takes a millisecond at most. The folders must exist.
    pub(crate) fn read(folders: &[(&'static str, &Path)]) -> Self {
        let sample = Machine::new().sample();
        let memory = Space {
            name: "memory",
            free_bytes: sample.memory_available_bytes,
            total_bytes: sample.memory_total_bytes,
        };
        Self {
            memory: (memory.total_bytes > 0).then_some(memory),
            disks: folders.iter().filter_map(|(name, folder)| space_of(name, folder)).collect(),
            load_1m: cfg!(not(windows)).then_some(sample.load_1m),
            cores: cores_available(),
        }
    }

    /// The load average for each core available.
    pub(crate) fn load_per_core(&self) -> Option<f64> {
        Some(self.load_1m? / self.cores)
    }
}

/// The disk that holds `folder`; `None` where it is not told.
#[cfg(unix)]
pub(super) fn space_of(name: &'static str, folder: &Path) -> Option<Space> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    // Some file systems that are no disks say 0 of 0.
    (disk.f_blocks > 0).then(|| Space {
        name,
        free_bytes: bytes(disk.f_bavail),
        total_bytes: bytes(disk.f_blocks),
    })
}

/// The disk that holds `folder`; `None` where it is not told.
#[cfg(not(unix))]
pub(super) fn space_of(name: &'static str, folder: &Path) -> Option<Space> {
    let folder = folder.canonicalize().ok()?;
    let disks = sysinfo::Disks::new_with_refreshed_list();
    let holding = disks.list().iter().filter(|disk| folder.starts_with(disk.mount_point()));
    // The innermost of the mount points.
    let disk = holding.max_by_key(|disk| disk.mount_point().as_os_str().len())?;
    Some(Space { name, free_bytes: disk.available_space(), total_bytes: disk.total_space() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere");
        let supply = Supply::read(&[("here", folder.path()), ("nowhere", &nowhere)]);
        let memory = supply.memory.unwrap();
        assert!(0 < memory.free_bytes && memory.free_bytes <= memory.total_bytes, "{supply:?}");
        assert_eq!(supply.disks.iter().map(|disk| disk.name).collect::<Vec<_>>(), ["here"]);
        assert!(supply.disks[0].free_bytes < supply.disks[0].total_bytes, "{supply:?}");
        assert!(supply.cores > 0.0);
    }

    #[test]
    fn a_load_is_for_each_core() {
        let supply = Supply { memory: None, disks: Vec::new(), load_1m: Some(3.0), cores: 1.5 };
        assert_eq!(supply.load_per_core(), Some(2.0));
        assert_eq!(Supply { load_1m: None, ..supply }.load_per_core(), None);
    }
}
