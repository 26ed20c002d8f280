//! Hand-made loads and resources, for the tests of the rules and of what they say.

use crate::{
    monitor::{ResourceWindow, Resources},
    observe::{Counts, Figures, Model, Observation, Phase, Window},
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

/// 10 s in which so many operations succeeded and so many failed, after 10 ms each.
pub(crate) fn figures(ok: u64, error: u64) -> Figures {
    let mut figures = Figures { duration_s: SECONDS as f64, ..Figures::default() };
    figures.counts = Counts { due: ok + error, ok, error, ..Counts::default() };
    for histogram in [&mut figures.response, &mut figures.service] {
        histogram.record_n(10_000_000, ok + error);
    }
    figures.lateness.record_n(20_000, ok + error);
    figures
}

/// 10 s at 100/s with a timeline: so many of 1 000 failed and so many were tried again, all ended after so many
/// milliseconds.
pub(crate) fn failing(failed: u64, retries: u64, ms: u64) -> Observation {
    let mut total = Figures { duration_s: SECONDS as f64, retries, ..Figures::default() };
    total.counts = Counts { due: 1_000, ok: 1_000 - failed, error: failed, ..Counts::default() };
    total.response.record_n(ms * 1_000_000, 1_000);
    let window = |second: u64| Window {
        at_s: second as f64,
        length_s: 1.0,
        p99_us: ms as f64 * 1e3,
        counts: Counts { due: 100, ok: 100 - failed / 10, error: failed / 10, ..Counts::default() },
        ..Window::default()
    };
    let timeline = (0..SECONDS).map(window).collect();
    Observation { total, timeline, complete: true, ..Observation::default() }
}
