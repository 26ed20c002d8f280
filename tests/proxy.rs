//! The proxy against plain clients and servers: each fault as it is seen on the wire. Times are bounds from below, or
//! far above what a busy machine takes.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use proofload::{
    fault::{Proxy, Toxic},
    mib, millis, seconds,
    units::{ByteSize, Ratio},
};

/// Far more than anything here takes, on the slowest machine.
const PATIENCE: Duration = seconds(60);

/// Long enough for a byte to arrive if it came at all.
const QUIET: Duration = millis(150);

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what} took over {PATIENCE:?}");
        thread::sleep(millis(2));
    }
}

/// A proxy and a connection through it, both ends in hand.
struct Wire {
    proxy: Proxy,
    client: TcpStream,
    server: TcpStream,
    listener: TcpListener,
}

impl Wire {
    fn new() -> Self {
        Self::through(|address| Proxy::to(address).start())
    }

    fn through(proxy: impl FnOnce(SocketAddr) -> io::Result<Proxy>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let proxy = proxy(listener.local_addr().expect("an address")).expect("a proxy");
        let client = connect(&proxy).expect("the proxy listens");
        let server = accept(&listener);
        Self { proxy, client, server, listener }
    }

    /// Another connection.
    fn connect(&self) -> (TcpStream, TcpStream) {
        let client = connect(&self.proxy).expect("the proxy listens");
        (client, accept(&self.listener))
    }
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    stream
}

fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
    TcpStream::connect(proxy.address()).map(patient)
}

fn accept(listener: &TcpListener) -> TcpStream {
    patient(listener.accept().expect("the proxy connects").0)
}

/// `n` bytes that tell where they stood.
fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|at| (at % 251) as u8).collect()
}

fn read_exactly(stream: &mut TcpStream, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    stream.read_exact(&mut bytes).expect("the bytes arrive");
    bytes
}

/// How the stream ends, and what came before.
fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).map(drop);
    (bytes, ended)
}

#[track_caller]
fn nothing_comes(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(QUIET)).expect("a socket takes a timeout");
    let read = stream.read(&mut [0]);
    let kind = read.map_err(|error| error.kind());
    assert!(matches!(kind, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{kind:?}");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
}

/// Both ends of a connection are reset.
#[track_caller]
fn is_reset(stream: &mut TcpStream) {
    let (_, ended) = read_to_end(stream);
    assert_eq!(ended.expect_err("no orderly end").kind(), ErrorKind::ConnectionReset);
}

fn send(mut stream: TcpStream, bytes: Vec<u8>) -> JoinHandle<TcpStream> {
    thread::spawn(move || {
        stream.write_all(&bytes).expect("the bytes are taken");
        stream
    })
}

#[test]
fn bytes_go_both_ways_as_they_are() {
    let mut wire = Wire::new();
    let bytes = pattern(3 << 20);
    let (client, server) = (wire.client.try_clone().unwrap(), wire.server.try_clone().unwrap());
    let sending = [send(client, bytes.clone()), send(server, bytes.clone())];
    let reading = thread::spawn({
        let mut server = wire.server.try_clone().unwrap();
        move || read_exactly(&mut server, 3 << 20)
    });
    assert!(read_exactly(&mut wire.client, 3 << 20) == bytes);
    assert!(reading.join().unwrap() == bytes);
    sending.into_iter().for_each(|sender| drop(sender.join().unwrap()));
    let counts = wire.proxy.counts();
    assert_eq!((counts.to_server_bytes, counts.to_client_bytes), (3 << 20, 3 << 20));
    assert_eq!((counts.connections, counts.open, counts.lost_bytes, counts.cut), (1, 1, 0, 0));
}

#[test]
fn half_closed_connections_stay_half_closed() {
    let mut wire = Wire::new();
    wire.client.write_all(b"all").unwrap();
    wire.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut wire.server).0, b"all");
    wire.server.write_all(b"answer").unwrap();
    assert_eq!(read_exactly(&mut wire.client, 6), b"answer");
    drop(wire.server);
    assert_eq!(read_to_end(&mut wire.client).0, b"");
    wait_for("the end of the connection", || wire.proxy.counts().open == 0);
}

#[test]
fn a_receiver_that_does_not_read_holds_its_sender_back() {
    let mut wire = Wire::new();
    wire.client.set_nonblocking(true).unwrap();
    let block = vec![7; 64 << 10];
    let (mut sent, mut since) = (0, Instant::now());
    // Until nothing was taken for a while: what the kernel's buffers and a chunk of the proxy hold.
    while since.elapsed() < QUIET {
        match wire.client.write(&block) {
            Ok(written) => (sent, since) = (sent + written, Instant::now()),
            Err(_) => thread::sleep(millis(1)),
        }
        assert!(sent < 256 << 20, "the proxy takes all that it is sent");
    }
    assert_eq!(read_exactly(&mut wire.server, sent).len(), sent);
}

#[test]
fn resets_and_lost_servers_are_passed_on() {
    let mut wire = Wire::new();
    // Closing a socket with unread bytes resets it.
    wire.client.write_all(b"unread").unwrap();
    wait_for("the bytes", || wire.proxy.counts().to_server_bytes == 6);
    wire.server.set_nonblocking(true).unwrap();
    wait_for("their arrival", || wire.server.peek(&mut [0; 6]).is_ok_and(|n| n == 6));
    drop(wire.server);
    is_reset(&mut wire.client);
    drop(wire.listener);
    is_reset(&mut connect(&wire.proxy).unwrap());
    assert_eq!(wire.proxy.counts().unreachable, 1);
}

#[test]
fn latency_delays_and_keeps_the_order_and_is_healed() {
    let mut wire = Wire::new();
    let slow = wire.proxy.add(Toxic::latency_between(millis(40), millis(90)).to_server()).unwrap();
    let began = Instant::now();
    for byte in 0..200 {
        wire.client.write_all(&[byte]).unwrap();
    }
    assert_eq!(read_exactly(&mut wire.server, 1), [0]);
    assert!(began.elapsed() >= millis(40), "{:?}", began.elapsed());
    assert_eq!(read_exactly(&mut wire.server, 199), (1..200).collect::<Vec<u8>>());
    drop(slow);
    let forever = wire.proxy.add(Toxic::latency_between(seconds(3_600), Duration::MAX).to_client()).unwrap();
    wire.client.write_all(b"at once").unwrap();
    assert_eq!(read_exactly(&mut wire.server, 7), b"at once");
    wire.server.write_all(b"never").unwrap();
    nothing_comes(&mut wire.client);
    forever.heal();
    assert_eq!(read_exactly(&mut wire.client, 5), b"never");
}

#[test]
fn latency_does_not_limit_bandwidth() {
    let mut wire = Wire::through(|address| Proxy::to(address).buffer(mib(16)).start());
    let _slow = wire.proxy.add(Toxic::latency(millis(200)).to_server()).unwrap();
    let began = Instant::now();
    let sender = send(wire.client.try_clone().unwrap(), pattern(4 << 20));
    assert!(read_exactly(&mut wire.server, 4 << 20) == pattern(4 << 20));
    // Chunk after chunk with a pause for each, it would be 64 of them and 13 s.
    let took = began.elapsed();
    assert!(took >= millis(200) && took < seconds(8), "{took:?}");
    sender.join().unwrap();
}

#[test]
fn what_is_under_way_is_bounded() {
    let wire = Wire::through(|address| Proxy::to(address).buffer(ByteSize::new(100_000)).start());
    let _slow = wire.proxy.add(Toxic::latency(seconds(3_600)).to_server()).unwrap();
    let mut client = wire.client;
    client.set_nonblocking(true).unwrap();
    let (mut sent, mut since) = (0, Instant::now());
    while since.elapsed() < QUIET {
        match client.write(&[0; 64 << 10]) {
            Ok(written) => (sent, since) = (sent + written, Instant::now()),
            Err(_) => thread::sleep(millis(1)),
        }
        // The kernel's buffers at both ends of the first connection have some megabytes.
        assert!(sent < 64 << 20, "the proxy takes all that it is sent");
    }
    assert_eq!(wire.proxy.counts().to_server_bytes, 0);
}

#[test]
fn bandwidth_takes_its_time() {
    let mut wire = Wire::new();
    let thin = wire.proxy.add(Toxic::bandwidth(ByteSize::new(200_000)).to_client()).unwrap();
    let began = Instant::now();
    let sender = send(wire.server.try_clone().unwrap(), pattern(60_000));
    assert!(read_exactly(&mut wire.client, 60_000) == pattern(60_000));
    let took = began.elapsed();
    assert!(took >= millis(295), "60 kB at 200 kB/s took {took:?}");
    sender.join().unwrap();
    let began = Instant::now();
    wire.client.write_all(&pattern(60_000)).unwrap();
    read_exactly(&mut wire.server, 60_000);
    thin.heal();
    let sender = send(wire.server.try_clone().unwrap(), pattern(20_000_000));
    read_exactly(&mut wire.client, 20_000_000);
    assert!(began.elapsed() < seconds(50), "20 MB at 200 kB/s would take 100 s");
    sender.join().unwrap();
}

#[test]
fn a_black_hole_swallows_bytes_and_ends_and_keeps_the_connection() {
    let mut wire = Wire::new();
    let hole = wire.proxy.add(Toxic::black_hole().to_server()).unwrap();
    wire.client.write_all(b"vanishes").unwrap();
    nothing_comes(&mut wire.server);
    wire.server.write_all(b"answer").unwrap();
    assert_eq!(read_exactly(&mut wire.client, 6), b"answer");
    let (mut other, mut served) = wire.connect();
    other.write_all(b"this too").unwrap();
    other.shutdown(Shutdown::Write).unwrap();
    nothing_comes(&mut served);
    let counts = wire.proxy.counts();
    assert_eq!((counts.open, counts.lost_bytes, counts.to_server_bytes), (2, 16, 0));
    hole.heal();
    assert_eq!(read_to_end(&mut served).0, b"", "the end comes through, the bytes are gone");
    wire.client.write_all(b"arrives").unwrap();
    assert_eq!(read_exactly(&mut wire.server, 7), b"arrives");
}

#[test]
fn a_reset_hits_open_connections_and_new_ones_until_it_is_healed() {
    let mut wire = Wire::new();
    let reset = wire.proxy.add(Toxic::reset()).unwrap();
    is_reset(&mut wire.client);
    is_reset(&mut wire.server);
    is_reset(&mut connect(&wire.proxy).unwrap());
    wait_for("the end", || wire.proxy.counts().open == 0);
    assert_eq!(wire.proxy.counts().cut, 2);
    let _reached_the_server = accept(&wire.listener);
    reset.heal();
    let (mut client, mut server) = wire.connect();
    client.write_all(b"again").unwrap();
    assert_eq!(read_exactly(&mut server, 5), b"again");
}

#[test]
fn a_reset_comes_after_so_many_bytes() {
    let mut wire = Wire::new();
    wire.client.write_all(&pattern(5_000)).unwrap();
    read_exactly(&mut wire.server, 5_000);
    // Bytes count from when the toxic was added.
    let _reset = wire.proxy.add(Toxic::reset_after(ByteSize::new(1_000)).to_server()).unwrap();
    wire.client.write_all(&pattern(999)).unwrap();
    read_exactly(&mut wire.server, 999);
    wire.server.write_all(b"still there").unwrap();
    assert_eq!(read_exactly(&mut wire.client, 11), b"still there");
    wire.client.write_all(&pattern(10)).unwrap();
    let (rest, ended) = read_to_end(&mut wire.server);
    assert!(rest.len() <= 1, "{rest:?}");
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    is_reset(&mut wire.client);
}

#[test]
fn a_limit_lets_exactly_so_many_bytes_through() {
    let mut wire = Wire::new();
    let limit = wire.proxy.add(Toxic::close_after(ByteSize::new(100_000)).to_server()).unwrap();
    let sender = thread::spawn({
        let mut client = wire.client.try_clone().unwrap();
        // The rest of it may be refused.
        move || drop(client.write_all(&pattern(150_000)))
    });
    let (got, ended) = read_to_end(&mut wire.server);
    assert!(got == pattern(100_000), "{} bytes came", got.len());
    ended.expect("an orderly end");
    sender.join().unwrap();
    limit.heal();
    let (mut client, mut server) = wire.connect();
    client.write_all(&pattern(150_000)).unwrap();
    read_exactly(&mut server, 150_000);
}

#[test]
fn a_slow_close_comes_late_and_bytes_do_not() {
    let mut wire = Wire::new();
    let slow = wire.proxy.add(Toxic::slow_close(millis(200)).to_client()).unwrap();
    let began = Instant::now();
    wire.server.write_all(b"bytes").unwrap();
    wire.server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut wire.client).0, b"bytes");
    assert!(began.elapsed() >= millis(200), "{:?}", began.elapsed());
    drop(slow);
    let _slower = wire.proxy.add(Toxic::slow_close(seconds(3_600))).unwrap();
    let (mut client, mut server) = wire.connect();
    server.write_all(b"bytes").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_exactly(&mut client, 5), b"bytes");
    nothing_comes(&mut client);
}

#[test]
fn slices_come_with_pauses() {
    let mut wire = Wire::new();
    let _sliced = wire.proxy.add(Toxic::slices(ByteSize::new(10), millis(20)).to_server()).unwrap();
    let began = Instant::now();
    wire.client.write_all(&pattern(95)).unwrap();
    // A read takes what is there: the first is one slice, others may find two of them.
    let mut first = [0; 95];
    assert_eq!(wire.server.read(&mut first).unwrap(), 10);
    assert_eq!(read_exactly(&mut wire.server, 85), pattern(95)[10..]);
    assert!(began.elapsed() >= millis(9 * 20), "{:?}", began.elapsed());
}

#[test]
fn new_connections_are_refused_and_open_ones_go_on() {
    let mut wire = Wire::new();
    let refuse = wire.proxy.add(Toxic::refuse()).unwrap();
    wait_for("a refusal", || {
        connect(&wire.proxy).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    wire.client.write_all(b"goes on").unwrap();
    assert_eq!(read_exactly(&mut wire.server, 7), b"goes on");
    refuse.heal();
    wait_for("the door", || connect(&wire.proxy).is_ok());
}

#[test]
fn a_share_of_the_connections_is_hit() {
    let wire = Wire::through(|address| Proxy::to(address).seed(3).start());
    let _some = wire.proxy.add(Toxic::refuse().for_share(Ratio::new(0.5))).unwrap();
    let fates: Vec<bool> = (0..40)
        .map(|_| {
            let mut client = connect(&wire.proxy).expect("nobody is refused by the system");
            client.set_read_timeout(Some(QUIET)).unwrap();
            // Reset, or without an answer.
            client.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
        })
        .collect();
    let hit = fates.iter().filter(|is_hit| **is_hit).count();
    assert!((8..=32).contains(&hit), "{hit} of 40");
    assert_eq!(wire.proxy.counts().refused, hit as u64);
}

#[test]
fn dropping_the_proxy_closes_everything() {
    let Wire { proxy, mut client, mut server, .. } = Wire::new();
    let slow = proxy.add(Toxic::latency(seconds(3_600))).unwrap();
    client.write_all(b"under way").unwrap();
    let address = proxy.address();
    let began = Instant::now();
    drop(proxy);
    assert!(began.elapsed() < seconds(20), "{:?}", began.elapsed());
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(read_to_end(&mut server).0, b"");
    assert_eq!(read_to_end(&mut client).0, b"");
    drop(slow);
}

#[test]
fn a_proxy_starts_and_ends_within_async_code() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let proxy = Proxy::to(([127, 0, 0, 1], 9).into()).start().unwrap();
        assert_eq!(proxy.counts().connections, 0);
    });
}
