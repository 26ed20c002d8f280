use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What went through one network interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InterfaceUse {
    /// Its name: `eth0`.
    pub name: String,
    /// Bytes received.
    pub received_bytes: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// What its link carries in each direction, in bytes a second, where the system knows: virtual interfaces often
    /// have none, or one that means nothing.
    #[serde(default)]
    pub link_bytes_per_sec: Option<u64>,
}

/// The running totals of the interfaces of a namespace, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interfaces(pub(super) BTreeMap<String, Crossed>);

/// Bytes received and sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Crossed {
    pub(super) received: u64,
    pub(super) sent: u64,
}

impl Interfaces {
    /// Name, received and sent of each.
    #[cfg(test)]
    pub(super) fn of(all: &[(&str, u64, u64)]) -> Self {
        let interface = |(name, received, sent): &(&str, u64, u64)| {
            ((*name).to_owned(), Crossed { received: *received, sent: *sent })
        };
        Self(all.iter().map(interface).collect())
    }

    /// The sums of all interfaces but loopback; a bridge and its members each count.
    pub(super) fn total(&self) -> Crossed {
        let outside = self.0.iter().filter(|(name, _)| !is_loopback(name));
        outside.fold(Crossed::default(), |sum, (_, crossed)| Crossed {
            received: sum.received + crossed.received,
            sent: sum.sent + crossed.sent,
        })
    }

    /// What is sent through loopback is received there: one figure.
    pub(super) fn loopback(&self) -> u64 {
        self.0.iter().filter(|(name, _)| is_loopback(name)).map(|(_, crossed)| crossed.sent).sum()
    }
}

/// Sums up what went through interfaces between readings.
#[derive(Debug, Clone, Default)]
pub(super) struct InterfaceMeter {
    last: Option<Interfaces>,
    sums: BTreeMap<String, Crossed>,
}

impl InterfaceMeter {
    /// An interface that came up meanwhile counts from zero, one whose counters fell counts nothing.
    pub(super) fn add(&mut self, now: Interfaces) {
        for (name, crossed) in &now.0 {
            let before = match &self.last {
                Some(last) => last.0.get(name).copied().unwrap_or_default(),
                None => *crossed,
            };
            let sum = self.sums.entry(name.clone()).or_default();
            sum.received += crossed.received.saturating_sub(before.received);
            sum.sent += crossed.sent.saturating_sub(before.sent);
        }
        self.last = Some(now);
    }

    /// `None` when nothing was read. Interfaces that were silent are left out.
    pub(super) fn finished(&self) -> Option<Vec<InterfaceUse>> {
        self.last.as_ref()?;
        let busy = self.sums.iter().filter(|(_, sum)| sum.received + sum.sent > 0);
        let used = busy.map(|(name, sum)| InterfaceUse {
            name: name.clone(),
            received_bytes: sum.received,
            sent_bytes: sum.sent,
            link_bytes_per_sec: None,
        });
        Some(used.collect())
    }
}

/// `lo` on Linux, `lo0` on macOS and the BSDs, `Loopback Pseudo-Interface 1` on Windows.
pub(super) fn is_loopback(interface: &str) -> bool {
    matches!(interface, "lo" | "lo0") || interface.starts_with("Loopback")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_summed_by_interface() {
        let mut meter = InterfaceMeter::default();
        assert_eq!(meter.finished(), None);
        meter.add(Interfaces::of(&[("eth0", 100, 10), ("idle", 7, 7)]));
        meter.add(Interfaces::of(&[("eth0", 150, 10), ("idle", 7, 7), ("veth", 30, 40)]));
        // One began anew, one went away.
        meter.add(Interfaces::of(&[("eth0", 20, 30), ("idle", 7, 7)]));
        let of = |name: &str, received_bytes, sent_bytes| InterfaceUse {
            name: name.to_owned(),
            received_bytes,
            sent_bytes,
            link_bytes_per_sec: None,
        };
        assert_eq!(meter.finished(), Some(vec![of("eth0", 50, 20), of("veth", 30, 40)]));
    }

    #[test]
    fn names_of_loopback() {
        let names = ["lo0", "Loopback Pseudo-Interface 1", "eth0"].map(is_loopback);
        assert_eq!(names, [true, true, false]);
    }
}
