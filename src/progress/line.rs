use std::{cmp::Reverse, time::Duration};

use super::{
    Status,
    status::Work,
    words::{cut, plain, width},
};
use crate::units::{ByteSize, show_duration};

/// Between two figures on a terminal.
const GAP: &str = "  ";

/// Between two figures in a log.
const BAR: &str = " | ";

/// A phase in short: its name can be a sentence.
const SHORT_PHASE: usize = 16;

/// A name is left at least this, and a fifth of the line, before figures are left out.
const NAME_AT_LEAST: usize = 8;

/// A longer name is shortened before figures are.
const NAME_ENOUGH: usize = 24;

/// From this share of its limit on, memory is what people should look at.
const MEMORY_NEAR: f64 = 0.8;

/// What a figure is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Usual,
    Bad,
    Near,
}

/// What is left out first where there is no room, from the least important on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    InFlight,
    Phase,
    NoErrors,
    Left,
    Cpu,
    Memory,
    P99,
    Rate,
    Alarm,
    Elapsed,
}

/// One figure of a line.
#[derive(Debug, Clone)]
struct Piece {
    rank: Rank,
    tone: Tone,
    long: String,
    short: String,
}

impl Piece {
    fn new(rank: Rank, long: impl Into<String>, short: impl Into<String>) -> Self {
        Self { rank, tone: Tone::Usual, long: long.into(), short: short.into() }
    }

    fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// The line of a case on a terminal: at most `columns` wide, with the least important left out, coloured if wanted.
pub(super) fn line(status: &Status, columns: usize, is_coloured: bool) -> String {
    let name = plain(&status.name);
    let name_least = width(&name).min(NAME_ENOUGH.min(NAME_AT_LEAST.max(columns / 5)));
    let pieces = fitted(pieces(status), columns.saturating_sub(name_least));
    let taken: usize = pieces.iter().map(|(text, _)| width(GAP) + width(text)).sum();
    let mut line = cut(&name, columns.saturating_sub(taken));
    for (text, tone) in pieces {
        line.push_str(GAP);
        line.push_str(&painted(&text, tone, is_coloured));
    }
    line
}

/// The line of a case in a log: everything, however long.
pub(super) fn whole_line(status: &Status) -> String {
    let pieces = pieces(status).into_iter().map(|piece| piece.long);
    std::iter::once(plain(&status.name)).chain(pieces).collect::<Vec<_>>().join(BAR)
}

/// Those that have room: first all of them get shorter, from the least important on, then they are left out.
fn fitted(pieces: Vec<Piece>, room: usize) -> Vec<(String, Tone)> {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|at| (pieces[*at].rank, Reverse(*at)));
    // How many of the least important are short, and how many are left out.
    let shortened = (0..=order.len()).map(|short| (short, 0));
    let left_out = (1..=order.len()).map(|out| (order.len(), out));
    for (short, out) in shortened.chain(left_out) {
        let kept = pieces.iter().enumerate().filter(|(at, _)| !order[..out].contains(at));
        let shown = kept.map(|(at, piece)| match order[..short].contains(&at) {
            true => (piece.short.clone(), piece.tone),
            false => (piece.long.clone(), piece.tone),
        });
        let shown: Vec<(String, Tone)> = shown.collect();
        if shown.iter().map(|(text, _)| width(GAP) + width(text)).sum::<usize>() <= room {
            return shown;
        }
    }
    Vec::new()
}

fn pieces(status: &Status) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let phase = plain(&status.phase);
    if status.is_stopping {
        pieces.push(Piece::new(Rank::Alarm, "stopping", "stopping").toned(Tone::Near));
    } else if !phase.is_empty() {
        let short = cut(&phase, SHORT_PHASE);
        pieces.push(Piece::new(Rank::Phase, phase, short));
    }
    let elapsed = seconds(status.elapsed);
    pieces.push(Piece::new(Rank::Elapsed, elapsed.clone(), elapsed));
    if let Some(left) = status.left.filter(|_| !status.is_stopping) {
        let left = seconds(left);
        pieces.push(Piece::new(Rank::Left, format!("{left} left"), format!("-{left}")));
    }
    if let Some(work) = &status.work {
        pieces.extend(of_work(work));
    }
    pieces.push(errors(status));
    if status.dropped > 0 {
        let text = format!("{} dropped", status.dropped);
        pieces.push(Piece::new(Rank::Alarm, text.clone(), text).toned(Tone::Near));
    }
    if let Some(percent) = status.cpu_percent {
        let text = format!("CPU {percent:.0}%");
        pieces.push(Piece::new(Rank::Cpu, text.clone(), text));
    }
    pieces.push(memory(status));
    if let Some(work) = &status.work {
        let loads = (work.loads > 1).then(|| format!("{} loads", work.loads));
        let in_flight = format!("{} in flight", work.in_flight);
        for text in loads.into_iter().chain([in_flight]) {
            pieces.push(Piece::new(Rank::InFlight, text.clone(), text));
        }
    }
    pieces
}

fn of_work(work: &Work) -> Vec<Piece> {
    let rate = work.rate_per_sec.map(|rate| {
        let text = per_second(rate);
        Piece::new(Rank::Rate, text.clone(), text)
    });
    let p99 = work.p99.map(|p99| {
        let least = if p99.is_at_least { "> " } else { "" };
        let text = format!("p99 {least}{}", show_duration(p99.value));
        Piece::new(Rank::P99, text.clone(), text)
    });
    rate.into_iter().chain(p99).collect()
}

fn errors(status: &Status) -> Piece {
    let share = status.work.and_then(|work| work.error_share).filter(|share| *share > 0.0);
    match (status.errors, share) {
        (0, _) => Piece::new(Rank::NoErrors, "no errors", "0 err"),
        (n, share) => {
            let plural = if n == 1 { "" } else { "s" };
            let share = share.map_or_else(String::new, |share| format!(" ({})", percent(share)));
            let long = format!("{n} error{plural}{share}");
            Piece::new(Rank::Alarm, long, format!("{n} err")).toned(Tone::Bad)
        }
    }
}

fn memory(status: &Status) -> Piece {
    let used = ByteSize::new(status.memory_bytes);
    let Some(limit) = status.memory_limit_bytes else {
        return Piece::new(Rank::Memory, format!("memory {used}"), used.to_string());
    };
    let share = status.memory_bytes as f64 / limit.max(1) as f64;
    let long = format!("memory {used} of {}", ByteSize::new(limit));
    let short = format!("mem {:.0}%", share * 100.0);
    match share >= MEMORY_NEAR {
        true => Piece::new(Rank::Alarm, long, short).toned(Tone::Near),
        false => Piece::new(Rank::Memory, long, short),
    }
}

fn painted(text: &str, tone: Tone, is_coloured: bool) -> String {
    match tone {
        Tone::Bad if is_coloured => format!("\u{1b}[31m{text}\u{1b}[0m"),
        Tone::Near if is_coloured => format!("\u{1b}[33m{text}\u{1b}[0m"),
        Tone::Usual | Tone::Bad | Tone::Near => text.to_owned(),
    }
}

/// Whole seconds, rounded down: a count that runs ahead of the clock looks wrong.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => "0 s".to_owned(),
        whole => show_duration(Duration::from_secs(whole)),
    }
}

/// Three figures; more would only flicker.
fn per_second(rate: f64) -> String {
    match rate {
        rate if rate >= 99.95 => format!("{rate:.0}/s"),
        rate if rate >= 9.995 => format!("{rate:.1}/s"),
        rate => format!("{rate:.2}/s"),
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent >= 9.95 => format!("{percent:.0}%"),
        percent if percent >= 0.1 => format!("{percent:.1}%"),
        _ => "<0.1%".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observe::Percentile,
        units::{gib, mib, millis, seconds},
    };

    fn steady() -> Status {
        Status {
            name: "cases::content_flow::steady_readers".to_owned(),
            phase: "searches: peak (2 of 3)".to_owned(),
            is_stopping: false,
            elapsed: millis(42_900),
            left: Some(seconds(78)),
            work: Some(Work {
                loads: 1,
                rate_per_sec: Some(98.34),
                p99: Some(Percentile { value: Duration::from_micros(12_400), is_at_least: false }),
                error_share: Some(0.0),
                in_flight: 12,
            }),
            errors: 0,
            dropped: 0,
            cpu_percent: Some(34.4),
            memory_bytes: mib(120).bytes(),
            memory_limit_bytes: Some(gib(1).bytes()),
        }
    }

    fn troubled() -> Status {
        let work = steady().work.map(|work| Work { error_share: Some(0.0042), loads: 2, ..work });
        Status {
            errors: 7,
            dropped: 3,
            work,
            memory_bytes: mib(900).bytes(),
            memory_limit_bytes: Some(gib(1).bytes()),
            ..steady()
        }
    }

    #[test]
    fn the_least_important_goes_first() {
        let lines: Vec<String> = [200, 120, 80, 40, 20, 9, 0].map(|w| line(&steady(), w, false)).into();
        assert_eq!(
            lines,
            [
                "cases::content_flow::steady_readers  searches: peak (2 of 3)  42 s  1m 18s left  98.3/s  p99 12.4 ms  \
                 no errors  CPU 34%  memory 120 MiB of 1 GiB  12 in flight",
                "cases::conte..teady_readers  searche..2 of 3)  42 s  -1m 18s  98.3/s  p99 12.4 ms  0 err  CPU 34%  \
                 mem 12%  12 in flight",
                "cases::c..y_readers  42 s  -1m 18s  98.3/s  p99 12.4 ms  0 err  CPU 34%  mem 12%",
                "cases..eaders  42 s  98.3/s  p99 12.4 ms",
                "cases:..eaders  42 s",
                "cas..ders",
                "",
            ]
        );
    }

    #[test]
    fn what_is_wrong_stays() {
        let lines: Vec<String> = [200, 80, 40, 20].map(|w| line(&troubled(), w, false)).into();
        assert_eq!(
            lines,
            [
                "cases::content_flow::steady_readers  searches: peak (2 of 3)  42 s  1m 18s left  98.3/s  p99 12.4 ms  \
                 7 errors (0.4%)  3 dropped  CPU 34%  memory 900 MiB of 1 GiB  2 loads  12 in flight",
                "cases::.._readers  42 s  98.3/s  p99 12.4 ms  7 err  3 dropped  CPU 34%  mem 88%",
                "cases::..readers  42 s  7 err  3 dropped",
                "cases:..eaders  42 s",
            ]
        );
    }

    #[test]
    fn no_line_is_too_wide() {
        let wide = Status { name: "\u{8d1f}\u{8377}\u{6d4b}\u{8bd5}".repeat(9), ..troubled() };
        for status in [Status::default(), steady(), troubled(), wide] {
            for columns in 0..220 {
                let line = line(&status, columns, false);
                assert!(width(&line) <= columns, "{line:?} in {columns}");
            }
        }
    }

    #[test]
    fn colours_only_where_something_is_wrong() {
        assert_eq!(line(&steady(), 200, true), line(&steady(), 200, false));
        let coloured = line(&troubled(), 200, true);
        assert!(coloured.contains("  \u{1b}[31m7 errors (0.4%)\u{1b}[0m  "), "{coloured:?}");
        assert!(coloured.contains("  \u{1b}[33mmemory 900 MiB of 1 GiB\u{1b}[0m  "), "{coloured:?}");
        assert!(coloured.contains("  \u{1b}[33m3 dropped\u{1b}[0m  "), "{coloured:?}");
        assert_eq!(coloured.matches('\u{1b}').count(), 6);
    }

    #[test]
    fn a_log_has_everything() {
        assert_eq!(
            whole_line(&troubled()),
            "cases::content_flow::steady_readers | searches: peak (2 of 3) | 42 s | 1m 18s left | 98.3/s | p99 12.4 ms | \
             7 errors (0.4%) | 3 dropped | CPU 34% | memory 900 MiB of 1 GiB | 2 loads | 12 in flight"
        );
        let bare = Status { name: "cases::a\u{1b}[2J".to_owned(), memory_bytes: 4096, ..Status::default() };
        assert_eq!(whole_line(&bare), "cases::a [2J | 0 s | no errors | memory 4 KiB");
    }

    #[test]
    fn a_case_that_is_told_to_stop_says_so() {
        let stopping = Status { is_stopping: true, ..steady() };
        let shown = line(&stopping, 200, false);
        assert!(shown.contains("  stopping  42 s  98.3/s"), "{shown}");
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(
            [0.0, 1.234, 9.996, 45.67, 99.96, 12_345.6].map(per_second),
            ["0.00/s", "1.23/s", "10.0/s", "45.7/s", "100/s", "12346/s"]
        );
        assert_eq!([0.0004, 0.0042, 0.0996, 0.5].map(percent), ["<0.1%", "0.4%", "10%", "50%"]);
    }
}
