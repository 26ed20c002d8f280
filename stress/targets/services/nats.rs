//! NATS: requests that are answered, and messages of which none is lost.

use std::{
    collections::BTreeSet,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::{Client, Subscriber};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;

use super::{
    Account, Server, Service, ServiceError, corner,
    server::{Farewell, Recipe},
};
use crate::targets::defect;

pub(crate) const SERVICE: Service = Service {
    name: "nats",
    program: "nats-server",
    package: "nats-server",
    variable: "PROOFLOAD_NATS_URL",
    // Debian puts it where PATH of an ordinary account does not look.
    folders: &["/usr/sbin"],
};

/// What a case asks that needs NATS.
pub(crate) fn is_there() -> Result<(), ServiceError> {
    SERVICE.is_there()
}

/// Answers of the server and of the responder; a busy machine takes its time.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// For the last messages, after the last one that came.
const LAST_WITHIN: Duration = Duration::from_secs(5);

/// Between two looks at what has come.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How to use a [`Nats`].
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The twin that loses one in two hundred messages before they are sent.
    pub(crate) loses_messages: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { loses_messages: defect::is("services.nats_loses_messages") }
    }
}

/// Why an operation on NATS has no right answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("nats: {0}")]
    Nats(#[from] async_nats::Error),
    #[error("wrong answer: {asked} was asked, and {answered:?} came")]
    OtherAnswer { asked: u64, answered: String },
}

/// What came in at the subscriber.
#[derive(Debug, Default)]
struct Received {
    numbers: BTreeSet<u64>,
    /// Messages that came a second time, or that nobody sent.
    strange: u64,
}

/// NATS with a responder and a subscriber: clients of their own, as three programs would be.
pub(crate) struct Nats {
    client: Client,
    options: Options,
    corner: String,
    published: AtomicU64,
    received: Arc<Mutex<Received>>,
    serving: [JoinHandle<()>; 2],
    url: String,
    /// Stopped last; none where the server is somebody else's.
    server: Option<Server>,
}

impl Nats {
    /// Starts a server in `folder`, or uses the one that the variable names.
    pub(crate) async fn open(folder: &Path, options: Options) -> Result<Self, ServiceError> {
        let (url, server) = match SERVICE.url() {
            Some(url) => (url, None),
            None => {
                let (server, url) = start(folder).await?;
                (url, Some(server))
            }
        };
        let corner = corner();
        let responder = connect(&url).await.map_err(unusable)?;
        let questions = responder.subscribe(format!("{corner}.question")).await.map_err(unusable)?;
        responder.flush().await.map_err(unusable)?;
        let subscriber = connect(&url).await.map_err(unusable)?;
        let numbers = subscriber.subscribe(format!("{corner}.number")).await.map_err(unusable)?;
        // The server knows of the subscriptions before anything is sent.
        subscriber.flush().await.map_err(unusable)?;
        let received = Arc::default();
        let serving = [
            tokio::spawn(respond(responder, questions)),
            tokio::spawn(collect(subscriber, numbers, Arc::clone(&received))),
        ];
        let client = connect(&url).await.map_err(unusable)?;
        Ok(Self { client, options, corner, published: AtomicU64::new(0), received, serving, url, server })
    }

    /// Where the server is that was started for this; none where it is somebody else's.
    pub(crate) fn started_at(&self) -> Option<&str> {
        self.server.as_ref().map(|_| self.url.as_str())
    }

    /// Asks question `number`, which only its own answer is right for.
    pub(crate) async fn ask(&self, number: u64) -> Result<(), MessageError> {
        let subject = format!("{}.question", self.corner);
        let answer = self.client.request(subject, number.to_string().into()).await.map_err(boxed)?;
        match answer.payload.as_ref() == answer_to(number).as_bytes() {
            true => Ok(()),
            false => Err(MessageError::OtherAnswer {
                asked: number,
                answered: String::from_utf8_lossy(&answer.payload).into_owned(),
            }),
        }
    }

    /// Publishes `number`, each once at most.
    pub(crate) async fn publish(&self, number: u64) -> Result<(), MessageError> {
        let is_lost = self.options.loses_messages && number.is_multiple_of(200);
        if !is_lost {
            let subject = format!("{}.number", self.corner);
            self.client.publish(subject, number.to_string().into()).await.map_err(boxed)?;
        }
        self.published.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// What came beside what was published, to be asked when nothing runs: waits for the last of them.
    pub(crate) async fn settle(&self) -> Result<Account, MessageError> {
        self.client.flush().await.map_err(boxed)?;
        let published = self.published.load(Ordering::Acquire);
        let (mut seen, mut since) = (self.came(), Instant::now());
        while seen < published && since.elapsed() < LAST_WITHIN {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.came();
            if now > seen {
                (seen, since) = (now, Instant::now());
            }
        }
        Ok(Account { confirmed: published, in_doubt: 0, found: seen })
    }

    fn came(&self) -> u64 {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.numbers.len() as u64 + received.strange
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

/// The one right answer to a question.
fn answer_to(number: u64) -> String {
    format!("{number} and {} more", number.wrapping_mul(31) % 97)
}

async fn respond(client: Client, mut questions: Subscriber) {
    while let Some(question) = questions.next().await {
        let number: Option<u64> = String::from_utf8_lossy(&question.payload).parse().ok();
        let Some((reply, number)) = question.reply.zip(number) else { continue };
        // A client that is gone has nobody who waits for the answer.
        let _sent = client.publish(reply, answer_to(number).into()).await;
    }
}

async fn collect(_client: Client, mut numbers: Subscriber, received: Arc<Mutex<Received>>) {
    while let Some(message) = numbers.next().await {
        let number: Option<u64> = String::from_utf8_lossy(&message.payload).parse().ok();
        let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = number.is_some_and(|number| received.numbers.insert(number));
        if !is_new {
            received.strange += 1;
        }
    }
}

async fn start(folder: &Path) -> Result<(Server, String), ServiceError> {
    let program = SERVICE.program()?;
    let log = folder.join("nats.log");
    let command = |port: u16| {
        let mut command = Command::new(&program);
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]).current_dir(folder);
        command
    };
    let recipe = Recipe { program: SERVICE.program, log: &log, farewell: Farewell::Kill, command: &command };
    let connect = |address| async move { connect(&format!("nats://{address}")).await };
    let (server, address, _connection) = Server::start(recipe, connect).await?;
    Ok((server, format!("nats://{address}")))
}

/// A connection that has been answered.
async fn connect(url: &str) -> Result<Client, async_nats::Error> {
    let options = async_nats::ConnectOptions::new()
        .connection_timeout(ANSWER_WITHIN)
        .request_timeout(Some(ANSWER_WITHIN));
    let client = options.connect(url).await?;
    client.flush().await?;
    Ok(client)
}

fn unusable(error: impl std::fmt::Display) -> ServiceError {
    SERVICE.unusable(error)
}

fn boxed(error: impl std::error::Error + Send + Sync + 'static) -> async_nats::Error {
    Box::new(error)
}
