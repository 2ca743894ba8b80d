//! What the machine was told of topics, and whether it believes that.

use dekaf::error::ErrorCode;
use dekaf::protocol::MetadataResponse;

use super::rules::Rule;
use super::run::Run;

/// A topic as the machine was last told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    id: u128,
    /// As many as it should have by now.
    partitions: usize,
}

impl Run<'_> {
    /// The machine has taken in what the cluster says of its topics.
    pub(super) fn told(&mut self, response: &MetadataResponse) {
        for topic in &response.topics {
            let Some(name) = &topic.name else { continue };
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
        let before = self.told.get(name).copied().unwrap_or(Told { id, partitions: 0 });
        let is_other = before.id != id;
        // Topics never lose partitions, so a smaller number is that of a broker that has not heard
        // of the last ones; but a topic with another id is another one. Without ids, nothing
        // tells these apart.
        let has_ids = id != 0;
        let partitions = match is_other {
            _ if !has_ids => believed,
            true => count,
            false => count.max(before.partitions),
        };
        if believed != partitions {
            let what =
                format!("{name} has {partitions} partitions, and the machine has {believed}");
            self.ledger.violation(Rule::Size, &what);
        }
        if is_other || count < before.partitions {
            self.ledger.topic_is_other(name, partitions < before.partitions);
        }
        self.ledger.topic_is_there(name, has_ids.then_some(partitions as i32));
        self.told.insert(name.to_owned(), Told { id, partitions });
    }
}
