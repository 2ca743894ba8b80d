//! When the cluster is asked, about what in turn, and what it last said of itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::Cluster;
use super::backoff::Backoff;
use super::description::ClusterDescription;
use super::refresh::Refresh;
use crate::config::Config;
use crate::error::Error;
use crate::random::Random;

/// How many topics one question is about at most.
const PAGE: usize = 1_000;

#[derive(Debug)]
pub(super) struct Questions {
    refresh: Refresh,
    asked: u64,
    /// Whether the last question was about those topics alone that the cluster may create.
    was_to_create: bool,
    /// Whether it was about everything.
    was_about_everything: bool,
    pages: Pages,
    /// The last answer to such a question.
    described: Option<Arc<ClusterDescription>>,
}

/// Questions that are too large for one.
#[derive(Debug, Default)]
struct Pages {
    progress: Progress,
    /// The progress before the last question, for when it is not answered.
    before: Progress,
    /// Whether another page follows the last question at once.
    is_more: bool,
    /// Whether the last question ended a renewal of all topics.
    has_renewed: bool,
    /// Whether an earlier page calls for another question soon.
    is_incomplete: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Where the next page of topics that matter begins.
    from: usize,
    /// How many topics that matter have yet to get their turn.
    left: usize,
    /// Where the renewal of all topics goes on, if one is under way.
    renews_from: Option<usize>,
}

impl Progress {
    /// So many of the topics that matter. Each has its turn.
    fn turn(&mut self, matter: &BTreeSet<usize>, most: usize) -> Vec<usize> {
        if self.left == 0 {
            self.left = matter.len();
        }
        let in_turn = matter.range(self.from..).chain(matter.range(..self.from));
        let page: Vec<_> = in_turn.copied().take(most.min(self.left)).collect();
        self.left = self.left.min(matter.len()) - page.len();
        self.from = page.last().map_or(0, |last| last + 1);
        page
    }
}

impl Questions {
    pub(super) fn new(config: &Config, backoff: Backoff) -> Self {
        Self {
            refresh: Refresh::new(Some(config.metadata_max_age), backoff),
            asked: 0,
            was_to_create: false,
            was_about_everything: false,
            pages: Pages::default(),
            described: None,
        }
    }
}

impl Cluster {
    /// Something looks out of date.
    pub(crate) fn want(&mut self) {
        self.questions.refresh.want();
    }

    /// Something new is asked about: no earlier answer makes this question unnecessary.
    pub(crate) fn want_news(&mut self) {
        self.questions.refresh.want_news();
    }

    /// How many questions were asked.
    pub(crate) fn asked(&self) -> u64 {
        self.questions.asked
    }

    /// Returns whether a question is due, and marks it as under way.
    pub(crate) fn poll_question(&mut self, now: Instant) -> bool {
        let is_stale = self.questions.refresh.is_stale(now);
        let asks = self.questions.refresh.poll(now);
        if asks && is_stale && self.len() > PAGE {
            self.questions.pages.progress.renews_from.get_or_insert(0);
        }
        self.questions.asked += u64::from(asks);
        asks
    }

    pub(crate) fn next_event(&self) -> Option<Instant> {
        self.questions.refresh.next_event()
    }

    /// Decides whether the question is about everything, if that `is_wanted`. Such a question
    /// creates no topic, and its answer does not say why a topic is missing. So it never follows
    /// another one while a topic `needs_a_name` in the question: calls that want everything, over
    /// and over, would keep records from their topic.
    pub(crate) fn is_about_everything(&mut self, is_wanted: bool, needs_a_name: bool) -> bool {
        self.questions.was_about_everything =
            is_wanted && !(self.questions.was_about_everything && needs_a_name);
        self.questions.was_about_everything
    }

    /// Decides whether the question may create topics, if that `is_wanted`. Calls that only
    /// look a topic up must not create it. Their questions alternate with those that may.
    pub(crate) fn may_create(&mut self, is_wanted: bool, others_ask: bool) -> bool {
        self.questions.was_to_create = is_wanted && !(self.questions.was_to_create && others_ask);
        self.questions.was_to_create
    }

    /// The topics that a question is about which creates some: those that `matter`. If they are too
    /// many for one, those of `calls` are in each.
    pub(crate) fn page_to_create(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let Pages { progress, before, is_more, has_renewed, .. } = &mut self.questions.pages;
        (*before, *has_renewed) = (*progress, false);
        let page = matters(progress, matter, calls, PAGE);
        *is_more = progress.left > 0;
        page
    }

    /// The topics that a question is about which creates none. Where there are few topics, these are
    /// all. Where there are many, they are those that `matter`, and the others are renewed page by
    /// page once they are too old.
    pub(crate) fn page(
        &mut self,
        matter: &BTreeSet<usize>,
        calls: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let is_small = self.len() <= PAGE;
        let Pages { progress, before, is_more, has_renewed, .. } = &mut self.questions.pages;
        (*before, *has_renewed) = (*progress, false);
        if is_small {
            (*progress, *is_more) = (Progress::default(), false);
            return self.indices().collect();
        }
        let Some(from) = progress.renews_from else {
            let page = matters(progress, matter, calls, PAGE);
            *is_more = progress.left > 0;
            return page;
        };
        let mut page = matters(progress, matter, calls, PAGE / 2);
        let room = PAGE - page.len();
        let left = progress.left;
        let rest: Vec<_> = self.indices_from(from).take(room).collect();
        let next = rest.last().map_or(from, |last| last + 1);
        let pages = &mut self.questions.pages;
        pages.progress.renews_from = (rest.len() == room).then_some(next);
        pages.has_renewed = pages.progress.renews_from.is_none();
        pages.is_more = left > 0 || !pages.has_renewed;
        page.extend(rest);
        page
    }

    /// The question is about everything: no page of it is needed.
    pub(crate) fn no_page(&mut self) {
        let Pages { progress, before, is_more, has_renewed, .. } = &mut self.questions.pages;
        *before = *progress;
        (*progress, *is_more, *has_renewed) = (Progress::default(), false, true);
    }

    /// An answer came; `complete` if nothing in it calls for another soon. If the question was about
    /// a page, the next one follows at once, and what is not complete is asked about after the last.
    pub(crate) fn answered(&mut self, now: Instant, complete: bool, random: &mut Random) {
        let is_small = self.len() <= PAGE;
        let Questions { pages, refresh, .. } = &mut self.questions;
        if is_small || pages.has_renewed || !refresh.was_renewed() {
            refresh.renewed(now);
        }
        pages.is_incomplete |= !complete;
        if pages.is_more {
            refresh.answered_in_part();
        } else {
            let is_incomplete = std::mem::take(&mut pages.is_incomplete);
            refresh.succeeded(now, !is_incomplete, random);
        }
    }

    /// No answer came; asks again only while it is `needed`.
    pub(crate) fn not_answered(
        &mut self,
        now: Instant,
        error: Error,
        needed: bool,
        random: &mut Random,
    ) {
        let Questions { pages, refresh, .. } = &mut self.questions;
        pages.progress = pages.before;
        refresh.failed(now, error, needed, random);
    }

    /// Why no answer came to the last question.
    pub(crate) fn last_failure(&self) -> Option<&Error> {
        self.questions.refresh.last_failure()
    }

    /// The cluster has described everything.
    pub(crate) fn describe_all(&mut self, description: ClusterDescription) {
        self.questions.described = Some(Arc::new(description));
    }

    pub(crate) fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.questions.described.clone()
    }
}

/// At most so many topics that matter, or all of them if they are no more than a page.
fn matters(
    progress: &mut Progress,
    matter: &BTreeSet<usize>,
    calls: &BTreeSet<usize>,
    most: usize,
) -> BTreeSet<usize> {
    if matter.len() <= most {
        progress.left = 0;
        return matter.clone();
    }
    let mut page: BTreeSet<_> = calls.iter().copied().take(most / 2).collect();
    page.extend(progress.turn(matter, most - page.len()));
    page
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NONE: BTreeSet<usize> = BTreeSet::new();
    const AGE: Duration = Duration::from_secs(300);

    /// A cluster with so many topics, whose last answer came now.
    fn cluster(topics: usize, now: Instant, random: &mut Random) -> Cluster {
        let mut config = Config::new("localhost:9092").unwrap();
        config.metadata_max_age = AGE;
        let mut cluster = Cluster::new(&config, Backoff::of(&config));
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
        let error = Error::new(crate::error::ErrorKind::Unreachable, "no broker is there");
        cluster.not_answered(now, error, true, &mut random);
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
}
