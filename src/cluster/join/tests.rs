use std::collections::VecDeque;

use super::*;

fn hello(id: &str, wanted: Option<u32>, came_ns: i64) -> Hello {
    Hello {
        id: id.to_owned(),
        host: format!("host-{id}"),
        wanted,
        came_ns,
        nodes: 3,
        build: "abc".to_owned(),
        cases: vec!["cases::a".to_owned(), "cases::b".to_owned()],
        stated_seed: None,
        seed: came_ns as u64,
        run_id: format!("run-of-{id}"),
    }
}

/// Lets all say hello, hear each other, and answer, until nothing is said any more.
fn meet(all: Vec<Hello>) -> Vec<Option<Result<Joined, String>>> {
    let mut nodes: Vec<Joining> = all.into_iter().map(|me| Joining::new("stress", me)).collect();
    for _round in 0..5 {
        let mut said: VecDeque<Word> = nodes.iter_mut().flat_map(Joining::again).collect();
        while let Some(word) = said.pop_front() {
            for node in &mut nodes {
                if node.is_candidate() || !matches!(word, Word::Hello(_)) {
                    said.extend(node.hear(word.clone()));
                }
            }
        }
    }
    nodes.iter().map(Joining::outcome).collect()
}

/// The numbers that they got, or why they got none.
fn numbers(all: Vec<Hello>) -> Vec<Result<u32, String>> {
    meet(all)
        .into_iter()
        .map(|outcome| match outcome {
            Some(Ok(joined)) => Ok(joined.seat.node),
            Some(Err(sentence)) => Err(sentence),
            None => Err("waits".to_owned()),
        })
        .collect()
}

#[test]
fn numbers_follow_the_order_of_coming() {
    let all = vec![hello("b", None, 20), hello("c", None, 30), hello("a", None, 10)];
    assert_eq!(numbers(all.clone()), [Ok(1), Ok(2), Ok(0)]);
    for joined in meet(all).into_iter().flatten().flatten() {
        assert_eq!((joined.seed, joined.run_id.as_str()), (10, "run-of-a"));
        assert_eq!(joined.seat.hosts, ["host-a", "host-b", "host-c"]);
    }
}

#[test]
fn numbers_that_were_given_are_kept() {
    let all = vec![hello("b", Some(0), 20), hello("c", Some(2), 5), hello("a", Some(1), 10)];
    assert_eq!(numbers(all), [Ok(0), Ok(2), Ok(1)]);
    let mixed = vec![hello("b", Some(1), 20), hello("c", None, 30), hello("a", None, 10)];
    assert_eq!(numbers(mixed), [Ok(1), Ok(2), Ok(0)]);
}

#[test]
fn another_build_is_refused_with_both_values() {
    let other = Hello { build: "xyz".to_owned(), ..hello("c", None, 30) };
    let seen = numbers(vec![hello("a", None, 10), hello("b", None, 20), other]);
    let refused =
        "the build differs: xyz on host-c, abc on host-a; start the same program everywhere".to_owned();
    assert_eq!(seen, [Err("waits".to_owned()), Err("waits".to_owned()), Err(refused)]);
}

#[test]
fn what_must_be_the_same_is_named() {
    let refused = |other: Hello| numbers(vec![hello("a", None, 10), other])[1].clone().unwrap_err();
    let late = || hello("c", None, 30);
    assert_eq!(
        refused(Hello { nodes: 4, ..late() }),
        "the number of nodes differs: 4 on host-c, 3 on host-a; give all the same --nodes"
    );
    assert_eq!(
        refused(Hello { cases: vec!["cases::a".to_owned()], ..late() }),
        "the list of cases differs: 1 cases on host-c, 2 cases, `cases::b` among them on host-a; select the same cases \
         everywhere"
    );
    assert_eq!(
        refused(Hello { stated_seed: Some(7), ..late() }),
        "the seed differs: 7 on host-c, none on host-a; give it to node 0 alone, or all the same"
    );
    assert_eq!(
        refused(Hello { wanted: Some(3), ..late() }),
        "node 3 of 3 cannot be: they are numbered from 0"
    );
}

#[test]
fn a_number_is_given_once() {
    let seen = numbers(vec![hello("a", Some(0), 10), hello("b", Some(1), 20), hello("c", Some(1), 30)]);
    assert!(seen[2].as_ref().is_err_and(|s| s.starts_with("node 1 is there already, on host-b")), "{seen:?}");
}

#[test]
fn one_too_many_is_told_to_take_another_name() {
    let mut nodes: Vec<Joining> =
        [("a", 10), ("b", 20), ("c", 30)].map(|(id, at)| Joining::new("stress", hello(id, None, at))).into();
    let hellos: Vec<Word> = nodes.iter_mut().flat_map(Joining::again).collect();
    hellos.iter().for_each(|word| drop(nodes[0].hear(word.clone())));
    assert!(nodes[0].outcome().is_some_and(|outcome| outcome.is_ok()));
    let answer = nodes[0].hear(Word::Hello(hello("d", None, 5)));
    let [Word::Refused { id, sentence }] = &answer[..] else { panic!("{answer:?}") };
    assert_eq!(id, "d");
    assert_eq!(
        sentence,
        "the run `stress` has all of its 3 nodes (host-a, host-b, host-c): if this is another run, give it a name of its \
         own with --cluster-run"
    );
    let again = nodes[0].hear(hellos[1].clone());
    assert!(matches!(&again[..], [Word::Welcome(_)]), "who missed its welcome gets it again");
}

#[test]
fn without_a_node_0_nobody_decides() {
    let seen = numbers(vec![hello("a", Some(1), 10), hello("b", Some(2), 20)]);
    assert_eq!(seen, [Err("waits".to_owned()), Err("waits".to_owned())]);
}
