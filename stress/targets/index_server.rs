//! The vector index behind a socket: a line protocol on 127.0.0.1, one query a line, one answer a line.
//!
//! `search N` asks the index its checked question N and is answered `ok N`, `busy N` or `error N` with the reason.
//! Anything else is answered `error` and ends the connection. Connections over the limit are closed at once.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{
    defect,
    vector_index::{IndexError, VectorIndex},
};

/// A longer line is no query.
const LONGEST_LINE: usize = 1_024;

/// The pause before the next try when the system has no descriptor for a connection.
const NO_DESCRIPTOR: Duration = Duration::from_millis(10);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct IndexServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl IndexServer {
    /// Serves `index` to at most `connections` at the same time, on a port that is free. Needs a runtime.
    pub(crate) async fn start(index: VectorIndex, connections: usize) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, accepting: tokio::spawn(accept(listener, index, connections)) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for IndexServer {
    fn drop(&mut self) {
        // Connections that are open are served to their end.
        self.accepting.abort();
    }
}

/// The request for the checked question `number`.
pub(crate) fn request(number: u64) -> Vec<u8> {
    format!("search {number}\n").into_bytes()
}

/// What a whole line says of question `number`; `None` while it is not whole.
pub(crate) fn answer(number: u64, read: &[u8]) -> Option<Result<(), Refusal>> {
    let line = String::from_utf8_lossy(read.strip_suffix(b"\n")?);
    let mut words = line.splitn(3, ' ');
    let is_mine = |word: Option<&str>| word.is_some_and(|word| word == number.to_string());
    Some(match words.next() {
        Some("ok") if is_mine(words.next()) => Ok(()),
        Some("busy") if is_mine(words.next()) => Err(Refusal::Busy),
        _ => Err(Refusal::Wrong(line.into_owned())),
    })
}

/// Why a question has no right answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The index was busy.
    Busy,
    /// Another answer, as it came.
    Wrong(String),
}

/// Asks the server at `address` the checked question `number`, on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, number: u64) -> io::Result<Result<(), Refusal>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&request(number)).await?;
    let mut read = Vec::new();
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(answer) = answer(number, &read) {
            return Ok(answer);
        }
    }
}

async fn accept(listener: TcpListener, index: VectorIndex, most: usize) {
    let open = Arc::new(AtomicUsize::new(0));
    let keeps_places = defect::is("index_server.keeps_places_of_the_broken");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(NO_DESCRIPTOR).await;
            continue;
        };
        if open.load(Ordering::Acquire) >= most {
            continue;
        }
        open.fetch_add(1, Ordering::AcqRel);
        let (index, open) = (index.clone(), Arc::clone(&open));
        tokio::spawn(async move {
            // A connection that breaks off is its client's affair.
            let ended = serve(&stream, &index).await;
            if ended.is_ok() || !keeps_places {
                open.fetch_sub(1, Ordering::AcqRel);
            }
        });
    }
}

/// Answers line after line until the client goes.
async fn serve(stream: &TcpStream, index: &VectorIndex) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read: Vec<u8> = Vec::new();
    loop {
        while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = read.drain(..=end).collect();
            let Some(number) = question(&line) else {
                return write(stream, b"error\n").await;
            };
            let said = match index.search_checked(number).await {
                Ok(()) => format!("ok {number}\n"),
                Err(IndexError::Busy(_)) => format!("busy {number}\n"),
                Err(error) => format!("error {number} {error}\n"),
            };
            write(stream, said.as_bytes()).await?;
        }
        if read.len() > LONGEST_LINE {
            return write(stream, b"error\n").await;
        }
        stream.readable().await?;
        match take(stream, &mut read) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn question(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    line.trim_end().strip_prefix("search ")?.parse().ok()
}

fn take(stream: &TcpStream, read: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 1_024];
    let taken = stream.try_read(&mut buffer)?;
    read.extend_from_slice(&buffer[..taken]);
    Ok(taken)
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
