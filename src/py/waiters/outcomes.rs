//! The outcomes of one call's messages, as spans of neighbours that share one, as the records of a
//! batch do. Without keys there are few spans, however many messages a call has.

use std::ops::Range;

use crate::error::Error;
use crate::producer::RecordPlace;

/// How messages ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Stored {
        /// Which of the call's topics.
        topic: u32,
        partition: i32,
        /// Of the first; the others come behind it.
        first: RecordPlace,
    },
    Failed(Box<Error>),
    /// It never reached the core; whoever handed it over knows why.
    Refused,
}

#[derive(Debug)]
struct Span {
    indices: Range<u32>,
    outcome: Outcome,
}

/// The rows, while they become known.
#[derive(Debug, Default)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// Each message ends once.
    pub(crate) fn add(&mut self, indices: Range<u32>, outcome: Outcome) {
        self.0.push(Span { indices, outcome });
    }

    /// Returns one error for each message that failed in the core.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Error> {
        errors(&self.0)
    }

    /// All of them, once all are known.
    pub(crate) fn into_outcomes(mut self) -> Outcomes {
        // Those of a partition stand in order already, which a stable sort profits by.
        self.0.sort_by_key(|span| span.indices.start);
        let mut pairs = self.0.windows(2);
        debug_assert!(pairs.all(|pair| pair[0].indices.end == pair[1].indices.start), "{self:?}");
        Outcomes(self.0)
    }
}

/// How all messages ended, in their order.
#[derive(Debug)]
pub(crate) struct Outcomes(Vec<Span>);

impl Outcomes {
    /// Of messages that are told of elsewhere.
    pub(crate) fn refused(count: usize) -> Self {
        Self(vec![Span { indices: 0..count as u32, outcome: Outcome::Refused }])
    }

    /// Returns one error for each message that failed in the core.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Error> {
        errors(&self.0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| last.indices.end as usize)
    }

    /// How a message ended, and how many before it did so with it.
    pub(crate) fn get(&self, index: usize) -> (&Outcome, u32) {
        let index = index as u32;
        let span = self.0.partition_point(|span| span.indices.end <= index);
        let span = &self.0[span];
        (&span.outcome, index - span.indices.start)
    }

    /// Those that were not stored.
    pub(crate) fn failed(&self) -> impl Iterator<Item = usize> {
        let failed = self.0.iter().filter(|span| !matches!(span.outcome, Outcome::Stored { .. }));
        failed.flat_map(|span| span.indices.clone()).map(|index| index as usize)
    }
}

fn errors(spans: &[Span]) -> impl Iterator<Item = &Error> {
    let failed = spans.iter().filter_map(|span| match &span.outcome {
        Outcome::Failed(error) => Some((&**error, span.indices.len())),
        Outcome::Stored { .. } | Outcome::Refused => None,
    });
    failed.flat_map(|(error, count)| std::iter::repeat_n(error, count))
}
