//! Where the cases of the semantic-cache server find it, what they send, and how they listen. Has no case of its own.

use std::sync::Arc;

use proofload::{
    CaseCounter, CaseRatio, Context, Outcome, Result, Run,
    http::{Http, Prepared, Request},
};

use crate::targets::cache_server::{
    CacheServer, Options,
    talk::{House, Manner, hear},
    wire::{self, Health, Lookup},
    witness::{Tokens, check},
};

/// Turns of a conversation; then the agent begins another one.
const TURNS: usize = 5;

/// The server of a case: the bundled one, which lives as long, or the one that the setting `base_url` names.
pub(super) struct Site {
    http: Http,
    house: House,
    listener: Arc<Listener>,
    /// Kept for its end.
    _bundled: Option<CacheServer>,
}

/// Looks at every answer, and counts.
pub(super) struct Listener {
    tokens: Tokens,
    hits: CaseRatio,
    prompt: CaseCounter,
    completion: CaseCounter,
    cached: CaseCounter,
}

/// A conversation that goes on.
struct Talk {
    agent: u64,
    request: wire::Request,
    turn: usize,
}

impl Site {
    /// The server that the settings name, or a bundled one with these options.
    pub(super) fn of_case(cx: &Context, options: &Options) -> Result<Self> {
        if cx.base_url().is_none() {
            return Self::bundled(cx, options);
        }
        Ok(Self::new(cx, Http::of_case(cx, String::new)?, Tokens::learned(), None))
    }

    /// A bundled server with these options, whatever the settings name: for cases that go by its size.
    pub(super) fn bundled(cx: &Context, options: &Options) -> Result<Self> {
        let server = CacheServer::start(options)?;
        let http = Http::to(format!("http://{}", server.address()))?.counted_by(cx.traffic());
        Ok(Self::new(cx, http, Tokens::Of { secret: options.secret.clone() }, Some(server)))
    }

    fn new(cx: &Context, http: Http, tokens: Tokens, bundled: Option<CacheServer>) -> Self {
        let listener = Arc::new(Listener::new(cx, tokens));
        Self { http, house: House::seeded(cx.seed()), listener, _bundled: bundled }
    }

    /// Conversations of several turns: user 3 is the agent called `NAME 3`.
    pub(super) fn talks(&self, name: &'static str, manner: Manner) -> impl Prepared + use<> {
        let (house, listener) = (self.house.clone(), Arc::clone(&self.listener));
        let first = house.clone();
        self.http.sessions(
            move |agent| Talk { agent, request: first.talk(format!("{name} {agent}"), manner), turn: 0 },
            move |talk: &mut Talk, op| {
                if talk.turn == TURNS {
                    talk.request = house.talk(format!("{name} {}", talk.agent), manner);
                    talk.turn = 0;
                }
                house.ask(&mut talk.request, manner, op.index);
                message(&talk.request)
            },
            move |talk, answer| {
                let heard = listener.hear(&talk.request, answer.body())?;
                hear(&mut talk.request, &heard);
                talk.turn += 1;
                Ok(())
            },
        )
    }

    /// Single questions, by so many agents in turn.
    pub(super) fn questions(&self, name: &'static str, agents: u64, manner: Manner) -> impl Prepared + use<> {
        self.asked(move |house, index| house.question(format!("{name} {}", index % agents), manner, index))
    }

    /// What `request` makes of the number of an operation.
    pub(super) fn asked<F>(&self, request: F) -> impl Prepared + use<F>
    where
        F: Fn(&House, u64) -> wire::Request + Clone + Send + Sync + 'static,
    {
        let (house, heard_in) = (self.house.clone(), self.house.clone());
        let (asked, listener) = (request.clone(), Arc::clone(&self.listener));
        self.http
            .each(move |op| message(&request(&house, op.index)))
            .check_each(move |op, answer| listener.hear(&asked(&heard_in, op.index), answer.body()).map(drop))
    }

    /// How full the server is.
    pub(super) async fn health(&self) -> std::result::Result<Health, Outcome> {
        let answer = self.http.agent(0).send(Request::get("/health")).await?;
        answer.json().map_err(Outcome::error)
    }

    /// Puts into the report what the server did during `run`, and how full it is.
    pub(super) async fn report(&self, cx: &Context, run: &Run) {
        if cx.is_dry_run() {
            return;
        }
        let seconds = run.total().duration_s;
        for (counter, figure) in
            [("prompt_tokens", "prompt_tokens_per_second"), ("completion_tokens", "completion_tokens_per_second")]
        {
            if let (Some(tokens), true) = (run.counter(counter), seconds > 0.0) {
                cx.figure(figure, tokens / seconds, "per_sec");
            }
        }
        match self.health().await {
            Ok(health) => cx.figure("pool_use", health.blocks_used as f64 / health.blocks_total as f64, "ratio"),
            Err(outcome) => cx.note(format!("the server does not tell its health: {outcome}")),
        }
    }
}

impl Listener {
    /// Counts into `cx`: the rate `cache_hit_rate`, and `prompt_tokens`, `completion_tokens`, `cached_tokens`.
    pub(super) fn new(cx: &Context, tokens: Tokens) -> Self {
        Self {
            tokens,
            hits: cx.ratio("cache_hit_rate"),
            prompt: cx.counter("prompt_tokens"),
            completion: cx.counter("completion_tokens"),
            cached: cx.counter("cached_tokens"),
        }
    }

    /// The answer to `asked`, counted; or what is wrong with it.
    pub(super) fn hear(&self, asked: &wire::Request, body: &[u8]) -> std::result::Result<wire::Answer, String> {
        let answer: wire::Answer =
            serde_json::from_slice(body).map_err(|error| format!("it is no message: {error}"))?;
        check(asked, &answer)?;
        self.tokens.check(&answer)?;
        self.hits.record(answer.cache == Lookup::Hit);
        self.prompt.add(answer.usage.prompt_tokens);
        self.completion.add(answer.usage.completion_tokens);
        self.cached.add(answer.usage.cached_tokens);
        Ok(answer)
    }
}

fn message(request: &wire::Request) -> Request {
    Request::post("/v1/messages").json(request)
}
