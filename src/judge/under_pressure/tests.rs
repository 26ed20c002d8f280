use super::*;
use crate::observe::{Counts, Figures, Window};

const MIB: u64 = 1 << 20;

/// 4 s at 50/s: so many of 200 ok, all of them after so many milliseconds.
fn load(ok: u64, ms: u64) -> Observation {
    let mut total = Figures { duration_s: 4.0, ..Figures::default() };
    total.counts = Counts { due: 200, ok, error: 200 - ok, ..Counts::default() };
    total.response.record_n(ms * 1_000_000, 200);
    let window = |second: u64| Window {
        at_s: second as f64,
        length_s: 1.0,
        p99_us: ms as f64 * 1e3,
        counts: Counts { due: 50, ok: ok / 4, error: 50 - ok / 4, ..Counts::default() },
        ..Window::default()
    };
    Observation { total, timeline: (0..4).map(window).collect(), complete: true, ..Observation::default() }
}

const BALLAST: AppliedPressure = AppliedPressure::Memory { wanted_bytes: 300 * MIB, held_bytes: 300 * MIB };

fn found(
    applied: AppliedPressure,
    cut: Option<&str>,
    result: TrialResult,
    [before, under, after]: [&Observation; 3],
) -> UnderPressure {
    let loads = PressedLoads { baseline: Some(before), pressed: Some(under), released: Some(after) };
    UnderPressure::find(Some(applied), cut.map(str::to_owned), loads, result, &Tolerance::default())
}

fn broke() -> TrialResult {
    TrialResult::Broke { objective: "success_rate is 90%, wanted >= 95%".to_owned() }
}

#[test]
fn what_holds_is_told_with_what_it_costs() {
    let seen = found(BALLAST, None, TrialResult::Held, [&load(200, 10), &load(198, 25), &load(200, 10)]);
    assert!(seen.held());
    assert_eq!(
        seen.to_string(),
        "holds with 300 MiB of ballast; success 99% (-1.0 points), p50 25 ms (x2.5), p95 25 ms (x2.5), p99 25 ms \
         (x2.5); recovered within 0 s of the release"
    );
}

#[test]
fn what_breaks_and_does_not_come_back_is_told() {
    let seen = found(BALLAST, None, broke(), [&load(200, 10), &load(180, 10), &load(120, 10)]);
    assert!(!seen.held());
    let said = seen.to_string();
    assert!(
        said.starts_with("breaks (success_rate is 90%, wanted >= 95%) with 300 MiB of ballast;"),
        "{said}"
    );
    assert!(said.ends_with("; had not recovered 4 s after the release"), "{said}");
}

#[test]
fn less_pressure_than_asked_for_shows_nothing_unless_it_breaks() {
    let loads = [&load(200, 10), &load(200, 10), &load(200, 10)];
    let less = AppliedPressure::Memory { wanted_bytes: 300 * MIB, held_bytes: 80 * MIB };
    let seen = found(less, Some("the machine has 400 MiB left"), TrialResult::Held, loads);
    assert_eq!(
        seen.result,
        TrialResult::Unknown {
            reason: "only 80 MiB of 300 MiB were held: the machine has 400 MiB left".to_owned()
        }
    );
    assert_eq!(found(less, None, broke(), loads).result, broke());
    // Cut short at the very end: what was held is what was asked for, and still the reason counts.
    let seen = found(BALLAST, Some("the disk is full"), TrialResult::Held, loads);
    assert_eq!(seen.result, TrialResult::Unknown { reason: "the disk is full".to_owned() });
}

#[test]
fn a_saturated_machine_or_disk_is_under_pressure_whoever_caused_it() {
    let cpu = |burnt_cores, machine_share| AppliedPressure::Cpu {
        threads: 2,
        wanted_cores: 2.0,
        burnt_cores,
        machine_share,
    };
    assert_eq!(cpu(1.2, None).shortfall(), None);
    assert_eq!(cpu(0.5, Some(0.97)).shortfall(), None);
    assert_eq!(cpu(0.5, Some(0.6)).shortfall().as_deref(), Some("only 0.5 of 2.0 cores were burnt"));
    let io = |written, busy_share| AppliedPressure::Io {
        wanted_bytes_per_sec: 64.0 * MIB as f64,
        written_bytes_per_sec: written,
        written_bytes: 1,
        syncs: 1,
        busy_share,
    };
    assert_eq!(io(40.0 * MIB as f64, 0.2).shortfall(), None);
    assert_eq!(io(8.0 * MIB as f64, 0.95).shortfall(), None);
    assert_eq!(
        io(8.0 * MIB as f64, 0.2).shortfall().as_deref(),
        Some("only 8 MiB of 64 MiB a second were written")
    );
}

#[test]
fn what_was_not_reached_is_no_figure() {
    let before = load(200, 10);
    let loads = PressedLoads { baseline: Some(&before), ..PressedLoads::default() };
    let unknown = TrialResult::Unknown { reason: "the case was stopped".to_owned() };
    let seen = UnderPressure::find(None, None, loads, unknown, &Tolerance::default());
    assert_eq!((seen.p95_ratio, seen.success_change_points), (None, None));
    assert_eq!(
        seen.to_string(),
        "cannot be told (the case was stopped); recovery cannot be told: there was no load after the release"
    );
}
