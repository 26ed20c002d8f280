use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use crate::report::{
    CaseReport, junit_xml,
    tests::{
        case, counts, expecting, full, observation, run,
        samples::{EVIL, of_every_kind},
    },
};

pub(super) fn written(run: &crate::report::RunReport) -> String {
    String::from_utf8(junit_xml(run).unwrap()).unwrap()
}

/// The elements that may be within one, in their order where they have one; the attributes that it must have, and those
/// that it may.
///
/// This is what the schemas of Jenkins (xUnit plugin, junit-10.xsd) and Surefire (surefire-test-report.xsd) have in common,
/// and, marked, what goes beyond it: quick-junit always counts the skipped ones of a whole report, and JUnit's own
/// consumers read the properties, the file and the line of a test case.
fn rules(element: &str) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    match element {
        // Beyond: `skipped`.
        "testsuites" => (&["testsuite"], &[], &["name", "time", "tests", "failures", "errors", "skipped"]),
        "testsuite" => (
            &["properties", "testcase"],
            &["name", "tests", "failures", "errors", "skipped"],
            &["time", "timestamp"],
        ),
        "properties" => (&["property"], &[], &[]),
        "property" => (&[], &["name", "value"], &[]),
        // Beyond: `properties`, and `file` and `line`.
        "testcase" => (
            &["properties", "failure", "skipped", "error", "system-out"],
            &["name", "classname", "time"],
            &["file", "line"],
        ),
        "failure" | "error" => (&[], &["message", "type"], &[]),
        "skipped" => (&[], &["message"], &[]),
        "system-out" => (&[], &[], &[]),
        other => panic!("no schema has <{other}>"),
    }
}

#[track_caller]
fn follows_the_rules(node: Node<'_, '_>) {
    let name = node.tag_name().name();
    let (within, must, may) = rules(name);
    let found: BTreeSet<&str> = node.attributes().map(|attribute| attribute.name()).collect();
    for attribute in must {
        assert!(found.contains(attribute), "<{name}> has no {attribute}");
    }
    for attribute in &found {
        assert!(must.contains(attribute) || may.contains(attribute), "<{name}> has {attribute}");
    }
    let mut last = 0;
    for child in node.children().filter(Node::is_element) {
        let child_name = child.tag_name().name();
        let at = within.iter().position(|known| *known == child_name);
        let at = at.unwrap_or_else(|| panic!("<{child_name}> in <{name}>"));
        assert!(at >= last, "<{child_name}> too late in <{name}>");
        last = at;
        follows_the_rules(child);
    }
    for number in ["tests", "failures", "errors", "skipped", "line"] {
        assert!(
            node.attribute(number).is_none_or(|text| text.parse::<u64>().is_ok()),
            "{number} of <{name}>"
        );
    }
    // Surefire: digits, a point, three digits at most.
    if let Some(time) = node.attribute("time") {
        let (whole, part) = time.split_once('.').unwrap();
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        assert!(digits(whole) && digits(part) && part.len() == 3, "{time}");
    }
    let outcomes =
        node.children().filter(|child| ["failure", "error", "skipped"].contains(&child.tag_name().name()));
    assert!(outcomes.count() <= 1, "one outcome for a test case");
}

/// The numbers of a suite are those of the cases in it.
#[track_caller]
fn adds_up(node: Node<'_, '_>) {
    let of = |tag: &str| {
        let cases = node.descendants().filter(|found| found.has_tag_name("testcase"));
        cases.filter(|case| tag == "testcase" || case.children().any(|c| c.has_tag_name(tag))).count()
    };
    for (attribute, tag) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        assert_eq!(node.attribute(attribute), Some(&*of(tag).to_string()), "{attribute}");
    }
}

#[test]
fn it_is_what_consumers_read() {
    for run in [of_every_kind(), full(), run(Vec::new(), &[])] {
        let xml = written(&run);
        let document = Document::parse(&xml).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        follows_the_rules(root);
        adds_up(root);
        root.children().filter(|node| node.has_tag_name("testsuite")).for_each(adds_up);
        let cases = root.descendants().filter(|node| node.has_tag_name("testcase"));
        let told: BTreeSet<String> = cases
            .map(|case| {
                let class = case.attribute("classname").unwrap().replace('.', "::");
                format!("{class}::{}", case.attribute("name").unwrap())
                    .trim_start_matches("main::")
                    .to_owned()
            })
            .collect();
        let ignored = run.ignored.iter().map(|case| case.name.clone());
        let all: BTreeSet<String> = run.cases.iter().map(|case| case.name.clone()).chain(ignored).collect();
        assert_eq!(told, all);
    }
}

fn in_document<T>(xml: &str, name: &str, look: impl FnOnce(Node<'_, '_>) -> T) -> T {
    let document = Document::parse(xml).unwrap();
    let found = document
        .descendants()
        .find(|node| node.has_tag_name("testcase") && node.attribute("name") == Some(name));
    look(found.unwrap_or_else(|| panic!("no {name} in {xml}")))
}

fn property(case: Node<'_, '_>, name: &str) -> Option<String> {
    let property = case.descendants().find(|node| node.attribute("name") == Some(name) && *node != case);
    property.and_then(|node| node.attribute("value")).map(str::to_owned)
}

#[test]
fn only_a_pass_is_green() {
    let xml = written(&of_every_kind());
    let outcome = |name: &str| {
        in_document(&xml, name, |case| {
            let found = case
                .children()
                .find(|node| ["failure", "error", "skipped"].contains(&node.tag_name().name()));
            found.map(|node| {
                let kind = node.attribute("type").unwrap_or_default();
                format!("{} {kind}", node.tag_name().name()).trim_end().to_owned()
            })
        })
    };
    let names = ["searched", "overload", "hungry", EVIL, "few", "alone"];
    assert_eq!(
        names.map(outcome),
        [
            None,
            Some("failure fail".to_owned()),
            Some("error aborted".to_owned()),
            Some("error crashed".to_owned()),
            Some("failure inconclusive".to_owned()),
            Some("skipped".to_owned()),
        ]
    );
}

#[test]
fn key_figures_are_numbers() {
    let xml = written(&of_every_kind());
    let of = |case: &str, name: &str| in_document(&xml, case, |node| property(node, name));
    let figures = ["operations", "rate_per_sec", "p50_ms", "p95_ms", "error_rate", "peak_cpu_percent"];
    let expected = ["500", "90", "2.001", "30014.439", "0.1", "23.4"];
    for (name, value) in figures.into_iter().zip(expected) {
        assert_eq!(of("overload", name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(of("overload", "at_least").as_deref(), Some("p95, p99"));
    assert_eq!(of("searched", "breaking_point_holds_per_sec").as_deref(), Some("400"));
    assert_eq!(of("searched", "recovery_time_s").as_deref(), Some("2.5"));
    assert_eq!(of(EVIL, "rate_per_sec"), None, "nothing is made up for a case without a load");
    assert_eq!(of(EVIL, "peak_memory_bytes"), None);
}

/// What a target prints or says may hold anything.
#[test]
fn no_text_breaks_the_document() {
    let evil: String =
        (0..0x3000).filter_map(char::from_u32).chain(['\u{fffe}', '\u{ffff}', '\u{1f600}']).collect();
    let evil = format!("{evil}]]></system-out><!-- &amp; \u{1b}]0;never ended");
    let mut bad: CaseReport =
        expecting("bad", &observation("load", counts(400, 0, 100, 0, 0)), &["error_rate < 1%"]);
    bad.reasons = vec![evil.clone(), "x".repeat(100_000)];
    bad.output_tail = format!("{}\n{evil}the end", "y".repeat(1 << 20));
    (bad.repeat, bad.folder, bad.place) = (evil.clone(), evil.clone(), format!("{evil}:1"));
    bad.recommendations = vec![evil.clone()];
    bad.duration_s = f64::NAN;
    let mut strange = case("strange", &[]);
    strange.name = evil.clone();
    let xml = written(&run(vec![bad, strange], &[("cases::search::off", &evil)]));
    assert!(xml.len() < 1 << 20, "{} bytes", xml.len());
    assert!(!xml.chars().any(|c| c.is_control() && c != '\n'), "a control character is left");
    in_document(&xml, "bad", |case| {
        let output = case.children().find(|node| node.has_tag_name("system-out")).unwrap().text().unwrap();
        assert!(output.contains("]]></system-out><!-- &amp; ]0;never ended"), "what was printed is there");
        assert!(output.trim_end().ends_with("the end"));
    });
}
