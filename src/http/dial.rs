use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::net::{TcpStream, lookup_host};

use super::{
    failure::{Failure, When},
    options::{Options, Protocol},
    stream::Stream,
    tls::Tls,
    url::Base,
};
use crate::traffic::TrafficMeter;

/// Opens connections to one place.
pub(super) struct Dialer {
    host: String,
    port: u16,
    tls: Option<Tls>,
    protocol: Protocol,
    timeout: Duration,
    pub(super) meter: TrafficMeter,
    pub(super) opened: AtomicU64,
    /// Where the name led to when it was last looked up; empty when it is to be looked up again.
    addresses: Mutex<Vec<SocketAddr>>,
}

impl Dialer {
    pub(super) fn new(base: &Base, options: &Options, tls: Option<Tls>, meter: TrafficMeter) -> Self {
        // An address is its own lookup.
        let addresses =
            base.host.parse().map_or(Vec::new(), |ip: IpAddr| vec![SocketAddr::new(ip, base.port)]);
        Self {
            host: base.host.clone(),
            port: base.port,
            tls,
            protocol: options.protocol,
            timeout: options.connect_timeout,
            meter,
            opened: AtomicU64::new(0),
            addresses: Mutex::new(addresses),
        }
    }

    /// A new connection, ready for a request.
    pub(super) async fn dial(&self) -> Result<Stream, Failure> {
        match tokio::time::timeout(self.timeout, self.open()).await {
            Ok(opened) => opened,
            Err(_elapsed) => Err(Failure::ConnectTimeout),
        }
    }

    async fn open(&self) -> Result<Stream, Failure> {
        let failed = |error: io::Error| Failure::of(&error, When::BeforeAnswer);
        let tcp = self.connect().await?;
        // A request is written in one piece, and nothing follows it.
        tcp.set_nodelay(true).map_err(failed)?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let tcp = self.meter.count(tcp);
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let secured = tls.connector.connect(tls.name.clone(), tcp).await.map_err(failed)?;
        let is_http2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
        match (self.protocol, is_http2) {
            (Protocol::Http1, _) | (Protocol::Http2, true) => Ok(Stream::Tls(Box::new(secured))),
            (Protocol::Http2, false) => Err(Failure::Protocol("the target does not speak HTTP/2".to_owned())),
        }
    }

    /// The first of the addresses that answers.
    async fn connect(&self) -> Result<TcpStream, Failure> {
        let mut last = Failure::Dns(format!("{} has no address", self.host));
        for address in self.addresses().await? {
            match TcpStream::connect(address).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last = Failure::of(&error, When::BeforeAnswer),
            }
        }
        if self.host.parse::<IpAddr>().is_err() {
            self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Err(last)
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, Failure> {
        let known = self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !known.is_empty() {
            return Ok(known);
        }
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<_> = found.map_err(|error| Failure::Dns(error.to_string()))?.collect();
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&found);
        Ok(found)
    }
}
