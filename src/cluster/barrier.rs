use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::message::{Arrival, WhichNode};

/// When all wait, each for others, this long passes before that is said: loads that run beside each other may be met for
/// in any order.
const DIFFERENT_WAYS_NS: u64 = 10_000_000_000;

/// Meetings that nodes wait for.
#[derive(Debug, Default)]
pub(super) struct Barriers {
    waiting: BTreeMap<String, Waiting>,
    refused: BTreeMap<String, String>,
    /// When somebody came last.
    last_ns: u64,
}

/// Those that have come to a meeting.
#[derive(Debug, Default)]
struct Waiting {
    arrived: BTreeMap<u32, Arrival>,
    /// The first that has something else to agree on than another.
    other: Option<(u32, u32)>,
}

/// Who can come to a meeting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present<'a> {
    pub(super) nodes: &'a BTreeSet<u32>,
    /// Nodes that are not waited for because the case is over for them.
    pub(super) left: &'a BTreeSet<u32>,
    /// Why nobody can meet any more, if so.
    pub(super) refuse: Option<&'a str>,
    pub(super) hosts: &'a [String],
}

/// What has become of a meeting.
#[derive(Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) key: String,
    /// What each node brought, or why the meeting does not take place.
    pub(super) outcome: Result<BTreeMap<u32, Arrival>, String>,
}

impl Settled {
    /// What is told to everybody who came.
    pub(super) fn told(arrived: &BTreeMap<u32, Arrival>) -> BTreeMap<u32, Value> {
        let gathers = arrived.values().any(|arrival| arrival.gathers);
        let said = arrived.iter().filter(|(node, _)| gathers || **node == 0);
        said.map(|(node, arrival)| (*node, arrival.told.clone())).collect()
    }
}

impl Barriers {
    /// A node is there.
    pub(super) fn arrive(&mut self, node: u32, arrival: Arrival, now_ns: u64) {
        self.last_ns = now_ns;
        let waiting = self.waiting.entry(arrival.key.clone()).or_default();
        // Here rather than at each look: that would be every arrival against every other.
        if waiting.other.is_none()
            && let Some((first, one)) = waiting.arrived.first_key_value()
            && one.agree != arrival.agree
        {
            waiting.other = Some((node.min(*first), node.max(*first)));
        }
        waiting.arrived.insert(node, arrival);
    }

    /// The meetings that are decided now.
    pub(super) fn settle(&mut self, present: Present<'_>, now_ns: u64) -> Vec<Settled> {
        let mut settled = Vec::new();
        let keys: Vec<String> = self.waiting.keys().cloned().collect();
        for key in keys {
            let Some(outcome) = self.decided(&key, present) else { continue };
            let arrived = self.waiting.remove(&key).unwrap_or_default().arrived;
            if let Err(sentence) = &outcome {
                self.refused.insert(key.clone(), sentence.clone());
            }
            settled.push(Settled { key, outcome: outcome.map(|()| arrived) });
        }
        settled.extend(self.different_ways(present, now_ns));
        settled
    }

    fn decided(&self, key: &str, present: Present<'_>) -> Option<Result<(), String>> {
        let Waiting { arrived, other } = &self.waiting[key];
        if let Some(sentence) = self.refused.get(key) {
            return Some(Err(sentence.clone()));
        }
        let which = |node: u32| WhichNode(node, present.hosts);
        if let Some((first, node)) = other {
            return Some(Err(format!(
                "the nodes do not agree at `{key}`: {} has `{}`, {} has `{}`",
                which(*first),
                arrived[first].agree,
                which(*node),
                arrived[node].agree
            )));
        }
        let are_enough = arrived.len() >= present.nodes.len();
        if are_enough && present.nodes.iter().all(|node| arrived.contains_key(node)) {
            return Some(Ok(()));
        }
        if let Some(sentence) = present.refuse {
            return Some(Err(sentence.to_owned()));
        }
        let gone = present.left.iter().find(|node| !arrived.contains_key(node))?;
        Some(Err(format!("{} ended the case without coming to `{key}`", which(*gone))))
    }

    /// All nodes wait, and none of their meetings can take place.
    fn different_ways(&mut self, present: Present<'_>, now_ns: u64) -> Vec<Settled> {
        if now_ns < self.last_ns + DIFFERENT_WAYS_NS {
            return Vec::new();
        }
        let place = |node: &u32| self.waiting.iter().find(|(_, waiting)| waiting.arrived.contains_key(node));
        let places: Option<Vec<_>> =
            present.nodes.iter().map(|node| place(node).map(|(key, _)| (*node, key))).collect();
        let Some(places) = places else { return Vec::new() };
        let Some(((first, one), (other, another))) =
            places.first().and_then(|first| Some((*first, *places.iter().find(|(_, key)| *key != first.1)?)))
        else {
            return Vec::new();
        };
        let sentence = format!(
            "the nodes went different ways: {} waits at `{one}`, {} at `{another}`; a case must do the same on all \
             nodes, whatever differs between them goes into `cx.once`",
            WhichNode(first, present.hosts),
            WhichNode(other, present.hosts)
        );
        let waiting = std::mem::take(&mut self.waiting);
        let refuse = |key: String| {
            self.refused.insert(key.clone(), sentence.clone());
            Settled { key, outcome: Err(sentence.clone()) }
        };
        waiting.into_keys().map(refuse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        barriers: Barriers,
        nodes: BTreeSet<u32>,
        left: BTreeSet<u32>,
        hosts: Vec<String>,
    }

    impl World {
        fn of(nodes: u32) -> Self {
            let hosts = (0..nodes).map(|n| format!("host-{n}")).collect();
            Self { barriers: Barriers::default(), nodes: (0..nodes).collect(), left: BTreeSet::new(), hosts }
        }

        fn arrive(&mut self, node: u32, key: &str, agree: &str) {
            let told = Value::from(node);
            let arrival = Arrival { key: key.into(), agree: agree.into(), told, ..Arrival::default() };
            self.barriers.arrive(node, arrival, 0);
        }

        fn settle(&mut self, refuse: Option<&str>, now_ns: u64) -> Vec<String> {
            let present = Present { nodes: &self.nodes, left: &self.left, refuse, hosts: &self.hosts };
            let shown = |settled: Settled| match settled.outcome {
                Ok(arrived) => format!("{}: {:?}", settled.key, Settled::told(&arrived)),
                Err(sentence) => format!("{}: {sentence}", settled.key),
            };
            self.barriers.settle(present, now_ns).into_iter().map(shown).collect()
        }
    }

    #[test]
    fn all_have_to_be_there() {
        let mut world = World::of(3);
        world.arrive(0, "load", "10/s");
        world.arrive(2, "load", "10/s");
        world.arrive(2, "load", "10/s");
        assert!(world.settle(None, 0).is_empty());
        world.arrive(1, "load", "10/s");
        assert_eq!(world.settle(None, 0), ["load: {0: Number(0)}"]);
        assert!(world.settle(None, 0).is_empty());
    }

    #[test]
    fn both_values_are_named_where_they_differ() {
        let mut world = World::of(3);
        world.arrive(0, "load", "10/s for 5 s");
        world.arrive(2, "load", "20/s for 5 s");
        let refused = "load: the nodes do not agree at `load`: node 0 (host-0) has `10/s for 5 s`, node 2 (host-2) \
                       has `20/s for 5 s`";
        assert_eq!(world.settle(None, 0), [refused]);
        world.arrive(1, "load", "10/s for 5 s");
        assert_eq!(world.settle(None, 0), [refused], "who comes later is told the same");
    }

    #[test]
    fn nobody_waits_for_one_whose_case_is_over() {
        let mut world = World::of(2);
        world.arrive(0, "load", "");
        world.nodes.remove(&1);
        world.left.insert(1);
        world.nodes.insert(1);
        assert_eq!(world.settle(None, 0), ["load: node 1 (host-1) ended the case without coming to `load`"]);
    }

    #[test]
    fn those_that_went_different_ways_are_told_so() {
        let mut world = World::of(2);
        world.arrive(0, "a", "");
        world.arrive(1, "b", "");
        assert!(world.settle(None, DIFFERENT_WAYS_NS - 1).is_empty());
        let told = world.settle(None, DIFFERENT_WAYS_NS);
        assert_eq!(told.len(), 2);
        assert!(told[0].starts_with(
            "a: the nodes went different ways: node 0 (host-0) waits at `a`, node 1 (host-1) at `b`"
        ));
    }

    #[test]
    fn a_stop_refuses_what_cannot_take_place_any_more() {
        let mut world = World::of(2);
        world.arrive(0, "a", "");
        assert_eq!(world.settle(Some("stopped"), 0), ["a: stopped"]);
    }
}
