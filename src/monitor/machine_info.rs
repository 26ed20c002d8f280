use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, System};

/// The machine a run was made on, as far as figures depend on it. Its name is left out: reports are passed around.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MachineInfo {
    /// The operating system and its version: `Debian GNU/Linux 12`.
    pub os: String,
    /// The kernel's version: `6.1.0-18-amd64`.
    pub kernel: String,
    /// The processor's architecture as Rust names it: `x86_64`, `aarch64`.
    pub architecture: String,
    /// The processor's own name, or `unknown`.
    pub cpu_model: String,
    /// The cores that this process may use: affinity and quota count, so it may be a fraction.
    pub cores_available: f64,
    /// The cores that the operating system has.
    pub cores_total: u32,
    /// The memory that is fitted, in bytes.
    pub memory_bytes: u64,
    /// The limit of the control group this process is in, in bytes, where it is below `memory_bytes`.
    pub memory_limit_bytes: Option<u64>,
}

impl MachineInfo {
    /// Asks the operating system; takes milliseconds. What it does not tell is `unknown` or 0.
    pub fn read() -> Self {
        let mut system = System::new();
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let memory_bytes = system.total_memory();
        let cpu_model = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Self {
            os: os_name(System::name(), System::os_version()),
            kernel: System::kernel_version().unwrap_or_else(unknown),
            architecture: std::env::consts::ARCH.to_owned(),
            cpu_model: cpu_model.filter(|model| !model.is_empty()).unwrap_or_else(unknown),
            cores_available: cores_available(),
            cores_total: u32::try_from(system.cpus().len()).unwrap_or(u32::MAX),
            memory_bytes,
            memory_limit_bytes: memory_limit().filter(|&limit| limit < memory_bytes),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn os_name(name: Option<String>, version: Option<String>) -> String {
    match (name, version) {
        (Some(name), Some(version)) => format!("{name} {version}"),
        (Some(name), None) => name,
        (None, _) => std::env::consts::OS.to_owned(),
    }
}

/// The cores that this process may use, by affinity and by the quotas of its control groups. Unlike
/// [`std::thread::available_parallelism`] it does not round a quota of 1.5 cores to 1, and knows 0.5.
pub(crate) fn cores_available() -> f64 {
    let rounded = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    refined(rounded, allowed_cores(), core_quota())
}

/// `rounded` respects affinity and quota, but only in whole cores, and it is at least 1.
fn refined(rounded: f64, allowed: Option<f64>, quota: Option<f64>) -> f64 {
    match (allowed, quota) {
        (Some(allowed), Some(quota)) => allowed.min(quota),
        (None, Some(quota)) if quota < rounded + 1.0 => quota,
        (_, _) => rounded,
    }
}

#[cfg(target_os = "linux")]
fn allowed_cores() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    count_listed(super::procfs::rest_of_line(&status, "Cpus_allowed_list")?)
}

/// Counts a list like `0-3,8`.
#[cfg(target_os = "linux")]
fn count_listed(list: &str) -> Option<f64> {
    let mut count = 0_u32;
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        count += last.trim().parse::<u32>().ok()?.checked_sub(first.trim().parse().ok()?)? + 1;
    }
    Some(f64::from(count))
}

#[cfg(target_os = "linux")]
use super::cgroup::{core_quota, memory_limit};

#[cfg(not(target_os = "linux"))]
fn allowed_cores() -> Option<f64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn core_quota() -> Option<f64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn memory_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_not_rounded_and_affinity_is_kept() {
        assert_eq!(refined(8.0, Some(8.0), None), 8.0);
        assert_eq!(refined(1.0, Some(8.0), Some(1.5)), 1.5);
        assert_eq!(refined(1.0, Some(8.0), Some(0.25)), 0.25);
        assert_eq!(refined(2.0, Some(2.0), Some(6.0)), 2.0);
        assert_eq!(refined(2.0, None, Some(6.0)), 2.0);
        assert_eq!(refined(1.0, None, Some(0.5)), 0.5);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn lists_of_cores() {
        assert_eq!(count_listed("0-3,8"), Some(5.0));
        assert_eq!(count_listed("2"), Some(1.0));
        assert_eq!(count_listed("3-1"), None);
        assert_eq!(count_listed(""), None);
    }

    #[test]
    fn names() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(os_name(text("Debian GNU/Linux"), text("12")), "Debian GNU/Linux 12");
        assert_eq!(os_name(text("Arch Linux"), None), "Arch Linux");
    }

    #[test]
    fn this_machine_survives_json() {
        let info = MachineInfo::read();
        assert!(
            info.cores_available > 0.0 && info.cores_available <= f64::from(info.cores_total),
            "{info:?}"
        );
        assert!(info.memory_bytes > 1 << 20, "{info:?}");
        assert_eq!(
            serde_json::from_str::<MachineInfo>(&serde_json::to_string(&info).unwrap()).unwrap(),
            info
        );
    }
}
