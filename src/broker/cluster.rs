//! The state of the in-process cluster: brokers, topics and partition leaders. All brokers share
//! this state and one log for each partition, so a new leader immediately has all records. Uses no
//! sockets and no clock.

mod retention;
#[cfg(test)]
mod tests;
mod topic;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::log::{Appended, PartitionLog, Refusal, StoredBatch};
use crate::error::ErrorCode;
use crate::protocol::LONGEST_TOPIC;
use crate::random::Random;
use retention::Retention;
pub use topic::{Partition, Topic, TopicSettings};

pub type NodeId = i32;

const TOPIC_ALREADY_EXISTS: ErrorCode = ErrorCode(36);
const INVALID_PARTITIONS: ErrorCode = ErrorCode(37);
const INVALID_REPLICATION_FACTOR: ErrorCode = ErrorCode(38);

/// Enough for any test, and few enough to stay cheap.
const MAX_PARTITIONS: i32 = 10_000;

#[derive(Debug, Clone)]
pub struct Settings {
    /// The number of brokers; their ids count from 1.
    pub brokers: usize,
    /// Whether a requested topic that does not exist is created.
    pub auto_create: bool,
    /// The default number of partitions of a topic.
    pub partitions: i32,
    /// The maximum bytes of records to keep; beyond it the oldest batches are evicted.
    pub memory: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { brokers: 1, auto_create: true, partitions: 1, memory: 256 << 20 }
    }
}

#[derive(Debug)]
pub struct Cluster {
    settings: Settings,
    random: Random,
    topics: BTreeMap<Arc<str>, Topic>,
    retention: Retention,
    producer_ids: i64,
}

impl Cluster {
    /// Creates a cluster without topics. The seed determines topic ids.
    pub fn new(settings: Settings, seed: u64) -> Self {
        let retention = Retention::new(settings.memory);
        let random = Random::new(seed);
        Self { settings, random, topics: BTreeMap::new(), retention, producer_ids: 0 }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        1..=self.settings.brokers as NodeId
    }

    pub fn topics(&self) -> impl Iterator<Item = (&str, &Topic)> {
        self.topics.iter().map(|(name, topic)| (&**name, topic))
    }

    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name)
    }

    pub fn topic_by_id(&self, id: u128) -> Option<(&str, &Topic)> {
        self.topics().find(|(_, topic)| topic.id == id)
    }

    pub fn partition(&self, topic: &str, index: i32) -> Option<&Partition> {
        self.topics.get(topic)?.partition(index)
    }

    fn log_mut(&mut self, topic: &str, index: i32) -> Option<&mut PartitionLog> {
        Some(&mut self.topics.get_mut(topic)?.partition_mut(index)?.log)
    }

    pub fn new_producer_id(&mut self) -> i64 {
        self.producer_ids += 1;
        self.producer_ids
    }

    /// Creates a topic and assigns its partitions' leaders round-robin. −1 partitions mean the
    /// cluster's default.
    pub fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        settings: TopicSettings,
    ) -> Result<(), Refusal> {
        check_name(name)?;
        if self.topics.contains_key(name) {
            let message = format!("topic \"{name}\" exists already");
            return Err(Refusal::new(TOPIC_ALREADY_EXISTS, message));
        }
        // Such names would collide in Kafka's metrics, which replace dots with underscores.
        let measured = |name: &str| name.replace('.', "_");
        if let Some(other) = self.topics.keys().find(|other| measured(other) == measured(name)) {
            let message = format!("topic \"{other}\" has the same name, but for dots");
            return Err(Refusal::new(ErrorCode::INVALID_TOPIC, message));
        }
        let partitions = if partitions == -1 { self.settings.partitions } else { partitions };
        check_partitions(partitions)?;
        let factor = settings.replication_factor;
        if factor != -1 && !(1..=self.settings.brokers as i16).contains(&factor) {
            let message = format!(
                "the replication factor is {factor}: it is to be 1 to {}, the number of brokers",
                self.settings.brokers
            );
            return Err(Refusal::new(INVALID_REPLICATION_FACTOR, message));
        }
        let id = (u128::from(self.random.next_u64()) << 64) | u128::from(self.random.next_u64());
        let mut topic = Topic::new(id, settings);
        topic.grow(partitions, self.settings.brokers);
        self.topics.insert(name.into(), topic);
        Ok(())
    }

    /// Creates a requested topic if auto-creation is on. Fails unless the topic exists afterwards.
    pub fn auto_create(&mut self, name: &str) -> Result<(), Refusal> {
        if self.topics.contains_key(name) {
            return Ok(());
        }
        check_name(name)?;
        if !self.settings.auto_create {
            return Err(unknown_topic(name));
        }
        self.create_topic(name, -1, TopicSettings::default())
    }

    pub fn delete_topic(&mut self, name: &str) -> Result<(), Refusal> {
        let topic = self.topics.remove(name).ok_or_else(|| unknown_topic(name))?;
        self.retention.topic_deleted(name, &topic);
        Ok(())
    }

    /// Raises the number of partitions to `partitions`. If `validate_only` is set, only checks
    /// whether that is possible.
    pub fn add_partitions(
        &mut self,
        name: &str,
        partitions: i32,
        validate_only: bool,
    ) -> Result<(), Refusal> {
        let brokers = self.settings.brokers;
        let topic = self.topics.get_mut(name).ok_or_else(|| unknown_topic(name))?;
        let has = topic.partitions.len() as i32;
        if partitions <= has {
            let message = format!("topic \"{name}\" has {has} partitions, and can only get more");
            return Err(Refusal::new(INVALID_PARTITIONS, message));
        }
        check_partitions(partitions)?;
        if !validate_only {
            topic.grow(partitions, brokers);
        }
        Ok(())
    }

    /// Makes another broker the leader of a partition, in a new epoch.
    pub fn move_leader(&mut self, name: &str, index: i32, to: NodeId) -> Result<(), Refusal> {
        if !self.nodes().any(|node| node == to) {
            let message = format!("there is no broker {to}");
            return Err(Refusal::new(ErrorCode(8), message)); // BROKER_NOT_AVAILABLE
        }
        let topic = self.topics.get_mut(name).ok_or_else(|| unknown_topic(name))?;
        let partition = topic.partition_mut(index).ok_or_else(|| unknown_topic(name))?;
        partition.leader = to;
        partition.leader_epoch += 1;
        Ok(())
    }

    /// Appends a batch to a partition that `node` leads. `now` is in milliseconds since 1970.
    pub fn append(
        &mut self,
        node: NodeId,
        name: &str,
        index: i32,
        records: &Bytes,
        now: i64,
    ) -> Result<Appended, Refusal> {
        let (name, _) = self.topics.get_key_value(name).ok_or_else(|| unknown_topic(name))?;
        let name = Arc::clone(name);
        let topic = self.topics.get_mut(&name);
        let partition = topic.and_then(|topic| topic.partition_mut(index));
        let partition = partition.ok_or_else(|| unknown_topic(&name))?;
        if partition.leader != node {
            let message = format!("broker {} leads {name}-{index}", partition.leader);
            return Err(Refusal::new(ErrorCode::NOT_LEADER_OR_FOLLOWER, message));
        }
        let appended = partition.log.append(records, partition.leader_epoch, now)?;
        if !appended.duplicate {
            let batch = partition.log.batch_at(appended.base_offset);
            let size = batch.map_or(0, StoredBatch::size);
            self.retention.appended(name, index, appended.last_offset + 1, size);
            while let Some((name, index, before)) = self.retention.next_to_evict() {
                let deleted = self.log_mut(&name, index).map(|log| log.delete_records(before));
                let batches = deleted.into_iter().flatten().flatten();
                self.retention.evicted(batches.map(|batch: StoredBatch| batch.size()).sum());
            }
        }
        Ok(appended)
    }

    /// Deletes the records of a partition before an offset; −1 means its end. Returns the new start
    /// offset.
    pub fn delete_records(&mut self, name: &str, index: i32, before: i64) -> Result<i64, Refusal> {
        let topic = self.topics.get(name).ok_or_else(|| unknown_topic(name))?;
        if !topic.settings().deletes {
            let message = format!("topic \"{name}\" is compacted, and deletes nothing");
            return Err(Refusal::new(ErrorCode(44), message)); // POLICY_VIOLATION
        }
        let log = self.log_mut(name, index).ok_or_else(|| unknown_topic(name))?;
        let before = if before == -1 { log.end_offset() } else { before };
        let deleted = log.delete_records(before).map_err(|code| {
            Refusal::new(code, format!("{name}-{index} ends at {}", log.end_offset()))
        })?;
        let start = log.start_offset();
        self.retention.evicted(deleted.iter().map(StoredBatch::size).sum());
        Ok(start)
    }
}

fn unknown_topic(name: &str) -> Refusal {
    let message = format!("topic \"{name}\" does not exist, or has no such partition");
    Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
}

pub fn check_name(name: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_good = !name.is_empty()
        && name.len() <= LONGEST_TOPIC
        && !matches!(name, "." | "..")
        && name.chars().all(fits);
    if is_good {
        return Ok(());
    }
    let message = format!("{name:?} is no topic's name: use up to 249 of a-z, A-Z, 0-9, \"._-\"");
    Err(Refusal::new(ErrorCode::INVALID_TOPIC, message))
}

fn check_partitions(partitions: i32) -> Result<(), Refusal> {
    if (1..=MAX_PARTITIONS).contains(&partitions) {
        return Ok(());
    }
    let message = format!("a topic has 1 to {MAX_PARTITIONS} partitions here, not {partitions}");
    Err(Refusal::new(INVALID_PARTITIONS, message))
}
