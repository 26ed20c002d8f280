use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Access, Bus, BusError, Hello, Joined,
    join::{Joining, Word},
    message::as_bytes,
};
use crate::units::show_duration;

/// Between two hellos.
const AGAIN: Duration = Duration::from_millis(200);

/// Why a node is none of the run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("this node was refused: {0}")]
    Refused(String),
    #[error(
        "the run `{name}` did not begin within {wait} (`cluster_wait`): {so_far}; start as many nodes as --nodes says, \
         one of them without a number or as --node 0"
    )]
    Missing { name: String, wait: String, so_far: String },
    #[error(
        "the thread that joins ended before it had joined, which is a fault of proofload: start the node again"
    )]
    Ended,
    #[error("the thread that joins could not be started: {0}; run fewer things at once")]
    Thread(std::io::Error),
}

/// Joins the run `name` on a broker, and waits until all nodes are there. Node 0 stays at the door for as long as this
/// process lives, for those that come too late or missed their welcome.
///
/// # Errors
/// The broker cannot be used, this node does not fit the others, or they do not come in time.
pub(crate) fn join(access: &Access, name: &str, me: Hello, wait: Duration) -> Result<Joined, JoinError> {
    let (answer, joined) = mpsc::channel();
    let (access, name) = (access.clone(), name.to_owned());
    thread::Builder::new()
        .name("proofload-lobby".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(async {
                    let connected = Bus::connect(&access, &format!("proofload {name}")).await;
                    match connected {
                        Ok(bus) => at_the_door(&bus, &name, me, wait, &answer).await,
                        Err(error) => drop(answer.send(Err(error.into()))),
                    }
                }),
                Err(error) => drop(answer.send(Err(JoinError::Thread(error)))),
            }
        })
        .map_err(JoinError::Thread)?;
    joined.recv().unwrap_or(Err(JoinError::Ended))
}

/// The subject on which nodes say that they are there, and that of the answers.
fn subjects(name: &str) -> [String; 2] {
    ["hello", "answer"].map(|what| format!("proofload.{}.{what}", as_token(name)))
}

/// A name as a part of a subject: dots, blanks and wildcards would mean something else there.
pub(super) fn as_token(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

/// Says hello and hears the answers, until this node has joined or may not; node 0 goes on.
async fn at_the_door(
    bus: &Bus,
    name: &str,
    me: Hello,
    wait: Duration,
    answer: &mpsc::Sender<Result<Joined, JoinError>>,
) {
    let [hello, answers] = subjects(name);
    let mut joining = Joining::new(name, me);
    let subscribed =
        async { Ok::<_, BusError>((bus.subscribe(&hello).await?, bus.subscribe(&answers).await?)) };
    let (mut hellos, mut heard) = match subscribed.await {
        Ok(both) => both,
        Err(error) => return drop(answer.send(Err(error.into()))),
    };
    let began = Instant::now();
    let mut again = tokio::time::interval(AGAIN);
    let mut has_joined = false;
    loop {
        let words = tokio::select! {
            Some(bytes) = hellos.next(), if joining.is_candidate() => said(&mut joining, &bytes),
            Some(bytes) = heard.next() => said(&mut joining, &bytes),
            _ = again.tick() => joining.again(),
        };
        for word in words {
            let subject = if matches!(word, Word::Hello(_)) { &hello } else { &answers };
            bus.publish(subject, as_bytes(&word)).await;
        }
        if has_joined {
            continue;
        }
        let outcome = match joining.outcome() {
            Some(Ok(joined)) => Ok(joined),
            Some(Err(sentence)) => Err(JoinError::Refused(sentence)),
            None if began.elapsed() > wait => Err(JoinError::Missing {
                name: name.to_owned(),
                wait: show_duration(wait),
                so_far: joining.so_far(),
            }),
            None => continue,
        };
        bus.flush().await;
        has_joined = outcome.as_ref().is_ok_and(|joined| joined.seat.node == 0);
        // Nobody waits for it any more when the process ends.
        let _unheard = answer.send(outcome);
        if !has_joined {
            return;
        }
    }
}

fn said(joining: &mut Joining, bytes: &[u8]) -> Vec<Word> {
    serde_json::from_slice(bytes).map_or_else(|_foreign| Vec::new(), |word| joining.hear(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_a_subject() {
        assert_eq!(as_token("my run.*>7"), "my_run___7");
        assert_eq!(subjects("a"), ["proofload.a.hello", "proofload.a.answer"]);
    }
}
