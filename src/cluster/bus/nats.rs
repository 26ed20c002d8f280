use std::time::Duration;

use async_nats::{Client, ConnectOptions, Subscriber};
use futures_util::StreamExt as _;

use super::BusError;
use crate::cluster::Access;

/// Between two tries to come back to a broker that went away: short beside the lease, so that its restart is survived.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// For one try to connect.
const PATIENCE: Duration = Duration::from_secs(5);

/// For one message to be taken by the client.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The bus over a NATS server.
#[derive(Clone)]
pub(crate) struct NatsBus(Client);

/// What arrives on a subject.
pub(crate) struct Received(Subscriber);

impl NatsBus {
    pub(super) async fn connect(access: &Access, name: &str) -> Result<Self, BusError> {
        let options = options(access).await?.name(name);
        let urls: Vec<String> = access.url.split(',').map(|url| url.trim().to_owned()).collect();
        let connecting = tokio::time::timeout(PATIENCE * 2, options.connect(urls)).await;
        let refused = |reason: String| BusError::Connect { url: access.shown(), reason };
        match connecting {
            Ok(Ok(client)) => Ok(Self(client)),
            Ok(Err(error)) => Err(refused(with_causes(&error))),
            Err(_elapsed) => Err(refused("it does not answer".to_owned())),
        }
    }

    pub(super) async fn publish(&self, subject: &str, message: Vec<u8>) {
        // While the broker is away the client keeps what it has room for; what it has none for is sent again later.
        let publishing = self.0.publish(subject.to_owned(), message.into());
        let _unsent = tokio::time::timeout(LONGEST_WAIT, publishing).await;
    }

    pub(super) async fn subscribe(&self, subject: &str) -> Result<Received, BusError> {
        let failed = |error: String| BusError::Subscribe(error);
        let subscriber = self.0.subscribe(subject.to_owned()).await.map_err(|e| failed(e.to_string()))?;
        self.is_taken().await?;
        Ok(Received(subscriber))
    }

    /// Waits until the broker has taken everything that was sent so far: it takes one thing after the other, so that a
    /// word of ours that comes back says so. Flushing alone only empties the client's buffer.
    async fn is_taken(&self) -> Result<(), BusError> {
        let failed = |error: String| BusError::Subscribe(error);
        let subject = format!("proofload.probe.{:016x}", fastrand::u64(..));
        let mut probe = self.0.subscribe(subject.clone()).await.map_err(|e| failed(e.to_string()))?;
        self.0.publish(subject, Vec::new().into()).await.map_err(|e| failed(e.to_string()))?;
        match tokio::time::timeout(PATIENCE, probe.next()).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) | Err(_) => Err(failed(
                "a word of ours did not come back: the account needs the right to publish and subscribe on `proofload.>`"
                    .to_owned(),
            )),
        }
    }

    pub(super) async fn flush(&self) {
        let _unsent = tokio::time::timeout(PATIENCE, self.0.flush()).await;
    }
}

impl Received {
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        self.0.next().await.map(|message| message.payload.into())
    }
}

async fn options(access: &Access) -> Result<ConnectOptions, BusError> {
    let read = |key: &'static str, path: &str| {
        std::fs::read_to_string(path).map_err(|source| BusError::File { key, path: path.to_owned(), source })
    };
    let there = |key: &'static str, path: &str| read(key, path).map(|_text| path.into());
    let mut options = ConnectOptions::new()
        .connection_timeout(PATIENCE)
        .max_reconnects(None)
        .reconnect_delay_callback(|_tries| TRY_AGAIN)
        .ping_interval(Duration::from_secs(2))
        .subscription_capacity(65_536);
    if let Some((user, password)) =
        both(("cluster_user", &access.user), ("cluster_password", &access.password))?
    {
        options = options.user_and_password(user.clone(), password.clone());
    }
    if let Some(token) = &access.token {
        options = options.token(token.clone());
    }
    if let Some(path) = &access.nkey {
        options = options.nkey(read("cluster_nkey", path)?.trim().to_owned());
    }
    if let Some(path) = &access.credentials {
        let text = read("cluster_credentials", path)?;
        options = options.credentials(&text).map_err(|source| BusError::File {
            key: "cluster_credentials",
            path: path.clone(),
            source,
        })?;
    }
    if let Some(path) = &access.ca {
        options = options.add_root_certificates(there("cluster_ca", path)?).require_tls(true);
    }
    if let Some((certificate, key)) =
        both(("cluster_certificate", &access.certificate), ("cluster_key", &access.key))?
    {
        let certificate = there("cluster_certificate", certificate)?;
        options = options.add_client_certificate(certificate, there("cluster_key", key)?);
    }
    Ok(options)
}

/// Two that are nothing without each other, if they are stated.
fn both<'a>(
    (one, first): (&'static str, &'a Option<String>),
    (other, second): (&'static str, &'a Option<String>),
) -> Result<Option<(&'a String, &'a String)>, BusError> {
    match (first, second) {
        (Some(_), None) => Err(BusError::Half { stated: one, missing: other }),
        (None, Some(_)) => Err(BusError::Half { stated: other, missing: one }),
        _ => Ok(first.as_ref().zip(second.as_ref())),
    }
}

/// An error with what is behind it, once each.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let further = error.to_string();
        if !text.contains(&further) {
            text = format!("{text}: {further}");
        }
        cause = error.source();
    }
    text
}
