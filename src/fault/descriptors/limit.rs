use std::{collections::BTreeSet, os::fd::AsRawFd};

use rustix::{
    fs::{Dir, Mode, OFlags, open},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

use super::FewDescriptorsError;

/// Has the numbers that are taken.
#[cfg(target_os = "linux")]
const TAKEN: &str = "/proc/self/fd";
#[cfg(target_os = "macos")]
const TAKEN: &str = "/dev/fd";

/// The limits as they were before.
#[derive(Debug)]
pub(super) struct Limit {
    before: Rlimit,
}

impl Limit {
    pub(super) fn lower(left: u64) -> Result<Self, FewDescriptorsError> {
        let failed = |errno: rustix::io::Errno| FewDescriptorsError::Failed(errno.into());
        let before = getrlimit(Resource::Nofile);
        let limit = before.current.unwrap_or(u64::MAX);
        let taken = taken().map_err(failed)?;
        let free = limit.saturating_sub(taken.range(..limit).count() as u64);
        if free < left {
            return Err(FewDescriptorsError::TooMany { wanted: left, free, limit });
        }
        let lowered = limit_that_leaves(left, &taken).min(limit);
        setrlimit(Resource::Nofile, Rlimit { current: Some(lowered), maximum: before.maximum })
            .map_err(failed)?;
        Ok(Self { before })
    }

    pub(super) fn restore(self) {
        // Raising a soft limit to what it was is everybody's right. Should it fail all the same, there is nobody to tell:
        // what opens a file next says so.
        let _restored = setrlimit(Resource::Nofile, self.before);
    }
}

/// The highest limit below which `left` numbers are free. A new descriptor gets the lowest number that is free, so that a
/// limit leaves as many as there are gaps below it.
fn limit_that_leaves(left: u64, taken: &BTreeSet<u64>) -> u64 {
    let mut limit = left;
    for number in taken {
        match *number <= limit {
            true => limit = limit.saturating_add(1),
            false => break,
        }
    }
    limit
}

/// The descriptors that are open now.
fn taken() -> Result<BTreeSet<u64>, rustix::io::Errno> {
    let mut folder =
        Dir::new(open(TAKEN, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)?;
    // The one that is read through is free again afterwards.
    let own = folder.fd()?.as_raw_fd();
    let mut taken = BTreeSet::new();
    while let Some(entry) = folder.read() {
        let name = entry?;
        let number = name.file_name().to_str().ok().and_then(|name| name.parse::<u64>().ok());
        taken.extend(number.filter(|number| i64::try_from(*number) != Ok(i64::from(own))));
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_count() {
        let leaves = |left, taken: &[u64]| limit_that_leaves(left, &taken.iter().copied().collect());
        assert_eq!(leaves(0, &[0, 1, 2]), 3);
        assert_eq!(leaves(1, &[0, 1, 2]), 4);
        assert_eq!(leaves(2, &[0, 1, 2, 5, 9]), 6);
        assert_eq!(leaves(3, &[0, 1, 2, 5, 9]), 7);
        assert_eq!(leaves(2, &[]), 2);
        assert_eq!(leaves(u64::MAX, &[0, 1]), u64::MAX);
        assert!(taken().unwrap().is_superset(&BTreeSet::from([0, 1, 2])));
    }
}
