//! Answers calls that wait for the cluster, and decides what the cluster is asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Machine;
use super::wording::Limit;
use crate::error::{Error, Result};
use crate::producer::calls::{Call, Need};
use crate::producer::question::MetadataWanted;

impl<W> Machine<W> {
    pub(super) fn ask(&mut self, now: Instant, limit: Duration, need: Need, waiter: W) {
        let (until, asked_before) = (now + limit, self.cluster.asked());
        self.calls.add(Call { need, limit, asked_before, until, waiter });
        self.cluster.want_news();
    }

    /// Settles the calls that the cluster's last answer served, which was about `everything` or
    /// about some topics. Returns whether it served all: a call about a topic that was not in the
    /// question still waits.
    pub(super) fn answer_calls(&mut self, everything: bool) -> bool {
        self.settle_calls(|machine, call| machine.answer_to(call, everything));
        self.calls.is_empty()
    }

    /// Fails those who have waited for too long.
    pub(super) fn expire_calls(&mut self, now: Instant) {
        if self.calls.next_event().is_none_or(|until| until > now) {
            return;
        }
        self.settle_calls(|machine, call| {
            let error = || match call.need {
                Need::Topic { index, .. } => machine.not_located(index, call.limit),
                Need::Anything | Need::Everything => {
                    machine.unreachable(Limit::of_call(call.limit, &machine.config))
                }
            };
            (call.until <= now).then(|| Err(error()))
        });
    }

    pub(super) fn drop_calls(&mut self, error: &Error) {
        self.settle_calls(|_, _| Some(Err(error.clone())));
    }

    fn settle_calls(&mut self, result: impl Fn(&Self, &Call<W>) -> Option<Result<()>>) {
        if self.calls.is_empty() {
            return;
        }
        let mut calls = std::mem::take(&mut self.calls);
        for (Call { need, waiter, .. }, result) in calls.take(|call| result(self, call)) {
            if let Need::Topic { index, .. } = need {
                self.queues[index].answered();
            }
            self.results.call(waiter, result);
        }
        self.calls = calls;
    }

    fn answer_to(&self, call: &Call<W>, everything: bool) -> Option<Result<()>> {
        let is_new = self.cluster.asked() > call.asked_before;
        let (index, creates) = match call.need {
            Need::Anything => return Some(Ok(())),
            Need::Everything => return (everything && is_new).then_some(Ok(())),
            Need::Topic { index, creates } => (index, creates),
        };
        let topic = self.cluster.topic(index);
        if topic.is_known() && (creates || topic.described_by() > call.asked_before) {
            return Some(Ok(()));
        }
        let refused = topic.refusal().is_some_and(|code| !code.retriable());
        refused.then(|| Err(self.not_located(index, call.limit)))
    }

    fn not_located(&self, topic: usize, limit: Duration) -> Error {
        let limit = Limit::of_call(limit, &self.config);
        self.unknown_topic(topic, limit).topic(self.cluster.topic(topic).name())
    }

    /// What the question that is due is about. The cluster is asked about topics in pages, as
    /// callers wait for the machine while it takes in an answer.
    pub(super) fn next_question(&mut self) -> MetadataWanted {
        let mut matter = self.queues.topics_with_records();
        let is_missed = matter.iter().any(|index| self.is_missed(*index));
        let everything = self.asks_about_everything(is_missed);
        let to_create: BTreeSet<_> = self.calls.topics_to_create().collect();
        let creates = !everything && (is_missed || !to_create.is_empty());
        let may_create =
            !everything && self.cluster.may_create(creates, self.is_asked_for_topics());
        let page = if everything {
            self.cluster.no_page();
            self.cluster.indices().collect()
        } else if may_create {
            matter.extend(&to_create);
            self.cluster.page_to_create(&matter, &to_create)
        } else {
            let calls = self.calls.topics().collect();
            matter.extend(&calls);
            self.cluster.page(&matter, &calls)
        };
        let topics = page.into_iter().map(|index| self.cluster.name_of(index)).collect();
        MetadataWanted { topics, may_create, everything }
    }

    /// Decides whether the question that is due is about everything.
    fn asks_about_everything(&mut self, is_missed: bool) -> bool {
        let is_wanted = self.calls.ask(|need| need == Need::Everything);
        let needs_a_name = is_missed || self.calls.ask(|need| matches!(need, Need::Topic { .. }));
        self.cluster.is_about_everything(is_wanted, needs_a_name)
    }

    /// Whether there are records for a topic that does not exist, or not any more.
    pub(super) fn is_missed(&self, index: usize) -> bool {
        let queues = &self.queues[index];
        let is_missing = self.cluster.topic(index).is_missing();
        queues.has_unassigned() || is_missing && queues.has_records()
    }

    /// Whether a call looks a topic up without creating it.
    pub(super) fn is_asked_for_topics(&self) -> bool {
        self.calls.ask(|need| matches!(need, Need::Topic { creates: false, .. }))
    }
}
