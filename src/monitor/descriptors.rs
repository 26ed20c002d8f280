use std::io;

/// The codes for "too many open files", of the process and of the system.
#[cfg(unix)]
pub(crate) const NO_DESCRIPTORS: [i32; 2] =
    [rustix::io::Errno::MFILE.raw_os_error(), rustix::io::Errno::NFILE.raw_os_error()];

/// `WSAEMFILE` and `ERROR_TOO_MANY_OPEN_FILES`.
#[cfg(not(unix))]
pub(crate) const NO_DESCRIPTORS: [i32; 2] = [10_024, 4];

/// Whether an error says that this process, or its system, has no descriptor left: that is a limit of the generator, not
/// of a target.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| NO_DESCRIPTORS.contains(&code))
}
