use super::summary_markdown;
use crate::report::tests::{
    case, counts, ended, expecting, full, observation, run,
    samples::{EVIL, of_every_kind},
};

#[test]
fn a_run_of_every_kind() {
    insta::assert_snapshot!(summary_markdown(&of_every_kind()), @r#"
    ## Stress tests: FAILED

    **2 passed, 2 failed, 1 inconclusive, 1 aborted, 3 ignored** · 1 852 operations · 2m 31s

    run `20261121-081502-7f3a` · profile `default` · seed 42 · commit `1a2b3c4d5e6f` · AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12

    - **stopped**: Ctrl-C: the cases that were left did not run
    - bottlenecks: lock 1
    - warning: the suite was built without optimisation

    | verdict | case | carried out | p50 | p95 | p99 | errors | peak CPU | peak memory |
    | --- | --- | --: | --: | --: | --: | --: | --: | --: |
    | **ABORTED** | `cases::search::hungry` | 62.4/s | 2 ms | 5 ms | 5 ms | 0% | 23% | 64 MiB |
    | **FAIL** | <code>cases&#58;&#58;search&#58;&#58;&#60;script&#62;&#124;&#64;x</code> | – | – | – | – | – | – | – |
    | **FAIL** | `cases::search::overload` | 90/s | 2 ms | ≥ 30 s | ≥ 30 s | 10% | 23% | 64 MiB |
    | **INCONCLUSIVE** | `cases::search::few` | 8/s | 2 ms | 5 ms | 5 ms | 0% | 23% | 64 MiB |
    | pass | `cases::memory::quick` | 100/s | 2 ms | 5 ms | 5 ms | 0% | 23% | 64 MiB |
    | pass | `cases::search::searched` | 100/s | 2 ms | 5 ms | 5 ms | 0% | 23% | 64 MiB |

    ### What did not pass

    #### ABORTED: `cases::search::hungry`

    `stress/cases/search.rs:12` · files in `cases/cases.search.hungry`

    - stopped: memory was 1010 MiB: over the limit of 1 GiB (max_memory)

    ```sh
    cargo test --test stress -- --exact cases::search::hungry --seed 42
    ```

    #### FAIL: <code>cases&#58;&#58;search&#58;&#58;&#60;script&#62;&#124;&#64;x</code>

    `stress/cases/search.rs:12` · files in <code>cases&#47;cases&#46;search&#46;&#60;script&#62;&#124;&#64;x</code>

    - the case panicked at stress/targets/index.rs:88: assertion failed left: \`&lt;1&gt;\` right: &#124;2&#124;

    What to do:

    1. the case panicked at stress/targets/index.rs:88: fix what is asserted there, or return it as an error with \`?\`; see cases/cases.search.&lt;script&gt;&#124;@&#8203;x/output.log

    ```sh
    cargo test --test stress -- --exact cases::search::<script>|@x --seed 42
    ```

    #### FAIL: `cases::search::overload`

    severity critical · `stress/cases/search.rs:12` · files in `cases/cases.search.overload`

    - load: success_rate is 86%, wanted &gt;= 95% (missed by 9 points)

    What to do:

    1. 20 of 20 errors are "&lt;b&gt;\`document\` 17&#124;is gone&lt;/b&gt; @&#8203;team \]\]&gt;": 4% of all operations failed; start with this one, first seen 2.1 s into the load
    2. 30 of 500 operations (6%) ran into the timeout of 30 s, while the median of the others is 2 ms: find what they wait for; a target that refuses early answers the others sooner
    3. 20 of 500 operations (4%) were never started, with 50 in flight: the target carried out 90/s and is slower than the rate; lower the rate, or let more be in flight (max_in_flight, max_concurrency)

    ```sh
    cargo test --test stress -- --exact cases::search::overload --seed 42
    ```

    #### INCONCLUSIVE: `cases::search::few`

    `stress/cases/search.rs:12` · files in `cases/cases.search.few`

    - load: latency.p99 is 5 ms, wanted &lt; 100ms; not judged: latency.p99 needs 299 samples and has 40: give it more operations or more time

    ```sh
    cargo test --test stress -- --exact cases::search::few --seed 42
    ```

    ### Found

    - `cases::search::searched`
      - maximum_throughput: holds at 400/s, breaks at 450.5/s: p99 is 2 s
      - recovery: recovered within 2.5 s of the release
      - limited by lock: 198/s of 400/s asked were carried out

    ### Beside the baseline <code>main&#124;&#64;x</code>

    1 worse, 1 better, 1 same · by chance alone up to 0.15 worse, as many better

    - `cases::search::searched`: 1 worse, 1 better, 1 same · 1 run against 5
      - **worse**: load response p95 15 ms, was 10 ms (+50%, spread 200 us)
      - better: load service p95 5 ms, was 10 ms (-50%, spread 200 us)

    ### Alerts (no verdicts)

    - **CRITICAL** `cases::search::overload`: success_rate is 86%, alert at 97% (load \`load\`)

    ### Recommendations

    1. the case panicked at stress/targets/index.rs:88: fix what is asserted there, or return it as an error with \`?\`; see cases/cases.search.&lt;script&gt;&#124;@&#8203;x/output.log (<code>cases&#58;&#58;search&#58;&#58;&#60;script&#62;&#124;&#64;x</code>)
    2. memory reached 64 MiB, and max_memory is 1 GiB: bound the queues and caches that grow with the load; raise max_memory only if the target is meant to need so much (`cases::search::hungry`)
    3. 20 of 20 errors are "&lt;b&gt;\`document\` 17&#124;is gone&lt;/b&gt; @&#8203;team \]\]&gt;": 4% of all operations failed; start with this one, first seen 2.1 s into the load (`cases::search::overload`)
    4. 30 of 500 operations (6%) ran into the timeout of 30 s, while the median of the others is 2 ms: find what they wait for; a target that refuses early answers the others sooner (`cases::search::overload`)
    5. 20 of 500 operations (4%) were never started, with 50 in flight: the target carried out 90/s and is slower than the rate; lower the rate, or let more be in flight (max_in_flight, max_concurrency) (`cases::search::overload`)
    6. lock: 198/s of 400/s asked were carried out: hold what is held for shorter, split it, or do the waiting outside of it (`cases::search::searched`)
    7. holds at 400/s, breaks at 450.5/s: p99 is 2 s: admit 400/s at most, with room below it for bursts, and refuse the rest (`cases::search::searched`)

    ### Left out (3)

    - slow: --include-slow runs it: `cases::memory::hour`, `cases::search::hour`
    - needs &lt;a&#124;b&gt;: @&#8203;nobody has it: `alone`
    "#);
}

#[test]
fn all_passed() {
    let quick = case("quick", &[observation("load", counts(500, 0, 0, 0, 0))]);
    insta::assert_snapshot!(summary_markdown(&run(vec![quick], &[])), @r#"
    ## Stress tests: PASSED

    **1 passed, 0 failed, 0 inconclusive, 0 aborted, 0 ignored** · 500 operations · 2m 31s

    run `20261121-081502-7f3a` · profile `default` · seed 42 · commit `1a2b3c4d5e6f` · AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12

    | verdict | case | carried out | p50 | p95 | p99 | errors | peak CPU | peak memory |
    | --- | --- | --: | --: | --: | --: | --: | --: | --: |
    | pass | `cases::search::quick` | 100/s | 2 ms | 5 ms | 5 ms | 0% | 23% | 64 MiB |

    ### One of them again

    ```sh
    cargo test --test stress -- --exact cases::search::quick --seed 42
    ```
    "#);
}

#[test]
fn nothing_ran() {
    let text = summary_markdown(&run(Vec::new(), &[("cases::search::hour", "slow: --include-slow runs it")]));
    assert!(text.starts_with("## Stress tests: NOTHING RAN\n\n**0 passed"), "{text}");
    assert!(
        text.ends_with("### Left out (1)\n\n- slow: --include-slow runs it: `cases::search::hour`\n"),
        "{text}"
    );
}

/// The lines outside of blocks of code.
fn lines(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(line);
        }
    }
    assert!(!is_code, "a block of code never ends");
    lines
}

/// Without what is code: nothing in it is markup.
fn outside_of_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[test]
fn what_is_not_ours_is_text() {
    const EVIL: &str =
        "\n\n# <script>alert(1)</script> | @team #1 `x` **y** [z](http://z) <!-- end --> \u{1b}[2J";
    let evil = || EVIL.to_owned();
    let mut seen = observation("load", counts(400, 0, 100, 0, 0));
    (seen.load, seen.plan) = (evil(), evil());
    let mut bad = expecting("bad", &seen, &["error_rate < 1%"]);
    (bad.name, bad.place, bad.folder, bad.repeat) = (evil(), evil(), evil(), evil());
    bad.reasons.push(evil());
    (bad.warnings, bad.recommendations) = (vec![evil()], vec![evil()]);
    let mut run = run(vec![bad], &[(EVIL, EVIL)]);
    (run.run_id, run.profile, run.stopped) = (evil(), evil(), Some(evil()));
    (run.warnings, run.environment.machine.cpu_model) = (vec![evil()], evil());
    let text = summary_markdown(&run);
    assert!(!text.contains('\u{1b}'));
    for line in lines(&text) {
        let plain = outside_of_code(line);
        for markup in ["<script", "<!--", "@team", " #1", "**y", "[z]"] {
            assert!(!plain.contains(markup), "{markup} in {line}");
        }
        let is_ours = !line.starts_with('#') || line.starts_with("## ") || line.starts_with("###");
        assert!(is_ours, "{line}");
        if line.starts_with('|') {
            assert_eq!(line.matches('|').count(), 10, "a row of nine cells: {line}");
        }
    }
}

#[test]
fn a_row_for_each_case_with_the_worst_first() {
    let text = summary_markdown(&of_every_kind());
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    let verdicts: Vec<&str> = rows.iter().map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    assert_eq!(
        verdicts,
        ["**ABORTED**", "**FAIL**", "**FAIL**", "**INCONCLUSIVE**", "pass", "pass"],
        "{text}"
    );
    assert!(
        rows[1].contains("<code>cases&#58;&#58;search&#58;&#58;&#60;script&#62;&#124;&#64;x</code>"),
        "{EVIL}: {text}"
    );
}

#[test]
fn a_long_run_stays_readable() {
    let mut bad = ended(case("bad", &[]), crate::supervisor::Ending::Hung);
    bad.name = format!("cases::{}", "long".repeat(100));
    bad.reasons = vec!["|".repeat(700); 50];
    bad.recommendations = vec!["@".repeat(700); 50];
    let mut run = run(Vec::new(), &[]);
    run.cases = vec![bad; 1_200];
    let text = summary_markdown(&run);
    assert!(text.contains("\n... 200 more cases in `report.html`\n"));
    assert!(text.contains("\n... 1100 more cases that did not pass in `report.html`\n"));
    assert!(text.contains("\n- ... 38 more in `report.html`\n"));
    let until = text.find("\n### ").unwrap();
    assert!(until < 600_000, "the table alone fits everywhere: {until}");
}

#[test]
fn a_crash_and_everything_else_is_told() {
    let text = summary_markdown(&full());
    for said in
        ["**stopped**: Ctrl-C", "lock 1", "#### FAIL: `cases::search::crashed`", "Alerts (no verdicts)"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let hung = ended(case("hung", &[]), crate::supervisor::Ending::Hung);
    assert!(summary_markdown(&run(vec![hung], &[])).contains("#### FAIL: `cases::search::hung`"));
}
