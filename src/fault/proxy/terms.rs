use std::time::Duration;

use super::toxic::{Direction, Effect, Toxic};

/// The toxics that one direction of a connection suffers from, and since how many bytes.
#[derive(Debug, Default)]
pub(super) struct Afflictions {
    all: Vec<Affliction>,
}

#[derive(Debug)]
struct Affliction {
    id: u64,
    effect: Effect,
    /// Bytes that had passed when it began.
    since: u64,
}

/// What all of its toxics together mean for one direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Terms {
    pub(super) latency: Latency,
    /// Bytes a second.
    pub(super) bandwidth: Option<u64>,
    pub(super) slices: Option<Slices>,
    pub(super) passage: Passage,
    /// The end is told so much later.
    pub(super) close_by: Duration,
    /// What ends the connection first.
    pub(super) cut: Option<Cut>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Latency {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slices {
    pub(super) bytes: usize,
    pub(super) pause: Duration,
}

/// Whether bytes arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    Open,
    Vanish,
}

/// The end that a toxic makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// After this many bytes in all.
    pub(super) at: u64,
    pub(super) kind: CutKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CutKind {
    Reset,
    Close,
}

impl Afflictions {
    /// Takes over what is there now; `passed` bytes went this way so far.
    pub(super) fn renew(&mut self, toxics: &[(u64, Toxic)], direction: Direction, passed: u64) {
        let mine = || toxics.iter().filter(|(_, toxic)| toxic.is_for(direction));
        self.all.retain(|affliction| mine().any(|(id, _)| *id == affliction.id));
        for (id, toxic) in mine() {
            if self.all.iter().all(|affliction| affliction.id != *id) {
                self.all.push(Affliction { id: *id, effect: toxic.effect, since: passed });
            }
        }
    }

    pub(super) fn terms(&self) -> Terms {
        let mut terms = Terms::GOOD;
        for affliction in &self.all {
            terms.add(affliction.effect, affliction.since);
        }
        terms
    }
}

impl Terms {
    /// Those of a good network.
    pub(super) const GOOD: Self = Self {
        latency: Latency { least: Duration::ZERO, most: Duration::ZERO },
        bandwidth: None,
        slices: None,
        passage: Passage::Open,
        close_by: Duration::ZERO,
        cut: None,
    };

    fn add(&mut self, effect: Effect, since: u64) {
        match effect {
            Effect::Latency { least, most } => {
                self.latency.least = self.latency.least.saturating_add(least);
                self.latency.most = self.latency.most.saturating_add(most);
            }
            Effect::Bandwidth { per_second } => {
                self.bandwidth = Some(self.bandwidth.map_or(per_second, |least| least.min(per_second)));
            }
            Effect::BlackHole => self.passage = Passage::Vanish,
            Effect::ResetAfter { bytes } => {
                self.cut(Cut { at: since.saturating_add(bytes), kind: CutKind::Reset })
            }
            Effect::CloseAfter { bytes } => {
                self.cut(Cut { at: since.saturating_add(bytes), kind: CutKind::Close })
            }
            Effect::SlowClose { by } => self.close_by = self.close_by.saturating_add(by),
            Effect::Slices { bytes, pause } => {
                self.slices = Some(self.slices.map_or(Slices { bytes, pause }, |other| Slices {
                    bytes: other.bytes.min(bytes),
                    pause: other.pause.max(pause),
                }));
            }
            // The acceptor's.
            Effect::Refuse => {}
        }
    }

    fn cut(&mut self, cut: Cut) {
        let first = |other: Cut| if (cut.at, cut.kind) < (other.at, other.kind) { cut } else { other };
        self.cut = Some(self.cut.map_or(cut, first));
    }

    /// Whether bytes go straight from one socket to the other.
    pub(super) fn is_direct(&self) -> bool {
        self.latency.most.is_zero() && self.bandwidth.is_none() && self.slices.is_none()
    }

    /// The most bytes that are written at a time, and how long a link of this bandwidth takes for `bytes` of them.
    pub(super) fn at_once(&self, bytes: usize) -> (usize, Duration) {
        let bytes = self.slices.map_or(bytes, |slices| bytes.min(slices.bytes));
        match self.bandwidth {
            None => (bytes, Duration::ZERO),
            Some(rate) => {
                let bytes = bytes.min(usize::try_from(rate / PORTIONS_A_SECOND).unwrap_or(usize::MAX).max(1));
                (bytes, Duration::from_secs_f64(bytes as f64 / rate as f64))
            }
        }
    }
}

/// A limited bandwidth is handed out in portions of 10 ms: shorter ones would be the timer's millisecond, longer ones
/// seen as bursts.
const PORTIONS_A_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{ByteSize, millis};

    fn toxics(toxics: impl IntoIterator<Item = Toxic>) -> Vec<(u64, Toxic)> {
        (1..).zip(toxics).collect()
    }

    fn terms(all: impl IntoIterator<Item = Toxic>) -> Terms {
        let mut afflictions = Afflictions::default();
        afflictions.renew(&toxics(all), Direction::ToServer, 0);
        afflictions.terms()
    }

    #[test]
    fn toxics_add_up() {
        let both = terms([
            Toxic::latency(millis(10)),
            Toxic::latency_between(millis(5), millis(20)),
            Toxic::latency(millis(1_000)).to_client(),
            Toxic::bandwidth(ByteSize::new(500)),
            Toxic::bandwidth(ByteSize::new(900)),
            Toxic::close_after(ByteSize::new(50)),
            Toxic::reset_after(ByteSize::new(70)),
        ]);
        assert_eq!(both.latency, Latency { least: millis(15), most: millis(30) });
        assert_eq!((both.bandwidth, both.slices, both.passage), (Some(500), None, Passage::Open));
        assert_eq!(both.cut, Some(Cut { at: 50, kind: CutKind::Close }));
        assert_eq!(terms([]), Terms::GOOD);
        assert!(terms([Toxic::slow_close(millis(1)), Toxic::refuse()]).is_direct());
        assert_eq!(
            terms([Toxic::latency(Duration::MAX), Toxic::latency(Duration::MAX)]).latency.most,
            Duration::MAX
        );
    }

    #[test]
    fn bytes_count_from_when_a_toxic_began_and_what_is_healed_is_gone() {
        let mut afflictions = Afflictions::default();
        let first = toxics([Toxic::close_after(ByteSize::new(100))]);
        afflictions.renew(&first, Direction::ToClient, 1_000);
        afflictions.renew(&first, Direction::ToClient, 1_050);
        assert_eq!(afflictions.terms().cut, Some(Cut { at: 1_100, kind: CutKind::Close }));
        afflictions.renew(&[], Direction::ToClient, 1_060);
        assert_eq!(afflictions.terms(), Terms::GOOD);
    }

    #[test]
    fn a_portion_is_what_a_link_carries_in_10_ms() {
        let thin = terms([Toxic::bandwidth(ByteSize::new(50_000))]);
        assert_eq!(thin.at_once(65_536), (500, millis(10)));
        assert_eq!(thin.at_once(100), (100, millis(2)));
        assert_eq!(terms([Toxic::bandwidth(ByteSize::new(2))]).at_once(9), (1, millis(500)));
        let sliced = terms([Toxic::slices(ByteSize::new(7), millis(3))]);
        assert_eq!(sliced.at_once(9), (7, Duration::ZERO));
    }
}
