use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

use crate::stop::StopToken;

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks the calling thread until `token` says so, or until the moment `longest`.
pub(super) fn blocked(token: &StopToken, longest: Option<Instant>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut said = pin!(token.stopped());
    while let Poll::Pending = said.as_mut().poll(&mut Context::from_waker(&waker)) {
        match longest.map(|longest| longest.saturating_duration_since(Instant::now())) {
            Some(left) if left.is_zero() => return,
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

/// Waits until `token` says so, or until the moment `longest`.
pub(super) async fn waited(token: &StopToken, longest: Option<Instant>) {
    match longest {
        Some(longest) => tokio::select! {
            () = token.stopped() => {}
            () = tokio::time::sleep_until(longest.into()) => {}
        },
        None => token.stopped().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{stop::StopReason, units::millis};

    #[test]
    fn a_blocked_thread_hears_the_word_and_its_own_end() {
        let token = StopToken::new();
        let began = Instant::now();
        blocked(&token, Some(began + millis(30)));
        assert!(began.elapsed() >= millis(30));
        let waiter = thread::spawn({
            let token = token.clone();
            move || blocked(&token, Some(Instant::now() + Duration::from_secs(600)))
        });
        token.stop(StopReason::Interrupted);
        waiter.join().expect("it ends");
        blocked(&token, None);
    }
}
