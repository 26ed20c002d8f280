//! What the server does, apart from HTTP: lets a request in, makes the message on a thread for work, caches the prompt.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    Options,
    agents::{Agents, token},
    blocks::{BlockPool, Held, Upto, blocks_for},
    cache::{Prefix, Wanted},
    metrics::Metrics,
    model::{End, Model, State, tokens},
    wire::{Answer, Health, Lookup, Refusal, Request, Role, StopReason, Usage},
};
use crate::targets::vector_index::embed::embed;

/// The weights are the same in each server: so are the answers.
const WEIGHTS_SEED: u64 = 17;

/// All that requests share.
#[derive(Debug)]
pub(crate) struct Service {
    similarity: f32,
    admission: Admission,
    pool: Arc<BlockPool>,
    agents: Agents,
    model: Model,
    metrics: Metrics,
}

/// Who may take blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admission {
    /// Who fits in under the limit.
    Checked,
    /// Everybody: the broken twin.
    Open,
}

/// Where the work on a request is.
struct Work {
    request: Request,
    state: State,
    cached: u64,
}

impl Service {
    /// A service with nothing cached.
    pub(crate) fn new(options: &Options) -> Self {
        let admission = if options.no_admission { Admission::Open } else { Admission::Checked };
        Self {
            similarity: options.similarity,
            admission,
            pool: BlockPool::new(options.blocks, options.keeps_blocks),
            agents: Agents::new(&options.secret, options.agents, options.leaks_between_agents),
            model: Model::seeded(WEIGHTS_SEED, options.bytes_per_token),
            metrics: Metrics::new(),
        }
    }

    /// The message that `request` asks for. Dropping the future ends the work at the next token.
    pub(crate) async fn message(self: &Arc<Self>, request: Request) -> Result<Answer, Refusal> {
        let prompt: u64 =
            request.messages.iter().map(|message| tokens(&message.content).count() as u64).sum();
        let held = self.admit(blocks_for(prompt + u64::from(request.max_tokens)))?;
        let (reply, answered) = oneshot::channel();
        let service = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let wanted = || !reply.is_closed();
            if let Some(answer) = service.work(request, prompt, held, wanted) {
                // Nobody may be left to hear it.
                let _ = reply.send(answer);
            }
        });
        // Without an answer the work panicked, or the server is being stopped.
        answered.await.map_err(|_gone| Refusal::Broken)
    }

    /// How full it is.
    pub(crate) fn health(&self) -> Health {
        let agents = self.agents.all();
        let (mut prefixes, mut blocks_cached) = (0, 0);
        for agent in &agents {
            let cache = agent.cache();
            prefixes += cache.len();
            blocks_cached += cache.blocks();
        }
        let (blocks_total, blocks_used) = (self.pool.total(), self.pool.used());
        Health { blocks_total, blocks_used, blocks_cached, prefixes, agents: agents.len() as u64 }
    }

    /// Forgets all agents; says how many prefixes they had.
    pub(crate) fn reset(&self) -> u64 {
        self.agents.forget()
    }

    /// What it counts.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes `blocks` from the pool; prefixes make room where they must.
    fn admit(&self, blocks: u64) -> Result<Held, Refusal> {
        match self.admission {
            Admission::Open => self.pool.take(blocks, Upto::Brim).ok_or(Refusal::OutOfBlocks),
            Admission::Checked => {
                let most = self.pool.most(Upto::Limit);
                if blocks > most {
                    return Err(Refusal::TooLarge { needed: blocks, most });
                }
                loop {
                    if let Some(held) = self.pool.take(blocks, Upto::Limit) {
                        return Ok(held);
                    }
                    if !self.agents.evict() {
                        return Err(Refusal::Full { used: self.pool.used(), total: self.pool.total() });
                    }
                    self.metrics.eviction();
                }
            }
        }
    }

    /// Reads the prompt, or what the cache has not read of it, and says the answer. `None` when nobody wants it any more.
    fn work(
        &self,
        request: Request,
        prompt: u64,
        held: Held,
        is_wanted: impl Fn() -> bool,
    ) -> Option<Answer> {
        let agent = self.agents.named(&request.agent);
        let text =
            request.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join(" ");
        let direction = embed(&text);
        let (model, similarity) = (request.model, self.similarity);
        let found = direction
            .as_ref()
            .and_then(|direction| self.agents.find(&agent, &Wanted { model, direction, similarity }));
        let lookup = if found.is_some() { Lookup::Hit } else { Lookup::Miss };
        let (state, read) =
            found.map_or((State::sealed(agent.seal()), 0), |found| (found.state, found.tokens));
        let mut work = Work { request, state, cached: read.min(prompt) };
        self.read(&mut work, &is_wanted)?;
        let state = work.state.clone();
        // A prompt that the cache had read to its end is there already.
        let is_new = prompt > work.cached;
        let answer = self.say(work, prompt, lookup, &is_wanted)?;
        if let (Some(direction), true) = (direction, is_new) {
            let (held, used) = (held.keep(blocks_for(prompt)), self.agents.now());
            self.agents.insert(&agent, Prefix { model, direction, state, tokens: prompt, used, held });
        }
        Some(answer)
    }

    /// Reads what is left of the prompt.
    fn read(&self, work: &mut Work, is_wanted: &impl Fn() -> bool) -> Option<()> {
        let Work { request, state, cached, .. } = work;
        let prompt = request.messages.iter().flat_map(|message| tokens(&message.content));
        for token in prompt.skip(*cached as usize) {
            if !is_wanted() {
                return None;
            }
            self.model.read(request.model, state, token);
        }
        Some(())
    }

    /// Says the answer.
    fn say(&self, work: Work, prompt: u64, cache: Lookup, is_wanted: &impl Fn() -> bool) -> Option<Answer> {
        let Work { request, mut state, cached, .. } = work;
        let (length, end) = state.answer_length(request.max_tokens);
        let mut words = Vec::with_capacity(length as usize);
        for _ in 0..length {
            if !is_wanted() {
                return None;
            }
            words.push(self.model.say(request.model, &mut state));
        }
        let usage =
            Usage { prompt_tokens: prompt, completion_tokens: u64::from(length), cached_tokens: cached };
        self.metrics.message(usage, cache);
        Some(Answer {
            role: Role::Assistant,
            content: words.join(" "),
            stop_reason: match end {
                End::Turn => StopReason::EndTurn,
                End::Length => StopReason::MaxTokens,
            },
            agent: request.agent,
            agent_token: token(state.seal()),
            cache,
            usage,
        })
    }
}
