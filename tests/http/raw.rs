//! A server that does as it is told, byte by byte.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Nothing waits for longer, so that a test that is wrong ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// What becomes of a request, in the order of the requests; the last step is repeated.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Writes these pieces, with a pause between two of them.
    Answer(Vec<Vec<u8>>, Duration),
    /// Writes this and closes.
    AnswerAndClose(Vec<u8>),
    /// Writes this and closes after a moment. With a request that says `x-unread: body` that resets the connection: there
    /// are bytes that were not read.
    #[cfg(target_os = "linux")]
    AnswerAndReset(Vec<u8>),
    /// Answers, and closes a while after without having said so.
    AnswerThenClose(Vec<u8>, Duration),
    /// Never answers.
    Silence,
}

impl Step {
    pub(crate) fn answer(text: &str) -> Self {
        Self::Answer(vec![text.as_bytes().to_vec()], Duration::ZERO)
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::answer(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
    }
}

/// The server: it listens until the process ends.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What came.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) requests: Vec<String>,
}

impl Server {
    pub(crate) fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let steps = Arc::new(steps);
        let told = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                told.lock().unwrap_or_else(PoisonError::into_inner).connections += 1;
                let (steps, told) = (Arc::clone(&steps), Arc::clone(&told));
                thread::spawn(move || serve(stream, &steps, &told));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: TcpStream, steps: &[Step], seen: &Mutex<Seen>) {
    let _late = stream.set_read_timeout(Some(PATIENCE));
    while let Ok(Some(request)) = read_request(&mut stream) {
        let step = {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.requests.push(request);
            steps[(seen.requests.len() - 1).min(steps.len() - 1)].clone()
        };
        if follow(&mut stream, step).is_err() {
            return;
        }
    }
}

/// `Err` when the connection is to be closed.
fn follow(stream: &mut TcpStream, step: Step) -> io::Result<()> {
    let over = || Err(io::ErrorKind::ConnectionAborted.into());
    match step {
        Step::Answer(pieces, pause) => {
            for (number, piece) in pieces.iter().enumerate() {
                if number > 0 {
                    thread::sleep(pause);
                }
                stream.write_all(piece)?;
            }
            Ok(())
        }
        Step::AnswerAndClose(bytes) => {
            stream.write_all(&bytes)?;
            over()
        }
        Step::AnswerThenClose(bytes, after) => {
            stream.write_all(&bytes)?;
            thread::sleep(after);
            over()
        }
        #[cfg(target_os = "linux")]
        Step::AnswerAndReset(bytes) => {
            stream.write_all(&bytes)?;
            // Until the body that nobody reads has come.
            thread::sleep(Duration::from_millis(50));
            over()
        }
        Step::Silence => {
            let _until_it_hangs_up = stream.read(&mut [0]);
            over()
        }
    }
}

/// A whole request; its body is as long as its `content-length` says. `None` at the end.
fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    if head.contains("x-unread: body\r\n") {
        return Ok(Some(head));
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Some(head + &String::from_utf8_lossy(&body)))
}
