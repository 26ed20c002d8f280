//! What goes over the wire: the request, the answer, the ways to refuse, and what makes a request a bad one.

use serde::{Deserialize, Serialize};

/// The most tokens that an answer may be allowed.
pub(crate) const MOST_TOKENS: u32 = 4_096;

/// The longest name of an agent, in bytes.
const LONGEST_NAME: usize = 64;

/// `POST /v1/messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Which model is to answer.
    pub model: ModelName,
    /// The conversation so far, at least one message.
    pub messages: Vec<Message>,
    /// The longest answer, at least 1 and at most [`MOST_TOKENS`].
    pub max_tokens: u32,
    /// Whose cache is used.
    pub agent: String,
}

/// The models that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelName {
    /// The quick one.
    Small,
    /// A token costs it four times as much.
    Large,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said; not empty.
    pub content: String,
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// What the agent is told about itself.
    System,
    /// The one that asks.
    User,
    /// The one that answered.
    Assistant,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Always `assistant`.
    pub role: Role,
    /// What the model says.
    pub content: String,
    /// `end_turn`, or `max_tokens` when it was cut off.
    pub stop_reason: StopReason,
    /// The agent that asked.
    pub agent: String,
    /// The token of the agent whose state the answer was made from: any but the asking agent's own is a leak.
    pub agent_token: String,
    /// Whether an earlier prompt was similar enough.
    pub cache: Lookup,
    /// What it took.
    pub usage: Usage,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StopReason {
    /// It was complete.
    EndTurn,
    /// It had `max_tokens`.
    MaxTokens,
}

/// What looking into the agent's cache gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lookup {
    /// An earlier prompt was similar enough: what it read was not read again.
    Hit,
    /// None was.
    Miss,
}

/// The tokens of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Of the conversation.
    pub prompt_tokens: u64,
    /// Of the answer.
    pub completion_tokens: u64,
    /// Of the conversation, those that the cache saved.
    pub cached_tokens: u64,
}

/// `GET /health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// Blocks of the pool.
    pub blocks_total: u64,
    /// Blocks that requests and prefixes hold.
    pub blocks_used: u64,
    /// Of those, the ones that prefixes hold.
    pub blocks_cached: u64,
    /// Cached prefixes of all agents.
    pub prefixes: u64,
    /// Agents that have a cache.
    pub agents: u64,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The body is no request.
    #[error("the body is no request: {0}")]
    Malformed(String),
    /// A field has a value that cannot be served.
    #[error("`{field}` {wrong}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it, and what would be right.
        wrong: String,
    },
    /// The request could never be served.
    #[error("the request needs {needed} blocks, and at most {most} can be had: send less")]
    TooLarge {
        /// Blocks that it needs.
        needed: u64,
        /// Blocks that can be had when nobody else has any.
        most: u64,
    },
    /// The body is longer than the server reads.
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
    /// No block is left for now.
    #[error("{used} of {total} blocks are in use: try again later")]
    Full {
        /// Blocks in use.
        used: u64,
        /// All blocks.
        total: u64,
    },
    /// As many requests as the server takes are being processed.
    #[error("too many requests at once: try again later")]
    Crowded,
    /// There is nothing at this path.
    #[error("there is nothing here: POST /v1/messages, GET /health, GET /metrics, POST /admin/reset")]
    Nowhere,
    /// The path has another method.
    #[error("this path has another method")]
    Method,
    /// A request that was let in found no block: what admission is there to prevent.
    #[error("no block is left for a request that was let in")]
    OutOfBlocks,
    /// The work broke off.
    #[error("the work broke off")]
    Broken,
}

impl Request {
    /// Reads a request and says what is wrong with it.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let request: Self =
            serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), Refusal> {
        let wrong = |field, wrong: String| Err(Refusal::Invalid { field, wrong });
        if self.agent.trim().is_empty() || self.agent.len() > LONGEST_NAME {
            return wrong("agent", format!("must have a name of at most {LONGEST_NAME} bytes"));
        }
        if self.messages.is_empty() {
            return wrong("messages", "must have at least one message".to_owned());
        }
        if let Some(at) = self.messages.iter().position(|message| message.content.trim().is_empty()) {
            return wrong("messages", format!("must not be empty, and number {at} is"));
        }
        if !(1..=MOST_TOKENS).contains(&self.max_tokens) {
            return wrong("max_tokens", format!("must be from 1 to {MOST_TOKENS}"));
        }
        Ok(())
    }
}

impl Refusal {
    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Invalid { .. } => 400,
            Self::Nowhere => 404,
            Self::Method => 405,
            Self::TooLarge { .. } | Self::Unreadable(_) => 413,
            Self::Full { .. } | Self::Crowded => 429,
            Self::OutOfBlocks | Self::Broken => 500,
        }
    }

    /// One stable word for each, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Invalid { .. } => "invalid",
            Self::TooLarge { .. } | Self::Unreadable(_) => "too_large",
            Self::Full { .. } => "pool_full",
            Self::Crowded => "crowded",
            Self::Nowhere => "not_found",
            Self::Method => "method_not_allowed",
            Self::OutOfBlocks => "out_of_blocks",
            Self::Broken => "broken",
        }
    }

    /// Whether the same request may be served a little later.
    pub(crate) fn passes(&self) -> bool {
        self.status() == 429
    }
}
