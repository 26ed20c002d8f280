use super::{junit::written, samples::of_every_kind};

#[test]
fn a_run_of_every_kind() {
    insta::assert_snapshot!(written(&of_every_kind()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="proofload" tests="9" skipped="3" failures="2" errors="2" time="151.300">
        <testsuite name="cases::memory" tests="2" skipped="1" errors="0" failures="0" time="5.120" timestamp="2026-11-21T08:15:02Z">
            <properties>
                <property name="run" value="20261121-081502-7f3a"/>
                <property name="profile" value="default"/>
                <property name="seed" value="42"/>
                <property name="machine" value="AMD EPYC 7B13"/>
                <property name="cores" value="2"/>
                <property name="memory_bytes" value="17179869184"/>
                <property name="os" value="Debian GNU/Linux 12"/>
                <property name="rustc" value="rustc 1.89.0 (29483883e 2025-08-04)"/>
                <property name="optimised" value="true"/>
                <property name="proofload" value="0.1.0"/>
                <property name="commit" value="1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"/>
                <property name="stopped" value="Ctrl-C: the cases that were left did not run"/>
                <property name="warning" value="the suite was built without optimisation"/>
            </properties>
            <testcase name="quick" classname="cases.memory" time="5.120" file="stress/cases/memory.rs" line="7">
                <properties>
                    <property name="verdict" value="pass"/>
                    <property name="severity" value="medium"/>
                    <property name="seed" value="42"/>
                    <property name="attempt" value="1"/>
                    <property name="operations" value="500"/>
                    <property name="rate_per_sec" value="100"/>
                    <property name="p50_ms" value="2.001"/>
                    <property name="p95_ms" value="5.001"/>
                    <property name="p99_ms" value="5.001"/>
                    <property name="success_rate" value="1"/>
                    <property name="error_rate" value="0"/>
                    <property name="peak_cpu_percent" value="23.4"/>
                    <property name="peak_memory_bytes" value="67108864"/>
                    <property name="folder" value="cases/cases.search.quick"/>
                    <property name="repeat" value="cargo test --test stress -- --exact cases::search::quick --seed 42"/>
                </properties>
                <system-out>
    PASS  cases::memory::quick · 5.12 s
          load: 100/s for 5 s · 500 due, 100% ok, 100/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: asked 100/s, started 100/s, 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          peak CPU 23%, memory 64 MiB of 1 GiB

    folder: cases/cases.search.quick
    </system-out>
            </testcase>
            <testcase name="hour" classname="cases.memory" time="0.000">
                <skipped message="slow: --include-slow runs it"/>
            </testcase>
        </testsuite>
        <testsuite name="cases::search" tests="6" skipped="1" errors="2" failures="2" time="25.600" timestamp="2026-11-21T08:15:02Z">
            <properties>
                <property name="run" value="20261121-081502-7f3a"/>
                <property name="profile" value="default"/>
                <property name="seed" value="42"/>
                <property name="machine" value="AMD EPYC 7B13"/>
                <property name="cores" value="2"/>
                <property name="memory_bytes" value="17179869184"/>
                <property name="os" value="Debian GNU/Linux 12"/>
                <property name="rustc" value="rustc 1.89.0 (29483883e 2025-08-04)"/>
                <property name="optimised" value="true"/>
                <property name="proofload" value="0.1.0"/>
                <property name="commit" value="1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"/>
                <property name="stopped" value="Ctrl-C: the cases that were left did not run"/>
                <property name="warning" value="the suite was built without optimisation"/>
            </properties>
            <testcase name="&lt;script&gt;|@x" classname="cases.search" time="5.120" file="stress/cases/search.rs" line="12">
                <properties>
                    <property name="verdict" value="fail"/>
                    <property name="severity" value="medium"/>
                    <property name="seed" value="42"/>
                    <property name="attempt" value="1"/>
                    <property name="operations" value="0"/>
                    <property name="folder" value="cases/cases.search.&lt;script&gt;|@x"/>
                    <property name="repeat" value="cargo test --test stress -- --exact cases::search::&lt;script&gt;|@x --seed 42"/>
                </properties>
                <error message="the case panicked at stress/targets/index.rs:88: assertion failed left: `&lt;1&gt;` right: |2|" type="crashed">the case panicked at stress/targets/index.rs:88: assertion failed left: `&lt;1&gt;` right: |2|

    What to do:
    - the case panicked at stress/targets/index.rs:88: fix what is asserted there, or return it as an error with `?`; see cases/cases.search.&lt;script&gt;|@x/output.log

    Repeat: cargo test --test stress -- --exact cases::search::&lt;script&gt;|@x --seed 42</error>
                <system-out>
    FAIL  cases::search::&lt;script&gt;|@x · 5.12 s
          ! the case panicked at stress/targets/index.rs:88: assertion failed left: `&lt;1&gt;` right: |2|
          CPU and memory not measured
          repeat: cargo test --test stress -- --exact cases::search::&lt;script&gt;|@x --seed 42

    folder: cases/cases.search.&lt;script&gt;|@x
    </system-out>
            </testcase>
            <testcase name="few" classname="cases.search" time="5.120" file="stress/cases/search.rs" line="12">
                <properties>
                    <property name="verdict" value="inconclusive"/>
                    <property name="severity" value="medium"/>
                    <property name="seed" value="42"/>
                    <property name="attempt" value="1"/>
                    <property name="operations" value="40"/>
                    <property name="rate_per_sec" value="8"/>
                    <property name="p50_ms" value="2.001"/>
                    <property name="p95_ms" value="5.001"/>
                    <property name="p99_ms" value="5.001"/>
                    <property name="success_rate" value="1"/>
                    <property name="error_rate" value="0"/>
                    <property name="peak_cpu_percent" value="23.4"/>
                    <property name="peak_memory_bytes" value="67108864"/>
                    <property name="folder" value="cases/cases.search.few"/>
                    <property name="repeat" value="cargo test --test stress -- --exact cases::search::few --seed 42"/>
                </properties>
                <failure message="load: latency.p99 is 5 ms, wanted &lt; 100ms; not judged: latency.p99 needs 299 samples and has 40: give it more operations or more time" type="inconclusive">load: latency.p99 is 5 ms, wanted &lt; 100ms; not judged: latency.p99 needs 299 samples and has 40: give it more operations or more time

    Repeat: cargo test --test stress -- --exact cases::search::few --seed 42</failure>
                <system-out>
    INCONCLUSIVE  cases::search::few · 5.12 s
          ! load: latency.p99 is 5 ms, wanted &lt; 100ms; not judged: latency.p99 needs 299 samples and has 40: give
            it more operations or more time
          load: 100/s for 5 s · 40 due, 100% ok, 8/s · p50 2 ms, p95 5 ms, p99 5 ms, max 5 ms
            generator: asked 100/s, started 8/s (8%), 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          peak CPU 23%, memory 64 MiB of 1 GiB
          repeat: cargo test --test stress -- --exact cases::search::few --seed 42

    folder: cases/cases.search.few
    </system-out>
            </testcase>
            <testcase name="hungry" classname="cases.search" time="5.120" file="stress/cases/search.rs" line="12">
                <properties>
                    <property name="verdict" value="aborted"/>
                    <property name="severity" value="medium"/>
                    <property name="seed" value="42"/>
                    <property name="attempt" value="1"/>
                    <property name="operations" value="312"/>
                    <property name="rate_per_sec" value="62.4"/>
                    <property name="p50_ms" value="2.001"/>
                    <property name="p95_ms" value="5.001"/>
                    <property name="p99_ms" value="5.001"/>
                    <property name="success_rate" value="1"/>
                    <property name="error_rate" value="0"/>
                    <property name="peak_cpu_percent" value="23.4"/>
                    <property name="peak_memory_bytes" value="67108864"/>
                    <property name="folder" value="cases/cases.search.hungry"/>
                    <property name="repeat" value="cargo test --test stress -- --exact cases::search::hungry --seed 42"/>
                </properties>
                <error message="stopped: memory was 1010 MiB: over the limit of 1 GiB (max_memory)" type="aborted">stopped: memory was 1010 MiB: over the limit of 1 GiB (max_memory)

    Repeat: cargo test --test stress -- --exact cases::search::hungry --seed 42</error>
                <system-out>
    ABORTED  cases::search::hungry · 5.12 s
          ! stopped: memory was 1010 MiB: over the limit of 1 GiB (max_memory)
          load: 100/s for 5 s · 312 due, 100% ok, 62.4/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: asked 100/s, started 62.4/s (62.4%), 0 dropped · late p99 80.1 us, max 80.1 us
                       · 0.12 cores, workers 2% busy
          peak CPU 23%, memory 64 MiB of 1 GiB
          memory is held by a cgroup (version 2) of 1 GiB
          repeat: cargo test --test stress -- --exact cases::search::hungry --seed 42

    folder: cases/cases.search.hungry
    </system-out>
            </testcase>
            <testcase name="overload" classname="cases.search" time="5.120" file="stress/cases/search.rs" line="12">
                <properties>
                    <property name="verdict" value="fail"/>
                    <property name="severity" value="critical"/>
                    <property name="seed" value="42"/>
                    <property name="attempt" value="1"/>
                    <property name="operations" value="500"/>
                    <property name="rate_per_sec" value="90"/>
                    <property name="p50_ms" value="2.001"/>
                    <property name="p95_ms" value="30014.439"/>
                    <property name="p99_ms" value="30014.439"/>
                    <property name="at_least" value="p95, p99"/>
                    <property name="success_rate" value="0.86"/>
                    <property name="error_rate" value="0.1"/>
                    <property name="peak_cpu_percent" value="23.4"/>
                    <property name="peak_memory_bytes" value="67108864"/>
                    <property name="folder" value="cases/cases.search.overload"/>
                    <property name="repeat" value="cargo test --test stress -- --exact cases::search::overload --seed 42"/>
                </properties>
                <failure message="load: success_rate is 86%, wanted &gt;= 95% (missed by 9 points)" type="fail">load: success_rate is 86%, wanted &gt;= 95% (missed by 9 points)

    What to do:
    - 20 of 20 errors are &quot;&lt;b&gt;`document` 17|is gone&lt;/b&gt; @team ]]&gt;&quot;: 4% of all operations failed; start with this one, first seen 2.1 s into the load
    - 30 of 500 operations (6%) ran into the timeout of 30 s, while the median of the others is 2 ms: find what they wait for; a target that refuses early answers the others sooner
    - 20 of 500 operations (4%) were never started, with 50 in flight: the target carried out 90/s and is slower than the rate; lower the rate, or let more be in flight (max_in_flight, max_concurrency)

    Repeat: cargo test --test stress -- --exact cases::search::overload --seed 42</failure>
                <system-out>
    FAIL  cases::search::overload · severity critical · 5.12 s
          ! load: success_rate is 86%, wanted &gt;= 95% (missed by 9 points)
          load: 100/s for 5 s · 500 due, 86% ok, 20 failed, 30 timed out, 20 dropped, 90/s · p50 2 ms,
                p95 &gt;= 30 s, p99 &gt;= 30 s, max &gt;= 30 s
            generator: asked 100/s, started 96/s (96%), 20 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
            20 x error: &lt;b&gt;`document` 17|is gone&lt;/b&gt; @team ]]&gt; (first at 2.1 s)
          met: throughput &gt;= 80/s (90/s)
          peak CPU 23%, memory 64 MiB of 1 GiB
          repeat: cargo test --test stress -- --exact cases::search::overload --seed 42

    folder: cases/cases.search.overload

    last of cases/cases.search.overload/output.log:
    one
    two ]]&gt; three
    </system-out>
            </testcase>
            <testcase name="searched" classname="cases.search" time="5.120" file="stress/cases/search.rs" line="12">
                <properties>
                    <property name="verdict" value="pass"/>
                    <property name="severity" value="medium"/>
                    <property name="seed" value="42"/>
                    <property name="attempt" value="1"/>
                    <property name="operations" value="500"/>
                    <property name="rate_per_sec" value="100"/>
                    <property name="p50_ms" value="2.001"/>
                    <property name="p95_ms" value="5.001"/>
                    <property name="p99_ms" value="5.001"/>
                    <property name="success_rate" value="1"/>
                    <property name="error_rate" value="0"/>
                    <property name="peak_cpu_percent" value="23.4"/>
                    <property name="peak_memory_bytes" value="67108864"/>
                    <property name="breaking_point" value="holds at 400/s, breaks at 450.5/s: p99 is 2 s"/>
                    <property name="breaking_point_holds_per_sec" value="400"/>
                    <property name="recovery" value="recovered within 2.5 s of the release"/>
                    <property name="recovery_time_s" value="2.5"/>
                    <property name="limited_by" value="lock: 198/s of 400/s asked were carried out"/>
                    <property name="baseline" value="worse"/>
                    <property name="folder" value="cases/cases.search.searched"/>
                    <property name="repeat" value="cargo test --test stress -- --exact cases::search::searched --seed 42"/>
                </properties>
                <system-out>
    PASS  cases::search::searched · 5.12 s
          load: 100/s for 5 s · 500 due, 100% ok, 100/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: asked 100/s, started 100/s, 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          limited by: lock: 198/s of 400/s asked were carried out
          found: maximum_throughput: holds at 400/s, breaks at 450.5/s: p99 is 2 s
          found: recovery: recovered within 2.5 s of the release
          baseline main|@x: 1 worse, 1 better, 1 same · 1 run against 5
            worse         load response p95 15 ms, was 10 ms (+50%, spread 200 us)
            better        load service p95 5 ms, was 10 ms (-50%, spread 200 us)
          peak CPU 23%, memory 64 MiB of 1 GiB

    folder: cases/cases.search.searched
    </system-out>
            </testcase>
            <testcase name="hour" classname="cases.search" time="0.000">
                <skipped message="slow: --include-slow runs it"/>
            </testcase>
        </testsuite>
        <testsuite name="main" tests="1" skipped="1" errors="0" failures="0" time="0.000">
            <properties>
                <property name="run" value="20261121-081502-7f3a"/>
                <property name="profile" value="default"/>
                <property name="seed" value="42"/>
                <property name="machine" value="AMD EPYC 7B13"/>
                <property name="cores" value="2"/>
                <property name="memory_bytes" value="17179869184"/>
                <property name="os" value="Debian GNU/Linux 12"/>
                <property name="rustc" value="rustc 1.89.0 (29483883e 2025-08-04)"/>
                <property name="optimised" value="true"/>
                <property name="proofload" value="0.1.0"/>
                <property name="commit" value="1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"/>
                <property name="stopped" value="Ctrl-C: the cases that were left did not run"/>
                <property name="warning" value="the suite was built without optimisation"/>
            </properties>
            <testcase name="alone" classname="main" time="0.000">
                <skipped message="needs &lt;a|b&gt;: @nobody has it"/>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}
