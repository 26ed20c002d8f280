//! Hand-made loads and resources, for the tests of what limits a target.

use crate::{
    monitor::{ResourceWindow, Resources},
    observe::{Counts, Figures, Model, Observation, Phase},
};

/// The length of every load here.
pub(crate) const SECONDS: u64 = 10;

fn made(name: &str, due: u64, carried: u64, ms: u64) -> Observation {
    let mut figures = Figures { duration_s: SECONDS as f64, ..Figures::default() };
    figures.counts = Counts { due, ok: due, ..Counts::default() };
    figures.after_phase = due - carried;
    figures.service.record_n(ms * 1_000_000, due);
    figures.response.record_n(ms * 1_000_000, due);
    let phase =
        Phase { name: name.to_owned(), is_started: true, figures: figures.clone(), ..Phase::default() };
    Observation {
        load: name.to_owned(),
        total: figures,
        phases: vec![phase],
        complete: true,
        ..Observation::default()
    }
}

/// 10 s of an open load: so many due and carried out a second, of `ms` each.
pub(crate) fn open(name: &str, due: u64, carried: u64, ms: u64) -> Observation {
    let mut seen = made(name, SECONDS * due, SECONDS * carried, ms);
    seen.phases[0].asked_per_sec = Some(due as f64);
    seen
}

/// 10 s of users that got so much a second, of `ms` each.
pub(crate) fn closed(name: &str, users: u64, carried: u64, ms: u64) -> Observation {
    let mut seen = made(name, SECONDS * carried, SECONDS * carried, ms);
    seen.model = Model::Closed;
    seen.phases[0].users = Some(users);
    seen
}

/// One after the other, without a gap.
pub(crate) fn in_turn(mut loads: Vec<Observation>) -> Vec<Observation> {
    for (n, load) in loads.iter_mut().enumerate() {
        load.started_s = (n as u64 * SECONDS) as f64;
    }
    loads
}

/// Resources on 2 cores: for each load in turn, what each of its seconds saw.
pub(crate) fn resources(of_loads: &[ResourceWindow]) -> Resources {
    let seconds = of_loads.iter().enumerate().flat_map(|(n, window)| {
        (0..SECONDS).map(move |s| ResourceWindow { at_s: (n as u64 * SECONDS + s) as u32, ..window.clone() })
    });
    Resources { cores_available: Some(2.0), window_s: 1, windows: seconds.collect(), ..Resources::default() }
}

/// A second in which the case and the machine used so many percent of the cores.
pub(crate) fn second(cpu: f64, machine: f64) -> ResourceWindow {
    ResourceWindow {
        cpu_percent: Some(cpu),
        machine_cpu_percent: Some(machine),
        rss_bytes: 64 << 20,
        descriptors: 30,
        memory_stall_s: Some(0.0),
        storage_stall_s: Some(0.01),
        ..ResourceWindow::default()
    }
}
