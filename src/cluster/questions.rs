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
    /// How far the renewal of all topics has come that is under way.
    renewed: Option<usize>,
    /// Where the next page of topics that matter begins.
    page_from: usize,
    /// Whether topics were left out of the last question that are to be asked about at once.
    is_more: bool,
    /// The last answer to such a question.
    described: Option<Arc<ClusterDescription>>,
}

impl Questions {
    pub(super) fn new(config: &Config, backoff: Backoff) -> Self {
        Self {
            refresh: Refresh::new(Some(config.metadata_max_age), backoff),
            asked: 0,
            was_to_create: false,
            was_about_everything: false,
            renewed: None,
            page_from: 0,
            is_more: false,
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

    /// Whether to ask now; whoever is told so asks.
    pub(crate) fn poll_question(&mut self, now: Instant) -> bool {
        if self.questions.refresh.is_stale(now) {
            self.questions.renewed.get_or_insert(0);
        }
        let asks = self.questions.refresh.poll(now);
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

    /// Decides whether the question may create topics, if that `is_wanted`. Whoever only asks about
    /// a topic does not want it created, and has his turn between those who do.
    pub(crate) fn may_create(&mut self, is_wanted: bool, others_ask: bool) -> bool {
        self.questions.was_to_create = is_wanted && !(self.questions.was_to_create && others_ask);
        self.questions.was_to_create
    }

    /// The topics that the question is about: those that `matter`, and if it creates none, others as
    /// well. Where there are few topics, these are all; where there are many, they are renewed page
    /// by page once they are too old.
    pub(crate) fn next_page(&mut self, matter: &BTreeSet<usize>, creates: bool) -> Vec<usize> {
        self.questions.is_more = false;
        if !creates && self.len() <= PAGE {
            self.questions.renewed = None;
            return self.indices().collect();
        }
        if matter.len() > PAGE {
            return self.turn_page(matter);
        }
        let mut page: Vec<_> = matter.iter().copied().collect();
        if let Some(from) = self.questions.renewed.filter(|_| !creates) {
            let rest: Vec<_> = self.indices_from(from).take(PAGE - page.len()).collect();
            self.questions.renewed = rest.last().map(|last| last + 1);
            self.questions.is_more = self.questions.renewed.is_some();
            page.extend(rest.into_iter().filter(|index| !matter.contains(index)));
        }
        page
    }

    /// A page of topics that are too many for one. Each has its turn.
    fn turn_page(&mut self, matter: &BTreeSet<usize>) -> Vec<usize> {
        let from = self.questions.page_from;
        let in_turn = matter.range(from..).chain(matter.range(..from));
        let page: Vec<_> = in_turn.copied().take(PAGE).collect();
        self.questions.is_more = true;
        self.questions.page_from = page.last().map_or(0, |last| last + 1);
        page
    }

    /// An answer came; `complete` if nothing in it calls for another soon.
    pub(crate) fn answered(&mut self, now: Instant, complete: bool, random: &mut Random) {
        self.questions.refresh.succeeded(now, complete, random);
        if std::mem::take(&mut self.questions.is_more) {
            self.questions.refresh.want_at_once();
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
        self.questions.refresh.failed(now, error, needed, random);
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
