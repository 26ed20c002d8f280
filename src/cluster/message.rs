use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    clock::{Offset, Times},
    link::Number,
};
use crate::{
    engine::Look,
    observe::{Figures, Observation},
    stop::StopReason,
};

/// The span of a phase: from when to when operations fall due, without an end where that is not known.
pub(crate) type Span = (f64, Option<f64>);

/// What happened in a node's part of a load since its last delta.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Delta {
    pub(crate) load: String,
    /// Counted from 1 by each node, so that a repeat counts once.
    pub(crate) number: u64,
    /// Seconds since the load's start.
    pub(crate) at_s: f64,
    /// Operations running now.
    pub(crate) in_flight: u64,
    /// The phases in which something happened.
    pub(crate) phases: Vec<(usize, Figures)>,
    /// The tags, where somebody wants them.
    pub(crate) tags: Vec<(String, Figures)>,
    pub(crate) spans: Vec<Option<Span>>,
    /// When operations stop falling due; `None` where that is not known.
    pub(crate) end_s: Option<f64>,
}

impl Delta {
    /// The delta as a reading of the recorders.
    pub(crate) fn look(&self) -> Look {
        let span = |span: &Option<Span>| span.map(|(from, to)| from..to.unwrap_or(f64::INFINITY));
        Look {
            load: self.load.clone(),
            at_s: self.at_s,
            spans: self.spans.iter().map(span).collect(),
            end_s: self.end_s.unwrap_or(f64::INFINITY),
        }
    }
}

/// What a node brings to a meeting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Arrival {
    /// What is met for.
    pub(crate) key: String,
    /// Has to be the same on all nodes.
    pub(crate) agree: String,
    /// What the node has to say.
    pub(crate) told: Value,
    /// Whether everybody is to hear what everybody says, rather than what node 0 says.
    pub(crate) gathers: bool,
    /// What is met for is a load.
    pub(crate) load: Option<LoadTerms>,
}

/// What the merging of a load needs to know of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LoadTerms {
    /// The length of a window of the timeline.
    pub(crate) window_s: f64,
    /// Between two readings.
    pub(crate) tick_s: f64,
    /// Whether this node wants to hear the merged readings while the load runs.
    pub(crate) wants_readings: bool,
}

/// A node's part of a load is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) observation: Observation,
    /// What makes this node's figures doubtful.
    pub(crate) doubts: Vec<String>,
}

/// Why all are to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StopWord {
    /// Who says so.
    pub(crate) node: u32,
    pub(crate) reason: StopReason,
    /// `node 2 (host): the memory limit was reached`.
    pub(crate) sentence: String,
}

/// What becomes of a run that loses a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LossRule {
    /// It ends, inconclusive, with what was measured.
    #[default]
    Stop,
    /// It goes on with the others; the report says so.
    Continue,
}

/// How sentences call a node.
pub(crate) struct WhichNode<'a>(pub(crate) u32, pub(crate) &'a [String]);

impl std::fmt::Display for WhichNode<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1.get(self.0 as usize) {
            Some(host) => write!(f, "node {} ({host})", self.0),
            None => write!(f, "node {}", self.0),
        }
    }
}

/// What a node says to node 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Up {
    Arrive(Arrival),
    Delta(Box<Delta>),
    Finished(Box<Finished>),
    /// All are to stop.
    Stop(StopWord),
    /// All are to stop what was met for under this key.
    StopOne {
        key: String,
        word: StopWord,
    },
    /// All are to end this load, without a reason as planned.
    End {
        load: String,
        reason: Option<StopReason>,
    },
    /// What this is about is over for the node.
    Left,
}

/// What node 0 says to all.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Down {
    /// Everybody is there: go on, at this time of node 0's running clock.
    Go {
        key: String,
        at_ns: u64,
        told: BTreeMap<u32, Value>,
    },
    /// A meeting does not take place.
    Refused {
        key: String,
        sentence: String,
    },
    /// What happened on all nodes up to the watermark.
    Reading(Box<Delta>),
    /// What happened in a load on all nodes.
    Merged(Box<Observation>),
    Stop(StopWord),
    StopOne {
        key: String,
        word: StopWord,
    },
    End {
        load: String,
        reason: Option<StopReason>,
    },
    /// A node is lost.
    Lost {
        node: u32,
        sentence: String,
    },
    /// What this is about is over for node 0: it answers no more.
    Over,
}

/// Says that a node is there, asks for the time, and confirms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Beat {
    pub(super) sent: Times,
    /// What has arrived of what node 0 told all.
    pub(super) confirmed: u64,
    /// How far node 0's clocks are from the node's.
    pub(super) offset: Option<Offset>,
}

/// Answers a beat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Pong {
    /// The beat's own time.
    pub(super) sent: Times,
    /// Node 0's.
    pub(super) theirs: Times,
    /// What has arrived of what the node said.
    pub(super) confirmed: u64,
    /// Node 0 counts the node as lost.
    pub(super) is_lost: bool,
}

/// The head of what a node sends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct UpHead {
    pub(super) node: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) beat: Option<Beat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) piece: Option<Number>,
}

/// The head of what node 0 sends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct DownHead {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pong: Option<Pong>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) piece: Option<Number>,
}

/// A head and what it is about: a line of JSON, then the bytes.
pub(super) fn packet(head: &impl Serialize, body: &[u8]) -> Vec<u8> {
    let mut bytes = as_bytes(head);
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes
}

/// The head and the body of a packet; `None` for what is none of ours.
pub(super) fn unpacked<Head: DeserializeOwned>(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((serde_json::from_slice(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// A message as it is carried.
pub(super) fn as_bytes(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("our messages have nothing that JSON lacks")
}
