use std::{
    fs,
    path::{Path, PathBuf},
};

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

/// The network namespace of a process, by its number or `self`.
pub(super) fn namespace_of(process: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/net")).ok()
}

/// The interfaces that a process sees, when it is in another network namespace than `own`.
pub(super) fn interfaces_of(pid: u32, own: &Path) -> Option<Interfaces> {
    if namespace_of(&pid.to_string())? == own {
        return None;
    }
    Some(parse_net_dev(&fs::read_to_string(format!("/proc/{pid}/net/dev")).ok()?))
}

/// What the link of an interface of this process's namespace carries in each direction.
pub(super) fn link_bytes_per_sec(interface: &str) -> Option<u64> {
    parse_speed(&fs::read_to_string(format!("/sys/class/net/{interface}/speed")).ok()?)
}

/// `/sys` has megabits a second, and -1 where there is no link.
fn parse_speed(text: &str) -> Option<u64> {
    text.trim().parse::<u64>().ok().filter(|megabits| *megabits > 0).map(|megabits| megabits * 125_000)
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
    fn links_without_a_speed_have_none() {
        assert_eq!(["1000\n", "-1\n", "0\n", ""].map(parse_speed), [Some(125_000_000), None, None, None]);
    }

    #[test]
    fn only_another_namespace_is_looked_into() {
        let (own, pid) = (namespace_of("self").unwrap(), std::process::id());
        assert_eq!(interfaces_of(pid, &own), None);
        // As if this process had been started in another one.
        assert!(interfaces_of(pid, Path::new("net:[1]")).is_some());
    }
}
