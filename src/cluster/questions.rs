//! When the client requests metadata, for which kind of topics, and the last description of the
//! cluster.

use std::sync::Arc;
use std::time::Instant;

use super::Cluster;
use super::backoff::Backoff;
use super::description::ClusterDescription;
use super::refresh::Refresh;
use crate::config::Config;
use crate::error::Error;
use crate::random::Random;

#[derive(Debug)]
pub(super) struct Questions {
    refresh: Refresh,
    asked: u64,
    /// Whether the last request was only for topics that the cluster may create.
    was_to_create: bool,
    /// Whether the last request was for everything.
    was_about_everything: bool,
    /// The last answer to a request for everything.
    described: Option<Arc<ClusterDescription>>,
}

impl Questions {
    pub(super) fn new(config: &Config, backoff: Backoff) -> Self {
        Self {
            refresh: Refresh::new(Some(config.metadata_max_age), backoff),
            asked: 0,
            was_to_create: false,
            was_about_everything: false,
            described: None,
        }
    }
}

impl Cluster {
    /// Requests a refresh: the metadata seems outdated.
    pub(crate) fn want(&mut self) {
        self.questions.refresh.want();
    }

    /// Requests a refresh for something new. An answer to an earlier request does not satisfy it.
    pub(crate) fn want_news(&mut self) {
        self.questions.refresh.want_news();
    }

    /// The number of requests so far.
    pub(crate) fn asked(&self) -> u64 {
        self.questions.asked
    }

    /// Returns whether a request is due, and marks it as in flight.
    pub(crate) fn poll_question(&mut self, now: Instant) -> bool {
        let is_stale = self.questions.refresh.is_stale(now);
        let asks = self.questions.refresh.poll(now);
        if asks && is_stale && !self.is_small() {
            self.pages.progress.renews_from.get_or_insert(0);
        }
        self.questions.asked += u64::from(asks);
        asks
    }

    pub(crate) fn next_event(&self) -> Option<Instant> {
        self.questions.refresh.next_event()
    }

    /// Decides whether the request is for everything, if that `is_wanted`. Such a request creates
    /// no topic, and its answer does not say why a topic is missing. So it never follows another
    /// one while a topic `needs_a_name` in the request: repeated calls for everything would
    /// otherwise starve the records of that topic.
    pub(crate) fn is_about_everything(&mut self, is_wanted: bool, needs_a_name: bool) -> bool {
        self.questions.was_about_everything =
            is_wanted && !(self.questions.was_about_everything && needs_a_name);
        self.questions.was_about_everything
    }

    /// Decides whether the request may create topics, if that `is_wanted`. Calls that only look up
    /// a topic must not create it. Their requests alternate with those that may.
    pub(crate) fn may_create(&mut self, is_wanted: bool, others_ask: bool) -> bool {
        self.questions.was_to_create = is_wanted && !(self.questions.was_to_create && others_ask);
        self.questions.was_to_create
    }

    /// Processes an answer. `complete` means that nothing in it requires another request soon. If
    /// the request was for one page, the next page follows immediately, and an incomplete page is
    /// repeated after the last one.
    pub(crate) fn answered(&mut self, now: Instant, complete: bool, random: &mut Random) {
        let is_small = self.is_small();
        let Self { pages, questions: Questions { refresh, .. }, .. } = self;
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

    /// Schedules another attempt after a failed request, if it is still `needed`.
    pub(crate) fn not_answered(
        &mut self,
        now: Instant,
        error: Error,
        needed: bool,
        backoff: Backoff,
        random: &mut Random,
    ) {
        let Self { pages, questions: Questions { refresh, .. }, .. } = self;
        pages.progress = pages.before;
        refresh.failed(now, error, needed, backoff, random);
    }

    /// Whether a broker has ever answered.
    pub(crate) fn was_reached(&self) -> bool {
        self.questions.refresh.was_renewed()
    }

    /// The error of the last request, if it failed.
    pub(crate) fn last_failure(&self) -> Option<&Error> {
        self.questions.refresh.last_failure()
    }

    /// Keeps the description of everything.
    pub(crate) fn describe_all(&mut self, description: ClusterDescription) {
        self.questions.described = Some(Arc::new(description));
    }

    pub(crate) fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.questions.described.clone()
    }
}
