//! How long somebody may be silent.

/// A node that was silent for so long is lost; one that has heard nobody for so long stops its own load.
pub(super) const LEASE_NS: u64 = 5_000_000_000;

/// Until the first word: processes start one after the other on a busy machine.
pub(super) const FIRST_WORD_NS: u64 = 30_000_000_000;

/// Between two words that say nothing but that somebody is there.
pub(super) const BEAT_NS: u64 = 500_000_000;

/// When somebody was heard last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    heard_ns: u64,
    has_spoken: bool,
}

impl Lease {
    pub(super) const fn new(now_ns: u64) -> Self {
        Self { heard_ns: now_ns, has_spoken: false }
    }

    pub(super) fn heard(&mut self, now_ns: u64) {
        self.heard_ns = self.heard_ns.max(now_ns);
        self.has_spoken = true;
    }

    /// For how long nothing was heard, if that is too long.
    pub(super) fn silence_ns(&self, now_ns: u64) -> Option<u64> {
        let silence = now_ns.saturating_sub(self.heard_ns);
        let longest = if self.has_spoken { LEASE_NS } else { FIRST_WORD_NS };
        (silence >= longest).then_some(silence)
    }

    pub(super) const fn has_spoken(&self) -> bool {
        self.has_spoken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_the_last_word() {
        let mut lease = Lease::new(0);
        assert_eq!(lease.silence_ns(FIRST_WORD_NS - 1), None);
        assert_eq!(lease.silence_ns(FIRST_WORD_NS), Some(FIRST_WORD_NS));
        lease.heard(1_000);
        assert_eq!(lease.silence_ns(1_000 + LEASE_NS - 1), None);
        assert_eq!(lease.silence_ns(1_000 + LEASE_NS), Some(LEASE_NS));
        lease.heard(2_000);
        assert_eq!(lease.silence_ns(1_000 + LEASE_NS), None);
    }
}
