use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use prost::Message;

use super::{
    LiveError,
    endpoint::Endpoint,
    wire::{Metric, Request, Resource, ResourceMetrics, Response, Scope, ScopeMetrics},
};

/// Batches that wait while the receiver is slow: 40 s of one case at the usual interval.
const WAITING: usize = 8;

/// For one batch: longer than a collector needs, shorter than what may wait.
const TIMEOUT: Duration = Duration::from_secs(5);

/// At the end of a run, for what still waits.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// More of an answer is not read.
const ANSWER_BYTES: u64 = 64 * 1024;

/// Sends batches, one after the other, on a thread of its own.
pub(super) struct Sender {
    url: String,
    outbox: Outbox,
    result: Receiver<Sent>,
}

/// Where batches are put that are to be sent.
#[derive(Clone)]
pub(super) struct Outbox {
    queue: SyncSender<Vec<Metric>>,
    left_out: Arc<AtomicU64>,
}

/// What became of the batches.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sent {
    batches: u64,
    failed: u64,
    /// The first reason.
    reason: Option<String>,
}

impl Outbox {
    /// Never waits: where too many do already, this one is left out. The next has the counts of this one too.
    pub(super) fn put(&self, metrics: Vec<Metric>) {
        if self.queue.try_send(metrics).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Sender {
    pub(super) fn start(endpoint: &Endpoint, resource: Resource) -> Result<Self, LiveError> {
        let (queue, batches) = mpsc::sync_channel(WAITING);
        let (done, result) = mpsc::sync_channel(1);
        let (url, headers) = (endpoint.url.clone(), endpoint.headers.clone());
        thread::Builder::new()
            .name("proofload-live".to_owned())
            .spawn(move || {
                let post = Post { agent: agent(), url, headers };
                // Nobody hears of it where the run did not wait for the end.
                let _unheard = done.send(send_all(&batches, &resource, &post));
            })
            .map_err(|error| LiveError::Thread(error.to_string()))?;
        let outbox = Outbox { queue, left_out: Arc::default() };
        Ok(Self { url: endpoint.url.clone(), outbox, result })
    }

    pub(super) fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// Waits a little for what is still to be sent; what was not, in words.
    pub(super) fn finish(self) -> Option<String> {
        let Self { url, outbox: Outbox { queue, left_out }, result } = self;
        // The end of the queue ends the thread.
        drop(queue);
        let left_out = left_out.load(Ordering::Relaxed);
        let sent = match result.recv_timeout(LAST_WORDS) {
            Ok(sent) => sent,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Some(format!(
                    "the last live figures could not be sent to {url} in time; the reports have everything"
                ));
            }
        };
        let all = sent.batches + left_out;
        let lost = sent.failed + left_out;
        let reason = sent.reason.unwrap_or_else(|| "the receiver was too slow".to_owned());
        (lost > 0).then(|| {
            format!("{lost} of {all} batches of live figures could not be sent to {url}: {reason}; the reports have everything")
        })
    }
}

/// Until nobody has the other end of the queue any more.
fn send_all(batches: &Receiver<Vec<Metric>>, resource: &Resource, post: &Post) -> Sent {
    let mut sent = Sent::default();
    for metrics in batches {
        sent.batches += 1;
        if let Err(reason) = post.send(&request(resource, metrics)) {
            sent.failed += 1;
            if sent.reason.is_none() {
                eprintln!(
                    "warning: live figures cannot be sent to {}: {reason}; this is said once",
                    post.url
                );
                sent.reason = Some(reason);
            }
        }
    }
    sent
}

fn request(resource: &Resource, metrics: Vec<Metric>) -> Request {
    let scope = Scope { name: "proofload".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics }];
    Request { resource_metrics: vec![ResourceMetrics { resource: Some(resource.clone()), scope_metrics }] }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        // The answer says why.
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("proofload/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// How a batch goes out.
struct Post {
    agent: ureq::Agent,
    url: String,
    headers: Vec<(String, String)>,
}

impl Post {
    fn send(&self, request: &Request) -> Result<(), String> {
        let mut post = self.agent.post(&self.url).header("content-type", "application/x-protobuf");
        for (name, value) in &self.headers {
            post = post.header(name, value);
        }
        let mut answer = post.send(&request.encode_to_vec()[..]).map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec().unwrap_or_default();
        if !status.is_success() {
            return Err(format!("it answered {status}{}", shown(&body)));
        }
        let refused = Response::decode(body.as_slice()).ok().and_then(|answer| answer.partial_success);
        match refused.filter(|refused| refused.rejected_data_points > 0) {
            Some(refused) => {
                let said = shown(refused.error_message.as_bytes());
                Err(format!("it refused {} values{said}", refused.rejected_data_points))
            }
            None => Ok(()),
        }
    }
}

/// The beginning of what a receiver says, fit for a terminal.
fn shown(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let line: String = text.chars().filter(|c| !c.is_control() && *c != '\u{fffd}').take(200).collect();
    let line = line.trim();
    if line.is_empty() { String::new() } else { format!(" ({line})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> (Outbox, Receiver<Vec<Metric>>) {
        let (queue, batches) = mpsc::sync_channel(WAITING);
        (Outbox { queue, left_out: Arc::default() }, batches)
    }

    #[test]
    fn a_full_queue_keeps_nobody_waiting() {
        let (outbox, batches) = outbox();
        (0..WAITING + 3).for_each(|_| outbox.put(Vec::new()));
        assert_eq!(outbox.left_out.load(Ordering::Relaxed), 3);
        assert_eq!(batches.try_iter().count(), WAITING);
        drop(batches);
        outbox.put(Vec::new());
        assert_eq!(outbox.left_out.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn the_end_says_how_much_was_lost_and_why() {
        let end = |sent: Option<Sent>, left_out: u64| {
            let (done, result) = mpsc::sync_channel(1);
            if let Some(sent) = sent {
                done.send(sent).unwrap();
            }
            drop(done);
            let (outbox, _batches) = outbox();
            outbox.left_out.store(left_out, Ordering::Relaxed);
            Sender { url: "http://a".to_owned(), outbox, result }.finish()
        };
        let of = |batches, failed, reason: Option<&str>| {
            Some(Sent { batches, failed, reason: reason.map(str::to_owned) })
        };
        assert_eq!(end(of(9, 0, None), 0), None);
        let lost = |what: &str| Some(format!("{what}; the reports have everything"));
        assert_eq!(
            end(of(9, 2, Some("connection refused")), 1),
            lost("3 of 10 batches of live figures could not be sent to http://a: connection refused")
        );
        assert_eq!(
            end(of(9, 0, None), 1),
            lost("1 of 10 batches of live figures could not be sent to http://a: the receiver was too slow")
        );
        assert_eq!(end(None, 0), lost("the last live figures could not be sent to http://a in time"));
    }

    #[test]
    fn what_a_receiver_says_is_short_and_fit_for_a_terminal() {
        assert_eq!(shown(b""), "");
        assert_eq!(shown(b"\x1b[31mno\r\n\xff"), " ([31mno)");
        assert_eq!(shown(&[b'a'; 1000]).len(), 203);
    }
}
