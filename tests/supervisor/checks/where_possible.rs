//! Tests that need something of the system that not every one has, or the machine for themselves.

use std::{process::Command, sync::PoisonError};

use libtest_mimic::{Completion, Failed, Trial};

use super::{TURNS, ignorable_trial};
use crate::cgroup::Group;

/// Something that a system may lack.
#[derive(Clone, Copy)]
pub(super) enum Need {
    /// A group of the kernel's with a limit on memory.
    Cgroup,
    /// A namespace of mounts of one's own.
    Mounts,
    /// What Linux tells of processes in `/proc`.
    Proc,
    /// A compiler for C, and a loader that takes a library before all others.
    Preload,
}

impl Need {
    /// Why it is not there, if it is not.
    fn obstacle(self) -> Option<&'static str> {
        let runs = |program: &str, arguments: &[&str]| {
            Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
        };
        let (is_met, obstacle) = match self {
            Self::Cgroup => (Group::of(1 << 30).is_some(), "no cgroup can be made here"),
            Self::Mounts => (
                runs("unshare", &["-m", "sh", "-c", "mount -t tmpfs none /mnt"]),
                "no file system can be mounted here",
            ),
            Self::Proc => (std::path::Path::new("/proc/self/fd").exists(), "there is no /proc"),
            Self::Preload => {
                (cfg!(target_os = "linux") && runs("cc", &["--version"]), "there is no compiler for C")
            }
        };
        (!is_met).then_some(obstacle)
    }
}

/// A test that is ignored, with the reason, where something that it needs is not there.
pub(super) fn trial_with(need: Need, name: &str, test: fn()) -> Trial {
    ignorable_trial(name, move || {
        if let Some(obstacle) = need.obstacle() {
            return Ok(Completion::ignored_with(obstacle));
        }
        test();
        Ok(Completion::Completed)
    })
}

/// A test beside which no other runs: it takes the whole machine, or its bounds are narrow.
pub(super) fn trial_alone(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || -> Result<(), Failed> {
        let _alone = TURNS.write().unwrap_or_else(PoisonError::into_inner);
        test();
        Ok(())
    })
}

/// Runs `attempt` up to three times until it says that a narrow bound was kept: a busy machine may be late once. What
/// must hold always, the attempt asserts itself.
pub(super) fn best_of_three(attempt: impl Fn() -> bool) {
    assert!((0..3).any(|_try| attempt()), "not once in three times");
}
