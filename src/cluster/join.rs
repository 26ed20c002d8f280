use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The place of a node among all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// Its number, from 0.
    pub(crate) node: u32,
    /// The machines of all nodes, by number.
    pub(crate) hosts: Vec<String>,
}

impl Seat {
    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> u32 {
        self.hosts.len() as u32
    }
}

/// Who wants to join, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Nobody else's.
    pub(crate) id: String,
    pub(crate) host: String,
    /// The number that it was given, if it was.
    pub(crate) wanted: Option<u32>,
    /// When it came, nanoseconds since 1970 by its own clock.
    pub(crate) came_ns: i64,
    pub(crate) nodes: u32,
    /// The sum over the program.
    pub(crate) build: String,
    /// The cases that it would run.
    pub(crate) cases: Vec<String>,
    /// The seed that it was given, if it was.
    pub(crate) stated_seed: Option<u64>,
    /// The seed and the name of the run if this becomes node 0.
    pub(crate) seed: u64,
    pub(crate) run_id: String,
}

impl Hello {
    /// Whether it may become node 0.
    fn is_candidate(&self) -> bool {
        self.wanted.is_none_or(|wanted| wanted == 0)
    }

    /// The lowest becomes node 0: the one that is to be, else the one that came first.
    fn rank(&self) -> (bool, i64, &str) {
        (self.wanted != Some(0), self.came_ns, &self.id)
    }
}

/// All are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    /// The number of each, by its id.
    numbers: BTreeMap<String, u32>,
    hosts: Vec<String>,
    seed: u64,
    run_id: String,
}

/// What a node knows when it has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) seat: Seat,
    /// Those of node 0.
    pub(crate) seed: u64,
    pub(crate) run_id: String,
}

/// What is said while nodes join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Hello(Hello),
    Welcome(Welcome),
    Refused { id: String, sentence: String },
}

/// A node that joins. Whoever may become node 0 hears every hello; the one that is it, or else the one that came first,
/// decides when all are there, and who may not.
#[derive(Debug)]
pub(super) struct Joining {
    /// What the run is called on the broker.
    name: String,
    me: Hello,
    /// Who has come, this node among them.
    known: BTreeMap<String, Hello>,
    refused: BTreeMap<String, String>,
    welcome: Option<Welcome>,
}

impl Joining {
    pub(super) fn new(name: &str, me: Hello) -> Self {
        let known = BTreeMap::from([(me.id.clone(), me.clone())]);
        Self { name: name.to_owned(), me, known, refused: BTreeMap::new(), welcome: None }
    }

    /// Whether this node has to hear those that come.
    pub(super) fn is_candidate(&self) -> bool {
        self.me.is_candidate()
    }

    /// Whether this node is node 0, or will be as far as is known.
    fn leads(&self) -> bool {
        let candidates = self.known.values().filter(|hello| hello.is_candidate());
        candidates.min_by_key(|hello| hello.rank()).is_some_and(|first| first.id == self.me.id)
    }

    /// Takes in what somebody said; what is to be answered.
    pub(super) fn hear(&mut self, word: Word) -> Vec<Word> {
        match word {
            Word::Hello(hello) if hello.id != self.me.id => self.came(hello),
            Word::Welcome(welcome) if welcome.numbers.contains_key(&self.me.id) => {
                self.welcome.get_or_insert(welcome);
                Vec::new()
            }
            Word::Refused { id, sentence } => {
                self.refused.entry(id).or_insert(sentence);
                Vec::new()
            }
            Word::Hello(_) | Word::Welcome(_) => Vec::new(),
        }
    }

    fn came(&mut self, hello: Hello) -> Vec<Word> {
        if let Some(welcome) = &self.welcome {
            let is_one_of_us = welcome.numbers.contains_key(&hello.id);
            // Only node 0 answers.
            if welcome.numbers.get(&self.me.id) != Some(&0) {
                return Vec::new();
            }
            return vec![match is_one_of_us {
                true => Word::Welcome(welcome.clone()),
                false => Word::Refused { sentence: self.full(welcome), id: hello.id },
            }];
        }
        // One that leads us decides whether we fit, not we.
        let outranks = hello.is_candidate() && hello.rank() < self.me.rank();
        if outranks || !self.leads() {
            self.known.insert(hello.id.clone(), hello);
            return self.decide();
        }
        match self.mismatch(&hello) {
            Some(sentence) if self.leads() => {
                self.refused.insert(hello.id.clone(), sentence.clone());
                vec![Word::Refused { id: hello.id, sentence }]
            }
            _ => {
                self.known.insert(hello.id.clone(), hello);
                self.decide()
            }
        }
    }

    fn full(&self, welcome: &Welcome) -> String {
        format!(
            "the run `{}` has all of its {} nodes ({}): if this is another run, give it a name of its own with \
             --cluster-run",
            self.name,
            welcome.hosts.len(),
            welcome.hosts.join(", ")
        )
    }

    /// Why somebody cannot be one of us.
    fn mismatch(&self, other: &Hello) -> Option<String> {
        let me = &self.me;
        let differs = |what: &str, theirs: String, ours: String, advice: &str| {
            (theirs != ours).then(|| {
                format!("{what} differs: {theirs} on {}, {ours} on {}; {advice}", other.host, me.host)
            })
        };
        let seed = |hello: &Hello| hello.stated_seed.map_or("none".to_owned(), |seed| seed.to_string());
        let taken = || {
            let wanted = other.wanted?;
            if wanted >= me.nodes {
                return Some(format!("node {wanted} of {} cannot be: they are numbered from 0", me.nodes));
            }
            let holder =
                self.known.values().find(|known| known.id != other.id && known.wanted == other.wanted)?;
            Some(format!(
                "node {wanted} is there already, on {}: give each node a number of its own, and each run a name of its \
                 own with --cluster-run",
                holder.host
            ))
        };
        differs(
            "the number of nodes",
            other.nodes.to_string(),
            me.nodes.to_string(),
            "give all the same --nodes",
        )
        .or_else(|| {
            let advice = "start the same program everywhere";
            differs("the build", other.build.clone(), me.build.clone(), advice)
        })
        .or_else(|| {
            let (theirs, ours) = apart(&other.cases, &me.cases);
            differs("the list of cases", theirs, ours, "select the same cases everywhere")
        })
        .or_else(|| {
            other.stated_seed?;
            differs("the seed", seed(other), seed(me), "give it to node 0 alone, or all the same")
        })
        .or_else(taken)
    }

    /// Whether all are there, and then who is who.
    fn decide(&mut self) -> Vec<Word> {
        let others: Vec<Hello> =
            self.known.values().filter(|hello| hello.id != self.me.id).cloned().collect();
        if !self.leads() {
            return Vec::new();
        }
        // Some came while another was to lead.
        let mut words = Vec::new();
        for other in others {
            if let Some(sentence) = self.mismatch(&other) {
                self.known.remove(&other.id);
                self.refused.insert(other.id.clone(), sentence.clone());
                words.push(Word::Refused { id: other.id, sentence });
            }
        }
        if self.known.len() < self.me.nodes as usize {
            return words;
        }
        let mut in_order: Vec<&Hello> = self.known.values().collect();
        in_order.sort_by_key(|hello| (hello.id != self.me.id, hello.came_ns, &hello.id));
        let mut places: Vec<Option<&Hello>> = vec![None; self.me.nodes as usize];
        for hello in in_order.iter().copied().filter(|hello| hello.wanted.is_some()) {
            if let Some(place) = hello.wanted.and_then(|wanted| places.get_mut(wanted as usize)) {
                *place = Some(hello);
            }
        }
        let mut free = in_order.into_iter().filter(|hello| hello.wanted.is_none());
        places.iter_mut().filter(|place| place.is_none()).for_each(|place| *place = free.next());
        let taken = || places.iter().flatten();
        let welcome = Welcome {
            numbers: taken().enumerate().map(|(number, hello)| (hello.id.clone(), number as u32)).collect(),
            hosts: taken().map(|hello| hello.host.clone()).collect(),
            seed: self.me.stated_seed.unwrap_or(self.me.seed),
            run_id: self.me.run_id.clone(),
        };
        self.welcome = Some(welcome.clone());
        words.push(Word::Welcome(welcome));
        words
    }

    /// What is said now and then.
    pub(super) fn again(&mut self) -> Vec<Word> {
        match &self.welcome {
            Some(_) => Vec::new(),
            None => {
                let mut words = vec![Word::Hello(self.me.clone())];
                words.extend(self.decide());
                words
            }
        }
    }

    /// What has become of this node's joining.
    pub(super) fn outcome(&self) -> Option<Result<Joined, String>> {
        if let Some(sentence) = self.refused.get(&self.me.id) {
            return Some(Err(sentence.clone()));
        }
        let welcome = self.welcome.as_ref()?;
        let node = *welcome.numbers.get(&self.me.id)?;
        let seat = Seat { node, hosts: welcome.hosts.clone() };
        Some(Ok(Joined { seat, seed: welcome.seed, run_id: welcome.run_id.clone() }))
    }

    /// Who is there, and who was refused, for the sentence of one that has waited too long.
    pub(super) fn so_far(&self) -> String {
        let hosts: Vec<&str> = self.known.values().map(|hello| hello.host.as_str()).collect();
        let there = match self.is_candidate() {
            true => format!("{} of {} nodes came ({})", hosts.len(), self.me.nodes, hosts.join(", ")),
            false => "node 0 did not answer".to_owned(),
        };
        let refused: Vec<&str> = self.refused.values().map(String::as_str).collect();
        match refused.is_empty() {
            true => there,
            false => format!("{there}; refused: {}", refused.join("; ")),
        }
    }
}

/// Two lists of cases as far as they differ.
fn apart(theirs: &[String], ours: &[String]) -> (String, String) {
    let only = |some: &[String], others: &[String]| {
        let only: Vec<&str> =
            some.iter().filter(|case| !others.contains(case)).map(String::as_str).take(3).collect();
        let and =
            if only.is_empty() { String::new() } else { format!(", `{}` among them", only.join("`, `")) };
        format!("{} cases{and}", some.len())
    };
    (only(theirs, ours), only(ours, theirs))
}

#[cfg(test)]
mod tests;
