//! A full disk, seen from the programs that write to it. Where the rights to make one are missing, that is what is checked.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::Path,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use proofload::{
    fault::{FullDisk, FullDiskError},
    mib,
    units::ByteSize,
};

/// One at a time: a descriptor's number, and so the path, may soon be another disk's.
static TURN: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `None` where it is not allowed, which is said clearly.
fn disk(size: ByteSize) -> Option<FullDisk> {
    match FullDisk::of(size) {
        Ok(disk) => Some(disk),
        Err(error @ FullDiskError::NotAllowed) => {
            assert!(error.to_string().contains("CAP_SYS_ADMIN"), "{error}");
            assert!(!rustix::process::geteuid().is_root() || !may_mount(), "root may: {error}");
            eprintln!("not checked: {error}");
            None
        }
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

fn device(path: &Path) -> u64 {
    fs::metadata(path).expect("it is there").dev()
}

/// Whether bit 21, CAP_SYS_ADMIN, is among the effective capabilities.
fn may_mount() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("it is there");
    u64::from_str_radix(line.trim(), 16).expect("a mask") & (1 << 21) != 0
}

#[track_caller]
fn is_full(written: std::io::Result<()>) {
    assert_eq!(written.map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
}

#[test]
fn it_is_full_when_it_is_full_and_only_then() {
    let _alone = alone();
    let Some(disk) = disk(mib(2)) else { return };
    assert_ne!(device(disk.path()), device(Path::new("/")), "it is no part of a real disk");
    let (file, other) = (disk.path().join("file"), disk.path().join("other"));
    fs::write(&file, vec![1; 1 << 20]).expect("half of it");
    is_full(fs::write(&other, vec![2; 2 << 20]));
    fs::remove_file(&other).expect("what was begun");
    assert_eq!(fs::read(&file).expect("it is there"), vec![1; 1 << 20]);
}

#[test]
fn filling_leaves_what_is_asked_for_and_is_taken_away() {
    let _alone = alone();
    let Some(disk) = disk(mib(4)) else { return };
    let file = disk.path().join("file");
    disk.fill(ByteSize::new(0)).expect("it can be filled");
    assert_eq!(disk.free().expect("it tells").bytes(), 0);
    is_full(fs::write(&file, [1]));
    for left in [100 << 10, 1 << 20, 8 << 10] {
        disk.fill(ByteSize::new(left)).expect("more or less");
        assert_eq!(disk.free().expect("it tells").bytes(), left);
    }
    fs::write(&file, vec![1; 8 << 10]).expect("so much was left");
    is_full(File::options().append(true).open(&file).and_then(|mut file| file.write_all(&[1])));
    assert_eq!(fs::read_dir(disk.path()).expect("a folder").count(), 1, "the filling is not the target's");
    disk.free_up().expect("it can be taken away");
    File::options()
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(&[1; 1 << 20]))
        .expect("room");
    assert_eq!(fs::metadata(&file).expect("it is there").len(), (1 << 20) + (8 << 10));
}

#[test]
fn it_is_gone_after_its_guard_and_its_path_has_no_name() {
    let _alone = alone();
    let Some(disk) = disk(mib(1)) else { return };
    let path = disk.path().to_owned();
    fs::write(path.join("file"), "content").expect("there is room");
    let listed = Command::new("ls").arg(&path).output().expect("ls is there");
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "file\n", "children see it");
    let mounts = fs::read_to_string("/proc/self/mounts").expect("Linux has it");
    assert!(!mounts.contains("proofload"), "{mounts}");
    // Whoever follows the canonical name gets nowhere, root too.
    let name = fs::read_link(&path).expect("it is a link");
    assert!(!name.exists() && fs::create_dir_all(&name).is_err(), "{}", name.display());
    let mut open = File::open(path.join("file")).expect("it is there");
    drop(disk);
    assert!(!path.join("file").exists(), "the descriptor is closed, or another file's");
    let mut content = String::new();
    open.read_to_string(&mut content).expect("what is open stays");
    assert_eq!(content, "content");
    assert!(Path::new(&format!("/proc/self/fd/{}", open.as_raw_fd())).exists());
}
