//! The answers in a response to each batch of its request. A response names topics as the request
//! did: by name, or by id.

use std::collections::BTreeMap;

use crate::protocol::{PartitionProduced, ProduceResponse, TopicProduced};

/// With fewer batches, a linear search is faster than a map.
const MAP_THRESHOLD: usize = 8;

#[derive(Debug)]
pub(super) enum Answers<'a> {
    Few(&'a ProduceResponse),
    Many(BTreeMap<(TopicKey<'a>, i32), &'a PartitionProduced>),
}

/// A topic as a response names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TopicKey<'a> {
    Name(&'a str),
    Id(u128),
}

impl<'a> TopicKey<'a> {
    fn of(answer: &'a TopicProduced) -> Self {
        if answer.name.is_empty() { Self::Id(answer.topic_id) } else { Self::Name(&answer.name) }
    }
}

impl<'a> Answers<'a> {
    /// Indexes the answers to a request with this number of batches.
    #[inline]
    pub(super) fn to(response: &'a ProduceResponse, batches: usize) -> Self {
        if batches < MAP_THRESHOLD {
            return Self::Few(response);
        }
        let mut answers = BTreeMap::new();
        for topic in &response.responses {
            for answer in &topic.partition_responses {
                answers.entry((TopicKey::of(topic), answer.index)).or_insert(answer);
            }
        }
        Self::Many(answers)
    }

    /// Returns the answer for a batch that was sent to a partition of a topic with this name and
    /// id.
    #[inline]
    pub(super) fn get(&self, name: &str, id: u128, index: i32) -> Option<&'a PartitionProduced> {
        let is_asked = |topic: &TopicProduced| match TopicKey::of(topic) {
            TopicKey::Id(said) => said == id,
            TopicKey::Name(said) => said == name,
        };
        match self {
            Self::Few(response) => response.responses.iter().find_map(|topic| {
                let mut partitions = topic.partition_responses.iter();
                let answer = partitions.find(|answer| answer.index == index)?;
                is_asked(topic).then_some(answer)
            }),
            Self::Many(answers) => {
                let names = [TopicKey::Id(id), TopicKey::Name(name)];
                names.iter().find_map(|topic| answers.get(&(*topic, index)).copied())
            }
        }
    }
}
