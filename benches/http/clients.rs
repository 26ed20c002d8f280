//! The ways to make requests that are compared. Each is a process of its own, on a core that the server has not.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Empty};
use hyper::{Uri, client::conn::http1::handshake};
use hyper_util::rt::TokioIo;
use proofload::{Load, drive_workload_alone, http::Http, seconds};
use tokio::net::TcpStream;

use crate::{server::on_core, table::Purpose};

/// The first argument of the process that measures: `WAY URL MILLISECONDS`.
pub(crate) const CHILD: &str = "measure-http";

pub(crate) const CONNECTIONS: u32 = 50;

const CORE: &str = "1";

/// Who makes the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Proofload,
    Hyper,
    Oha,
    Wrk,
}

impl Way {
    /// Ours first. The others' programs are not looked for in a check, which is to be short.
    pub(crate) fn all(purpose: Purpose) -> Vec<Self> {
        let mut ways = vec![Self::Proofload, Self::Hyper];
        let programs: &[Self] = purpose.choose(&[Self::Oha, Self::Wrk], &[]);
        ways.extend(programs.iter().filter(|way| way.is_there()));
        ways
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Proofload => "proofload",
            Self::Hyper => "hyper",
            Self::Oha => "oha",
            Self::Wrk => "wrk",
        }
    }

    pub(crate) const fn budget(self) -> Option<&'static str> {
        match self {
            Self::Oha => Some(">= 1.00"),
            Self::Proofload | Self::Hyper | Self::Wrk => None,
        }
    }

    fn is_there(self) -> bool {
        let asked =
            Command::new(self.name()).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok()
    }

    pub(crate) fn per_second(self, url: &str, length: Duration) -> f64 {
        match self {
            Self::Proofload | Self::Hyper => {
                let own = std::env::current_exe().expect("a path of this program");
                let length = length.as_millis().to_string();
                output(own.as_os_str(), &[CHILD, self.name(), url, &length]).trim().parse().expect("a figure")
            }
            Self::Oha => {
                let connections = CONNECTIONS.to_string();
                let length = format!("{}s", length.as_secs());
                let arguments =
                    ["-c", &connections, "-z", &length, "--no-tui", "--output-format", "json", url];
                let report: serde_json::Value =
                    serde_json::from_str(&output(OsStr::new("oha"), &arguments)).expect("a report");
                report["summary"]["requestsPerSec"].as_f64().expect("requests a second")
            }
            Self::Wrk => {
                let (connections, length) = (format!("-c{CONNECTIONS}"), format!("-d{}s", length.as_secs()));
                let report = output(OsStr::new("wrk"), &["-t1", &connections, &length, url]);
                let line = report.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
                line.and_then(|figure| figure.trim().parse().ok()).expect("requests a second")
            }
        }
    }
}

fn output(program: &OsStr, arguments: &[&str]) -> String {
    let done = on_core(CORE, program).args(arguments).stderr(Stdio::inherit()).output().expect("a client");
    assert!(done.status.success(), "{program:?} ended with {}", done.status);
    String::from_utf8(done.stdout).expect("text")
}

/// The process that measures one way.
pub(crate) fn measure(arguments: &[String]) {
    let [way, url, length] = arguments else { panic!("wanted: WAY URL MILLISECONDS") };
    let length = Duration::from_millis(length.parse().expect("milliseconds"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let per_second = match way.as_str() {
        "proofload" => runtime.block_on(by_load(url, length)),
        _ => runtime.block_on(by_hyper(url.parse().expect("a URL"), length)),
    };
    println!("{per_second}");
}

/// With a timeout, status, bytes and a report.
async fn by_load(url: &str, length: Duration) -> f64 {
    let http = Http::to(url).expect("a URL");
    let load = Load::users(CONNECTIONS).for_duration(length);
    let seen = drive_workload_alone(load, seconds(30), http.get("/")).await.expect("a load");
    assert_eq!(seen.total.counts.ok, seen.total.counts.due, "{:?}", seen.total.kinds);
    seen.total.throughput().expect("requests")
}

/// The least that a loop with hyper does: send, read all, time, record.
async fn by_hyper(url: Uri, length: Duration) -> f64 {
    let authority = url.authority().expect("an authority").to_string();
    let is_over = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let users: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (authority, is_over) = (authority.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                let stream = TcpStream::connect(&authority).await.expect("a connection");
                let _without = stream.set_nodelay(true);
                let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("a handshake");
                tokio::spawn(connection);
                let request = hyper::Request::get("/")
                    .header("host", authority)
                    .body(Empty::<Bytes>::new())
                    .expect("a request");
                let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).expect("bounds");
                while !is_over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    let answer = sender.send_request(request.clone()).await.expect("an answer");
                    assert_eq!(answer.status(), 200);
                    answer.into_body().collect().await.expect("a body");
                    let _full = histogram.record(start.elapsed().as_nanos() as u64);
                }
                histogram.len()
            })
        })
        .collect();
    tokio::time::sleep(length).await;
    is_over.store(true, Ordering::Relaxed);
    let mut total = 0;
    for user in users {
        total += user.await.expect("a user");
    }
    total as f64 / began.elapsed().as_secs_f64()
}
