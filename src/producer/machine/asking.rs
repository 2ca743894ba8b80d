//! Completes calls that wait for the cluster, and decides what the cluster is asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::wording::Limit;
use super::{Machine, wording};
use crate::error::{Error, Result};
use crate::producer::calls::{Call, Need};
use crate::producer::question::MetadataWanted;

impl<W> Machine<W> {
    pub(super) fn ask(&mut self, now: Instant, limit: Duration, need: Need, waiter: W) {
        let (until, asked_before) = (now + limit, self.cluster.asked());
        self.calls.add(Call { need, limit, asked_before, until, waiter });
        self.cluster.want_news();
    }

    /// Completes the calls that the cluster's last answer serves, which was about `everything` or
    /// about some topics. Returns whether no call is left: a call about a topic that was not in the
    /// question still waits.
    pub(super) fn answer_calls(&mut self, everything: bool) -> bool {
        self.settle_calls(|machine, call| machine.answer_to(call, everything));
        self.calls.is_empty()
    }

    pub(super) fn expire_calls(&mut self, now: Instant) {
        if self.calls.next_event().is_none_or(|until| until > now) {
            return;
        }
        self.settle_calls(|machine, call| {
            let error = || match call.need {
                Need::Topic { index, .. } => machine.not_located(index, call.limit),
                Need::Anything | Need::Everything => wording::unreachable(
                    &machine.cluster,
                    Limit::of_call(call.limit, &machine.config),
                ),
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
        wording::unknown_topic(&self.cluster, topic, limit).topic(self.cluster.topic(topic).name())
    }

    /// Returns the question that is due. The cluster is asked about topics in pages, as callers
    /// wait for the machine while it processes an answer.
    pub(super) fn next_question(&mut self) -> MetadataWanted {
        let mut matter = self.queues.topics_with_records();
        let is_missed = matter.iter().any(|index| self.is_missed(*index));
        let (mut to_create, mut to_look_up) = (BTreeSet::new(), BTreeSet::new());
        for (index, creates) in self.calls.topics() {
            if creates {
                to_create.insert(index)
            } else {
                to_look_up.insert(index)
            };
        }
        let creates = is_missed || !to_create.is_empty();
        let looks_up = !to_look_up.is_empty();
        let is_wanted = self.calls.ask(|need| need == Need::Everything);
        let everything = self.cluster.is_about_everything(is_wanted, creates || looks_up);
        let may_create = !everything && self.cluster.may_create(creates, looks_up);
        let page = if everything {
            self.cluster.no_page();
            self.cluster.indices().collect()
        } else if may_create {
            matter.extend(&to_create);
            self.cluster.page_to_create(&matter, &to_create)
        } else {
            to_look_up.extend(to_create);
            matter.extend(&to_look_up);
            self.cluster.page(&matter, &to_look_up)
        };
        let topics = page.into_iter().map(|index| self.cluster.name_of(index)).collect();
        MetadataWanted { topics, may_create, everything }
    }

    /// Returns whether a topic with records does not exist, or not any more.
    fn is_missed(&self, index: usize) -> bool {
        self.queues[index].has_unassigned() || self.cluster.topic(index).is_missing()
    }
}
