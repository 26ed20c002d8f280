//! Against a server of another make: nginx, where it is installed. Without it these tests say so and are left out; where
//! `CI` is set they fail instead.
#![cfg(unix)]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use proofload::{
    Load,
    http::{Http, Redirects, Request},
    seconds,
};

use crate::seen::{run, runtime, say, told};

/// A server of this test's own, in a folder of its own.
struct Nginx {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Nginx {
    /// `None` where there is none.
    fn start() -> Option<Self> {
        let asked = Command::new("nginx").arg("-v").stderr(Stdio::null()).status();
        if asked.is_err() {
            // As for the servers of the bundled suite: in CI it must be there, unless it could not be installed.
            let without = std::env::var("STRESS_WITHOUT").unwrap_or_default();
            let is_excused = without.split_whitespace().any(|name| name == "nginx");
            let is_required = std::env::var_os("CI").is_some() && !is_excused;
            assert!(!is_required, "nginx is not on PATH: `apt-get install nginx`");
            eprintln!("left out: nginx is not on PATH");
            return None;
        }
        // A port that was free may be taken a moment later: another one then.
        (0..5).find_map(|_| Self::try_start()).or_else(|| panic!("nginx did not start"))
    }

    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a port").port();
        fs::write(
            folder.path().join("nginx.conf"),
            configuration(&folder.path().display().to_string(), port),
        )
        .expect("a configuration");
        fs::create_dir(folder.path().join("html")).expect("a folder");
        fs::write(folder.path().join("html/hello.txt"), "hello").expect("a file");
        fs::write(folder.path().join("html/large.bin"), vec![b'x'; 500_000]).expect("a file");
        let mut process = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(Self { process, folder, port });
            }
            if process.try_wait().expect("nginx").is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _gone = process.kill();
        let _ended = process.wait();
        None
    }

    fn http(&self) -> Http {
        Http::to(format!("http://127.0.0.1:{}", self.port)).expect("a URL")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers; a kill would leave them.
        let pid = fs::read_to_string(self.folder.path().join("nginx.pid")).unwrap_or_default();
        let stopped = Command::new("kill").args(["-QUIT", pid.trim()]).stderr(Stdio::null()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _gone = self.process.kill();
        }
        let _ended = self.process.wait();
    }
}

fn configuration(folder: &str, port: u16) -> String {
    format!(
        "worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 10;
    keepalive_timeout 60s;
    gzip off;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/html;
        client_max_body_size 1k;
        location = /moved {{ return 302 /hello.txt; }}
        location = /busy {{ add_header Retry-After 1 always; return 503; }}
        location = /chunks {{
            ssi on; ssi_types text/plain application/octet-stream;
            alias {folder}/html/hello.txt;
        }}
        location = /hung_up {{ return 444; }}
    }}
}}
"
    )
}

#[test]
fn nginx_is_understood() {
    let Some(nginx) = Nginx::start() else { return };
    let http = nginx.http();
    let hello = |answer: &proofload::http::Answer| match answer.text()? {
        "hello" => Ok(()),
        other => Err(other.to_owned()),
    };
    assert_eq!(say(http.get("/hello.txt").check(hello), 5), "5 ok; 200 x 5");
    assert_eq!(say(http.get("/chunks").check(hello), 5), "5 ok; 200 x 5");
    assert_eq!(say(http.head("/large.bin"), 5), "5 ok; 200 x 5");
    assert_eq!(say(http.get("/nothing"), 2), "2 error \"http_404\"; 404 x 2");
    assert_eq!(say(http.get("/busy"), 2), "2 rejected \"http_503\"; 503 x 2");
    assert_eq!(say(http.get("/hung_up"), 1), "1 error \"closed\"");
    assert_eq!(say(http.post("/hello.txt").body(vec![b'x'; 100_000]), 2), "2 error \"http_413\"; 413 x 2");
    let followed = http.clone().redirects(Redirects::Follow(1));
    assert_eq!(say(followed.get("/moved").check(hello), 2), "2 ok; 200 x 2");
    assert_eq!(say(http.clone().new_connections().get("/hello.txt"), 3), "3 ok; 200 x 3");
    let large =
        http.get("/large.bin").check(|answer| match answer.body().iter().filter(|x| **x == b'x').count() {
            500_000 => Ok(()),
            other => Err(format!("{other} bytes")),
        });
    assert_eq!(say(large, 3), "3 ok; 200 x 3");
}

/// It closes each connection after ten requests, and says so.
#[test]
fn nginx_may_close_connections_as_it_likes() {
    let Some(nginx) = Nginx::start() else { return };
    let http = nginx.http();
    let files = http.each(|op| Request::get(if op.index % 3 == 0 { "/large.bin" } else { "/hello.txt" }));
    let seen = runtime().block_on(run(Load::users(10).iterations_each(50), seconds(20), files));
    assert_eq!(told(&seen.total), "500 ok; 200 x 500");
    assert_eq!(http.connections_opened(), 50);
}
