//! Whether an answer is right: it is its agent's own, and it counts what was sent and said.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{
    agents::token_of,
    model::tokens,
    wire::{Answer, Lookup, Request, Role},
};

/// How an agent's token is known.
#[derive(Debug)]
pub(crate) enum Tokens {
    /// By the server's secret.
    Of { secret: String },
    /// By the first answer that the agent got: of a server whose secret is not known.
    Learned(Mutex<BTreeMap<String, String>>),
}

impl Tokens {
    /// Of a server whose secret is not known.
    pub(crate) fn learned() -> Self {
        Self::Learned(Mutex::default())
    }

    /// Whether the answer was made from what its agent has said, and nobody else.
    pub(crate) fn check(&self, answer: &Answer) -> Result<(), String> {
        let is_own = match self {
            Self::Of { secret } => answer.agent_token == token_of(secret, &answer.agent),
            Self::Learned(known) => {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                let is_anothers =
                    known.iter().any(|(agent, token)| *agent != answer.agent && *token == answer.agent_token);
                let own = known.entry(answer.agent.clone()).or_insert_with(|| answer.agent_token.clone());
                *own == answer.agent_token && !is_anothers
            }
        };
        if is_own { Ok(()) } else { Err("a leak: an agent's answer has another agent's token".to_owned()) }
    }
}

/// Whether the answer fits the question; what is wrong with it in words that do not differ from one answer to the next.
pub(crate) fn check(asked: &Request, answer: &Answer) -> Result<(), String> {
    let usage = answer.usage;
    let wrong = |what: &str| Err(what.to_owned());
    if answer.agent != asked.agent || answer.role != Role::Assistant {
        return wrong("it is not for the agent that asked");
    }
    let sent: u64 = asked.messages.iter().map(|message| tokens(&message.content).count() as u64).sum();
    if usage.prompt_tokens != sent {
        return wrong("it counts other tokens than the prompt has");
    }
    let said = tokens(&answer.content).count() as u64;
    if usage.completion_tokens != said || said == 0 || said > u64::from(asked.max_tokens) {
        return wrong("it does not have the tokens that it counts, or too many");
    }
    match (answer.cache, usage.cached_tokens) {
        (Lookup::Hit, 0) => wrong("a hit without cached tokens"),
        (Lookup::Miss, 1..) => wrong("cached tokens without a hit"),
        (Lookup::Hit, cached) if cached > sent => wrong("more cached tokens than the prompt has"),
        (Lookup::Hit | Lookup::Miss, _) => Ok(()),
    }
}
