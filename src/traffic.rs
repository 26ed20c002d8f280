//! Bytes that go through streams: what `/proc` does not tell of sockets, counted where they are read and written.
//!
//! Owns the meter and the wrapper of a stream. Never opens a stream, and never holds back or changes a byte.

use std::{
    io::{self, IoSlice, Read, Write},
    ops::AddAssign,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that went through counted streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Traffic {
    /// Bytes written to streams.
    pub sent_bytes: u64,
    /// Bytes read from streams.
    pub received_bytes: u64,
}

impl Traffic {
    /// Whether nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.sent_bytes == 0 && self.received_bytes == 0
    }

    /// What was counted since `earlier`, a former reading of the same meter.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            sent_bytes: self.sent_bytes - earlier.sent_bytes,
            received_bytes: self.received_bytes - earlier.received_bytes,
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
    }
}

/// Counts the bytes of every stream that it is given. Cheap to clone; all clones count together.
///
/// ```
/// use std::io::{Read, Write};
/// use proofload::TrafficMeter;
///
/// let meter = TrafficMeter::default();
/// let mut stream = meter.count(std::io::Cursor::new(vec![0; 16]));
/// stream.write_all(b"ping")?;
/// stream.read_exact(&mut [0; 5])?;
/// assert_eq!((meter.read().sent_bytes, meter.read().received_bytes), (4, 5));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TrafficMeter {
    totals: Arc<Totals>,
}

#[derive(Debug, Default)]
struct Totals {
    sent: Lane,
    received: Lane,
}

/// On a cache line of its own: one side of a connection does not slow the other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane(AtomicU64);

impl Lane {
    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl TrafficMeter {
    /// `stream`, with everything counted that goes through it. Both async streams (tokio's) and blocking ones.
    pub fn count<S>(&self, stream: S) -> Counted<S> {
        Counted { stream, meter: self.clone() }
    }

    /// What all streams of this meter have moved so far, those that are closed included.
    pub fn read(&self) -> Traffic {
        Traffic {
            sent_bytes: self.totals.sent.0.load(Ordering::Relaxed),
            received_bytes: self.totals.received.0.load(Ordering::Relaxed),
        }
    }

    fn sent(&self, written: &io::Result<usize>) {
        if let Ok(bytes) = written {
            self.totals.sent.add(*bytes);
        }
    }
}

/// A stream whose bytes are counted: see [`TrafficMeter::count`].
#[derive(Debug)]
pub struct Counted<S> {
    stream: S,
    meter: TrafficMeter,
}

impl<S> Counted<S> {
    /// The stream itself; what goes through it from here is not counted.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream itself, counted no more.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.meter.totals.received.add(read);
        Ok(read)
    }
}

impl<S: Write> Write for Counted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes);
        self.meter.sent(&written);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.meter.totals.received.add(buffer.filled().len() - before);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        polled.map(|written| {
            self.meter.sent(&written);
            written
        })
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        polled.map(|written| {
            self.meter.sent(&written);
            written
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn both_directions_are_counted_as_they_are_carried() {
        let (client, server) = tokio::io::duplex(8);
        let (ours, theirs) = (TrafficMeter::default(), TrafficMeter::default());
        let (mut client, mut server) = (ours.count(client), theirs.count(server));
        let serving = tokio::spawn(async move {
            let mut asked = [0; 100];
            server.read_exact(&mut asked).await.unwrap();
            server.write_all(&[7; 30]).await.unwrap();
        });
        client.write_all(&[1; 100]).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        serving.await.unwrap();
        assert_eq!(answer, [7; 30]);
        assert_eq!(ours.read(), Traffic { sent_bytes: 100, received_bytes: 30 });
        assert_eq!(theirs.read(), Traffic { sent_bytes: 30, received_bytes: 100 });
    }

    #[test]
    fn what_a_stream_refuses_is_not_counted() {
        let meter = TrafficMeter::default();
        let mut room = [0_u8; 4];
        let mut stream = meter.count(&mut room[..]);
        assert_eq!(stream.write(b"sixsix").unwrap(), 4);
        assert_eq!(stream.write(b"more").unwrap(), 0);
        assert_eq!(meter.read(), Traffic { sent_bytes: 4, received_bytes: 0 });
    }

    #[test]
    fn readings_of_one_meter_differ_by_what_came_between() {
        let meter = TrafficMeter::default();
        let mut stream = meter.count(Vec::new());
        Write::write_all(&mut stream, b"one").unwrap();
        let earlier = meter.read();
        Write::write_all(&mut stream, b"three").unwrap();
        assert_eq!(meter.read().since(earlier), Traffic { sent_bytes: 5, received_bytes: 0 });
        assert!(!earlier.is_empty() && Traffic::default().is_empty());
    }
}
