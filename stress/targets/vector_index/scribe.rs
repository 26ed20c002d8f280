//! The one thread that writes.
//!
//! A commit relinks the graph and waits for the disk, whether it brings one document or a hundred, so documents that
//! arrive during a commit are collected and share the next one. LMDB allows one writer at a time: searching threads
//! that wrote would queue behind each other and keep searches waiting.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::super::pool::{Busy, JobError, caught};
use super::corpus::Document;
use super::store::{Store, StoreError};

/// Documents to a commit at most, so that the first one of a crowd does not wait for all.
const LARGEST_BATCH: usize = 256;

/// How a document's insertion ended. The error is shared by the documents of a batch.
pub(crate) type Written = Result<Result<(), Arc<StoreError>>, JobError>;

/// The writing thread and its queue. Dropping it writes what waits, then joins the thread.
#[derive(Debug)]
pub(crate) struct Scribe {
    entries: Option<SyncSender<Entry>>,
    thread: Option<JoinHandle<()>>,
    places: usize,
}

struct Entry {
    document: Document,
    reply: oneshot::Sender<Written>,
}

impl Scribe {
    /// A thread that writes to `store`, in front of which at most `places` documents wait.
    pub(crate) fn new(store: Arc<Store>, places: usize) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(places);
        let thread = thread::Builder::new().name("index-writer".to_owned());
        let thread = thread.spawn(move || serve(&store, &receiver))?;
        Ok(Self { entries: Some(sender), thread: Some(thread), places })
    }

    /// Hands a document over. The receiver hears when it is on disk; dropping the receiver before the document's
    /// commit has begun withdraws the document.
    pub(crate) fn submit(&self, document: Document) -> Result<oneshot::Receiver<Written>, Busy> {
        let (reply, written) = oneshot::channel();
        let taken = self.entries.as_ref().map(|entries| entries.try_send(Entry { document, reply }));
        match taken {
            Some(Ok(())) => Ok(written),
            // Full; the thread outlives the handle, so that "disconnected" does not happen.
            _ => Err(Busy { places: self.places }),
        }
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        // The end of the channel is the thread's sign to finish.
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            // It ends only by returning: panics are caught around each batch.
            let _ = thread.join();
        }
    }
}

fn serve(store: &Store, entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let arrived = std::iter::once(first).chain(entries.try_iter().take(LARGEST_BATCH - 1));
        let (documents, replies): (Vec<_>, Vec<_>) = arrived
            .filter(|entry| !entry.reply.is_closed())
            .map(|entry| (entry.document, entry.reply))
            .unzip();
        if documents.is_empty() {
            continue;
        }
        let written = caught(|| store.insert_batch(&documents).map_err(Arc::new));
        for reply in replies {
            // The caller may have given up in the meantime.
            let _ = reply.send(written.clone());
        }
    }
}
