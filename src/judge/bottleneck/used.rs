use crate::monitor::{ResourceWindow, Resources};

/// Less of the timeline than this says little about a stretch.
const LEAST_S: f64 = 0.5;

/// What was used over a stretch of a case: means, weighted by how much of each window lies in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    /// In percent of the cores available.
    pub(super) cpu_percent: Option<f64>,
    /// Of the whole machine, in percent of all its cores.
    pub(super) machine_cpu_percent: Option<f64>,
    /// The most resident memory in it.
    pub(super) rss_bytes: u64,
    /// The most open descriptors in it.
    pub(super) descriptors: u32,
    /// The share of the time in which a task waited for memory, and for storage.
    pub(super) memory_stall: Option<f64>,
    pub(super) storage_stall: Option<f64>,
    /// To and from storage, by the case.
    pub(super) disk_bytes_per_sec: f64,
    /// Received or sent by the machine, whichever is more.
    pub(super) network_bytes_per_sec: f64,
}

impl Used {
    /// `None` where the timeline says nothing about the stretch. Both are in seconds since the start of the case.
    pub(super) fn over(resources: &Resources, from_s: f64, to_s: f64) -> Option<Self> {
        let width = f64::from(resources.window_s.max(1));
        let inside = |window: &ResourceWindow| {
            let at = f64::from(window.at_s);
            (to_s.min(at + width) - from_s.max(at)).max(0.0)
        };
        let windows = resources.windows.iter().map(|window| (window, inside(window)));
        let windows: Vec<_> = windows.filter(|(_, inside)| *inside > 0.0).collect();
        let length: f64 = windows.iter().map(|(_, inside)| inside).sum();
        if length < LEAST_S {
            return None;
        }
        let mean = |of: &dyn Fn(&ResourceWindow) -> Option<f64>| {
            let known = windows.iter().filter_map(|(window, inside)| Some((of(window)?, inside)));
            let (sum, weight) = known.fold((0.0, 0.0), |(sum, all), (value, w)| (sum + value * w, all + w));
            (weight >= LEAST_S).then(|| sum / weight)
        };
        let per_sec = |of: &dyn Fn(&ResourceWindow) -> u64| {
            mean(&|window| Some(of(window) as f64 / width)).unwrap_or_default()
        };
        Some(Self {
            cpu_percent: mean(&|window| window.cpu_percent),
            machine_cpu_percent: mean(&|window| window.machine_cpu_percent),
            rss_bytes: windows.iter().map(|(window, _)| window.rss_bytes).max().unwrap_or(0),
            descriptors: windows.iter().map(|(window, _)| window.descriptors).max().unwrap_or(0),
            memory_stall: mean(&|window| window.memory_stall_s.map(|s| s / width)),
            storage_stall: mean(&|window| window.storage_stall_s.map(|s| s / width)),
            disk_bytes_per_sec: per_sec(&|window| window.read_bytes + window.written_bytes),
            network_bytes_per_sec: per_sec(&|window| window.network_received_bytes)
                .max(per_sec(&|window| window.network_sent_bytes)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_count_as_far_as_they_lie_in_the_stretch() {
        let window = |at_s, cpu, written_bytes| ResourceWindow {
            at_s,
            cpu_percent: Some(cpu),
            rss_bytes: 100 * u64::from(at_s),
            written_bytes,
            storage_stall_s: Some(cpu / 100.0),
            ..ResourceWindow::default()
        };
        let windows = vec![window(0, 10.0, 0), window(2, 50.0, 4_000), window(4, 90.0, 8_000)];
        let resources = Resources { window_s: 2, windows, ..Resources::default() };
        let used = Used::over(&resources, 3.0, 6.0).unwrap();
        assert!((used.cpu_percent.unwrap() - 230.0 / 3.0).abs() < 1e-9, "{used:?}");
        assert!((used.disk_bytes_per_sec - 10_000.0 / 3.0).abs() < 1e-9, "{used:?}");
        assert!((used.storage_stall.unwrap() - 2.3 / 6.0).abs() < 1e-9, "{used:?}");
        assert_eq!((used.rss_bytes, used.memory_stall, used.machine_cpu_percent), (400, None, None));
        assert!(Used::over(&resources, 6.0, 9.0).is_none() && Used::over(&resources, 5.8, 9.0).is_none());
    }
}
