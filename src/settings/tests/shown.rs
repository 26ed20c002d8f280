use super::{super::show, *};

#[test]
fn what_was_set_comes_before_what_is_built_in() {
    let file = "users = 7\n[profile.nightly]\ndescription = \"all of it\"\nseed = 1\n";
    let settings = load(file, &[("PROOFLOAD_INCLUDE_SLOW", "1")], &[("profile", "nightly")]).unwrap();
    let text = show(&settings, &CASES);

    let run: Vec<_> = text.lines().take(8).collect();
    assert_eq!(
        run,
        [
            "profile nightly: all of it",
            "",
            "run",
            "  include_slow                true                                          PROOFLOAD_INCLUDE_SLOW",
            "  profile                     nightly                                       --set profile=...",
            "  seed                        1                                             stress/stress.toml:4 [profile.nightly]",
            "  baseline                    -                                             built in",
            "  baseline_dir                -                                             built in",
        ]
    );
    let search: Vec<_> = text.lines().skip_while(|line| !line.contains("sustained_search")).take(6).collect();
    assert_eq!(
        search,
        [
            "cases::search::sustained_search on vector_index (slow, vectors)",
            "  max_memory             2 GiB    stress/cases/search.rs:12",
            "  time_limit             10m      stress/cases/search.rs:12",
            "  users                  7        stress/stress.toml:1",
            "  alert_cpu              85%      built in",
            "  alert_error_rate       5%       built in",
        ]
    );
    assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), 38 + 2 * 35);
}
