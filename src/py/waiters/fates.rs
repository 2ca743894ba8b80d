//! What became of the messages of one call: rows of messages that share their fate, as the
//! records of a batch do. Without keys there are few of them, however many messages a call has.

use std::ops::Range;

use crate::error::Error;
use crate::producer::RecordPlace;

/// How messages ended.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
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
struct Row {
    indices: Range<u32>,
    fate: Fate,
}

/// The rows, while they become known.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// Each message ends once.
    pub(crate) fn add(&mut self, indices: Range<u32>, fate: Fate) {
        self.0.push(Row { indices, fate });
    }

    /// One for each message that failed in the core.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Error> {
        let failed = self.0.iter().filter_map(|row| match &row.fate {
            Fate::Failed(error) => Some((&**error, row.indices.len())),
            Fate::Stored { .. } | Fate::Refused => None,
        });
        failed.flat_map(|(error, count)| std::iter::repeat_n(error, count))
    }

    /// All of them, once all are known.
    pub(crate) fn into_fates(mut self) -> Fates {
        // Those of a partition stand in order already, which a stable sort profits by.
        self.0.sort_by_key(|row| row.indices.start);
        let mut pairs = self.0.windows(2);
        debug_assert!(pairs.all(|pair| pair[0].indices.end == pair[1].indices.start), "{self:?}");
        Fates(self.0)
    }
}

/// How all messages ended, in their order.
#[derive(Debug)]
pub(crate) struct Fates(Vec<Row>);

impl Fates {
    /// Of messages that are told of elsewhere.
    pub(crate) fn refused(count: usize) -> Self {
        Self(vec![Row { indices: 0..count as u32, fate: Fate::Refused }])
    }

    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| last.indices.end as usize)
    }

    /// How a message ended, and how many before it did so with it.
    pub(crate) fn get(&self, index: usize) -> (&Fate, u32) {
        let index = index as u32;
        let row = self.0.partition_point(|row| row.indices.end <= index);
        let row = &self.0[row];
        (&row.fate, index - row.indices.start)
    }

    /// Those that were not stored.
    pub(crate) fn failed(&self) -> impl Iterator<Item = usize> {
        let failed = self.0.iter().filter(|row| !matches!(row.fate, Fate::Stored { .. }));
        failed.flat_map(|row| row.indices.clone()).map(|index| index as usize)
    }
}
