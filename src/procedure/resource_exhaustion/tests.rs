use super::*;
use crate::{case::Severity, units::mib};

fn some() -> ResourceExhaustion {
    ResourceExhaustion::new().memory(mib(500))
}

fn limits() -> CaseLimits {
    CaseLimits {
        memory: Some((mib(1000), "built in".to_owned())),
        cpu: Some((Ratio::new(0.9), "built in".to_owned())),
        descriptors: Some((100, "stress.toml".to_owned())),
    }
}

fn refused(procedure: ResourceExhaustion) -> String {
    procedure.check(&limits()).unwrap_err().to_string()
}

#[test]
fn what_contradicts_itself_is_refused_with_the_reason() {
    assert_eq!(
        refused(ResourceExhaustion::new()),
        "the procedure `resource exhaustion` cannot run: it has no ceiling: give it at least one of `memory`, `cpu` and \
         `descriptors`"
    );
    assert!(refused(some().descriptors(0)).contains("a ceiling of 0"));
    assert!(refused(some().cpu(Ratio::new(1.2))).contains("its CPU ceiling is 120%"));
    assert!(refused(some().cpu(Ratio::new(f64::NAN))).contains("`cpu` wants a share"));
    assert!(refused(some().step(Duration::ZERO)).contains("its steps last 0 s"));
    assert!(refused(some().cpu_window(Duration::from_millis(100))).ends_with(
        "its CPU window is 100 ms: over less than 500 ms a share of CPU time is noise; give `cpu_window` more"
    ));
    assert!(
        refused(some().users(10, 5, 1)).ends_with("it begins at 10, over its end of 5: exchange the two")
    );
    assert!(refused(some().users(0, 5, 1)).ends_with("it goes from 0 to 5 by 1: all three must be over 0"));
    let rate = per_second;
    assert!(
        refused(some().rates(rate(1), Rate::new(f64::NAN), rate(1))).contains("all three must be over 0")
    );
    assert!(refused(some().rates(rate(1), rate(5_000), rate(1))).contains("it has 5000 steps"));
    assert!(some().check(&limits()).is_ok());
}

#[test]
fn a_ceiling_that_the_supervisor_comes_before_is_refused() {
    assert_eq!(
        refused(some().memory(mib(950))),
        "the procedure `resource exhaustion` cannot run: its memory ceiling of 950 MiB is over 90% of the 1000 MiB at \
         which the case itself is stopped (built in): raise `max_memory`, or lower the ceiling"
    );
    assert!(refused(some().cpu(Ratio::new(0.85))).contains("its CPU ceiling of 85% is over 90% of the 90%"));
    assert!(
        refused(some().descriptors(95))
            .ends_with("(stress.toml): raise `max_descriptors`, or lower the ceiling")
    );
    let none = CaseLimits::default();
    assert!(some().memory(mib(9_000)).cpu(Ratio::new(1.0)).descriptors(9_999).check(&none).is_ok());
}

fn shown(levels: &[LoadLevel]) -> String {
    levels.iter().map(LoadLevel::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn levels_rise_to_the_last_one() {
    let levels = |procedure: ResourceExhaustion| shown(&procedure.levels().unwrap());
    let usual = "100/s 200/s 300/s 400/s 500/s 600/s 700/s 800/s 900/s 1000/s";
    assert_eq!(levels(some()), usual);
    assert!(levels(some().severity(Severity::High)).ends_with("1900/s 2000/s"));
    assert_eq!(levels(some().severity(Severity::High).users(1, 8, 3)), "1 user 4 users 7 users 8 users");
    assert_eq!(levels(some().rates(per_second(5), per_second(5), per_second(1))), "5/s");
}

#[test]
fn the_load_has_a_stage_for_each_level() {
    let levels = some().users(2, 6, 2).levels().unwrap();
    let load = in_steps(&levels, Duration::from_secs(3));
    assert_eq!(load.checked().unwrap().describe(), "2 users for 3 s, 4 users for 3 s, 6 users for 3 s");
    let levels = some().rates(per_second(10), per_second(20), per_second(10)).levels().unwrap();
    let load = in_steps(&levels, Duration::from_secs(1));
    assert_eq!(load.checked().unwrap().describe(), "10/s for 1 s, 20/s for 1 s");
}
