use super::*;
use crate::{
    judge::made::{closed, in_turn, open, resources, second},
    monitor::{InterfaceUse, ResourceWindow},
    observe::Kind,
};

/// A target that follows 100/s with 5 ms each and 400/s no longer, and what was used in each of the two loads.
fn overloaded(carried: u64, calm: &ResourceWindow, busy: &ResourceWindow) -> Bottleneck {
    let loads = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, carried, 400)]);
    found(&loads, &resources(&[calm.clone(), busy.clone()]))
}

fn around(resources: &Resources) -> Surroundings<'_> {
    Surroundings {
        resources,
        memory_limit_bytes: Some(1 << 30),
        descriptor_limit: Some(1024),
        ended_by: None,
    }
}

fn found(loads: &[Observation], resources: &Resources) -> Bottleneck {
    Bottleneck::find(loads, &around(resources)).expect("there are loads")
}

fn idle() -> ResourceWindow {
    second(4.0, 8.0)
}

#[test]
fn cores_that_are_used_up() {
    let cpu = overloaded(450, &second(20.0, 22.0), &second(97.0, 99.0));
    insta::assert_snapshot!(cpu, @"CPU: 97% of the 2 cores busy while 450/s of 900/s asked were carried out and the median response time rose 80-fold from 5 ms to 400 ms between 100/s and 900/s");
    assert_eq!(cpu.limit, Limit::Cpu);
    assert_eq!(
        overloaded(450, &second(20.0, 22.0), &second(60.0, 62.0)).limit,
        Limit::Pool,
        "cores are left"
    );
    let untold = ResourceWindow { cpu_percent: None, ..idle() };
    let loads = [open("at 900/s", 900, 450, 400)];
    assert_eq!(found(&loads, &resources(&[untold])).limit, Limit::Inconclusive);
}

#[test]
fn cores_of_a_machine_that_others_use_too() {
    // 450/s of 5 ms each are 2.25 at once; the case is on 1.2 cores, so its operations compute.
    let shared = overloaded(450, &second(20.0, 60.0), &second(60.0, 99.0));
    insta::assert_snapshot!(shared, @"CPU: the machine's cores were 99% busy, and the case had 60%, while 450/s of 900/s asked were carried out and the median response time rose 80-fold from 5 ms to 400 ms between 100/s and 900/s");
    let starved = |load_at_start| {
        let loads = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, 450, 400)]);
        let mut used = resources(&[second(8.0, 99.0), second(15.0, 99.0)]);
        used.machine.load_at_start = Some(load_at_start);
        found(&loads, &used).limit
    };
    assert_eq!(starved(12.0), Limit::Cpu, "an eighth of a core is its fair share");
    assert_eq!(starved(1.0), Limit::Pool, "it might have had all of one");
    let outside = overloaded(450, &second(4.0, 20.0), &second(8.0, 98.0));
    insta::assert_snapshot!(outside, @"CPU: the machine's cores were 98% busy, most of it by processes outside of the case, which had 8%, while 450/s of 900/s asked were carried out and the median response time rose 80-fold from 5 ms to 400 ms between 100/s and 900/s");
    let busy_before = overloaded(450, &second(4.0, 95.0), &second(8.0, 98.0));
    assert_eq!(busy_before.limit, Limit::Pool, "the machine was as busy when the target was calm");
}

#[test]
fn cores_that_are_used_up_before_throughput_tells() {
    let one_level = [closed("load", 8, 1_200, 6)];
    let cpu = found(&one_level, &resources(&[second(98.0, 99.0)]));
    insta::assert_snapshot!(cpu, @"CPU: 98% of the 2 cores busy while 8 users got 1200/s");
    assert_eq!(found(&one_level, &resources(&[second(80.0, 99.0)])).limit, Limit::Nothing);
    let rising = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 400/s", 400, 399, 20)]);
    let cpu = found(&rising, &resources(&[second(20.0, 20.0), second(95.0, 99.0)]));
    insta::assert_snapshot!(cpu, @"CPU: 95% of the 2 cores busy while the median response time rose 4.0-fold from 5 ms to 20 ms between 100/s and 400/s");
    let level = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 400/s", 400, 399, 7)]);
    assert_eq!(found(&level, &resources(&[second(20.0, 20.0), second(95.0, 99.0)])).limit, Limit::Nothing);
}

#[test]
fn memory_near_its_limit_or_waited_for() {
    let full = ResourceWindow { rss_bytes: 1000 << 20, ..idle() };
    let memory = overloaded(450, &idle(), &full);
    insta::assert_snapshot!(memory, @"memory: 1000 MiB, 98% of the 1 GiB allowed, while 450/s of 900/s asked were carried out and the median response time rose 80-fold from 5 ms to 400 ms between 100/s and 900/s");
    let stalled = |s| ResourceWindow { memory_stall_s: Some(s), ..idle() };
    assert_eq!(overloaded(450, &stalled(0.01), &stalled(0.4)).limit, Limit::Memory);
    assert_eq!(overloaded(450, &stalled(0.3), &stalled(0.4)).limit, Limit::Pool, "it waited before, too");
    let half = ResourceWindow { rss_bytes: 500 << 20, ..idle() };
    assert_eq!(overloaded(450, &idle(), &half).limit, Limit::Pool);
}

#[test]
fn a_limit_that_ended_the_case() {
    let loads = [open("load", 100, 100, 5)];
    let resources = resources(&[idle()]);
    let ended = |reason, seen| {
        let around = Surroundings { ended_by: Some((reason, seen)), ..around(&resources) };
        Bottleneck::find(&loads, &around).expect("there is a load")
    };
    let memory = ended(StopReason::Memory, "memory reached 1010 MiB, and max_memory is 1 GiB");
    insta::assert_snapshot!(memory, @"memory: memory reached 1010 MiB, and max_memory is 1 GiB, which ended the case");
    assert_eq!(ended(StopReason::Cpu, "").limit, Limit::Cpu);
    assert_eq!(ended(StopReason::Descriptors, "").limit, Limit::Descriptors);
    assert_eq!(ended(StopReason::DiskWritten, "").limit, Limit::Disk);
    assert_eq!(ended(StopReason::TimeLimit, "").limit, Limit::Nothing);
    assert_eq!(ended(StopReason::Interrupted, "").limit, Limit::Nothing);
}

#[test]
fn descriptors_that_ran_out() {
    let mut load = open("load", 100, 100, 5);
    let failed = |text: &str, count| Kind {
        class: "error".into(),
        text: "N".into(),
        sample: text.into(),
        count,
        ..Kind::default()
    };
    load.total.kinds = vec![failed("connect: Too many open files (os error 24)", 40)];
    let mut used = resources(&[idle()]);
    used.peak_descriptors = 1024;
    let without = found(&[load.clone()], &used);
    insta::assert_snapshot!(without, @"descriptors: 40 of 1000 operations found no descriptor left, with 1024 of 1024 open at most");
    load.total.kinds = vec![failed("connect: Too many open files (os error 24)", 4)];
    assert_eq!(found(&[load.clone()], &used).limit, Limit::Nothing, "an accident");
    load.total.kinds = vec![failed("connection refused (os error 111)", 400)];
    assert_eq!(found(&[load], &used).limit, Limit::Nothing);

    let near = ResourceWindow { descriptors: 1000, ..idle() };
    assert_eq!(overloaded(450, &idle(), &near).limit, Limit::Descriptors);
    let far = ResourceWindow { descriptors: 600, ..idle() };
    assert_eq!(overloaded(450, &idle(), &far).limit, Limit::Pool);
}

#[test]
fn storage_that_is_waited_for() {
    let writes = |stall: f64, mib: u64| ResourceWindow {
        storage_stall_s: Some(stall),
        written_bytes: mib << 20,
        ..idle()
    };
    let disk = overloaded(450, &writes(0.05, 10), &writes(0.7, 90));
    insta::assert_snapshot!(disk, @"disk: something waited for storage for 70% of the time, at 90 MiB a second of the case's own, while 450/s of 900/s asked were carried out and the median response time rose 80-fold from 5 ms to 400 ms between 100/s and 900/s");
    assert_eq!(
        overloaded(450, &writes(0.05, 0), &writes(0.7, 0)).limit,
        Limit::Pool,
        "somebody else's waits"
    );
    assert_eq!(
        overloaded(450, &writes(0.6, 90), &writes(0.7, 90)).limit,
        Limit::Pool,
        "it waited before, too"
    );
    let untold = ResourceWindow { storage_stall_s: None, ..writes(0.0, 90) };
    assert_eq!(overloaded(450, &untold, &untold).limit, Limit::Pool, "nobody tells");
}

#[test]
fn a_link_that_is_full() {
    let over = |sent: u64, link| {
        let loads = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, 450, 400)]);
        let sends = ResourceWindow { network_sent_bytes: sent, ..idle() };
        let mut used = resources(&[idle(), sends]);
        let eth0 = InterfaceUse { name: "eth0".into(), link_bytes_per_sec: link, ..InterfaceUse::default() };
        used.machine.interfaces = Some(vec![eth0]);
        found(&loads, &used)
    };
    let network = over(120_000_000, Some(125_000_000));
    assert!(
        network
            .sentence
            .starts_with("network: 114.4 MiB a second, 96% of what the link carries, while 450/s of 900/s"),
        "{network}"
    );
    assert_eq!(over(60_000_000, Some(125_000_000)).limit, Limit::Pool);
    assert_eq!(over(120_000_000, None).limit, Limit::Pool, "nobody knows what it carries");
}

#[test]
fn one_at_a_time_is_a_lock() {
    let lock = overloaded(200, &idle(), &idle());
    insta::assert_snapshot!(lock, @"lock: one at a time, a lock held while something is waited for: 200/s of 5 ms each at low load are 1.0 at once (Little's law), with 0.1 of 2 cores busy, while 200/s of 900/s asked were carried out and the median response time rose 80-fold from 5 ms to 400 ms between 100/s and 900/s");
    let thread = overloaded(200, &second(26.0, 28.0), &second(50.0, 52.0));
    assert_eq!(thread.limit, Limit::Lock);
    assert!(thread.sentence.contains("one at a time on one core, a lock or a single thread: "), "{thread}");
    assert!(thread.sentence.contains(", with 1.0 of 2 cores busy, while "), "{thread}");
    let users =
        in_turn(vec![closed("load", 1, 200, 5), closed("load", 8, 204, 39), closed("load", 32, 201, 159)]);
    assert_eq!(found(&users, &resources(&[idle(), idle(), idle()])).limit, Limit::Lock);
    // Four users never told what one would have got.
    let users = in_turn(vec![closed("load", 4, 200, 20), closed("load", 32, 201, 159)]);
    let untold = found(&users, &resources(&[idle(), idle()]));
    assert_eq!(untold.limit, Limit::Inconclusive);
    insta::assert_snapshot!(untold, @"unknown: 32 users got 201/s and the median response time rose 8.0-fold from 20 ms to 159 ms between 4 users and 32 users, with 0.1 of 2 cores busy, and no resource was used up; a lock and a pool are told apart by a level at under 60% of that throughput, or of one user");
}

#[test]
fn some_at_a_time_are_a_pool() {
    let users = in_turn(vec![
        closed("load", 2, 400, 5),
        closed("load", 16, 1_598, 10),
        closed("load", 64, 1_600, 40),
    ]);
    let pool = found(&users, &resources(&[idle(), idle(), idle()]));
    insta::assert_snapshot!(pool, @"pool: about 8 places that the others wait for: 1600/s of 5 ms each at low load are 8.0 at once (Little's law), with 0.1 of 2 cores busy, while 64 users got 1600/s and the median response time rose 8.0-fold from 5 ms to 40 ms between 2 users and 64 users");
    assert_eq!(overloaded(100, &idle(), &idle()).limit, Limit::Inconclusive, "half an operation at once");
    let mut together = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, 450, 400)]);
    together.push(Observation { started_s: 12.0, ..open("other", 50, 50, 5) });
    let shared = found(&together, &resources(&[idle(), idle(), idle()]));
    assert_eq!(shared.limit, Limit::Inconclusive);
    assert!(shared.sentence.ends_with("and several loads at once cannot be told apart"), "{shared}");
}

#[test]
fn a_pool_that_refuses() {
    let refusing = |refused: u64| {
        let mut load = open("load", 500, 500, 20);
        let figures = &mut load.phases[0].figures;
        (figures.counts.ok, figures.counts.rejected) = (5_000 - refused, refused);
        figures.rejected.record_n(300_000, refused);
        found(&[load], &resources(&[idle()]))
    };
    let pool = refusing(1_000);
    insta::assert_snapshot!(pool, @"pool: 20% of 500/s were refused within 300 us, and 400/s served, with 0.1 of 2 cores busy; 8.0 were in service at once (Little's law)");
    assert_eq!(refusing(200).limit, Limit::Nothing, "a few refusals are no limit");
    assert_eq!(pool.saturation.map(|seen| seen.knee), Some(None));
}

#[test]
fn the_generator_itself() {
    let capped = |ms| {
        let mut load = open("at 900/s", 900, 900, ms);
        load.max_in_flight = Some(2);
        let figures = &mut load.phases[0].figures;
        (figures.counts.ok, figures.counts.dropped) = (4_000, 5_000);
        let loads = in_turn(vec![open("at 100/s", 100, 100, 5), load]);
        found(&loads, &resources(&[idle(), idle()]))
    };
    insta::assert_snapshot!(capped(5), @"load generator: 56% of 900/s never started, with 2 in flight at most (max_in_flight), though an answer took 5 ms as at lower load");
    assert_eq!(capped(50).limit, Limit::Pool, "those that started waited for the target");
    // With one load nobody knows how long an answer takes that does not wait.
    let mut alone = open("at 900/s", 900, 900, 400);
    alone.max_in_flight = Some(64);
    (alone.phases[0].figures.counts.ok, alone.phases[0].figures.counts.dropped) = (4_000, 5_000);
    assert_ne!(found(&[alone], &resources(&[idle()])).limit, Limit::Generator);

    let blocking = |all_busy| {
        let mut loads = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 900/s", 900, 400, 5)]);
        let process = &mut loads[1].process;
        (process.span_s, process.workers, process.all_workers_busy_s) = (10.0, 4, all_busy);
        found(&loads, &resources(&[idle(), idle()]))
    };
    insta::assert_snapshot!(blocking(9.1), @"load generator: every worker thread was busy for 9.1 s of 10 s, with 0.1 of 2 cores busy: operations that block belong into `run_blocking`, or the load needs more `workers`");
    assert_eq!(blocking(1.0).limit, Limit::Pool);

    let mut short = open("at 900/s", 900, 400, 5);
    short.phases[0].asked_per_sec = Some(1_800.0);
    let short = found(&[short], &resources(&[idle()]));
    assert_eq!(short.limit, Limit::Generator);
    assert!(short.sentence.contains("came to 9000 of the 18000 operations"), "{short}");
}

#[test]
fn a_load_below_every_limit_tells_nothing() {
    let rates = in_turn(vec![open("at 100/s", 100, 100, 5), open("at 400/s", 400, 399, 5)]);
    let nothing = found(&rates, &resources(&[idle(), idle()]));
    assert_eq!((nothing.limit, nothing.is_reached()), (Limit::Nothing, false));
    insta::assert_snapshot!(nothing, @"nothing: the target followed the load up to 400/s");
    let users = in_turn(vec![closed("load", 1, 200, 5), closed("load", 8, 1_590, 5)]);
    let nothing = found(&users, &resources(&[idle(), idle()]));
    insta::assert_snapshot!(nothing, @"nothing: more users were served more up to 8 users");
    let nothing = found(&[closed("load", 8, 1_590, 5)], &resources(&[idle()]));
    insta::assert_snapshot!(nothing, @"nothing: no resource was at its limit, and one level of users (8 users got 1590/s) does not tell whether more would bring more");
    let nothing = found(&[open("load", 1, 1, 5)], &resources(&[idle()]));
    insta::assert_snapshot!(nothing, @"unknown: no phase of a load had 20 operations");
    assert!(!nothing.is_reached());
}
