use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::machine_info::MachineInfo;

/// How the program was built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BuildInfo {
    /// The compiler: `rustc 1.89.0 (29483883e 2025-08-04)`.
    pub rustc: String,
    /// Whether the optimiser was on.
    pub optimised: bool,
    /// Whether debug assertions were on.
    pub debug_assertions: bool,
    /// The version of this crate.
    pub proofload: String,
}

/// What figures depend on beside the code under test; two runs compare only where this is alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// The machine.
    pub machine: MachineInfo,
    /// The build.
    pub build: BuildInfo,
    /// The git commit that is checked out, in full; changes that are not committed do not show. `None` outside of a
    /// repository.
    pub commit: Option<String>,
}

impl Environment {
    /// Reads machine and commit; the latter from the repository that the working directory is in.
    pub fn read(build: BuildInfo) -> Self {
        let commit = std::env::current_dir().ok().and_then(|folder| commit_of(&folder));
        Self { machine: MachineInfo::read(), build, commit }
    }
}

/// The commit checked out at `folder` or above. Reads the files, so it works where no git is installed.
fn commit_of(folder: &Path) -> Option<String> {
    let repository = folder.ancestors().find_map(repository_in)?;
    let head = fs::read_to_string(repository.join("HEAD")).ok()?;
    match head.trim().strip_prefix("ref: ") {
        None => hash(head.trim()),
        Some(branch) => resolve(&repository, branch),
    }
}

/// The folder with `HEAD`. `.git` is a file in worktrees and submodules: `gitdir: ../.git/worktrees/x`.
fn repository_in(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if git.is_dir() {
        return git.join("HEAD").exists().then_some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(folder.join(text.trim().strip_prefix("gitdir: ")?))
}

fn resolve(repository: &Path, branch: &str) -> Option<String> {
    // A worktree has a HEAD of its own; its branches are where `commondir` points.
    let common = fs::read_to_string(repository.join("commondir")).map(|path| repository.join(path.trim()));
    let common = common.unwrap_or_else(|_| repository.to_owned());
    let loose =
        [repository, &common].into_iter().find_map(|place| fs::read_to_string(place.join(branch)).ok());
    match loose {
        Some(text) => hash(text.trim()),
        None => packed(&fs::read_to_string(common.join("packed-refs")).ok()?, branch),
    }
}

fn packed(refs: &str, branch: &str) -> Option<String> {
    let pairs = refs.lines().filter_map(|line| line.split_once(' '));
    pairs.filter(|(_, name)| *name == branch).find_map(|(commit, _)| hash(commit))
}

/// A SHA-1 or a SHA-256 in hexadecimal.
fn hash(text: &str) -> Option<String> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    #[test]
    fn a_branch_is_resolved_from_below() {
        let root = files(&[
            (".git/HEAD", "ref: refs/heads/main\n"),
            (".git/refs/heads/main", &format!("{ONE}\n")),
            ("crates/deep/Cargo.toml", ""),
        ]);
        assert_eq!(commit_of(&root.path().join("crates/deep")).as_deref(), Some(ONE));
    }

    #[test]
    fn a_packed_branch_and_a_detached_head() {
        let refs = format!(
            "# pack-refs with: peeled fully-peeled sorted\n{ONE} refs/heads/main2\n{TWO} refs/heads/main\n"
        );
        let packed = files(&[(".git/HEAD", "ref: refs/heads/main\n"), (".git/packed-refs", &refs)]);
        assert_eq!(commit_of(packed.path()).as_deref(), Some(TWO));
        let detached = files(&[(".git/HEAD", &format!("{ONE}\n"))]);
        assert_eq!(commit_of(detached.path()).as_deref(), Some(ONE));
    }

    #[test]
    fn a_worktree_finds_its_branch_in_the_common_folder() {
        let root = files(&[
            ("tree/.git", "gitdir: ../main/.git/worktrees/tree\n"),
            ("main/.git/HEAD", "ref: refs/heads/main\n"),
            ("main/.git/worktrees/tree/HEAD", "ref: refs/heads/topic\n"),
            ("main/.git/worktrees/tree/commondir", "../..\n"),
            ("main/.git/refs/heads/topic", TWO),
        ]);
        assert_eq!(commit_of(&root.path().join("tree")).as_deref(), Some(TWO));
    }

    #[test]
    fn a_repository_without_a_commit_has_none() {
        let unborn = files(&[(".git/HEAD", "ref: refs/heads/main\n")]);
        assert_eq!(commit_of(unborn.path()), None);
        let foreign =
            files(&[(".git/HEAD", "ref: refs/heads/.invalid\n"), (".git/refs/heads/.invalid", "reftable")]);
        assert_eq!(commit_of(foreign.path()), None);
    }

    #[test]
    fn it_survives_json_with_its_units_in_the_names() {
        let build = BuildInfo {
            rustc: "rustc 1.89.0".to_owned(),
            proofload: "0.1.0".to_owned(),
            ..BuildInfo::default()
        };
        let environment = Environment::read(build);
        let json = serde_json::to_value(&environment).unwrap();
        assert_eq!(json["build"]["optimised"], false);
        assert!(json["machine"]["memory_bytes"].is_u64());
        assert_eq!(serde_json::from_value::<Environment>(json).unwrap(), environment);
    }
}
