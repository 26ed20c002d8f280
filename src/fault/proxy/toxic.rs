use std::{fmt, sync::Arc, time::Duration};

use super::shared::Shared;
use crate::units::{ByteSize, Ratio};

/// The way of bytes through a [`Proxy`](super::Proxy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
}

/// One way in which a network is bad. It holds for both directions and for every connection unless it is narrowed.
///
/// ```
/// use proofload::{fault::Toxic, millis, units::{ByteSize, Ratio}};
///
/// let slow_answers = Toxic::latency_between(millis(50), millis(80)).to_client();
/// let thin = Toxic::bandwidth(ByteSize::new(100_000));
/// let some_break_off = Toxic::reset_after(ByteSize::new(500)).to_client().for_share(Ratio::new(0.2));
/// # let _ = (slow_answers, thin, some_break_off);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a toxic does nothing before it is added to a proxy"]
pub struct Toxic {
    pub(super) effect: Effect,
    /// `None` for both.
    direction: Option<Direction>,
    share: Ratio,
}

/// What a toxic does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Effect {
    Latency { least: Duration, most: Duration },
    Bandwidth { per_second: u64 },
    BlackHole,
    ResetAfter { bytes: u64 },
    SlowClose { by: Duration },
    Slices { bytes: usize, pause: Duration },
    CloseAfter { bytes: u64 },
    Refuse,
}

impl Toxic {
    const fn new(effect: Effect) -> Self {
        Self { effect, direction: None, share: Ratio::new(1.0) }
    }

    /// Each byte arrives `by` later, so that an answer takes twice as long with both directions. As many bytes as the
    /// proxy's buffer holds are under way at a time: latency is no limit of bandwidth.
    pub const fn latency(by: Duration) -> Self {
        Self::latency_between(by, by)
    }

    /// Bytes arrive between `least` and `most` later, at random for each piece that is read, and in their order.
    pub const fn latency_between(least: Duration, most: Duration) -> Self {
        Self::new(Effect::Latency { least, most })
    }

    /// At most so many bytes a second in each direction of each connection.
    pub const fn bandwidth(per_second: ByteSize) -> Self {
        Self::new(Effect::Bandwidth { per_second: per_second.bytes() })
    }

    /// Bytes, and the end of the connection, vanish; the connection stays. What has vanished does not come back when the
    /// toxic is healed.
    pub const fn black_hole() -> Self {
        Self::new(Effect::BlackHole)
    }

    /// Connections are reset at both ends at once: those that are open, and later ones when they are made.
    pub const fn reset() -> Self {
        Self::reset_after(ByteSize::new(0))
    }

    /// Connections are reset at both ends once so many bytes have passed in a direction. Some systems give a receiver
    /// fewer of them, since a reset overtakes what was not read.
    pub const fn reset_after(bytes: ByteSize) -> Self {
        Self::new(Effect::ResetAfter { bytes: bytes.bytes() })
    }

    /// The end of what a side sends is told `by` later.
    pub const fn slow_close(by: Duration) -> Self {
        Self::new(Effect::SlowClose { by })
    }

    /// Bytes arrive in slices of at most `size`, and `pause` lies between two.
    pub const fn slices(size: ByteSize, pause: Duration) -> Self {
        let bytes = if size.bytes() > usize::MAX as u64 { usize::MAX } else { size.bytes() as usize };
        Self::new(Effect::Slices { bytes, pause })
    }

    /// After exactly so many bytes in a direction the connection is closed, in both.
    pub const fn close_after(bytes: ByteSize) -> Self {
        Self::new(Effect::CloseAfter { bytes: bytes.bytes() })
    }

    /// New connections are refused, open ones go on. Those that are opened in the moment when it begins may be reset
    /// instead, and so are those of a share.
    pub const fn refuse() -> Self {
        Self::new(Effect::Refuse)
    }

    /// Only for what the client sends.
    pub const fn to_server(mut self) -> Self {
        self.direction = Some(Direction::ToServer);
        self
    }

    /// Only for what the server sends.
    pub const fn to_client(mut self) -> Self {
        self.direction = Some(Direction::ToClient);
        self
    }

    /// Only for so many of the connections; which ones, the proxy's seed decides.
    pub const fn for_share(mut self, share: Ratio) -> Self {
        self.share = share;
        self
    }

    /// Whether it is for bytes that go this way.
    pub(super) fn is_for(&self, direction: Direction) -> bool {
        self.direction.is_none_or(|only| only == direction)
    }

    /// Whether it hits a connection whose lot, 0 to 1, is `lot`.
    pub(super) fn hits(&self, lot: f64) -> bool {
        lot < self.share.share()
    }

    /// Whether no connection can be made while it is there.
    pub(super) fn refuses_all(&self) -> bool {
        self.effect == Effect::Refuse && self.share.share() >= 1.0
    }

    pub(super) fn check(&self) -> Result<(), ToxicError> {
        let wrong = |reason: String| Err(ToxicError { reason });
        let share = self.share.share();
        if !(0.0..=1.0).contains(&share) {
            return wrong(format!("it is for a share of {share}: give `for_share` 0 to 1"));
        }
        match self.effect {
            Effect::Latency { least, most } if least > most => {
                wrong(format!("its latency is {least:?} at least and {most:?} at most: exchange the two"))
            }
            Effect::Bandwidth { per_second: 0 } => wrong(
                "its bandwidth is 0: give it at least a byte a second, or use `Toxic::black_hole`".to_owned(),
            ),
            Effect::Slices { bytes: 0, .. } => {
                wrong("its slices have 0 bytes: give them at least one".to_owned())
            }
            Effect::Refuse if self.direction.is_some() => wrong(
                "a connection that is refused has no direction: leave `to_server` and `to_client` out"
                    .to_owned(),
            ),
            Effect::Latency { .. }
            | Effect::Bandwidth { .. }
            | Effect::BlackHole
            | Effect::ResetAfter { .. }
            | Effect::SlowClose { .. }
            | Effect::Slices { .. }
            | Effect::CloseAfter { .. }
            | Effect::Refuse => Ok(()),
        }
    }
}

/// A toxic that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the toxic cannot be added: {reason}")]
pub struct ToxicError {
    /// What is wrong, and what to do about it.
    reason: String,
}

/// A toxic that is in force until this is dropped, or its proxy.
#[must_use = "dropping the guard heals the fault"]
pub struct ToxicGuard {
    shared: Arc<Shared>,
    id: u64,
}

impl ToxicGuard {
    pub(super) const fn new(shared: Arc<Shared>, id: u64) -> Self {
        Self { shared, id }
    }

    /// Heals the fault: what is dropping it, with a name.
    pub fn heal(self) {
        drop(self);
    }
}

impl Drop for ToxicGuard {
    fn drop(&mut self) {
        self.shared.remove(self.id);
    }
}

impl fmt::Debug for ToxicGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToxicGuard").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::millis;

    fn refused(toxic: Toxic) -> String {
        toxic.check().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        assert_eq!(
            refused(Toxic::latency_between(millis(2), millis(1))),
            "the toxic cannot be added: its latency is 2ms at least and 1ms at most: exchange the two"
        );
        assert!(refused(Toxic::bandwidth(ByteSize::new(0))).contains("its bandwidth is 0"));
        assert!(refused(Toxic::slices(ByteSize::new(0), millis(1))).contains("its slices have 0 bytes"));
        assert!(refused(Toxic::refuse().to_client()).contains("has no direction"));
        for share in [-0.1, 1.1, f64::NAN] {
            assert!(refused(Toxic::reset().for_share(Ratio::new(share))).contains("give `for_share` 0 to 1"));
        }
        assert_eq!(Toxic::reset().for_share(Ratio::new(0.5)).check(), Ok(()));
    }
}
