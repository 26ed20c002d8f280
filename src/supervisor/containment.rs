use std::{path::Path, process::Command};

/// Prepares this program to be the parent of cases: orphans of its children become its own children, so that they
/// can be found and ended.
pub(crate) fn become_subreaper() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        eprintln!("proofload: processes that leave their case may not be found: {error}");
    }
}

/// Gives the child a process group of its own, so that it can be signalled with all that it started, and Ctrl-C at
/// the terminal reaches the supervisor alone.
pub(super) fn contain(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
    #[cfg(not(any(unix, windows)))]
    let _ = command;
}

/// Of `CreateProcess`: Ctrl-C at the console does not reach such a process. There is no signal to the group as such.
#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// The variables that name the folder for temporary files.
pub(super) const TEMPORARY_FOLDER: &[&str] = if cfg!(windows) { &["TMP", "TEMP"] } else { &["TMPDIR"] };

/// What a child does to itself before anything else: no core dumps, and the first to go when the machine is out of
/// memory.
pub(super) fn tame_self() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // Failing leaves a core dump behind at worst.
        let _unchanged = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        // Everybody may raise the own score; a kernel without the file has no such killer.
        let _unchanged = std::fs::write("/proc/self/oom_score_adj", "1000");
        // When the supervisor dies, a process that was stopped goes on, so that it hears of it and cleans up. Not a kill:
        // that would leave what it has started. It is tied to the supervisor's thread that spawned this one, which waits
        // until this one has ended.
        let _unchanged =
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::CONT));
    }
}

/// Has the kernel refuse more data than `bytes`: an allocation beyond fails.
pub(super) fn limit_data(bytes: Option<u64>) {
    #[cfg(target_os = "linux")]
    if let Some(bytes) = bytes {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let most = getrlimit(Resource::Data).maximum.map_or(bytes, |most| most.min(bytes));
        // Only a backstop: without it there is still the polling.
        let _unchanged = setrlimit(Resource::Data, Rlimit { current: Some(most), maximum: Some(most) });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = bytes;
}

/// Removes a folder once this process has ended: before, its threads may go on writing into it, and make anew what
/// was removed. A shell does it, that waits for the end of a pipe which only this process holds.
pub(super) fn remove_after_own_end(folder: &Path) {
    #[cfg(unix)]
    {
        use std::{os::unix::process::CommandExt, process::Stdio};
        let shell = Command::new("/bin/sh")
            .args(["-c", "read -r _end; exec rm -rf -- \"$1\"", "sh"])
            .arg(folder)
            .env_remove(super::CHILD_VARIABLE)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if let Ok(mut shell) = shell {
            // Closed by the end of this process alone.
            std::mem::forget(shell.stdin.take());
            return;
        }
    }
    // What cannot be removed is left to the system's own cleaning of its temporary folder.
    let _left = std::fs::remove_dir_all(folder);
}

#[cfg(unix)]
mod signals {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

    fn pid(raw: u32) -> Option<Pid> {
        i32::try_from(raw).ok().and_then(Pid::from_raw)
    }

    /// Asks the group to end.
    pub(in super::super) fn terminate_group(leader: u32) {
        if let Some(pid) = pid(leader) {
            // The group may be gone already.
            let _gone = kill_process_group(pid, Signal::TERM);
        }
    }

    pub(in super::super) fn kill_group(leader: u32) {
        if let Some(pid) = pid(leader) {
            let _gone = kill_process_group(pid, Signal::KILL);
        }
    }

    pub(in super::super) fn kill(process: u32) {
        if let Some(pid) = pid(process) {
            let _gone = kill_process(pid, Signal::KILL);
        }
    }

    /// Takes note of the end of an adopted process, so that it does not stay as a zombie.
    pub(in super::super) fn reap(process: u32) {
        if let Some(pid) = pid(process) {
            // Not our child, or not dead yet: nothing to reap.
            let _other = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    /// Ends this process and everything in its group.
    pub(in super::super) fn kill_own_group() -> ! {
        let _never = kill_process_group(rustix::process::getpgrp(), Signal::KILL);
        std::process::abort()
    }
}

#[cfg(not(unix))]
mod signals {
    pub(in super::super) fn terminate_group(_leader: u32) {}
    pub(in super::super) fn kill_group(_leader: u32) {}
    pub(in super::super) fn kill(process: u32) {
        let system = sysinfo::System::new_all();
        if let Some(process) = system.process(sysinfo::Pid::from_u32(process)) {
            process.kill();
        }
    }
    pub(in super::super) fn reap(_process: u32) {}
    pub(in super::super) fn kill_own_group() -> ! {
        std::process::abort()
    }
}

pub(super) use signals::{kill, kill_group, kill_own_group, reap, terminate_group};
