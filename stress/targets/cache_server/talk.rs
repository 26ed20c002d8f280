//! What agents say to the server: conversations of several turns that begin with the same instructions.
//!
//! All agents of a house are told the same about themselves, so that what one of them asks would be found in another's
//! cache, if anything could be.

use super::{
    super::vector_index::corpus::Corpus,
    wire::{Answer, Message, ModelName, Request, Role},
};

/// Documents to ask about.
const DOCUMENTS: u32 = 1_000;

/// Documents that are the instructions: long enough to make the most of a prompt with a short question.
const INSTRUCTIONS: u32 = 3;

/// What the agents of a house have in common.
#[derive(Debug, Clone)]
pub(crate) struct House {
    corpus: Corpus,
}

/// How an agent asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Which model it asks.
    pub model: ModelName,
    /// Words of a short question; a long one has half as many more.
    pub words: usize,
    /// The longest answer.
    pub max_tokens: u32,
}

impl Manner {
    /// A line, and a short answer of the small model.
    pub(crate) const SHORT: Self = Self { model: ModelName::Small, words: 12, max_tokens: 32 };

    /// Pages, and whatever the large model has to say of them.
    pub(crate) const LONG: Self = Self { model: ModelName::Large, words: 600, max_tokens: 512 };
}

impl House {
    /// A house whose texts follow from `seed`.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { corpus: Corpus::seeded(seed, DOCUMENTS) }
    }

    /// A conversation of the agent called `agent`, in which nothing was asked yet.
    pub(crate) fn talk(&self, agent: impl Into<String>, manner: Manner) -> Request {
        let instructions = (0..INSTRUCTIONS).map(|number| self.corpus.document(number).text);
        let content = instructions.collect::<Vec<_>>().join(" ");
        let messages = vec![Message { role: Role::System, content }];
        Request { model: manner.model, messages, max_tokens: manner.max_tokens, agent: agent.into() }
    }

    /// The same with question `number` asked.
    pub(crate) fn question(&self, agent: impl Into<String>, manner: Manner, number: u64) -> Request {
        let mut talk = self.talk(agent, manner);
        self.ask(&mut talk, manner, number);
        talk
    }

    /// Asks question `number` in a conversation, in place of a last one that was not answered.
    pub(crate) fn ask(&self, talk: &mut Request, manner: Manner, number: u64) {
        talk.messages.pop_if(|last| last.role == Role::User);
        let longer = number as usize % (manner.words / 2 + 1);
        let content = self.words(manner.words + longer, number);
        talk.messages.push(Message { role: Role::User, content });
    }

    /// `words` of as many documents as it takes, from document `number` on.
    fn words(&self, words: usize, number: u64) -> String {
        let others = u64::from(DOCUMENTS - INSTRUCTIONS);
        let documents = (number..).map(|number| INSTRUCTIONS + (number % others) as u32);
        let mut text = String::with_capacity(words * 8);
        let mut left = words;
        for document in documents {
            for word in self.corpus.document(document).text.split(' ').take(left) {
                text.push_str(word);
                text.push(' ');
                left -= 1;
            }
            if left == 0 {
                break;
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Goes on with a conversation after the answer to its last question.
pub(crate) fn hear(talk: &mut Request, answer: &Answer) {
    talk.messages.push(Message { role: answer.role, content: answer.content.clone() });
}
