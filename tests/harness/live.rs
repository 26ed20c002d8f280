//! Live figures for a collector: what it gets, and that a run minds neither a collector that is missing nor one that
//! hangs.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

use super::{fixture::Package, tests};

tests![
    a_collector_gets_the_counts_of_the_report,
    a_collector_that_is_missing_is_said_once,
    a_collector_that_hangs_holds_nothing_up,
    a_collector_that_refuses_says_why,
    an_endpoint_that_is_none_is_named,
];

/// First line, headers and body.
type Request = (String, BTreeMap<String, String>, Vec<u8>);

/// What a collector heard.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Request>>>);

/// A small collector that answers with this status and body; its address.
fn collector(status: &'static str, body: &'static [u8]) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let told = heard.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let told = told.clone();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut stream = stream;
                while let Some(request) = request(&mut reader) {
                    told.0.lock().unwrap().push(request);
                    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
                    if stream.write_all(&[head.as_bytes(), body].concat()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, heard)
}

fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        match line.split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((first, headers, body))
}

/// A field of a protobuf message: its number and its value as it stands.
#[derive(Debug, Clone)]
enum Field {
    Varint,
    Fixed(u64),
    Bytes(Vec<u8>),
}

/// The fields of a message, read by the rules of the wire format alone: the numbers below are those of
/// `opentelemetry/proto/metrics/v1/metrics.proto`.
fn fields(bytes: &[u8]) -> Vec<(u64, Field)> {
    let mut rest = bytes;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let value = match key & 7 {
            0 => {
                varint(&mut rest);
                Field::Varint
            }
            1 => {
                let (number, after) = rest.split_at(8);
                rest = after;
                Field::Fixed(u64::from_le_bytes(number.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)).unwrap();
                let (message, after) = rest.split_at(length);
                rest = after;
                Field::Bytes(message.to_vec())
            }
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, value));
    }
    fields
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, after) = rest.split_first().expect("a whole number");
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

/// The messages in the field with this number.
fn inner(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    let of = fields(message).into_iter().filter(|(n, _)| *n == number);
    of.filter_map(|(_, field)| if let Field::Bytes(bytes) = field { Some(bytes) } else { None }).collect()
}

fn text(message: &[u8], number: u64) -> String {
    inner(message, number).first().map_or_else(String::new, |bytes| String::from_utf8(bytes.clone()).unwrap())
}

/// Attributes as `key=value,key=value`.
fn attributes(message: &[u8], number: u64) -> String {
    let pairs = inner(message, number);
    let pair = |pair: &Vec<u8>| format!("{}={}", text(pair, 1), text(&inner(pair, 2)[0], 1));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// A metric with its attributes, and its values in the order of the requests; whole numbers as they are.
type Series = BTreeMap<(String, String), Vec<f64>>;

fn series(heard: &Heard) -> Series {
    let mut all = Series::new();
    for (_, _, body) in heard.0.lock().unwrap().iter() {
        for metric in inner(body, 1).iter().flat_map(|of| inner(of, 2)).flat_map(|scope| inner(&scope, 2)) {
            // 5: gauge, 7: sum.
            let points = [5, 7].into_iter().flat_map(|n| inner(&metric, n)).flat_map(|data| inner(&data, 1));
            for point in points {
                let value = fields(&point).into_iter().find_map(|(number, field)| match (number, field) {
                    (4, Field::Fixed(bits)) => Some(f64::from_bits(bits)),
                    (6, Field::Fixed(bits)) => Some(bits as f64),
                    _ => None,
                });
                let key = (text(&metric, 1), attributes(&point, 7));
                all.entry(key).or_default().push(value.expect("a value"));
            }
        }
    }
    all
}

fn a_collector_gets_the_counts_of_the_report() {
    let package = Package::new();
    let (url, heard) = collector("200 OK", b"");
    package
        .suite(&["--exact", "suite::watched_stays_well"])
        .env("PROOFLOAD_OTLP_ENDPOINT", &url)
        .env("PROOFLOAD_OTLP_INTERVAL", "400ms")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b")
        .run()
        .exits(0);
    let case = package.case("watched_stays_well");
    let report = package.report();
    {
        let heard = heard.0.lock().unwrap();
        assert!(heard.len() >= 3, "{} requests in 2.5 s", heard.len());
        let (first, headers, body) = &heard[0];
        assert_eq!(first, "POST /v1/metrics HTTP/1.1");
        assert_eq!(
            (headers["content-type"].as_str(), headers["x-tenant"].as_str()),
            ("application/x-protobuf", "a b")
        );
        let resource = attributes(&inner(&inner(body, 1)[0], 1)[0], 1);
        let run_id = report["run_id"].as_str().unwrap();
        assert!(resource.contains("service.name=proofload,"), "{resource}");
        assert!(
            resource.contains(&format!("proofload.run.id={run_id},proofload.suite=fixture,")),
            "{resource}"
        );
    }
    let series = series(&heard);
    let load = &case["loads"][0];
    let name = load["load"].as_str().unwrap();
    let of = |metric: &str, more: &str| {
        let key = (metric.to_owned(), format!("case=suite::watched_stays_well,load={name}{more}"));
        series.get(&key).unwrap_or_else(|| panic!("{key:?} is not in {series:#?}")).clone()
    };
    // Sums only rise, and the last is the report's.
    let counts = &load["total"]["counts"];
    for (seen, told) in [
        (of("proofload.operations.due", ""), &counts["due"]),
        (of("proofload.operations", ",outcome=ok"), &counts["ok"]),
        (of("proofload.operations", ",outcome=error"), &counts["error"]),
    ] {
        assert!(seen.is_sorted(), "{seen:?}");
        assert_eq!(seen.last().copied(), told.as_f64());
    }
    let (median, longest) =
        (of("proofload.response_time", ",quantile=0.5"), of("proofload.response_time", ",quantile=1"));
    assert!(
        median.iter().zip(&longest).all(|(p50, max)| p50 <= max && *max < 30.0),
        "{median:?} {longest:?}"
    );
    assert!(of("proofload.throughput", "").iter().all(|rate| *rate >= 0.0));
    assert!(!of("proofload.in_flight", "").is_empty());
    if cfg!(target_os = "linux") {
        let memory =
            &series[&("proofload.memory.usage".to_owned(), "case=suite::watched_stays_well".to_owned())];
        assert!(memory.iter().all(|bytes| *bytes > 100_000.0), "{memory:?}");
    }
    assert_eq!(
        report["warnings"].as_array().unwrap().iter().filter(|w| w.to_string().contains("live")).count(),
        0
    );
}

fn warnings_of_live_figures(package: &Package) -> Vec<String> {
    let warnings = package.report()["warnings"].as_array().unwrap().clone();
    let texts = warnings.iter().map(|warning| warning.as_str().unwrap().to_owned());
    texts.filter(|text| text.contains("live figures")).collect()
}

fn a_collector_that_is_missing_is_said_once() {
    let package = Package::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ended = package
        .suite(&["--exact", "suite::watched_stays_well"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
        .env("PROOFLOAD_OTLP_INTERVAL", "300ms")
        .run()
        .exits(0);
    assert_eq!(ended.stderr.matches("live figures cannot be sent").count(), 1, "{ended}");
    let warnings = warnings_of_live_figures(&package);
    assert!(
        matches!(&warnings[..], [one] if one.contains(&url) && one.contains("the reports have everything")),
        "{warnings:?}"
    );
}

fn a_collector_that_hangs_holds_nothing_up() {
    let package = Package::new();
    // Connections are taken by the kernel, and nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let began = Instant::now();
    package
        .suite(&["--exact", "suite::watched_stays_well"])
        .env("PROOFLOAD_OTLP_ENDPOINT", &url)
        .env("PROOFLOAD_OTLP_INTERVAL", "50ms")
        .run()
        .exits(0);
    assert!(began.elapsed().as_secs() < 25, "{:?} for a case of 2.5 s", began.elapsed());
    assert_eq!(warnings_of_live_figures(&package).len(), 1);
    let gap = package.case("watched_stays_well")["resources"]["longest_gap_ms"].as_f64().unwrap();
    assert!(gap < 3_000.0, "nobody watched the case for {gap} ms");
    drop(listener);
}

fn a_collector_that_refuses_says_why() {
    let package = Package::new();
    let run = |status, body| {
        let (url, _heard) = collector(status, body);
        package.suite(&["--exact", "suite::fast_open"]).env("PROOFLOAD_OTLP_ENDPOINT", &url).run().exits(0);
        warnings_of_live_figures(&package)
    };
    let seen = run("401 Unauthorized", b"no \x1b[31mtoken");
    assert!(seen.concat().contains("it answered 401 Unauthorized (no [31mtoken)"), "{seen:?}");
    // `partial_success` of an answer: 7 points refused, and why.
    let seen = run("200 OK", b"\x0a\x09\x08\x07\x12\x05stale");
    assert!(seen.concat().contains("it refused 7 values (stale)"), "{seen:?}");
}

fn an_endpoint_that_is_none_is_named() {
    let package = Package::new();
    let ended = package.suite(&["fast_open"]).env("PROOFLOAD_OTLP_ENDPOINT", "collector:4318").run().exits(2);
    ended.says("`otlp_endpoint` is \"collector:4318/v1/metrics\", which is no address of a collector");
}
