//! A disk that is full: a small file system of its own, never the machine's.

#[cfg(target_os = "linux")]
#[path = "full_disk/linux.rs"]
mod disk;
#[cfg(not(target_os = "linux"))]
#[path = "full_disk/none.rs"]
mod disk;

use std::{io, path::Path};

use self::disk::Disk;
use crate::units::ByteSize;

/// The smallest: a file system needs some pages for itself.
const SMALLEST: ByteSize = ByteSize::new(64 << 10);

/// The largest: what is written there is memory.
const LARGEST: ByteSize = ByteSize::new(1 << 30);

/// A small file system in memory that a target can fill, or find full: writes fail with
/// [`StorageFull`](io::ErrorKind::StorageFull), as on a disk without space. It is gone when this is dropped and the files
/// on it are closed, and when the process ends, however it ends: it is mounted nowhere, and reached through a descriptor of
/// this process.
///
/// Linux only, and only with the right to mount (`CAP_SYS_ADMIN`): as root, in a container that has it, or as
/// `unshare --user --map-root-user --mount cargo test ...`. What is written there is memory that no limit of the case sees.
///
/// A target that makes its path canonical (`fs::canonicalize`) finds nothing: the path has no name on this machine, so
/// that nothing can be written to a real disk by mistake.
///
/// ```no_run
/// use std::{fs, io::ErrorKind};
/// use proofload::{fault::FullDisk, mib, units::ByteSize};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let disk = FullDisk::of(mib(4))?;
/// let file = disk.path().join("log");
/// fs::write(&file, vec![1; 1 << 20])?;
///
/// disk.fill(ByteSize::new(0))?;
/// let refused = fs::write(disk.path().join("more"), [1]).unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::StorageFull);
///
/// disk.free_up()?;
/// fs::write(disk.path().join("more"), [1])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard takes the file system away"]
pub struct FullDisk {
    disk: Disk,
}

/// Why there is no such file system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FullDiskError {
    /// Too small or too large.
    #[error("a disk of {size}: give it {SMALLEST} to {LARGEST}")]
    Size {
        /// The size that was asked for.
        size: ByteSize,
    },
    /// The process may not mount.
    #[error(
        "a small file system cannot be made without the right to mount (CAP_SYS_ADMIN): run as root, or as `unshare \
         --user --map-root-user --mount cargo test ...`, or let the target write to a small disk of your own"
    )]
    NotAllowed,
    /// The system has no such thing.
    #[error(
        "this system cannot make a file system that is mounted nowhere (Linux 5.2 and later can): let the target write \
         to a small disk of your own"
    )]
    NotHere,
    /// Anything else.
    #[error("a small file system could not be made")]
    Failed(#[source] io::Error),
}

impl FullDisk {
    /// An empty file system of `size`, 64 KiB to 1 GiB; a few pages of it are its own.
    ///
    /// # Errors
    /// The size is out of bounds, or the system or its rights do not allow it.
    pub fn of(size: ByteSize) -> Result<Self, FullDiskError> {
        match (SMALLEST..=LARGEST).contains(&size) {
            true => Ok(Self { disk: Disk::make(size)? }),
            false => Err(FullDiskError::Size { size }),
        }
    }

    /// A folder on it for the target, empty at first. Children of this process can use it too, while this process lives.
    pub fn path(&self) -> &Path {
        self.disk.path()
    }

    /// Bytes that can still be written.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn free(&self) -> io::Result<ByteSize> {
        self.disk.free()
    }

    /// Fills it so that `left` is left, or a page less (4 KiB on most machines). The filling is no file below
    /// [`FullDisk::path`].
    ///
    /// # Errors
    /// The system does not do it.
    pub fn fill(&self, left: ByteSize) -> io::Result<()> {
        self.disk.fill(left)
    }

    /// Takes the filling away again. What the target has written stays.
    ///
    /// # Errors
    /// The system does not do it.
    pub fn free_up(&self) -> io::Result<()> {
        self.disk.free_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::gib;

    #[test]
    fn a_size_that_makes_no_sense_is_refused() {
        for size in [ByteSize::new(0), gib(2)] {
            let error = FullDisk::of(size).unwrap_err().to_string();
            assert_eq!(error, format!("a disk of {size}: give it 64 KiB to 1 GiB"));
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[test]
    fn other_systems_say_so() {
        assert!(matches!(FullDisk::of(SMALLEST), Err(FullDiskError::NotHere)));
    }
}
