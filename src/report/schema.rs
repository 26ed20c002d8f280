//! The JSON Schemas in `docs/schema/`: made from the types, so that they cannot differ from what is written.

use std::{fs, path::PathBuf};

use jsonschema::Validator;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{AlertMessage, RunAlert, RunReport, SCHEMA_VERSION, tests};
use crate::{
    engine::{Slice, Started},
    expect::IntoExpectation,
    journal::{CaseResult, Event, Figure, Line, Planned, Step},
    judge::judge,
    observe::{Model, Purpose},
};

/// Set to `1`, the test that compares writes instead.
const WRITE: &str = "PROOFLOAD_INTERNAL_WRITE_SCHEMA";

fn path_of(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(file)
}

/// The schema of `T` as it is written: every key is there.
fn generated<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    leave_out_examples(&mut schema);
    schema
}

/// Examples in Rust say nothing to who reads a schema, and change without it.
fn leave_out_examples(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                // What stands between two fences is code.
                let prose: Vec<&str> = text.split("```").step_by(2).map(str::trim).collect();
                *text = prose.join("\n\n").trim_end().to_owned();
            }
            members.values_mut().for_each(leave_out_examples);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_examples),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn compare<T: JsonSchema>(file: &str) {
    let (path, new) = (path_of(file), generated::<T>());
    if std::env::var(WRITE).is_ok_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&new).expect("a schema is JSON");
        fs::write(&path, text + "\n").expect("docs/schema can be written");
    }
    let old = fs::read_to_string(&path).unwrap_or_default();
    // As values: the order of keys depends on the features that other packages switch on.
    let old: Value = serde_json::from_str(&old).unwrap_or_default();
    assert!(
        old == new,
        "docs/schema/{file} is not what the types say: look whether the change needs a new SCHEMA_VERSION, then \
         write it with `{WRITE}=1 cargo test --lib report::schema`"
    );
}

pub(crate) fn committed(file: &str) -> Validator {
    let text = fs::read_to_string(path_of(file)).expect("the schema is in docs/schema");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("it is JSON")).expect("it is a schema")
}

/// Where `value` is not what the schema says.
pub(crate) fn errors(schema: &Validator, value: &Value) -> Vec<String> {
    schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    compare::<RunReport>("report.schema.json");
    compare::<Line>("journal.schema.json");
    compare::<AlertMessage>("alert.schema.json");
}

#[test]
fn reports_follow_the_schema() {
    let schema = committed("report.schema.json");
    for run in [tests::full(), tests::run(Vec::new(), &[])] {
        assert_eq!(errors(&schema, &serde_json::to_value(&run).unwrap()), [""; 0]);
    }
}

#[test]
fn what_a_command_is_told_follows_the_schema() {
    let schema = committed("alert.schema.json");
    let run = tests::full();
    let alert: RunAlert = run.alerts.first().cloned().expect("the full report has an alert");
    let message = AlertMessage {
        schema_version: SCHEMA_VERSION,
        run_id: run.run_id,
        repeat: run.cases[0].repeat.clone(),
        folder: "target/stress/run/cases/cases.search.stopped".into(),
        alert,
    };
    let mut value = serde_json::to_value(message).unwrap();
    assert_eq!(errors(&schema, &value), [""; 0]);
    assert_eq!((&value["metric"], &value["level"]), (&json!("success_rate"), &json!("warning")));
    value["level"] = json!("loud");
    assert!(!errors(&schema, &value).is_empty());
}

#[test]
fn broken_reports_do_not() {
    let schema = committed("report.schema.json");
    let good = serde_json::to_value(tests::full()).unwrap();
    let broken = |at: &str, to: Option<Value>| {
        let mut value = good.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(parent).unwrap();
        match to {
            Some(to) => parent[key] = to,
            None => drop(parent.as_object_mut().unwrap().remove(key).unwrap()),
        }
        errors(&schema, &value)
    };
    assert_eq!(broken("/run_id", None), [": \"run_id\" is a required property"]);
    assert_eq!(broken("/cases/0/verdict", None), ["/cases/0: \"verdict\" is a required property"]);
    assert_eq!(broken("/seed", Some(json!("42"))), ["/seed: \"42\" is not of type \"integer\""]);
    for (at, to) in [
        ("/schema_version", json!(2)),
        ("/cases/0/verdict", json!("good")),
        ("/cases/0/ending/kind", json!("vanished")),
        ("/cases/2/stop/reason", json!("boredom")),
        ("/cases/2/loads/0/response_histogram", json!([1, 2])),
        ("/cases/2/loads/0/total/statuses/ok", json!(1)),
        ("/cases/2/loads/0/total/counts/due", json!(-1)),
    ] {
        assert!(!broken(at, Some(to)).is_empty(), "{at}");
    }
}

#[test]
fn journals_follow_the_schema() {
    let seen = tests::observation("load", tests::counts(480, 10, 6, 3, 1));
    let started = Started {
        load: "load".into(),
        model: Model::Open,
        purpose: Purpose::Measure,
        plan: "100/s for 5 s".into(),
        started_s: 0.1,
        phases: vec!["100/s for 5 s".into()],
        warm_up_phases: 0,
        timeout_s: 30.0,
        length_s: Some(5.0),
    };
    let slice = Slice { load: "load".into(), at_s: 0.2, phase: 0, in_flight: 3, figures: seen.total.clone() };
    let events = [
        Event::CaseStarted {
            schema_version: 1,
            case: "cases::a".into(),
            pid: 7,
            seed: 42,
            unix_s: Some(1.5),
        },
        Event::LoadStarted(started),
        Event::Window { load: "load".into(), window: Box::default() },
        Event::Slice(Box::new(slice)),
        Event::Judged(judge(&"dropped == 0".into_expectation().unwrap(), &seen, 1)),
        Event::LoadFinished(Box::new(seen)),
        Event::LoadPlanned(Planned { load: "load".into(), plan: "100/s".into(), length_s: None }),
        Event::Figure(Figure { name: "recovery_time".into(), value: 3.0, unit: "s".into() }),
        Event::Step(Step { procedure: "capacity".into(), step: "8 users".into(), number: 3, of: None }),
        Event::Note { text: "n".into() },
        Event::Panic { message: "boom".into(), place: "a.rs:3".into() },
        Event::CaseFinished { result: CaseResult::Failed("no".into()), peak_memory_bytes: Some(1) },
        Event::CaseFinished { result: CaseResult::Returned, peak_memory_bytes: None },
    ];
    let schema = committed("journal.schema.json");
    for event in events {
        let mut line = serde_json::to_value(Line { t_s: 1.5, event }).unwrap();
        assert_eq!(errors(&schema, &line), [""; 0], "{line}");
        line["event"] = json!("unheard_of");
        assert!(!errors(&schema, &line).is_empty());
    }
}
