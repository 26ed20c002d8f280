use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FallocateFlags, Mode, OFlags, fallocate, fstatvfs, ftruncate, mkdirat, openat, statat},
    io::Errno,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
    },
};

use super::FullDiskError;
use crate::units::ByteSize;

/// Where the target's folder is on the file system. Its canonical path is this too, and where the machine has its `/proc`
/// nobody can make a file or a folder: what follows the canonical path gets an error rather than a real disk.
const FOLDERS: [&str; 2] = ["proc", "proc/proofload-full-disk"];

/// What fills it stands beside that.
const FILLING: &str = "filling";

/// A tmpfs that is mounted nowhere: it lives as long as a descriptor of it.
#[derive(Debug)]
pub(super) struct Disk {
    root: OwnedFd,
    filling: OwnedFd,
    path: PathBuf,
    /// What `path` goes through.
    _folder: OwnedFd,
}

impl Disk {
    pub(super) fn make(size: ByteSize) -> Result<Self, FullDiskError> {
        Self::mount(size).map_err(|errno| match errno {
            Errno::PERM | Errno::ACCESS => FullDiskError::NotAllowed,
            Errno::NOSYS | Errno::NODEV => FullDiskError::NotHere,
            other => FullDiskError::Failed(other.into()),
        })
    }

    fn mount(size: ByteSize) -> Result<Self, Errno> {
        let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_set_string(&context, "size", size.bytes().to_string())?;
        fsconfig_set_string(&context, "mode", "0700")?;
        fsconfig_create(&context)?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        let root = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
        for folder in FOLDERS {
            mkdirat(&root, folder, Mode::RWXU)?;
        }
        let folder =
            openat(&root, FOLDERS[1], OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
        let filling = openat(&root, FILLING, flags, Mode::RUSR | Mode::WUSR)?;
        // By the process's number, so that its children come here too.
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), folder.as_raw_fd()));
        Ok(Self { root, filling, path, _folder: folder })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn free(&self) -> io::Result<ByteSize> {
        let about = fstatvfs(&self.root)?;
        Ok(ByteSize::new(about.f_bavail.saturating_mul(about.f_frsize)))
    }

    pub(super) fn fill(&self, left: ByteSize) -> io::Result<()> {
        let page = fstatvfs(&self.root)?.f_frsize.max(1);
        let left = left.bytes() / page * page;
        let filled = statat(&self.root, FILLING, AtFlags::empty())?.st_size as u64;
        let wanted = (filled + self.free()?.bytes()).saturating_sub(left);
        ftruncate(&self.filling, wanted.min(filled))?;
        if wanted > filled {
            fallocate(&self.filling, FallocateFlags::empty(), 0, wanted)?;
        }
        Ok(())
    }

    pub(super) fn free_up(&self) -> io::Result<()> {
        Ok(ftruncate(&self.filling, 0)?)
    }
}
