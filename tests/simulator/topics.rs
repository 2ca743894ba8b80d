//! What the machine was told of topics, and whether it believes that.

use std::collections::BTreeMap;

use dekaf::error::ErrorCode;
use dekaf::producer::MetadataWanted;
use dekaf::protocol::MetadataResponse;

use super::rules::Rule;
use super::run::Run;

/// A topic as the machine was last told of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    id: u128,
    /// How many partitions the machine has.
    believed: usize,
    /// The most partitions that any answer gave each incarnation of it.
    most: BTreeMap<u128, usize>,
}

impl Run<'_> {
    /// The cluster is about to be asked. A topic that it may create must be one that records wait
    /// for: a deleted topic must not come back because somebody asked about it.
    pub(super) fn check_question(&mut self, wanted: &MetadataWanted) {
        for topic in wanted.topics.iter().filter(|_| wanted.may_create) {
            if !self.ledger.has_open(topic) {
                let what = format!("{topic} may be created, and no record waits for it");
                self.ledger.violation(Rule::Created, &what);
            }
        }
    }

    /// The machine has taken in what the cluster says of its topics.
    pub(super) fn told(&mut self, response: &MetadataResponse) {
        for topic in &response.topics {
            // An answer about everything also names topics that the machine has never heard of.
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
        let believed = self.machine.leaders(name).len();
        if believed == 0 && self.machine.metrics().forgotten.handed_over > 0 {
            // The machine has forgotten the topic since it asked.
            return;
        }
        let told = self.told.entry(name.to_owned()).or_default();
        let is_same = told.most.is_empty() || told.id == id;
        let most = told.most.entry(id).or_default();
        *most = count.max(*most);
        let most = *most;
        if !is_same || count < most {
            self.ledger.topic_is_other(name, believed < told.believed);
        }
        (told.id, told.believed) = (id, believed);
        // A broker may not have heard of the last partitions: that is not believed. Nor of a
        // deletion: such an answer may be believed or not. Without ids, nothing tells these apart.
        let is_current = id != 0 && self.cluster.topic_id(name) == Some(id);
        let least = if is_same { most } else { count };
        if is_current && !(least..=most).contains(&believed) {
            let what = format!("{name} has {most} partitions, and the machine has {believed}");
            self.ledger.violation(Rule::Size, &what);
        }
        self.ledger.topic_is_there(name, is_current.then_some(most as i32));
    }
}
