use super::Page;
use crate::{
    judge::{
        Bottleneck, Surroundings,
        made::{closed, in_turn, open, resources, second},
    },
    monitor::{InterfaceUse, ResourceWindow, Resources},
    observe::{Kind, Observation, ProcessUse},
    stop::StopReason,
};

fn limit(
    page: &mut Page,
    what: &str,
    loads: &[Observation],
    resources: &Resources,
    ended_by: Option<(StopReason, &str)>,
) {
    let around =
        Surroundings { resources, memory_limit_bytes: Some(1 << 30), descriptor_limit: Some(1024), ended_by };
    page.says(what, Bottleneck::find(loads, &around).expect("there are loads"));
}

#[test]
fn what_limits_a_target() {
    let mut page = Page::new("bottlenecks", "What limits a target");
    page.family("100/s of 5 ms, then 900/s");
    let idle = || second(4.0, 8.0);
    let loads = |carried| in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, carried, 400)]);
    let mut over = |what: &str, carried, calm: ResourceWindow, busy: ResourceWindow| {
        limit(&mut page, what, &loads(carried), &resources(&[calm, busy]), None);
    };
    over("cores", 450, second(20.0, 22.0), second(97.0, 99.0));
    over("a crowded machine", 450, second(20.0, 60.0), second(60.0, 99.0));
    over("others on the machine", 450, second(4.0, 20.0), second(8.0, 98.0));
    over("memory", 450, idle(), ResourceWindow { rss_bytes: 1000 << 20, ..idle() });
    over("waiting for memory", 450, idle(), ResourceWindow { memory_stall_s: Some(0.4), ..idle() });
    over("descriptors", 450, idle(), ResourceWindow { descriptors: 1000, ..idle() });
    over(
        "storage",
        450,
        idle(),
        ResourceWindow { storage_stall_s: Some(0.7), written_bytes: 90 << 20, ..idle() },
    );
    over("one at a time", 200, idle(), idle());
    over("one at a time, computing", 200, second(26.0, 28.0), second(50.0, 52.0));
    over("some at a time", 450, idle(), idle());
    over("some at a time, computing", 600, second(26.0, 28.0), second(85.0, 87.0));
    over("half at a time", 100, idle(), idle());
    let untold = ResourceWindow { cpu_percent: None, ..idle() };
    over("no CPU known", 100, untold.clone(), untold);
    let mut linked = resources(&[idle(), ResourceWindow { network_sent_bytes: 120_000_000, ..idle() }]);
    linked.machine.interfaces = Some(vec![InterfaceUse {
        name: "eth0".into(),
        link_bytes_per_sec: Some(125_000_000),
        ..InterfaceUse::default()
    }]);
    limit(&mut page, "a link", &loads(450), &linked, None);
    let low = in_turn(vec![open("at 40/s", 40, 40, 1), open("at 900/s", 900, 200, 400)]);
    limit(&mut page, "a fifth at a time", &low, &resources(&[idle(), idle()]), None);
    page.family("Other loads");
    let quiet = resources(&[idle(), idle(), idle()]);
    limit(
        &mut page,
        "a limit of the case",
        &loads(450),
        &quiet,
        Some((StopReason::Memory, "memory reached 1010 MiB, and max_memory is 1 GiB")),
    );
    let mut without = open("load", 100, 100, 5);
    without.total.kinds = vec![Kind {
        class: "error".into(),
        text: "N".into(),
        sample: "Too many open files (os error 24)".into(),
        count: 40,
        ..Kind::default()
    }];
    limit(&mut page, "no descriptor left", &[without], &quiet, None);
    let mut refusing = open("load", 500, 500, 20);
    (refusing.phases[0].figures.counts.ok, refusing.phases[0].figures.counts.rejected) = (4_000, 1_000);
    refusing.phases[0].figures.rejected.record_n(300_000, 1_000);
    limit(&mut page, "refusals", &[refusing], &quiet, None);
    let mut capped = open("at 900/s", 900, 900, 5);
    capped.max_in_flight = Some(2);
    (capped.phases[0].figures.counts.ok, capped.phases[0].figures.counts.dropped) = (4_000, 5_000);
    limit(&mut page, "a cap", &in_turn(vec![open("at 100/s", 100, 100, 5), capped]), &quiet, None);
    let mut blocking = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, 400, 5)]);
    blocking[1].process =
        ProcessUse { span_s: 10.0, workers: 4, all_workers_busy_s: 9.1, ..ProcessUse::default() };
    limit(&mut page, "blocked workers", &blocking, &quiet, None);
    let untold = in_turn(vec![closed("load", 4, 200, 20), closed("load", 32, 201, 159)]);
    limit(&mut page, "users, none alone", &untold, &quiet, None);
    let mut together = loads(450);
    together.push(Observation { started_s: 12.0, ..open("other", 50, 50, 5) });
    limit(&mut page, "two loads", &together, &quiet, None);
    limit(
        &mut page,
        "a load that is followed",
        &in_turn(vec![open("at 100/s", 100, 100, 5), open("at 400/s", 400, 399, 5)]),
        &quiet,
        None,
    );
    limit(
        &mut page,
        "users that are served",
        &in_turn(vec![closed("load", 1, 200, 5), closed("load", 8, 1_590, 5)]),
        &quiet,
        None,
    );
    limit(&mut page, "one level of users", &[closed("load", 8, 1_590, 5)], &quiet, None);
    limit(
        &mut page,
        "users on busy cores",
        &[closed("load", 8, 1_200, 6)],
        &resources(&[second(98.0, 99.0)]),
        None,
    );
    limit(&mut page, "one operation", &[open("load", 1, 1, 5)], &quiet, None);
    page.check();
}
