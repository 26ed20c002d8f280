//! What the server counts of itself, as Prometheus reads it.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::wire::{Health, Lookup, Usage};

/// The counters of a server. Gauges are set when somebody asks.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Status, Counter>,
    seconds: Histogram,
    tokens: Family<Tokens, Counter>,
    lookups: Family<Looked, Counter>,
    evictions: Counter,
    blocks: Family<Blocks, Gauge>,
    prefixes: Gauge,
    agents: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tokens {
    kind: TokenKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names of the variants are the labels")]
enum TokenKind {
    prompt,
    completion,
    cached,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Looked {
    result: LookupResult,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names of the variants are the labels")]
enum LookupResult {
    hit,
    miss,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Blocks {
    state: BlockState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names of the variants are the labels")]
enum BlockState {
    total,
    used,
    cached,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("cache_server"),
            requests: Family::default(),
            // From 1 ms to 16 s.
            seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            tokens: Family::default(),
            lookups: Family::default(),
            evictions: Counter::default(),
            blocks: Family::default(),
            prefixes: Gauge::default(),
            agents: Gauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Requests for a message, by the status of the answer",
            self.requests.clone(),
        );
        registry.register("request_seconds", "How long requests for a message took", self.seconds.clone());
        registry.register("tokens", "Tokens of conversations and answers", self.tokens.clone());
        registry.register("cache_lookups", "Lookups in the agents' caches", self.lookups.clone());
        registry.register("evictions", "Prefixes that had to make room", self.evictions.clone());
        registry.register("blocks", "Blocks of the pool", self.blocks.clone());
        registry.register("prefixes", "Cached prefixes", self.prefixes.clone());
        registry.register("agents", "Agents that have a cache", self.agents.clone());
        self
    }

    /// A request was answered.
    pub(crate) fn request(&self, status: u16, took: Duration) {
        self.requests.get_or_create(&Status { status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// A message was made.
    pub(crate) fn message(&self, usage: Usage, lookup: Lookup) {
        let result = match lookup {
            Lookup::Hit => LookupResult::hit,
            Lookup::Miss => LookupResult::miss,
        };
        self.lookups.get_or_create(&Looked { result }).inc();
        let count = |kind, n| self.tokens.get_or_create(&Tokens { kind }).inc_by(n);
        count(TokenKind::prompt, usage.prompt_tokens);
        count(TokenKind::completion, usage.completion_tokens);
        count(TokenKind::cached, usage.cached_tokens);
    }

    /// A prefix had to go.
    pub(crate) fn eviction(&self) {
        self.evictions.inc();
    }

    /// All as text, with the gauges by `health`.
    pub(crate) fn text(&self, health: Health) -> Result<String, std::fmt::Error> {
        let set = |state, blocks: u64| self.blocks.get_or_create(&Blocks { state }).set(blocks as i64);
        set(BlockState::total, health.blocks_total);
        set(BlockState::used, health.blocks_used);
        set(BlockState::cached, health.blocks_cached);
        self.prefixes.set(health.prefixes as i64);
        self.agents.set(health.agents as i64);
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
