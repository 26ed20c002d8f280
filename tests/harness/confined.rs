//! Where less is allowed than on a developer's machine: as in a container, as another user, on one core, with parts of
//! `/proc` hidden, on a checkout that cannot be written.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::geteuid;

use super::{
    Impossible,
    fixture::{Ended, Package, Start},
    tests,
};

tests![
    ; where possible:
    cgroups_that_cannot_be_written,
    no_cgroups_at_all,
    another_user,
    other_processes_hidden,
    one_core,
    a_checkout_that_cannot_be_written,
    a_target_folder_that_cannot_be_written,
    a_temporary_folder_that_cannot_be_written,
];

/// The place of a package's own program.
const OWN_PROGRAM: &str = "target/debug/deps/suite";

/// The words that start a program with less than this test has.
pub(super) struct Confinement(Vec<OsString>);

/// A user that every system has, and that owns nothing.
const NOBODY: &str = "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"";

/// Makes what is mounted at `$at` read-only, for whoever sees this mount.
const CGROUPS_READ_ONLY: &str = "while read -r _ at kind _; do case $kind in cgroup*) \
    mount -o remount,bind,ro \"$at\" || exit;; esac; done </proc/mounts";

/// The working directory was opened before: it has to be opened anew, below the mount.
const FOLDER_READ_ONLY: &str = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && cd \"$0\"";

impl Package {
    /// The same, started by another program: its words, and then the suite's.
    fn suite_in(&self, words: &[OsString], arguments: &[&str]) -> Start {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(self.program());
        self.ready(command, arguments)
    }

    /// The suite's program: the package's own if it was given one.
    fn program(&self) -> PathBuf {
        let own = self.file(OWN_PROGRAM);
        if own.exists() { own } else { env::current_exe().unwrap() }
    }

    /// Gives the package the program of its suite, where cargo would put it.
    fn build(&self) {
        let own = self.file(OWN_PROGRAM);
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        fs::copy(env::current_exe().unwrap(), own).unwrap();
    }

    /// Lets every user write to it.
    fn open_to_all(&self) {
        let mut folders = vec![self.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            folders.extend(entries.filter(|path| path.is_dir()));
        }
    }
}

impl Confinement {
    /// What a shell does before it becomes the program, with `folder` as `$0`: `sh -c "SCRIPT" FOLDER PROGRAM`.
    fn script(before: &[&str], script: &str, folder: &Path) -> Self {
        let shell = before.iter().copied().chain(["sh", "-c", script]).map(OsString::from);
        Self(shell.chain([folder.as_os_str().to_owned()]).collect())
    }

    /// With file systems that only the program sees, as root or as a user who is root in a namespace.
    pub(super) fn mounts(script: &str, folder: &Path) -> Result<Self, Impossible> {
        let script = format!("{script} && exec \"$@\"");
        Self::of_mounts(&script, folder, &["true"])
    }

    fn of_mounts(script: &str, folder: &Path, probe: &[&str]) -> Result<Self, Impossible> {
        let root = Self::script(&["unshare", "-m"], script, folder);
        root.proved_by(probe)
            .or_else(|_| Self::script(&["unshare", "--map-root-user", "-m"], script, folder).proved_by(probe))
    }

    /// As a user without rights: the own, unless that is root.
    fn nobody(package: &Package) -> Result<Self, Impossible> {
        let script = if geteuid().is_root() { NOBODY } else { "exec \"$@\"" };
        package.open_to_all();
        let program = package.program();
        Self::script(&[], script, Path::new("sh")).proved_by(&["test", "-x", program.to_str().unwrap()])
    }

    /// Requires that a program which needs the confinement succeeds in it.
    fn proved_by(self, probe: &[&str]) -> Result<Self, Impossible> {
        let mut command = Command::new(&self.0[0]);
        command.args(&self.0[1..]).args(probe).stdin(Stdio::null());
        match command.output() {
            Ok(output) if output.status.success() => Ok(self),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().last().unwrap_or("it may not be done here");
                Err(Impossible(format!("{}: {last}", self.0[0].display())))
            }
            Err(error) => Err(Impossible(format!("{}: {error}", self.0[0].display()))),
        }
    }

    /// The suite of `package`, confined.
    pub(super) fn suite(&self, package: &Package, arguments: &[&str]) -> Start {
        package.suite_in(&self.0, arguments)
    }
}

/// Requires that the quick cases pass, with reports and figures, and that nothing stays.
#[track_caller]
fn all_is_well(package: &Package, ended: Ended) {
    let ended = ended.exits(0);
    assert_eq!(ended.outcomes(), ["fast_closed ok", "fast_open ok"]);
    let resources = &package.case("fast_open")["resources"];
    assert!(resources["peak_memory_bytes"].as_u64().unwrap() > 1 << 20, "{resources:#}");
    assert!(resources["peak_threads"].as_u64().unwrap() > 1, "{resources:#}");
    assert_eq!(package.temporary_files(), [""; 0]);
}

/// The quick cases that [`all_is_well`] wants.
const QUICK: [&str; 4] = ["fast_", "--skip=fast_n", "--skip=fast_p", "--skip=fast_s"];

/// Requires a hold on memory without the kernel's groups, for this reason, and that `hard` takes no less than one.
#[track_caller]
fn memory_is_held_without_groups(package: &Package, confinement: &Confinement, reason: &str) {
    all_is_well(package, confinement.suite(package, &QUICK).run());
    let containment = &package.case("fast_open")["containment"];
    assert_eq!(containment["tier"], "data_limit", "{containment:#}");
    assert!(containment["sentence"].as_str().unwrap().contains(reason), "{containment:#}");
    let hard =
        confinement.suite(package, &["fast_open"]).env("PROOFLOAD_CONTAINMENT", "hard").run().exits(101);
    assert_eq!(hard.outcomes(), ["fast_open FAILED"]);
    let case = package.case("fast_open");
    let error = case["ending"]["error"].as_str().unwrap();
    assert!(error.starts_with("`containment` is hard, and memory cannot be held: "), "{error}");
    assert!(error.contains(reason), "{error}");
    assert_eq!(package.said("operations").len(), 30, "only the first run did something");
}

fn cgroups_that_cannot_be_written() -> Result<(), Impossible> {
    let package = Package::new();
    let confinement = Confinement::mounts(CGROUPS_READ_ONLY, Path::new("sh"))?;
    let has_memory = fs::read_to_string("/proc/mounts").is_ok_and(|mounts| mounts.contains(" cgroup"));
    if !has_memory {
        return Err(Impossible("no cgroup is mounted here".to_owned()));
    }
    // Of a group whose parent hands no memory controller down, nothing is tried.
    let sentence = match Confinement::mounts("test -e /sys/fs/cgroup/memory", Path::new("sh")) {
        Ok(_version_1) => "Read-only file system",
        Err(_version_2) => "no ",
    };
    memory_is_held_without_groups(&package, &confinement, sentence);
    Ok(())
}

fn no_cgroups_at_all() -> Result<(), Impossible> {
    let package = Package::new();
    let confinement = Confinement::mounts("mount -t tmpfs -o ro none /sys/fs/cgroup", Path::new("sh"))?;
    memory_is_held_without_groups(&package, &confinement, "no cgroup with a memory controller is mounted");
    Ok(())
}

fn another_user() -> Result<(), Impossible> {
    let package = Package::new();
    let confinement = Confinement::nobody(&package)?;
    all_is_well(&package, confinement.suite(&package, &QUICK).run());
    // The tests' own files are readable for everybody, so who wrote them tells who ran.
    let user = std::os::unix::fs::MetadataExt::uid(&fs::metadata(package.latest("report.json")).unwrap());
    assert_ne!(user, 0);
    let failed = confinement.suite(&package, &["bad_panic"]).run().exits(101);
    assert_eq!(failed.outcomes(), ["bad_panic FAILED"]);
    Ok(())
}

fn other_processes_hidden() -> Result<(), Impossible> {
    let package = Package::new();
    if !geteuid().is_root() {
        return Err(Impossible("hiding processes takes the rights of root".to_owned()));
    }
    Confinement::nobody(&package)?;
    let script = format!("mount -t proc -o hidepid=2 none /proc && {NOBODY}");
    let init_is_hidden = ["test", "!", "-e", "/proc/1"];
    let confinement = Confinement::of_mounts(&script, Path::new("sh"), &init_is_hidden)?;
    all_is_well(&package, confinement.suite(&package, &QUICK).run());
    Ok(())
}

fn one_core() -> Result<(), Impossible> {
    let package = Package::new();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mine = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    let core = mine.trim().split(['-', ',']).next().unwrap();
    let confinement = Confinement::script(&[], &format!("exec taskset -c {core} \"$@\""), Path::new("sh"));
    let confinement = confinement.proved_by(&["true"])?;
    all_is_well(&package, confinement.suite(&package, &QUICK).run());
    let machine = &package.report()["environment"]["machine"];
    assert!(machine["cores_available"].as_f64().unwrap() <= 1.0, "{machine:#}");
    Ok(())
}

fn a_checkout_that_cannot_be_written() -> Result<(), Impossible> {
    let package = Package::with_settings("max_memory = \"400MiB\"\n");
    let confinement = Confinement::mounts(FOLDER_READ_ONLY, &package.file(""))?;
    let names = || -> Vec<OsString> {
        fs::read_dir(package.file("")).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    let before = names();
    all_is_well(&package, confinement.suite(&package, &QUICK).run());
    assert_eq!(names(), before);
    let settings = package.case("fast_open")["settings"].as_array().unwrap().clone();
    let memory = settings.iter().find(|setting| setting["key"] == "max_memory").unwrap();
    assert!(memory["origin"].as_str().unwrap().contains("stress.toml"), "{memory:#}");
    Ok(())
}

fn a_target_folder_that_cannot_be_written() -> Result<(), Impossible> {
    let package = Package::new();
    package.build();
    let confinement = Confinement::mounts(FOLDER_READ_ONLY, &package.file(""))?;
    let start = || confinement.suite(&package, &["fast_open"]).without("PROOFLOAD_REPORT_DIR");
    let ended = start().run().exits(74);
    let default =
        package.file("target/stress").canonicalize().unwrap_or_else(|_| package.file("target/stress"));
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{ended}");
    assert!(errors[0].starts_with(&format!("error: the report folder {}/", default.display())), "{ended}");
    let advice = "Read-only file system (os error 30); choose another folder with --report-dir or \
        PROOFLOAD_REPORT_DIR, or make room";
    assert!(errors[0].ends_with(advice), "{ended}");
    assert!(package.said("operations").is_empty(), "nothing ran\n{ended}");
    start().env("PROOFLOAD_REPORT_DIR", package.reports()).run().exits(0);
    assert_eq!(package.report()["summary"]["passed"], 1);
    Ok(())
}

fn a_temporary_folder_that_cannot_be_written() -> Result<(), Impossible> {
    let package = Package::new();
    let confinement = Confinement::mounts(FOLDER_READ_ONLY, &package.file(""))?;
    let start = || confinement.suite(&package, &["fast_open"]).env("TMPDIR", package.file(""));
    let ended = start().run().exits(101);
    assert_eq!(ended.outcomes(), ["fast_open FAILED"]);
    let ended = ended.says("no temporary folder could be made: ").says("make room or set TMPDIR");
    assert!(package.said("operations").is_empty(), "nothing ran\n{ended}");
    // The lock of all suites of a machine is there too.
    let ended = start().env("PROOFLOAD_LOCK", "machine").run().exits(74);
    ended.says("error: the lock file ").says("set `lock` to another path or to off");
    Ok(())
}
