use std::{sync::mpsc, thread, time::Duration};

use crate::{engine::panic_text, error::Error};

/// A look for a program takes milliseconds; a service that does not answer a question in this time is not there.
const LONGEST: Duration = Duration::from_secs(10);

/// Whether what a case cannot do without is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needed {
    There,
    /// What is missing.
    Missing(String),
    /// Nobody can say, and why: the case fails rather than being left out for good.
    Unknown(String),
}

/// Asks the function of a case, on a thread that nobody waits for when it hangs.
pub(super) fn ask(needs: Option<fn() -> Result<(), Error>>) -> Needed {
    needs.map_or(Needed::There, |needs| ask_within(needs, LONGEST))
}

fn ask_within(needs: fn() -> Result<(), Error>, longest: Duration) -> Needed {
    let (tell, told) = mpsc::sync_channel(1);
    // Gone when nobody waits any more.
    let asking = thread::Builder::new().name("needs".to_owned()).spawn(move || {
        let answer = needs().map_err(|error| error.to_string());
        let _unheard = tell.send(answer);
    });
    let asking = match asking {
        Ok(asking) => asking,
        Err(error) => return Needed::Unknown(format!("what the case needs cannot be asked for: {error}")),
    };
    match told.recv_timeout(longest) {
        Ok(Ok(())) => Needed::There,
        Ok(Err(missing)) => Needed::Missing(missing),
        Err(mpsc::RecvTimeoutError::Timeout) => Needed::Unknown(format!(
            "the function that `needs` names did not answer within {}: give what it asks a timeout of its own",
            crate::units::show_duration(longest)
        )),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = asking.join().err();
            let text = panic.as_ref().map_or("", |panic| panic_text(&**panic));
            Needed::Unknown(format!(
                "the function that `needs` names panicked: {text}; have it return an error instead"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, seconds};

    #[test]
    fn what_is_there_and_what_is_missing() {
        assert_eq!(ask(None), Needed::There);
        assert_eq!(ask(Some(|| Ok(()))), Needed::There);
        let missing = ask(Some(|| Err(Error::msg("redis-server is not on PATH"))));
        assert_eq!(missing, Needed::Missing("redis-server is not on PATH".to_owned()));
    }

    #[test]
    fn a_function_that_does_not_answer_is_not_waited_for() {
        let hangs = || {
            thread::park_timeout(seconds(60));
            Ok(())
        };
        let said = "the function that `needs` names did not answer within 20 ms: give what it asks a timeout of its own";
        assert_eq!(ask_within(hangs, millis(20)), Needed::Unknown(said.to_owned()));
    }

    #[test]
    fn a_panic_is_no_answer() {
        let said = "the function that `needs` names panicked: no such thing; have it return an error instead";
        assert_eq!(ask(Some(|| panic!("no such thing"))), Needed::Unknown(said.to_owned()));
    }
}
