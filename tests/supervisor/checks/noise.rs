use libtest_mimic::Trial;

use super::trial;
use crate::fixture::Fixture;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("a_flood_of_output_is_cut_and_does_no_harm", a_flood_of_output_is_cut_and_does_no_harm)]
}

fn a_flood_of_output_is_cut_and_does_no_harm() {
    let run = Fixture::new().run("floods");
    let case = run.bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    case.assert_complete(0);
    let took = case.number("/duration_s");
    assert!(took < 20.0, "took {took} s");
    let output = run.output_of(&case);
    assert!(output.len() < (1 << 20) + 100, "{} bytes were kept", output.len());
    let gap: Vec<&str> = output.lines().filter(|line| line.ends_with(" bytes left out ...]")).collect();
    let left_out = gap[0]
        .strip_prefix("[... ")
        .and_then(|gap| gap.split(' ').next())
        .and_then(|n| n.parse::<usize>().ok());
    // What is kept and what is left out are all there was: 100 000 lines of 951 bytes.
    let around = "\n".len() + gap[0].len() + "\n".len();
    assert_eq!((gap.len(), left_out.map(|n| n + output.len() - around)), (1, Some(95_100_000)));
    assert!(output.ends_with("dull test\n"));
}
