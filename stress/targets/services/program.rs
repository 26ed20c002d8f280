//! Finding a program that is installed.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The program called `name`: the first on PATH, else in one of `folders`, of which the last in the order of their names
/// is the newest.
pub(super) fn find(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(&path, name, folders)
}

/// The same with a PATH of the caller's.
pub(crate) fn find_in(path: &OsStr, name: &str, folders: &[&str]) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let further = folders.iter().flat_map(|pattern| matching(pattern));
    env::split_paths(path).chain(further).map(|folder| folder.join(&file)).find(|file| is_program(file))
}

/// The folders that a pattern means, the last first: `/usr/lib/postgresql/*/bin`.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((above, below)) = pattern.split_once("/*/") else { return vec![PathBuf::from(pattern)] };
    let Ok(entries) = fs::read_dir(above) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // 9 before 15: by number where the name is one.
    found.sort_by_key(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name.parse::<u32>().ok(), name)
    });
    found.into_iter().rev().map(|folder| folder.join(below)).collect()
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}
