//! Calls that wait for the cluster to answer: to any question, to one about a topic, or to one
//! about everything.

use std::time::{Duration, Instant};

use super::Machine;
use super::wording::Limit;
use crate::error::{Error, Result};
use crate::producer::topic::Topic;

/// What a call wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether the cluster answers at all.
    Anything,
    /// The partitions of the topic with this index. The cluster may create it if `creates`.
    Topic { index: usize, creates: bool },
    /// All brokers and topics. Only an answer to a question that was asked after the call counts.
    Everything,
}

/// A call that waits for the cluster.
#[derive(Debug)]
pub(super) struct Asking<W> {
    question: Question,
    limit: Duration,
    /// How many questions had been asked before.
    asked_before: u64,
    pub(super) until: Instant,
    pub(super) waiter: W,
}

impl<W> Machine<W> {
    pub(super) fn ask(&mut self, now: Instant, limit: Duration, question: Question, waiter: W) {
        let (until, asked_before) = (now + limit, self.questions);
        self.asking.push(Asking { question, limit, asked_before, until, waiter });
        self.refresh.want_news();
    }

    /// Settles the calls that the cluster's last answer served, which was about `everything` or
    /// about some topics. Returns whether it served all: a call about a topic that was not in the
    /// question still waits.
    pub(super) fn answer_asking(&mut self, everything: bool) -> bool {
        for asking in std::mem::take(&mut self.asking) {
            match self.answer_to(&asking, everything) {
                Some(result) => self.told.call(asking.waiter, result),
                None => self.asking.push(asking),
            }
        }
        self.asking.is_empty()
    }

    fn answer_to(&self, asking: &Asking<W>, everything: bool) -> Option<Result<()>> {
        let is_new = self.questions > asking.asked_before;
        let (index, creates) = match asking.question {
            Question::Anything => return Some(Ok(())),
            Question::Everything => return (everything && is_new).then_some(Ok(())),
            Question::Topic { index, creates } => (index, creates),
        };
        let topic = &self.topics[index];
        if topic.is_known() && (creates || topic.described_by > asking.asked_before) {
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
            let error = match asking.question {
                Question::Topic { index, .. } => self.not_located(index, asking.limit),
                Question::Anything | Question::Everything => {
                    self.unreachable(Limit::of_call(asking.limit, &self.config))
                }
            };
            self.told.call(asking.waiter, Err(error));
        }
    }

    pub(super) fn drop_asking(&mut self, error: &Error) {
        for asking in std::mem::take(&mut self.asking) {
            self.told.call(asking.waiter, Err(error.clone()));
        }
    }

    /// Decides whether the next question is about everything. Such a question creates no topic, and
    /// its answer does not say why a topic is missing. So it never follows another one while a
    /// topic is to be asked for by name: calls that want everything, over and over, would keep
    /// records from their topic.
    pub(super) fn ask_about_everything(&mut self) -> bool {
        let is_wanted = self.asks(|question| question == Question::Everything);
        let needs_names = self.asks(|question| matches!(question, Question::Topic { .. }))
            || self.topics.iter().any(Topic::is_missed);
        self.asked_everything = is_wanted && !(self.asked_everything && needs_names);
        self.asked_everything
    }

    /// Whether somebody waits for a topic that nobody produces to.
    pub(super) fn is_asked_for_topics(&self) -> bool {
        self.asks(|question| matches!(question, Question::Topic { creates: false, .. }))
    }

    /// Whether somebody waits for a topic that he is about to produce to.
    pub(super) fn is_asked_to_create(&self, index: usize) -> bool {
        self.asks(|question| question == Question::Topic { index, creates: true })
    }

    fn asks(&self, is_such: impl Fn(Question) -> bool) -> bool {
        self.asking.iter().any(|asking| is_such(asking.question))
    }
}
