//! The least that can be called an HTTP server: it must not be what limits.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The first argument of the process that serves.
pub(crate) const CHILD: &str = "serve-http";

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";

/// The core of the server; the clients get the next one.
const CORE: &str = "0";

/// Runs until it is dropped.
pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let own = std::env::current_exe().expect("a path of this program");
        let mut command = on_core(CORE, own.as_os_str());
        let mut process = command
            .arg(CHILD)
            // It ends with its standard input, so also with this process.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut url = String::new();
        let said = BufReader::new(process.stdout.take().expect("its output")).read_line(&mut url);
        said.expect("the server's address");
        Self { process, url: url.trim().to_owned() }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}

/// Whether processes can be put on a core each.
pub(crate) fn can_pin() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pinned = Command::new("taskset").args(["-c", "0,1", "true"]).stderr(Stdio::null()).status();
    cores > 1 && pinned.is_ok_and(|status| status.success())
}

/// `program` on this core, where that can be.
pub(crate) fn on_core(core: &str, program: &std::ffi::OsStr) -> Command {
    if !can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// Serves until standard input ends.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    std::thread::spawn(|| {
        let _ended = std::io::stdin().read_line(&mut String::new());
        std::process::exit(0);
    });
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
}

/// Takes whatever ends in an empty line for a request.
async fn answer(mut stream: TcpStream) {
    let _without = stream.set_nodelay(true);
    let mut bytes = [0; 4096];
    let mut end = 0;
    while let Ok(more @ 1..) = stream.read(&mut bytes[end..]).await {
        end += more;
        if bytes[..end].ends_with(b"\r\n\r\n") {
            end = 0;
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
