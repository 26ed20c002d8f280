//! What carries messages: whoever has subscribed to a subject gets what is published on it from then on, most of the time
//! and once at most. What must arrive is numbered and sent again by [`link`](super::link).

mod memory;
#[cfg(feature = "cluster")]
mod nats;
#[cfg(test)]
mod tests;

pub(crate) use memory::{Ear, MemoryBus};

use super::Access;

/// Carries messages between nodes.
#[derive(Clone)]
pub(crate) enum Bus {
    /// Within this process: for tests and simulations.
    #[cfg_attr(not(test), expect(dead_code, reason = "simulations make one themselves"))]
    Memory(MemoryBus),
    /// A NATS server, or a cluster of them.
    #[cfg(feature = "cluster")]
    Nats(nats::NatsBus),
}

/// What arrives on the subjects that were subscribed to.
pub(crate) enum Subscription {
    Memory(memory::Received),
    #[cfg(feature = "cluster")]
    Nats(nats::Received),
}

/// Why the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BusError {
    #[cfg_attr(
        all(feature = "cluster", not(test)),
        expect(dead_code, reason = "raised where the feature is off")
    )]
    #[error(
        "`cluster` is set, and this suite was built without nodes: add the feature `cluster` of proofload \
         (features = [\"cluster\"]) and build it again"
    )]
    NotBuilt,
    #[cfg(feature = "cluster")]
    #[error("the broker {url} cannot be used: {reason}; check `cluster` and the keys beside it")]
    Connect { url: String, reason: String },
    #[cfg(feature = "cluster")]
    #[error(
        "the file {path} of `{key}` cannot be read: {source}; name another one, or see to it that it can"
    )]
    File { key: &'static str, path: String, source: std::io::Error },
    #[cfg(feature = "cluster")]
    #[error("`{stated}` is stated and `{missing}` is not: state both, or neither")]
    Half { stated: &'static str, missing: &'static str },
    #[error("the thread that talks to the other nodes could not be started: {0}; run fewer things at once")]
    Thread(std::io::Error),
    #[cfg(feature = "cluster")]
    #[error(
        "the broker did not take a subscription: {0}; see to it that this user may read and write below `proofload.`"
    )]
    Subscribe(String),
}

impl Bus {
    /// Connects to the broker, as `name` among its clients.
    ///
    /// # Errors
    /// It cannot be reached, or does not let us in; the suite was built without the feature.
    pub(crate) async fn connect(access: &Access, name: &str) -> Result<Self, BusError> {
        #[cfg(feature = "cluster")]
        return nats::NatsBus::connect(access, name).await.map(Self::Nats);
        #[cfg(not(feature = "cluster"))]
        {
            let _unused = (access, name);
            Err(BusError::NotBuilt)
        }
    }

    /// Sends a message to all that have subscribed to `subject`. Whether it arrives is not known.
    pub(crate) async fn publish(&self, subject: &str, message: Vec<u8>) {
        match self {
            Self::Memory(bus) => bus.publish(subject, &message),
            #[cfg(feature = "cluster")]
            Self::Nats(bus) => bus.publish(subject, message).await,
        }
    }

    /// Gets what is published on `subject` from now on: when this returns, nothing is missed any more.
    ///
    /// # Errors
    /// The broker does not take it.
    pub(crate) async fn subscribe(&self, subject: &str) -> Result<Subscription, BusError> {
        match self {
            Self::Memory(bus) => Ok(Subscription::Memory(bus.subscribe(subject))),
            #[cfg(feature = "cluster")]
            Self::Nats(bus) => bus.subscribe(subject).await.map(Subscription::Nats),
        }
    }

    /// Waits until everything that was published has left.
    pub(crate) async fn flush(&self) {
        match self {
            Self::Memory(_) => {}
            #[cfg(feature = "cluster")]
            Self::Nats(bus) => bus.flush().await,
        }
    }
}

impl Subscription {
    /// The next message; `None` when none can come any more.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Memory(received) => received.next().await,
            #[cfg(feature = "cluster")]
            Self::Nats(received) => received.next().await,
        }
    }
}
