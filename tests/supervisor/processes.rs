//! What is known of processes that are not our children: whether they are still there.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Whether `is_so` becomes true before `patience` has run out.
pub(crate) fn wait_for(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + patience;
    loop {
        // Asked once more after the time is up: on a busy machine the last pause may be a long one.
        let is_last = Instant::now() > until;
        if is_so() {
            return true;
        }
        if is_last {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process has ended. A zombie has: it only waits for somebody to take note.
pub(crate) fn has_ended(pid: u32) -> bool {
    let state = match Path::new("/proc/self/stat").exists() {
        true => state_in_proc(pid),
        false => state_of_ps(pid),
    };
    state.is_none_or(|state| matches!(state, 'Z' | 'X'))
}

fn state_in_proc(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it is in parentheses, and may have some itself.
    stat.rsplit_once(") ")?.1.chars().next()
}

fn state_of_ps(pid: u32) -> Option<char> {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().expect("ps is there");
    String::from_utf8_lossy(&ps.stdout).trim().chars().next()
}

/// The processes that were started with `variable=value` in their environment and have not ended; where there is no
/// `/proc`, nobody knows of any.
pub(crate) fn with_environment(variable: &str, value: &Path) -> Vec<u32> {
    let entry = format!("{variable}={}", value.display());
    let pids = fs::read_dir("/proc").into_iter().flatten();
    let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|held| held == entry.as_bytes())
    })
    .filter(|pid| !has_ended(*pid))
    .collect()
}
