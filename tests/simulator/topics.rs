//! The metadata that the machine has received for topics, and whether it uses it correctly.

use std::collections::BTreeMap;

use dekaf::error::ErrorCode;
use dekaf::producer::MetadataWanted;
use dekaf::protocol::MetadataResponse;

use super::rules::Rule;
use super::run::Run;

/// The last metadata that the machine received for a topic.
#[derive(Debug, Default)]
pub(super) struct TopicMetadata {
    id: u128,
    /// The partition count in the machine.
    partitions_in_machine: usize,
    /// The largest partition count that any answer had for each incarnation.
    max_partitions: BTreeMap<u128, usize>,
}

impl Run<'_> {
    /// Checks that records wait for every topic that a metadata request may create. Otherwise a
    /// request would recreate a deleted topic.
    pub(super) fn check_question(&mut self, wanted: &MetadataWanted) {
        for topic in wanted.topics.iter().filter(|_| wanted.may_create) {
            if !self.ledger.has_open(topic) {
                let what = format!("{topic} may be created, and no record waits for it");
                self.ledger.violation(Rule::Created, &what);
            }
        }
    }

    /// Called after the machine has processed metadata.
    pub(super) fn told(&mut self, response: &MetadataResponse) {
        for topic in &response.topics {
            // An answer for all topics also has topics that the machine does not know.
            let Some(name) = topic.name.as_ref().filter(|name| self.ledger.knows(name)) else {
                continue;
            };
            if topic.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                if self.cluster.all_forgot(name) {
                    self.ledger.topic_is_gone(name);
                }
            } else if topic.error_code.is_success() && !topic.partitions.is_empty() {
                self.described_topic(name, topic.topic_id, topic.partitions.len());
            }
        }
    }

    fn described_topic(&mut self, name: &str, id: u128, count: usize) {
        let partitions_in_machine = self.machine.leaders(name).len();
        if partitions_in_machine == 0 && self.machine.metrics().forgotten.handed_over > 0 {
            // The machine has forgotten the topic since its request.
            return;
        }
        let told = self.told.entry(name.to_owned()).or_default();
        let is_same = told.max_partitions.is_empty() || told.id == id;
        let max_partitions = told.max_partitions.entry(id).or_default();
        *max_partitions = count.max(*max_partitions);
        let max_partitions = *max_partitions;
        if !is_same || count < max_partitions {
            self.ledger.topic_is_other(name, partitions_in_machine < told.partitions_in_machine);
        }
        (told.id, told.partitions_in_machine) = (id, partitions_in_machine);
        // The machine ignores answers of brokers that do not know the last partitions yet. Answers
        // of brokers that do not know of a deletion yet may be used or not. Without topic ids the
        // two look alike.
        let is_current = id != 0 && self.cluster.topic_id(name) == Some(id);
        let least = if is_same { max_partitions } else { count };
        if is_current && !(least..=max_partitions).contains(&partitions_in_machine) {
            let what = format!(
                "{name} has {max_partitions} partitions, and the machine has \
                 {partitions_in_machine}"
            );
            self.ledger.violation(Rule::Size, &what);
        }
        self.ledger.topic_is_there(name, is_current.then_some(max_partitions as i32));
    }
}
