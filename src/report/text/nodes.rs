use super::{lay::Page, show};
use crate::report::{CaseReport, NodeReport};

/// Nodes shown of a case; the others are in `report.json`.
const MOST_NODES: usize = 12;

/// The nodes that carried a case out together, a line each: one bad node is seen. Of many those with the longest times.
pub(super) fn lay(page: &mut Page, indent: usize, case: &CaseReport) {
    if case.nodes.is_empty() {
        return;
    }
    page.prose(indent, "", &format!("by node ({}):", case.nodes.len()));
    for node in worst(&case.nodes, MOST_NODES) {
        page.groups(indent + 2, &format!("node {} ({}): ", node.node, node.host), &figures(node));
    }
    if let Some(more) = case.nodes.len().checked_sub(MOST_NODES).filter(|more| *more > 0) {
        page.prose(indent + 2, "", &format!("... {more} more nodes in report.json"));
    }
}

/// At most so many nodes, in their order: those that were lost, then those with the longest times.
pub(in crate::report) fn worst(nodes: &[NodeReport], most: usize) -> Vec<&NodeReport> {
    let mut worst: Vec<&NodeReport> = nodes.iter().collect();
    if worst.len() > most {
        let rank = |node: &NodeReport| (node.lost.is_some(), node.p99_us.unwrap_or(0.0));
        worst.sort_by(|a, b| rank(b).partial_cmp(&rank(a)).unwrap_or(std::cmp::Ordering::Equal));
        worst.truncate(most);
        worst.sort_by_key(|node| node.node);
    }
    worst
}

fn figures(node: &NodeReport) -> [Vec<String>; 3] {
    let counts = &node.counts;
    let mut what = vec![format!("{} due", show::count(counts.due)), format!("{} ok", show::count(counts.ok))];
    let failed = counts.error + counts.timeout + counts.unfinished;
    if failed > 0 {
        what.push(format!("{} failed", show::count(failed)));
    }
    let mut times = Vec::new();
    times.extend(node.p99_us.map(|us| format!("p99 {}", show::micros(us))));
    times.extend(node.lateness_p99_us.map(|us| format!("late by {}", show::micros(us))));
    let mut used = Vec::new();
    if let Some(lost) = &node.lost {
        used.push(lost.clone());
    }
    used.extend(node.cpu_seconds.map(|s| format!("CPU {}", show::seconds(s))));
    used.extend(node.peak_memory_bytes.map(|bytes| format!("memory {}", show::bytes(bytes))));
    if node.node > 0 && node.clock_bound_us > 0.0 {
        used.push(format!("clock {}", clock(node)));
    }
    [what, times, used]
}

/// How far a node's clock is off, and how sure that is: `behind by 3 ms (to 80 us)`.
pub(in crate::report) fn clock(node: &NodeReport) -> String {
    let (off, bound) = (node.clock_offset_us, show::micros(node.clock_bound_us));
    let way = if off < 0.0 { "ahead" } else { "behind" };
    match off.abs() <= node.clock_bound_us {
        true => format!("right to {bound}"),
        false => format!("{way} by {} (to {bound})", show::micros(off.abs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u32, p99_us: f64) -> NodeReport {
        NodeReport { node: number, p99_us: Some(p99_us), ..NodeReport::default() }
    }

    #[test]
    fn of_many_the_worst_are_shown_in_order() {
        let mut nodes: Vec<NodeReport> = (0..6).map(|n| node(n, f64::from(n % 3))).collect();
        nodes[3].lost = Some("gone".to_owned());
        let shown: Vec<u32> = worst(&nodes, 3).iter().map(|node| node.node).collect();
        assert_eq!(shown, [2, 3, 5]);
        assert_eq!(worst(&nodes, 6).len(), 6);
    }

    #[test]
    fn a_clock_is_off_only_by_more_than_is_known() {
        let off = |offset, bound| {
            clock(&NodeReport { clock_offset_us: offset, clock_bound_us: bound, ..NodeReport::default() })
        };
        assert_eq!(off(20.0, 100.0), "right to 100 us");
        assert_eq!(off(3_000.0, 100.0), "behind by 3 ms (to 100 us)");
        assert_eq!(off(-3_000.0, 100.0), "ahead by 3 ms (to 100 us)");
    }
}
