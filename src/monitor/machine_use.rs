use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{
    network::{InterfaceMeter, InterfaceUse},
    pressure::{Pressure, PressureUse},
    sample::{DiskTotals, MachineSample},
};

/// How the machine fared while a case ran, whoever caused it. `None` means not measured, never zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MachineUse {
    /// The load average over one minute when the case began.
    pub load_at_start: Option<f64>,
    /// Bytes that its disks have read; what is stacked on disks does not count again.
    pub disk_read_bytes: Option<u64>,
    /// Bytes that its disks have written.
    pub disk_written_bytes: Option<u64>,
    /// What went through each network interface; silent ones are left out.
    pub interfaces: Option<Vec<InterfaceUse>>,
    /// The same for the network namespace of the case's process, where it has one of its own.
    pub namespace_interfaces: Option<Vec<InterfaceUse>>,
    /// Stalls of any task on the machine.
    pub pressure: Option<PressureUse>,
    /// Stalls of tasks of the control group that the case's process is in (version 2).
    pub group_pressure: Option<PressureUse>,
}

/// Turns samples of the machine into [`MachineUse`]. Pure: time comes with the samples.
#[derive(Debug, Clone, Default)]
pub(super) struct MachineMeter {
    so_far: MachineUse,
    interfaces: InterfaceMeter,
    namespace: InterfaceMeter,
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Instant,
    disks: Option<DiskTotals>,
    pressure: Option<Pressure>,
    group_pressure: Option<Pressure>,
}

impl MachineMeter {
    pub(super) fn add(&mut self, at: Instant, sample: &MachineSample) {
        let now = Last {
            at,
            disks: sample.disks,
            pressure: sample.pressure,
            group_pressure: sample.group_pressure,
        };
        let before = self.last.replace(now).unwrap_or(now);
        let over = at.saturating_duration_since(before.at);
        self.so_far.load_at_start.get_or_insert(sample.load_1m);
        self.add_disks(before.disks, now.disks);
        add_pressure(&mut self.so_far.pressure, before.pressure, now.pressure, over);
        add_pressure(&mut self.so_far.group_pressure, before.group_pressure, now.group_pressure, over);
        self.interfaces.add(sample.interfaces.clone());
        if let Some(namespace) = &sample.namespace {
            self.namespace.add(namespace.clone());
        }
    }

    fn add_disks(&mut self, before: Option<DiskTotals>, now: Option<DiskTotals>) {
        let Some((before, now)) = before.zip(now) else { return };
        let used = &mut self.so_far;
        *used.disk_read_bytes.get_or_insert(0) += now.read_bytes.saturating_sub(before.read_bytes);
        *used.disk_written_bytes.get_or_insert(0) += now.written_bytes.saturating_sub(before.written_bytes);
    }

    pub(super) fn finished(&self) -> MachineUse {
        MachineUse {
            interfaces: self.interfaces.finished(),
            namespace_interfaces: self.namespace.finished(),
            ..self.so_far.clone()
        }
    }
}

fn add_pressure(
    used: &mut Option<PressureUse>,
    before: Option<Pressure>,
    now: Option<Pressure>,
    over: Duration,
) {
    if let Some((before, now)) = before.zip(now) {
        used.get_or_insert_default().add(&before, &now, over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{network::Interfaces, pressure::Stall};

    fn sample(bytes: u64, stalled_ms: u64) -> MachineSample {
        let cpu = Stall { some: Duration::from_millis(stalled_ms), full: Duration::ZERO };
        MachineSample {
            load_1m: bytes as f64,
            disks: Some(DiskTotals { read_bytes: bytes, written_bytes: 2 * bytes }),
            interfaces: Interfaces::of(&[("eth0", bytes, bytes)]),
            pressure: Some(Pressure { cpu, ..Pressure::default() }),
            ..MachineSample::default()
        }
    }

    #[test]
    fn totals_are_since_the_first_sample() {
        let start = Instant::now();
        let mut meter = MachineMeter::default();
        meter.add(start, &sample(1000, 50));
        meter.add(start + Duration::from_millis(500), &sample(1300, 300));
        // A disk that was taken out takes its count along: nothing is counted, not less than nothing.
        meter.add(start + Duration::from_secs(1), &sample(200, 300));
        let used = meter.finished();
        assert_eq!(used.load_at_start, Some(1000.0));
        assert_eq!((used.disk_read_bytes, used.disk_written_bytes), (Some(300), Some(600)));
        let eth0 = InterfaceUse {
            name: "eth0".to_owned(),
            received_bytes: 300,
            sent_bytes: 300,
            link_bytes_per_sec: None,
        };
        assert_eq!(used.interfaces, Some(vec![eth0]));
        let cpu = used.pressure.unwrap().cpu;
        assert_eq!((cpu.some_s, cpu.peak_some_percent), (0.25, Some(50.0)));
        assert_eq!((used.group_pressure, used.namespace_interfaces), (None, None));
    }

    #[test]
    fn what_is_not_told_is_not_zero() {
        let mut meter = MachineMeter::default();
        for _ in 0..2 {
            meter.add(Instant::now(), &MachineSample::default());
        }
        let used = meter.finished();
        assert_eq!((used.disk_read_bytes, used.pressure), (None, None));
    }
}
