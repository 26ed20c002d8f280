//! The account that a server runs under which refuses root's.

use std::{fs, io, path::Path, process::Command};

use super::ServiceError;

/// Under which account a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunAs {
    /// This process's.
    Ourselves,
    /// Another one, by the numbers of its user and group.
    #[cfg_attr(not(unix), expect(dead_code, reason = "root is an account of Unix"))]
    Other { user: u32, group: u32 },
}

impl RunAs {
    /// The account for a program that refuses root's: this process's where that is another.
    #[cfg(unix)]
    pub(super) fn but_not_root(program: &'static str) -> Result<Self, ServiceError> {
        /// In this order: the server's own account, and the one that owns nothing.
        const NAMES: [&str; 2] = ["postgres", "nobody"];
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        NAMES.iter().find_map(|name| named(&users, name)).ok_or(ServiceError::NoAccount { program })
    }

    /// The account for a program that refuses root's.
    #[cfg(not(unix))]
    pub(super) fn but_not_root(_program: &'static str) -> Result<Self, ServiceError> {
        Ok(Self::Ourselves)
    }

    /// Lets `command` run under this account.
    #[cfg(unix)]
    pub(super) fn run(self, command: &mut Command) {
        use std::os::unix::process::CommandExt as _;
        match self {
            Self::Ourselves => {}
            Self::Other { user, group } => {
                command.uid(user).gid(group);
            }
        }
    }

    /// There is no other account.
    #[cfg(not(unix))]
    pub(super) fn run(self, _command: &mut Command) {}

    /// Makes `folder`, which must be new, this account's. For another account the two folders above it, a temporary
    /// folder of ours and a folder in it, can then be passed by anybody, not listed.
    pub(super) fn make(self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)?;
        match self {
            Self::Ourselves => Ok(()),
            #[cfg(unix)]
            Self::Other { user, group } => {
                use std::os::unix::fs::{PermissionsExt as _, chown};
                chown(folder, Some(user), Some(group))?;
                folder.ancestors().skip(1).take(2).try_for_each(|above| {
                    let mode = fs::metadata(above)?.permissions().mode();
                    fs::set_permissions(above, fs::Permissions::from_mode(mode | 0o011))
                })
            }
            #[cfg(not(unix))]
            Self::Other { .. } => Ok(()),
        }
    }
}

/// The account of this name among the lines of `/etc/passwd`.
#[cfg(unix)]
pub(crate) fn named(users: &str, name: &str) -> Option<RunAs> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        // An account that is root by another name would be refused too.
        (user != 0).then_some(RunAs::Other { user, group })
    })
}
