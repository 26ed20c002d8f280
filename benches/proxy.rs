//! What the fault proxy costs when it has no fault: a plain transfer and a plain question through it, beside the same
//! straight to the server.

#[path = "rounds.rs"]
mod rounds;
#[path = "table.rs"]
mod table;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Instant,
};

use proofload::fault::Proxy;
use rounds::Rounds;
use table::{Purpose, Row, Table};

const BLOCK: usize = 256 << 10;

/// A server that reads connections to their end and answers each with a byte.
fn sink() -> SocketAddr {
    serve(|mut stream| {
        let mut block = vec![0; BLOCK];
        while stream.read(&mut block).is_ok_and(|read| read > 0) {}
        let _told = stream.write_all(b".");
    })
}

/// A server that sends bytes back.
fn echo() -> SocketAddr {
    serve(|mut stream| {
        stream.set_nodelay(true).expect("a socket takes it");
        let mut block = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut block) {
            if stream.write_all(&block[..read]).is_err() {
                return;
            }
        }
    })
}

fn serve(connection: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || connection(stream));
        }
    });
    address
}

/// Bytes a second of one connection that carries `blocks`.
fn transfer(address: SocketAddr, blocks: usize) -> f64 {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let block = vec![1; BLOCK];
    let began = Instant::now();
    (0..blocks).for_each(|_| stream.write_all(&block).expect("it is taken"));
    stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    stream.read_exact(&mut [0]).expect("it is told");
    (blocks * BLOCK) as f64 / began.elapsed().as_secs_f64()
}

/// Microseconds for a question of 100 bytes and its answer, in the mean of `times`.
fn question(address: SocketAddr, times: usize) -> f64 {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("a socket takes it");
    let mut bytes = [7; 100];
    let began = Instant::now();
    for _ in 0..times {
        stream.write_all(&bytes).expect("it is taken");
        stream.read_exact(&mut bytes).expect("it is answered");
    }
    began.elapsed().as_secs_f64() * 1e6 / times as f64
}

fn main() {
    let purpose = Purpose::of_this_run();
    let table = Table::begin(purpose, "The fault proxy without a fault");
    let (rounds, blocks, times) = purpose.choose((7, 4_000, 20_000), (1, 4, 10));

    let server = sink();
    let proxy = Proxy::to(server).start().expect("a proxy");
    let seen = Rounds::of((0..rounds).map(|_| (transfer(proxy.address(), blocks), transfer(server, blocks))));
    table.row(Row {
        what: "one connection, one way",
        ours: format!("{:.2} GB/s through it", seen.ours / 1e9),
        yardstick: format!("straight: {:.2} GB/s", seen.theirs / 1e9),
        ratio: Some(seen.ratio),
        budget: None,
    });

    let server = echo();
    let proxy = Proxy::to(server).start().expect("a proxy");
    let seen = Rounds::of((0..rounds).map(|_| (question(proxy.address(), times), question(server, times))));
    table.row(Row {
        what: "100 bytes there and back, one at a time",
        ours: format!("{:.1} us through it", seen.ours),
        yardstick: format!("straight: {:.1} us", seen.theirs),
        ratio: Some(1.0 / seen.ratio),
        budget: None,
    });
}
