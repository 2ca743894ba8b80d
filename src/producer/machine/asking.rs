//! Calls that wait for the cluster to answer: to any question, or to one about a topic.

use std::time::{Duration, Instant};

use super::Machine;
use super::wording::Limit;
use crate::error::{Error, Result};
use crate::producer::settled::Settled;

/// Someone who waits for the cluster.
#[derive(Debug)]
pub(super) struct Asking<W> {
    /// The topic whose partitions he wants to know; `None` is satisfied with any answer.
    topic: Option<usize>,
    /// Whether the cluster may create it.
    creates: bool,
    limit: Duration,
    /// How many questions had been asked before.
    asked_before: u64,
    pub(super) until: Instant,
    waiter: W,
}

impl<W> Machine<W> {
    pub(super) fn ask(&mut self, now: Instant, limit: Duration, topic: Option<usize>, waiter: W) {
        self.push_asking(now, limit, topic, false, waiter);
    }

    pub(super) fn push_asking(
        &mut self,
        now: Instant,
        limit: Duration,
        topic: Option<usize>,
        creates: bool,
        waiter: W,
    ) {
        let (until, asked_before) = (now + limit, self.questions);
        self.asking.push(Asking { topic, creates, limit, asked_before, until, waiter });
        self.refresh.want_news();
    }

    /// Tells those whom the cluster's last answer served. Returns whether it served everybody:
    /// who waits for a topic that was not asked about is still there.
    pub(super) fn answer_asking(&mut self) -> bool {
        for asking in std::mem::take(&mut self.asking) {
            match self.answer_to(&asking) {
                Some(result) => self.tell(asking.waiter, result),
                None => self.asking.push(asking),
            }
        }
        self.asking.is_empty()
    }

    fn answer_to(&self, asking: &Asking<W>) -> Option<Result<()>> {
        let Some(index) = asking.topic else { return Some(Ok(())) };
        let topic = &self.topics[index];
        if topic.is_known() && (asking.creates || topic.described_by > asking.asked_before) {
            return Some(Ok(()));
        }
        let refused = topic.refusal.is_some_and(|code| !code.retriable());
        refused.then(|| Err(self.not_located(index, asking.limit)))
    }

    fn not_located(&self, topic: usize, limit: Duration) -> Error {
        let limit = Limit::of_call(limit, &self.config);
        self.unknown_topic(topic, limit).topic(&self.topics[topic].name)
    }

    /// Fails those who have waited for too long.
    pub(super) fn expire_asking(&mut self, now: Instant) {
        for asking in std::mem::take(&mut self.asking) {
            if asking.until > now {
                self.asking.push(asking);
                continue;
            }
            let error = match asking.topic {
                Some(topic) => self.not_located(topic, asking.limit),
                None => self.unreachable(Limit::of_call(asking.limit, &self.config)),
            };
            self.tell(asking.waiter, Err(error));
        }
    }

    pub(super) fn drop_asking(&mut self, error: &Error) {
        for asking in std::mem::take(&mut self.asking) {
            self.tell(asking.waiter, Err(error.clone()));
        }
    }

    /// Whether somebody waits for a topic that nobody produces to.
    pub(super) fn is_asked_for_topics(&self) -> bool {
        self.asking.iter().any(|asking| asking.topic.is_some() && !asking.creates)
    }

    /// Whether somebody waits for a topic that he is about to produce to.
    pub(super) fn is_asked_to_create(&self, topic: usize) -> bool {
        self.asking.iter().any(|asking| asking.topic == Some(topic) && asking.creates)
    }

    fn tell(&mut self, waiter: W, result: Result<()>) {
        self.settled.push_back(Settled::Call { waiter, result });
    }
}
