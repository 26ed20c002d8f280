use std::time::Duration;

use super::*;
use crate::stop::StopReason;

const TERMS: LoadTerms = LoadTerms { window_s: 1.0, tick_s: 0.2, wants_readings: false };

fn figures(due: u64, ok_ms: &[u64]) -> Figures {
    let mut figures = Figures::default();
    figures.counts.due = due;
    figures.counts.ok = ok_ms.len() as u64;
    ok_ms.iter().for_each(|ms| figures.response.record_n(ms * 1_000_000, 1));
    figures
}

fn delta(number: u64, at_s: f64, due: u64, ok_ms: &[u64]) -> Delta {
    Delta {
        load: "load".to_owned(),
        number,
        at_s,
        in_flight: due - ok_ms.len() as u64,
        phases: vec![(0, figures(due, ok_ms))],
        spans: vec![Some((0.0, Some(5.0)))],
        end_s: Some(5.0),
        ..Delta::default()
    }
}

fn finished(whole: Figures) -> Finished {
    let phase =
        Phase { name: "all".to_owned(), is_started: true, figures: whole.clone(), ..Phase::default() };
    let observation = Observation {
        load: "load".to_owned(),
        total: whole,
        phases: vec![phase],
        complete: true,
        ..Observation::default()
    };
    Finished { observation, doubts: vec!["late".to_owned()] }
}

fn merging(nodes: u32) -> Merging {
    Merging::new("load", TERMS, 0..nodes)
}

fn share(node: u32) -> NodeShare {
    NodeShare { node, host: format!("host-{node}"), ..NodeShare::default() }
}

#[test]
fn a_reading_is_told_once_all_have_told_theirs() {
    let mut load = merging(2);
    load.take(0, delta(1, 0.2, 3, &[1]));
    assert!(load.reading().is_none(), "node 1 has told nothing");
    load.take(1, delta(1, 0.21, 2, &[2, 4]));
    let reading = load.reading().unwrap();
    assert_eq!((reading.at_s, reading.phases[0].1.counts.due), (0.2, 3), "node 1 told of a later moment");
    assert!(load.reading().is_none());
    load.take(0, delta(2, 0.4, 0, &[]));
    let reading = load.reading().unwrap();
    assert_eq!((reading.at_s, reading.phases[0].1.counts.due, reading.in_flight), (0.21, 2, 2));
}

#[test]
fn a_repeat_counts_once_and_a_gap_not_at_all() {
    let mut load = merging(1);
    load.take(0, delta(1, 0.2, 3, &[1, 1, 1]));
    load.take(0, delta(1, 0.2, 3, &[1, 1, 1]));
    load.take(0, delta(3, 0.6, 9, &[1]));
    load.take(7, delta(1, 0.2, 9, &[1]));
    assert_eq!(load.reading().unwrap().phases[0].1.counts.due, 3);
    assert!(load.reading().is_none());
}

#[test]
fn the_whole_is_the_sum_of_the_parts_and_lasts_as_long_as_the_longest() {
    let mut load = merging(2);
    load.take(0, delta(1, 1.0, 3, &[1, 2, 3]));
    load.take(1, delta(1, 1.0, 2, &[10, 20]));
    load.take(0, delta(2, 1.6, 1, &[5]));
    load.take(1, delta(2, 1.5, 1, &[50]));
    let of = |due, ok: &[u64], duration_s| Figures { duration_s, ..figures(due, ok) };
    load.finish(0, finished(of(4, &[1, 2, 3, 5], 2.0)));
    assert!(!load.is_complete());
    assert_eq!(load.awaited(), [1]);
    let mut other = finished(of(3, &[10, 20, 50], 1.9));
    other.observation.stopped = Some(StopReason::Ceiling);
    load.finish(1, other);
    assert!(load.is_complete());
    let whole = load.merged(share).unwrap();
    assert_eq!(whole.total.response, figures(7, &[1, 2, 3, 5, 10, 20, 50]).response);
    assert_eq!((whole.total.counts.due, whole.total.duration_s), (7, 2.0));
    assert_eq!((whole.complete, whole.stopped), (true, Some(StopReason::Ceiling)));
    let windows: Vec<_> = whole.timeline.iter().map(|w| (w.at_s, w.counts.due, w.max_us.round())).collect();
    assert_eq!(windows[0].0, 0.0);
    assert_eq!(windows.iter().map(|w| w.1).collect::<Vec<_>>(), [5, 2]);
    let [zero, one] = &whole.nodes[..] else { panic!("two nodes") };
    assert_eq!((zero.counts.due, one.counts.due, one.host.as_str()), (4, 3, "host-1"));
    assert_eq!(one.timeline.iter().map(|window| window.done).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(one.doubts, ["late"]);
}

#[test]
fn what_a_lost_node_had_told_counts_and_the_rest_of_it_is_unfinished() {
    let mut load = merging(2);
    load.take(0, delta(1, 0.2, 3, &[1, 1, 1]));
    load.take(1, delta(1, 0.2, 5, &[2, 2]));
    load.lose(1, "node 1 was lost");
    load.take(1, delta(2, 0.4, 7, &[2]));
    load.finish(1, finished(figures(99, &[])));
    load.finish(0, finished(figures(3, &[1, 1, 1])));
    assert!(load.is_complete());
    let whole = load.merged(share).unwrap();
    assert_eq!((whole.total.counts.due, whole.total.counts.ok, whole.total.counts.unfinished), (8, 5, 3));
    assert!(whole.total.counts.is_balanced() && !whole.complete);
    assert_eq!(whole.nodes[1].lost.as_deref(), Some("node 1 was lost"));
    assert_eq!((whole.nodes[1].counts.due, whole.nodes[0].lost.as_deref()), (5, None));
}

#[test]
fn percentiles_are_those_of_all_times_and_no_mean_of_percentiles() {
    let mut load = merging(2);
    let fast: Vec<u64> = vec![1; 99];
    load.take(0, delta(1, 0.9, 99, &fast));
    load.take(1, delta(1, 0.9, 3, &[1_000, 1_000, 1_000]));
    load.finish(0, finished(figures(99, &fast)));
    load.finish(1, finished(figures(3, &[1_000; 3])));
    let whole = load.merged(share).unwrap();
    let p95 = whole.total.response_percentile(0.95).unwrap().value;
    assert!(p95 < Duration::from_millis(2), "{p95:?}: a mean of both would be half a second");
    assert!(whole.timeline[0].p95_us < 2_000.0 && whole.timeline[0].p99_us > 900_000.0);
}

proptest::proptest! {
    /// In whatever order what nodes tell arrives, and however often: the same counts.
    #[test]
    fn the_order_between_nodes_does_not_matter(
        order in proptest::collection::vec(0u32..3, 0..60),
        times in proptest::collection::vec(0u64..500, 20),
    ) {
        let mut load = merging(3);
        let mut told = [0u64; 3];
        let mut wholes = [const { None }; 3].map(|_: Option<()>| Figures::default());
        for node in order.into_iter().chain([0, 1, 2]) {
            let number = told[node as usize] + 1;
            told[node as usize] = number;
            let ms = [times[number as usize % 20], u64::from(node)];
            let news = delta(number, number as f64 * 0.2, 2, &ms);
            wholes[node as usize].merge(&news.phases[0].1);
            load.take(node, news.clone());
            load.take(node, news);
            load.reading();
        }
        let mut all = Figures::default();
        for (node, whole) in (0..).zip(wholes) {
            all.merge(&whole);
            load.finish(node, finished(whole));
        }
        let merged = load.merged(share).unwrap();
        proptest::prop_assert_eq!(merged.total.response, all.response);
        let windows: u64 = merged.timeline.iter().map(|window| window.counts.due).sum();
        proptest::prop_assert_eq!(windows, all.counts.due);
    }
}
