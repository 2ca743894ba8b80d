//! Many topics, asked about in pages.

use std::time::{Duration, Instant};

use super::*;
use crate::cluster::Backoff;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::random::Random;

const NONE: BTreeSet<usize> = BTreeSet::new();
const PAGE: usize = 1_000;
const AGE: Duration = Duration::from_secs(300);

fn config() -> Config {
    let config = Config::new("localhost:9092").unwrap();
    Config { metadata_max_age: AGE, ..config }
}

fn backoff() -> Backoff {
    Backoff::of(&config())
}

/// Creates a cluster with `topics` topics, refreshed at `now`.
fn cluster(topics: usize, now: Instant, random: &mut Random) -> Cluster {
    let mut cluster = Cluster::new(&config(), backoff());
    for topic in 0..topics {
        cluster.add(&format!("topic-{topic}"));
    }
    cluster.want();
    assert!(cluster.poll_question(now));
    cluster.page(&NONE, &NONE);
    cluster.answered(now, true, random);
    cluster
}

#[test]
fn all_topics_are_renewed_page_by_page() {
    let (start, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(2 * PAGE + 500, start, &mut random);
    cluster.forget(7);
    let now = start + AGE;
    let in_use = BTreeSet::from([3, 2 * PAGE]);
    let mut pages = Vec::new();
    while cluster.poll_question(now) {
        let page = cluster.page(&in_use, &NONE);
        assert!(page.len() <= PAGE, "{}", page.len());
        assert!(in_use.iter().all(|topic| page.contains(topic)), "what is in use is in each");
        cluster.answered(now, true, &mut random);
        pages.push(page);
    }
    assert_eq!(pages.len(), 3, "no page more than it takes");
    let named: BTreeSet<_> = pages.into_iter().flatten().collect();
    assert_eq!(named, cluster.indices().collect());
    assert_eq!(cluster.next_event(), Some(now + AGE), "nothing is left to ask about");
}

#[test]
fn each_of_too_many_topics_has_its_turn_at_once() {
    let (now, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(3 * PAGE, now, &mut random);
    let in_use: BTreeSet<_> = (0..=2 * PAGE).collect();
    let mut named = BTreeSet::new();
    cluster.want_news();
    for page in 0..3 {
        let now = now + page * Duration::from_millis(100);
        assert!(cluster.poll_question(now), "page {page}");
        named.extend(cluster.page_to_create(&in_use, &NONE));
        cluster.answered(now, true, &mut random);
    }
    assert_eq!(named, in_use);
}

#[test]
fn topics_that_are_not_ready_are_asked_about_after_the_last_page() {
    let (now, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(3 * PAGE, now, &mut random);
    let in_use: BTreeSet<_> = (0..2 * PAGE).collect();
    cluster.want_news();
    assert!(cluster.poll_question(now));
    let first = cluster.page_to_create(&in_use, &NONE);
    cluster.answered(now, false, &mut random);
    assert!(cluster.poll_question(now), "the second page follows at once");
    cluster.page_to_create(&in_use, &NONE);
    cluster.answered(now, true, &mut random);
    assert!(!cluster.poll_question(now), "after a pause");
    let now = now + Duration::from_secs(1);
    assert!(cluster.poll_question(now));
    assert_eq!(cluster.page_to_create(&in_use, &NONE), first);
}

#[test]
fn topics_in_use_that_are_complete_are_not_asked_about_again() {
    let (now, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(3 * PAGE, now, &mut random);
    let in_use: BTreeSet<_> = (0..=2 * PAGE).collect();
    cluster.want_news();
    let mut questions = 0;
    while cluster.poll_question(now) {
        cluster.page(&in_use, &NONE);
        cluster.answered(now, true, &mut random);
        questions += 1;
    }
    assert_eq!(questions, 3);
    assert_eq!(cluster.next_event(), Some(now + AGE));
}

#[test]
fn a_page_that_is_not_answered_is_asked_for_again() {
    let (start, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(2 * PAGE, start, &mut random);
    let now = start + AGE;
    assert!(cluster.poll_question(now));
    let first = cluster.page(&NONE, &NONE);
    let error = Error::new(ErrorKind::Unreachable, "no broker is there");
    cluster.not_answered(now, error, true, backoff(), &mut random);
    assert!(!cluster.poll_question(now), "after a pause");
    let now = now + Duration::from_secs(10);
    assert!(cluster.poll_question(now));
    assert_eq!(cluster.page(&NONE, &NONE), first);
}

#[test]
fn many_topics_in_use_do_not_keep_a_renewal_going() {
    let (start, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(5 * PAGE, start, &mut random);
    let in_use: BTreeSet<_> = (0..2 * PAGE).collect();
    let now = start + AGE;
    let (mut named, mut questions) = (BTreeSet::new(), 0);
    while cluster.poll_question(now) {
        named.extend(cluster.page(&in_use, &NONE));
        cluster.answered(now, true, &mut random);
        questions += 1;
    }
    assert!(questions <= 12, "{questions} questions");
    assert_eq!(named, cluster.indices().collect());
}

#[test]
fn a_missing_topic_is_asked_for_with_pauses_while_others_are_renewed() {
    let (start, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(5 * PAGE, start, &mut random);
    let missing = BTreeSet::from([17]);
    let now = start + AGE;
    assert!(cluster.poll_question(now));
    assert_eq!(cluster.page_to_create(&missing, &NONE), missing);
    cluster.answered(now, false, &mut random);
    assert!(!cluster.poll_question(now), "after a pause");
    assert!(cluster.next_event().unwrap() > now);
}

#[test]
fn questions_about_some_topics_do_not_put_off_the_renewal_of_all() {
    let (start, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(2 * PAGE, start, &mut random);
    let now = start + AGE / 2;
    cluster.want();
    assert!(cluster.poll_question(now));
    cluster.page(&BTreeSet::from([3]), &NONE);
    cluster.answered(now, true, &mut random);
    assert_eq!(cluster.next_event(), Some(start + AGE));
}

#[test]
fn a_topic_of_a_call_is_in_each_page() {
    let (now, mut random) = (Instant::now(), Random::new(1));
    let mut cluster = cluster(3 * PAGE, now, &mut random);
    let last = 3 * PAGE - 1;
    let matter = (0..2 * PAGE).chain([last]).collect();
    assert!(cluster.page(&matter, &BTreeSet::from([last])).contains(&last));
    assert!(cluster.page(&matter, &BTreeSet::from([last])).contains(&last));
}
