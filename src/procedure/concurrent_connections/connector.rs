use std::{fmt, io, net::SocketAddr};

use tokio::net::TcpStream;

use crate::{Op, Outcome};

/// An answer that is longer than this is given up: a target that never ends one must not fill the memory.
const LONGEST_ANSWER: usize = 16 << 20;

/// What a connection is: how it is opened, and what is done with it. Dropping it closes it.
pub trait Connector: Send + Sync + 'static {
    /// An open connection.
    type Connection: Send + 'static;

    /// Opens connection `number`. What other libraries report can be handed on with [`io::Error::other`]; the kind of
    /// the error tells the target's refusals from the limits of this process.
    fn open(&self, number: u64) -> impl Future<Output = io::Result<Self::Connection>> + Send;

    /// Carries out one operation. An `Err` says that the connection is gone; an [`Outcome`], whatever it is, that it can
    /// go on.
    fn operation(
        &self,
        connection: &mut Self::Connection,
        op: Op,
    ) -> impl Future<Output = io::Result<Outcome>> + Send;
}

/// Connections over TCP that send a request and read its answer.
///
/// ```
/// use proofload::{Outcome, procedure::Tcp};
/// # let address = std::net::SocketAddr::from(([127, 0, 0, 1], 7));
/// // One line for each request, one for each answer.
/// let echo = Tcp::new(
///     address,
///     |op| format!("{}\n", op.index).into_bytes(),
///     |op, read| {
///         let line = read.strip_suffix(b"\n")?;
///         let is_right = line == op.index.to_string().as_bytes();
///         Some(if is_right { Outcome::ok() } else { Outcome::error("another answer") })
///     },
/// );
/// # drop(echo);
/// ```
#[derive(Clone)]
pub struct Tcp<R, A> {
    address: SocketAddr,
    request: R,
    answer: A,
}

/// A TCP connection between two requests.
#[derive(Debug)]
pub struct TcpConnection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl<R, A> Tcp<R, A>
where
    R: Fn(Op) -> Vec<u8> + Send + Sync + 'static,
    A: Fn(Op, &[u8]) -> Option<Outcome> + Send + Sync + 'static,
{
    /// Connections to `address`. `request` is what an operation sends; `answer` looks at what was read since, and says
    /// what it means once it is complete, `None` until then. An answer may have 16 MiB.
    pub const fn new(address: SocketAddr, request: R, answer: A) -> Self {
        Self { address, request, answer }
    }
}

impl<R, A> Connector for Tcp<R, A>
where
    R: Fn(Op) -> Vec<u8> + Send + Sync + 'static,
    A: Fn(Op, &[u8]) -> Option<Outcome> + Send + Sync + 'static,
{
    type Connection = TcpConnection;

    async fn open(&self, _number: u64) -> io::Result<TcpConnection> {
        let stream = TcpStream::connect(self.address).await?;
        // A request waits for the answer to the one before anyway.
        stream.set_nodelay(true)?;
        Ok(TcpConnection { stream, read: Vec::new() })
    }

    async fn operation(&self, connection: &mut TcpConnection, op: Op) -> io::Result<Outcome> {
        let TcpConnection { stream, read } = connection;
        read.clear();
        send(stream, &(self.request)(op)).await?;
        loop {
            receive(stream, read).await?;
            if let Some(outcome) = (self.answer)(op, read) {
                return Ok(outcome.with_bytes(read.len() as u64));
            }
            if read.len() > LONGEST_ANSWER {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer does not end"));
            }
        }
    }
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
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

/// Adds what has come, at least a byte.
async fn receive(stream: &TcpStream, read: &mut Vec<u8>) -> io::Result<()> {
    loop {
        stream.readable().await?;
        match take(stream, read) {
            Ok(0) => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the connection ended before the answer",
                ));
            }
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// A function of its own, so that no waiting connection carries the buffer.
fn take(stream: &TcpStream, read: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    let taken = stream.try_read(&mut buffer)?;
    read.extend_from_slice(&buffer[..taken]);
    Ok(taken)
}

impl<R, A> fmt::Debug for Tcp<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tcp").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// What became of a first operation with a server that reads a byte and answers with these pieces.
    fn asked(pieces: &'static [&'static [u8]]) -> io::Result<Outcome> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0]).unwrap();
            for piece in pieces {
                stream.write_all(piece).unwrap();
                stream.flush().unwrap();
            }
        });
        let tcp = Tcp::new(
            address,
            |_op| b"?".to_vec(),
            |_op, read| {
                let line = read.strip_suffix(b"\n")?;
                Some(if line == b"yes" { Outcome::ok() } else { Outcome::error("no") })
            },
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let op = Op { index: 0, user: 0, iteration: 0, stage: 0, attempt: 0, load: 0, seed: 0 };
        let answer = runtime.block_on(async {
            let mut connection = tcp.open(0).await?;
            tcp.operation(&mut connection, op).await
        });
        server.join().unwrap();
        answer
    }

    #[test]
    fn an_answer_may_come_in_pieces() {
        assert_eq!(asked(&[b"y", b"es", b"\n"]).unwrap(), Outcome::ok().with_bytes(4));
        assert_eq!(asked(&[b"maybe\n"]).unwrap(), Outcome::error("no").with_bytes(6));
    }

    #[test]
    fn an_answer_that_breaks_off_is_the_end_of_the_connection() {
        assert_eq!(asked(&[b"ye"]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
