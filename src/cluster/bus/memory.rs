use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::mpsc;

/// Messages that a subscriber may be behind by before it loses some, as with a broker.
const WAITING: usize = 16_384;

/// Those that hear one subject.
type Subscribers = Vec<mpsc::Sender<Vec<u8>>>;

/// The bus within a process.
#[derive(Clone, Default)]
pub(crate) struct MemoryBus {
    subjects: Arc<Mutex<BTreeMap<String, Subscribers>>>,
}

/// What arrives on a subject.
pub(crate) struct Received(mpsc::Receiver<Vec<u8>>);

impl MemoryBus {
    pub(super) fn publish(&self, subject: &str, message: &[u8]) {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(subscribers) = subjects.get_mut(subject) else { return };
        subscribers.retain(|subscriber| {
            // One that is too far behind misses it.
            let _missed = subscriber.try_send(message.to_vec());
            !subscriber.is_closed()
        });
    }

    pub(super) fn subscribe(&self, subject: &str) -> Received {
        let (sender, receiver) = mpsc::channel(WAITING);
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        subjects.entry(subject.to_owned()).or_default().push(sender);
        Received(receiver)
    }
}

impl Received {
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        self.0.recv().await
    }
}

/// What arrives on several subjects, for whoever does not wait for it.
pub(crate) struct Ear(Vec<Received>);

impl MemoryBus {
    /// Hears these subjects from now on.
    pub(crate) fn ear(&self, subjects: &[&str]) -> Ear {
        Ear(subjects.iter().map(|subject| self.subscribe(subject)).collect())
    }

    /// Sends a message to all that have subscribed to `subject`.
    pub(crate) fn send(&self, subject: &str, message: &[u8]) {
        self.publish(subject, message);
    }
}

impl Ear {
    /// What has arrived, if something has.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        self.0.iter_mut().find_map(|received| received.0.try_recv().ok())
    }
}
