use std::{io, os::fd::OwnedFd, time::Duration};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::{Interest, unix::AsyncFd};

/// A timer of the kernel as a file descriptor, watched by the runtime (timerfd_create(2)).
pub(super) struct TimerFd {
    fd: AsyncFd<OwnedFd>,
}

impl TimerFd {
    pub(super) fn new() -> io::Result<Self> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self { fd: registered(fd)? })
    }

    /// Waits for `length`; less when the timer was set before and that moment came.
    pub(super) async fn wait(&mut self, length: Duration) {
        // Zero would disarm it.
        let length = length.max(Duration::from_nanos(1));
        let once = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec {
                tv_sec: i64::try_from(length.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: length.subsec_nanos().into(),
            },
        };
        // Setting it anew also takes back an expiry that nobody has read, so there is nothing to read afterwards.
        if timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::empty(), &once).is_err() {
            tokio::time::sleep(length).await;
            return;
        }
        match self.fd.readable().await {
            Ok(mut ready) => ready.clear_ready(),
            // The runtime is shutting down: nobody will be woken any more.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Has the runtime watch the descriptor.
#[expect(
    unsafe_code,
    reason = "tokio asks for a promise that no trait makes: that the descriptor stays the same"
)]
fn registered(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is one open descriptor for as long as it lives, `as_raw_fd` always returns it, and it is
    // closed by nobody but its own drop, which comes after `AsyncFd` has taken it off the watch.
    let watched = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    Ok(watched?)
}
