use super::{
    super::{
        machine_use::MachineUse,
        network::{InterfaceUse, Interfaces},
    },
    *,
};

const MIB: u64 = 1 << 20;

/// A recorder of at most so many windows on 2 cores, and the moment it began.
fn recorder(max_windows: usize) -> (ResourceRecorder, Instant) {
    let origin = Instant::now();
    (ResourceRecorder::bounded(origin, 2.0, max_windows), origin)
}

fn tree(cpu_ms: u64, rss_bytes: u64) -> TreeSample {
    TreeSample {
        processes: 2,
        cpu: Duration::from_millis(cpu_ms),
        cpu_at: None,
        rss_bytes,
        threads: 5,
        descriptors: 9,
        read_bytes: 4096,
        written_bytes: 2 * cpu_ms,
        highest_rss_bytes: 0,
        context_switches: 10 * cpu_ms,
    }
}

fn machine(cpu_share: f64, available: u64, received: u64) -> MachineSample {
    MachineSample {
        cpu_share: Some(cpu_share),
        memory_available_bytes: available,
        interfaces: Interfaces::of(&[("lo", 10 * received, 10 * received), ("eth0", received, 2 * received)]),
        ..MachineSample::default()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn windows_of_a_second() {
    let (mut recorder, origin) = recorder(100);
    recorder.push(origin + ms(100), &tree(0, 10 * MIB), Some(&machine(0.2, 900, 1000)));
    recorder.push(origin + ms(600), &tree(500, 30 * MIB), None);
    recorder.push(origin + ms(900), &tree(900, 20 * MIB), Some(&machine(0.4, 700, 1100)));
    recorder.push(origin + ms(1900), &tree(1400, 25 * MIB), Some(&machine(0.9, 800, 1150)));
    // Nobody looked for two seconds.
    recorder.push(origin + ms(3900), &tree(3400, 26 * MIB), None);

    let resources = recorder.finish();
    let window = |at_s, cpu_percent, rss_bytes, rss_min_bytes, written_bytes| ResourceWindow {
        at_s,
        written_bytes,
        context_switches: 5 * written_bytes,
        cpu_percent: Some(cpu_percent),
        rss_bytes,
        rss_min_bytes,
        threads: 5,
        descriptors: 9,
        ..ResourceWindow::default()
    };
    assert_eq!(
        resources.windows,
        [
            ResourceWindow {
                machine_cpu_percent: Some(30.0),
                memory_available_bytes: Some(700),
                network_received_bytes: 100,
                network_sent_bytes: 200,
                loopback_bytes: 1000,
                // The first sample's own: before it, there was nothing.
                read_bytes: 4096,
                ..window(0, 56.25, 30 * MIB, 10 * MIB, 1800)
            },
            ResourceWindow {
                machine_cpu_percent: Some(90.0),
                memory_available_bytes: Some(800),
                network_received_bytes: 50,
                network_sent_bytes: 100,
                loopback_bytes: 500,
                ..window(1, 25.0, 25 * MIB, 25 * MIB, 1000)
            },
            window(3, 50.0, 26 * MIB, 26 * MIB, 4000),
        ]
    );
    let eth0 = InterfaceUse {
        name: "eth0".to_owned(),
        received_bytes: 150,
        sent_bytes: 300,
        link_bytes_per_sec: None,
    };
    let lo = InterfaceUse {
        name: "lo".to_owned(),
        received_bytes: 1500,
        sent_bytes: 1500,
        link_bytes_per_sec: None,
    };
    assert_eq!(resources.machine.interfaces, Some(vec![eth0, lo]));
    assert_eq!(
        Resources { windows: Vec::new(), machine: MachineUse::default(), ..resources },
        Resources {
            peak_memory_bytes: 30 * MIB,
            // 100 to 600 ms; 600 to 900 ms was busier, but is too short to tell.
            peak_cpu_percent: Some(50.0),
            cores_available: Some(2.0),
            descriptor_limit: None,
            mean_cpu_percent: Some(100.0 * 3.4 / 3.8 / 2.0),
            cpu_seconds: 3.4,
            peak_threads: 5,
            peak_descriptors: 9,
            peak_processes: 2,
            read_bytes: 4096,
            written_bytes: 6800,
            context_switches: 34_000,
            network_received_bytes: 150,
            network_sent_bytes: 300,
            loopback_bytes: 1500,
            machine_peak_cpu_percent: Some(90.0),
            machine_memory_available_min_bytes: Some(700),
            memory_growth_bytes_per_sec: None,
            samples: 5,
            longest_gap_ms: 2000.0,
            machine: MachineUse::default(),
            shared_memory: Vec::new(),
            sampling_cpu_seconds: None,
            window_s: 1,
            windows: Vec::new(),
        }
    );
}

#[test]
fn too_many_windows_are_merged_in_pairs() {
    let (mut recorder, origin) = recorder(4);
    for second in 0..10 {
        let rss = (100 + second) * MIB;
        let sample = machine(second as f64 / 10.0, 1000 - second, 10 * second);
        recorder.push(origin + ms(1000 * second), &tree(500 * second, rss), Some(&sample));
    }
    let resources = recorder.finish();
    assert_eq!(resources.window_s, 4);
    let seen: Vec<_> =
        resources.windows.iter().map(|w| (w.at_s, w.cpu_percent, w.rss_min_bytes / MIB)).collect();
    assert_eq!(seen, [(0, Some(25.0), 100), (4, Some(25.0), 104), (8, Some(25.0), 108)]);
    let seen: Vec<_> =
        resources.windows.iter().map(|w| (w.rss_bytes / MIB, w.network_received_bytes)).collect();
    assert_eq!(seen, [(103, 30), (107, 40), (109, 20)]);
    assert_eq!(resources.windows[1].memory_available_bytes, Some(993));
    assert!((resources.windows[1].machine_cpu_percent.unwrap() - 55.0).abs() < 1e-9);
}

#[test]
fn windows_far_apart_stay_bounded_too() {
    let (mut recorder, origin) = recorder(2);
    for second in [0, 1000, 5000] {
        recorder.push(origin + Duration::from_secs(second), &tree(0, MIB), None);
    }
    let resources = recorder.finish();
    assert_eq!(resources.windows.iter().map(|window| window.at_s).collect::<Vec<_>>(), [0, 4096]);
    assert_eq!(resources.window_s, 1024);
}

#[test]
fn a_ramp_after_the_warm_up_is_the_growth() {
    let (mut recorder, origin) = recorder(100);
    for second in 0..20_u64 {
        // A steep warm-up of 8 s, then 3 MiB a second, with a burst in every window.
        let settled = if second < 8 { 50 * second } else { 400 + 3 * (second - 8) };
        recorder.push(origin + ms(1000 * second + 100), &tree(0, settled * MIB), None);
        recorder.push(origin + ms(1000 * second + 700), &tree(0, (settled + 37 * (second % 3)) * MIB), None);
    }
    assert_eq!(recorder.finish().memory_growth_bytes_per_sec, Some(3.0 * MIB as f64));
}

#[test]
fn growth_needs_ten_windows_after_the_warm_up() {
    for (seconds, growth) in [(15, None), (17, Some(0.0))] {
        let (mut recorder, origin) = recorder(100);
        (0..seconds).for_each(|second| recorder.push(origin + ms(1000 * second), &tree(0, MIB), None));
        assert_eq!(recorder.finish().memory_growth_bytes_per_sec, growth, "{seconds} s");
    }
}

#[test]
fn limits_see_percent_of_the_cores_available() {
    let (mut recorder, origin) = recorder(100);
    for tick in 0..=100 {
        recorder.push(origin + ms(20 * tick), &tree(30 * tick, tick * MIB), None);
    }
    assert_eq!(recorder.cpu_percent_over(ms(1000)), Some(75.0));
    assert_eq!(recorder.cpu_percent_over(ms(3000)), None);
    assert_eq!(recorder.growth_over(ms(2000)), Some(50.0 * MIB as f64));
    assert_eq!(recorder.rate_now(), 50.0 * MIB as f64);
}

#[test]
fn the_last_totals_of_an_ended_tree_are_no_drop_in_memory() {
    let (mut recorder, origin) = recorder(100);
    recorder.push(origin, &tree(100, 50 * MIB), None);
    recorder.push(origin + ms(900), &TreeSample { processes: 0, ..tree(250, 0) }, None);
    let resources = recorder.finish();
    assert_eq!((resources.cpu_seconds, resources.windows[0].rss_min_bytes), (0.25, 50 * MIB));
    assert_eq!(recorder.rate_now(), 0.0);
}

#[test]
fn nothing_recorded_is_nothing_known() {
    let (recorder, _) = recorder(100);
    assert_eq!(recorder.finish(), Resources { window_s: 1, ..Resources::default() });
    assert_eq!((recorder.cpu_percent_over(ms(500)), recorder.growth_over(ms(500))), (None, None));
}

#[test]
fn it_survives_json() {
    let (mut recorder, origin) = recorder(100);
    recorder.push(origin, &tree(0, MIB), Some(&machine(0.5, 1, 2)));
    let resources = recorder.finish();
    let json = serde_json::to_string(&resources).unwrap();
    assert_eq!(serde_json::from_str::<Resources>(&json).unwrap(), resources);
}

#[test]
fn a_peak_between_two_samples_is_the_kernels_to_tell() {
    let (mut recorder, origin) = recorder(4);
    recorder.push(origin, &TreeSample { highest_rss_bytes: 70 * MIB, ..tree(0, 20 * MIB) }, None);
    assert_eq!(recorder.finish().peak_memory_bytes, 70 * MIB);
    // Two processes together may hold more than any of them.
    recorder.push(origin + ms(500), &TreeSample { highest_rss_bytes: 70 * MIB, ..tree(0, 90 * MIB) }, None);
    assert_eq!(recorder.finish().peak_memory_bytes, 90 * MIB);
}

#[test]
fn cpu_time_that_is_older_than_its_sample_is_as_exact() {
    let (mut recorder, origin) = recorder(100);
    // Idle for 2 s, then one and a half cores of 2; counted every 100 ms, 60 ms after a whole number of them.
    for at in (0..=4000_u64).step_by(20) {
        let counted = (at + 40) / 100 * 100;
        let counted = counted.saturating_sub(40);
        let sample = tree(counted.saturating_sub(2000) * 3 / 2, MIB);
        recorder.push(origin + ms(at), &TreeSample { cpu_at: Some(origin + ms(counted)), ..sample }, None);
    }
    assert_eq!(recorder.cpu_percent_over(ms(500)), Some(75.0));
    assert_eq!(recorder.cpu_percent_over(ms(1000)), Some(75.0));
    let seen = recorder.finish();
    assert_eq!(seen.peak_cpu_percent, Some(75.0));
    assert_eq!(seen.cpu_seconds, 2.94);
    assert_eq!(seen.longest_gap_ms, 20.0);
    let mean = seen.mean_cpu_percent.unwrap();
    assert!((mean - 100.0 * 2.94 / 2.0 / 3.96).abs() < 1e-9, "{mean}");
    let windows: Vec<_> = seen.windows.iter().map(|window| window.cpu_percent).collect();
    assert_eq!((windows[0], windows[1], windows[3]), (Some(0.0), Some(0.0), Some(75.0)));
}
