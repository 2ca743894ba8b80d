//! The outcomes of one call's messages. Neighbours that share an outcome, as the records of a batch
//! do, form one span. Without keys there are few spans, however many messages a call has.

use std::ops::Range;

use crate::error::Error;
use crate::producer::RecordPlace;

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Stored {
        /// An index into the call's topics.
        topic: u32,
        partition: i32,
        /// The place of the span's first record. The others follow it.
        first: RecordPlace,
    },
    Failed(Box<Error>),
    /// It never reached the core. The call keeps the exception.
    Refused,
}

#[derive(Debug)]
struct Span {
    indices: Range<u32>,
    outcome: Outcome,
}

/// Spans in the order in which they settle.
#[derive(Debug, Default)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// Adds a span. Each message must be added once.
    pub(crate) fn add(&mut self, indices: Range<u32>, outcome: Outcome) {
        self.0.push(Span { indices, outcome });
    }

    /// Returns one error for each message that failed in the core.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Error> {
        errors(&self.0)
    }

    /// Sorts the spans. Every message must be in one.
    pub(crate) fn into_outcomes(mut self) -> Outcomes {
        // A stable sort is fast here: the spans of one partition are in order already.
        self.0.sort_by_key(|span| span.indices.start);
        let mut pairs = self.0.windows(2);
        debug_assert!(pairs.all(|pair| pair[0].indices.end == pair[1].indices.start), "{self:?}");
        Outcomes(self.0)
    }
}

/// The spans in the order of the messages.
#[derive(Debug)]
pub(crate) struct Outcomes(Vec<Span>);

impl Outcomes {
    /// Outcomes of `count` messages whose results are kept elsewhere.
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

    /// Returns the outcome of a message, and its position in its span.
    pub(crate) fn get(&self, index: usize) -> (&Outcome, u32) {
        let index = index as u32;
        let span = self.0.partition_point(|span| span.indices.end <= index);
        let span = &self.0[span];
        (&span.outcome, index - span.indices.start)
    }

    /// The indices of the messages that were not stored.
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
