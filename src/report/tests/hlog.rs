use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    },
};

use crate::{
    engine::{Slice, Started},
    journal::{Event, Line},
    observe::{Counts, Figures, Model, Observation, Purpose, Window},
    report::LatencyLog,
};

fn line(event: Event) -> Line {
    Line { t_s: 0.0, event }
}

fn begun() -> Line {
    line(Event::CaseStarted {
        schema_version: 1,
        case: "cases::a\nb".into(),
        pid: 7,
        seed: 42,
        unix_s: Some(1_700_000_000.25),
    })
}

fn started(load: &str, phases: &[&str], warm_up_phases: usize) -> Line {
    line(Event::LoadStarted(Started {
        load: load.into(),
        model: Model::Open,
        purpose: Purpose::Measure,
        plan: "10/s for 5 s".into(),
        started_s: 0.5,
        phases: phases.iter().map(|phase| (*phase).to_owned()).collect(),
        warm_up_phases,
        timeout_s: 30.0,
        length_s: Some(5.0),
    }))
}

/// Times in milliseconds: of responses, services and refusals.
fn figures(response: &[u64], rejected: &[u64]) -> Figures {
    let mut figures = Figures::default();
    for ms in response {
        figures.response.record_n(ms * 1_000_000, 1);
        figures.service.record_n(ms * 500_000, 1);
    }
    rejected.iter().for_each(|ms| figures.rejected.record_n(ms * 1_000_000, 1));
    figures.counts = Counts { due: response.len() as u64, ok: response.len() as u64, ..Counts::default() };
    figures
}

fn slice(load: &str, at_s: f64, phase: usize, figures: Figures) -> Line {
    line(Event::Slice(Box::new(Slice { load: load.into(), at_s, phase, in_flight: 0, figures })))
}

fn window(load: &str, at_s: f64, length_s: f64, phase: u32) -> Line {
    let window = Window { at_s, length_s, phase, ..Window::default() };
    line(Event::Window { load: load.into(), window: Box::new(window) })
}

fn finished(load: &str) -> Line {
    line(Event::LoadFinished(Box::new(Observation { load: load.into(), ..Observation::default() })))
}

fn log(lines: &[Line]) -> String {
    let mut bytes = Vec::new();
    let mut log = LatencyLog::to(&mut bytes);
    lines.iter().for_each(|line| log.take(line));
    log.end();
    drop(log);
    String::from_utf8(bytes).unwrap()
}

/// Tag, start, length, longest, and how many values there are, of each interval.
fn intervals(text: &str) -> Vec<(String, f64, f64, f64, u64)> {
    let entries = IntervalLogIterator::new(text.as_bytes()).map(|entry| entry.unwrap());
    let intervals = entries.filter_map(|entry| match entry {
        LogEntry::Interval(interval) => Some((
            interval.tag().expect("every line has a tag").as_str().to_owned(),
            interval.start_timestamp().as_secs_f64(),
            interval.duration().as_secs_f64(),
            interval.max(),
            decoded(interval.encoded_histogram()).len(),
        )),
        _ => None,
    });
    intervals.collect()
}

fn decoded(text: &str) -> Histogram<u64> {
    Deserializer::new().deserialize(&mut STANDARD.decode(text).unwrap().as_slice()).unwrap()
}

/// The histograms of each tag, put together.
pub(crate) fn by_tag(text: &str) -> BTreeMap<String, Histogram<u64>> {
    let mut tags = BTreeMap::new();
    for entry in IntervalLogIterator::new(text.as_bytes()) {
        if let LogEntry::Interval(interval) = entry.unwrap() {
            let tag = interval.tag().unwrap().as_str().to_owned();
            let all = tags.entry(tag).or_insert_with(|| {
                let mut all = Histogram::new(3).unwrap();
                all.auto(true);
                all
            });
            all.add(decoded(interval.encoded_histogram())).unwrap();
        }
    }
    tags
}

#[test]
fn the_header_says_when_it_begins_and_what_the_values_are() {
    let text = log(&[begun()]);
    let version = env!("CARGO_PKG_VERSION");
    let header = format!(
        "#[Logged with proofload {version}: cases::a b]\n\
         #[Histogram log format version 1.3]\n\
         #[StartTime: 1700000000.250 (seconds since epoch), 2023-11-14T22:13:20Z]\n\
         #[BaseTime: 1700000000.250 (seconds since epoch)]\n\
         #[Values are nanoseconds, Interval_Max is in milliseconds]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
    );
    assert_eq!(text, header);
    assert_eq!(log(&[]).lines().count(), 6, "a case that told nothing has a log all the same");
}

#[test]
fn each_window_has_its_lines() {
    let text = log(&[
        begun(),
        started("load", &["10/s for 5 s"], 0),
        slice("load", 0.2, 0, figures(&[10, 20], &[])),
        slice("load", 1.0, 0, figures(&[30], &[5])),
        window("load", 0.0, 1.0, 0),
        window("load", 1.0, 1.2, 0),
        slice("load", 2.4, 0, figures(&[40], &[])),
        window("load", 2.2, 0.2, 0),
        finished("load"),
    ]);
    let of = |tag: &str, at, length, max, count| (format!("load.{tag}"), at, length, max, count);
    let seen = intervals(&text);
    // The log has the bound of the bucket: at most a thousandth above.
    let rounded: Vec<_> =
        seen.into_iter().map(|(tag, at, length, max, n)| (tag, at, length, max.round(), n)).collect();
    assert_eq!(
        rounded,
        [
            of("response", 0.5, 1.0, 30.0, 3),
            of("service", 0.5, 1.0, 15.0, 3),
            of("rejected", 0.5, 1.0, 5.0, 1),
            of("response", 1.5, 1.2, 0.0, 0),
            of("service", 1.5, 1.2, 0.0, 0),
            of("response", 2.7, 0.2, 40.0, 1),
            of("service", 2.7, 0.2, 20.0, 1),
        ]
    );
}

#[test]
fn what_is_read_back_is_what_was_measured() {
    let mut rng = fastrand::Rng::with_seed(11);
    let (mut lines, mut all) = (vec![begun(), started("load", &["a"], 0)], Figures::default());
    for second in 0..20 {
        for tick in 1..=5 {
            let times: Vec<u64> = (0..50).map(|_| 1 + rng.u64(..) % 3_000).collect();
            let news = figures(&times, &[]);
            all.merge(&news);
            lines.push(slice("load", f64::from(second) + f64::from(tick) * 0.2, 0, news));
        }
        lines.push(window("load", f64::from(second), 1.0, 0));
    }
    lines.push(finished("load"));
    let tags = by_tag(&log(&lines));
    for (tag, ours) in [("load.response", &all.response), ("load.service", &all.service)] {
        let theirs = &tags[tag];
        assert_eq!(theirs.len(), ours.count());
        for rank in [1, 2_500, 4_750, 4_950, 5_000] {
            let read = theirs.value_at_quantile((rank as f64 - 0.5) / 5_000.0).min(theirs.max());
            assert_eq!(u128::from(read), ours.at_rank(rank).unwrap().as_nanos(), "{tag}, rank {rank}");
        }
    }
}

#[test]
fn warm_up_and_phases_have_tags_of_their_own() {
    let text = log(&[
        begun(),
        started("load", &["warm-up", "ramp to 500/s, in 30s", "calm", "calm"], 1),
        slice("load", 0.2, 0, figures(&[1], &[])),
        slice("load", 0.9, 1, figures(&[2], &[])),
        window("load", 0.0, 1.0, 1),
        slice("load", 1.9, 2, figures(&[3, 3], &[])),
        slice("load", 1.9, 3, figures(&[4], &[])),
        window("load", 1.0, 1.0, 3),
        finished("load"),
    ]);
    let counts: Vec<(String, u64)> = by_tag(&text).into_iter().map(|(tag, all)| (tag, all.len())).collect();
    let expected = [
        ("load/1-ramp_to_500_s__in_30s.response", 1),
        ("load/1-ramp_to_500_s__in_30s.service", 1),
        ("load/2-calm.response", 2),
        ("load/2-calm.service", 2),
        ("load/3-calm.response", 1),
        ("load/3-calm.service", 1),
        ("load/warm_up.response", 1),
        ("load/warm_up.service", 1),
    ];
    assert_eq!(counts, expected.map(|(tag, n)| (tag.to_owned(), n)));
}

#[test]
fn tags_hold_any_name_and_stay_different() {
    let names = ["a b", "a,b", "a\nb", "", "größe", "a/b.c=d"];
    let mut lines = vec![begun()];
    for name in names {
        lines.extend([
            started(name, &["x"], 0),
            slice(name, 0.1, 0, figures(&[1], &[])),
            window(name, 0.0, 1.0, 0),
        ]);
        lines.push(finished(name));
    }
    let text = log(&lines);
    assert_eq!(text.lines().count(), 6 + 2 * names.len(), "{text}");
    let tags: Vec<String> =
        by_tag(&text).into_keys().filter_map(|tag| Some(tag.strip_suffix(".response")?.to_owned())).collect();
    assert_eq!(tags, ["_", "a_b", "a_b_2", "a_b_3", "a_b_c_d", "größe"]);
}

#[test]
fn what_came_after_the_last_window_of_a_killed_case_is_kept() {
    let text = log(&[
        begun(),
        started("load", &["x"], 0),
        slice("load", 0.8, 0, figures(&[1], &[])),
        window("load", 0.0, 1.0, 0),
        slice("load", 1.2, 0, figures(&[2, 3], &[])),
    ]);
    let seen: Vec<_> = intervals(&text).into_iter().map(|(_, at, length, _, n)| (at, length, n)).collect();
    assert_eq!(seen, [(0.5, 1.0, 1), (0.5, 1.0, 1), (1.5, 0.2, 2), (1.5, 0.2, 2)]);
}

#[test]
fn a_full_disk_is_told_once_and_kept_as_the_reason() {
    use std::io;
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut log = LatencyLog::to(Full);
    [begun(), started("load", &["x"], 0), window("load", 0.0, 1.0, 0)].iter().for_each(|line| log.take(line));
    assert_eq!(log.failure().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
}
