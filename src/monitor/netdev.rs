use std::fs;

use super::network::{Crossed, Interfaces};

/// Reads `/proc/net/dev`.
pub(super) fn parse_net_dev(text: &str) -> Interfaces {
    let interface = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        // Eight columns of received, then eight of sent; bytes come first in both.
        let number = |index| numbers.split_ascii_whitespace().nth(index)?.parse::<u64>().ok();
        Some((name.trim().to_owned(), Crossed { received: number(0)?, sent: number(8)? }))
    };
    Interfaces(text.lines().filter_map(interface).collect())
}

/// The interfaces that a process sees, when they are not those that this one sees: it is in a network namespace of
/// its own.
pub(super) fn interfaces_of(pid: u32) -> Option<Interfaces> {
    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    let is_own = namespace(&pid.to_string())? != namespace("self")?;
    is_own
        .then(|| fs::read_to_string(format!("/proc/{pid}/net/dev")).ok())
        .flatten()
        .map(|t| parse_net_dev(&t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_read_and_loopback_is_apart() {
        let text = "Inter-|   Receive                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls\n    \
            lo:    6386      58    0    0    0     0          0         0     6386      58    0    0    0     0\n  \
            eth0:76666592    5020    0    0    0     0          0         0   476776    3896    0    0    0     0\n \
            wlan0: 8 1 0 0 0 0 0 0 24 1 0 0 0 0 0 0\n";
        let read = parse_net_dev(text);
        let expected = [("lo", 6386, 6386), ("eth0", 76_666_592, 476_776), ("wlan0", 8, 24)];
        assert_eq!(read, Interfaces::of(&expected));
        assert_eq!(read.total(), Crossed { received: 76_666_600, sent: 476_800 });
        assert_eq!(read.loopback(), 6386);
    }

    #[test]
    fn this_process_has_no_namespace_of_its_own() {
        assert_eq!(interfaces_of(std::process::id()), None);
    }
}
