//! Consumer groups with Kafka's classic protocol: members, assignments and committed offsets. Each
//! rebalance is a round: all members join with their protocols, the leader assigns partitions, and
//! every member gets its part. Uses no clock and no sockets: a request that waits is identified by
//! a wait id.

mod group;
mod member;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error::ErrorCode;
use group::Group;
pub use group::{Committed, State};

/// Identifies a request that waits for other members.
pub type WaitId = u64;

pub(super) const ILLEGAL_GENERATION: ErrorCode = ErrorCode(22);
pub(super) const INCONSISTENT_GROUP_PROTOCOL: ErrorCode = ErrorCode(23);
pub(super) const INVALID_GROUP_ID: ErrorCode = ErrorCode(24);
pub(super) const UNKNOWN_MEMBER_ID: ErrorCode = ErrorCode(25);
pub(super) const INVALID_SESSION_TIMEOUT: ErrorCode = ErrorCode(26);
pub(super) const REBALANCE_IN_PROGRESS: ErrorCode = ErrorCode(27);
pub(super) const NON_EMPTY_GROUP: ErrorCode = ErrorCode(68);
pub(super) const GROUP_ID_NOT_FOUND: ErrorCode = ErrorCode(69);
pub(super) const MEMBER_ID_REQUIRED: ErrorCode = ErrorCode(79);
pub(super) const FENCED_INSTANCE_ID: ErrorCode = ErrorCode(82);

/// `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
const SESSION_TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(6)..=Duration::from_secs(1800);

/// How long the first member waits for others. Kafka's default is three seconds.
const INITIAL_DELAY: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Default)]
pub struct Join {
    /// Empty for a new member.
    pub member_id: String,
    /// The name of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// The prefix of new member ids.
    pub client_id: String,
    /// The maximum time between heartbeats.
    pub session_timeout: Duration,
    /// The maximum time to join again in a rebalance.
    pub rebalance_timeout: Duration,
    /// Such as `consumer`.
    pub protocol_type: String,
    /// The supported assignment protocols, the preferred one first, each with the member's
    /// metadata.
    pub protocols: Vec<(String, Bytes)>,
    /// Whether a new member must first get its id, and then join with it (KIP-394).
    pub requires_member_id: bool,
}

/// A member, and the generation it believes to be current.
#[derive(Debug, Clone, Default)]
pub struct MemberRef {
    pub member_id: String,
    /// The name of a static member.
    pub instance_id: Option<String>,
    pub generation: i32,
}

/// The result of [`Groups::join`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JoinResult {
    pub error: ErrorCode,
    pub generation: i32,
    pub protocol_type: String,
    /// The chosen protocol, which all members support.
    pub protocol: String,
    /// The member that assigns the partitions.
    pub leader: String,
    /// The member that joined.
    pub member_id: String,
    /// For the leader: each member's id, instance id and metadata.
    pub members: Vec<(String, Option<String>, Bytes)>,
}

/// The result of [`Groups::sync`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncResult {
    pub error: ErrorCode,
    pub protocol_type: String,
    pub protocol: String,
    pub assignment: Bytes,
}

/// The result of a request that waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupResult {
    Joined(JoinResult),
    Synced(SyncResult),
}

#[derive(Debug, Default)]
pub struct Groups {
    by_id: BTreeMap<String, Group>,
    results: VecDeque<(WaitId, GroupResult)>,
    members_created: u64,
}

impl Groups {
    /// Adds a member, or lets a known member join again.
    pub fn join(&mut self, now: Instant, id: &str, mut join: Join, wait_id: WaitId) {
        if let Some(error) = self.join_error(id, &join) {
            let member_id = join.member_id;
            return self.push_joined(wait_id, JoinResult { error, member_id, ..refused() });
        }
        let is_new = join.member_id.is_empty();
        if is_new {
            self.members_created += 1;
            let name = join.instance_id.as_ref().unwrap_or(&join.client_id);
            join.member_id = format!("{name}-{:08}", self.members_created);
        }
        let group = self.by_id.entry(id.to_owned()).or_insert_with(Group::new);
        group.join(now, join, is_new, wait_id);
        self.take_results(id);
    }

    fn join_error(&self, id: &str, join: &Join) -> Option<ErrorCode> {
        if id.is_empty() {
            Some(INVALID_GROUP_ID)
        } else if !SESSION_TIMEOUTS.contains(&join.session_timeout) {
            Some(INVALID_SESSION_TIMEOUT)
        } else if join.protocols.is_empty() || join.protocol_type.is_empty() {
            Some(INCONSISTENT_GROUP_PROTOCOL)
        } else if !join.member_id.is_empty() && !self.by_id.contains_key(id) {
            Some(UNKNOWN_MEMBER_ID)
        } else {
            None
        }
    }

    /// Requests a member's assignment; the leader's request provides all assignments.
    pub fn sync(
        &mut self,
        now: Instant,
        id: &str,
        who: &MemberRef,
        assignments: Vec<(String, Bytes)>,
        wait_id: WaitId,
    ) {
        let Some(group) = self.by_id.get_mut(id) else {
            let synced = SyncResult { error: UNKNOWN_MEMBER_ID, ..SyncResult::default() };
            return self.results.push_back((wait_id, GroupResult::Synced(synced)));
        };
        group.sync(now, who, assignments, wait_id);
        self.take_results(id);
    }

    pub fn heartbeat(&mut self, now: Instant, id: &str, who: &MemberRef) -> ErrorCode {
        self.by_id.get_mut(id).map_or(UNKNOWN_MEMBER_ID, |group| group.heartbeat(now, who))
    }

    pub fn leave(&mut self, now: Instant, id: &str, who: &MemberRef) -> ErrorCode {
        let Some(group) = self.by_id.get_mut(id) else { return UNKNOWN_MEMBER_ID };
        let left = group.leave(now, who);
        self.take_results(id);
        left
    }

    /// Checks whether a member may commit offsets. A generation of −1 denotes a client that is not
    /// a member.
    pub fn may_commit(&mut self, now: Instant, id: &str, who: &MemberRef) -> Result<(), ErrorCode> {
        if id.is_empty() {
            return Err(INVALID_GROUP_ID);
        }
        match self.by_id.get_mut(id) {
            Some(group) => group.may_commit(now, who),
            None if who.generation < 0 => Ok(()),
            None => Err(ILLEGAL_GENERATION),
        }
    }

    pub fn commit(&mut self, id: &str, topic: &str, partition: i32, committed: Committed) {
        let group = self.by_id.entry(id.to_owned()).or_insert_with(Group::new);
        group.offsets.insert((topic.to_owned(), partition), committed);
    }

    pub fn committed(&self, id: &str, topic: &str, partition: i32) -> Option<&Committed> {
        self.by_id.get(id)?.offsets.get(&(topic.to_owned(), partition))
    }

    pub fn all_committed(
        &self,
        id: &str,
    ) -> impl Iterator<Item = (&str, i32, &Committed)> + use<'_> {
        let offsets = self.by_id.get(id).into_iter().flat_map(|group| &group.offsets);
        offsets.map(|((topic, partition), committed)| (topic.as_str(), *partition, committed))
    }

    /// Deletes a group that has no members.
    pub fn delete(&mut self, id: &str) -> ErrorCode {
        match self.by_id.get(id) {
            None => GROUP_ID_NOT_FOUND,
            Some(group) if group.state() != State::Empty => NON_EMPTY_GROUP,
            Some(_) => {
                self.by_id.remove(id);
                ErrorCode::NONE
            }
        }
    }

    /// Deletes all committed offsets of a deleted topic.
    pub fn topic_deleted(&mut self, topic: &str) {
        for group in self.by_id.values_mut() {
            group.offsets.retain(|(of, _), _| of != topic);
        }
    }

    pub fn get(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id)
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.by_id.iter().map(|(id, group)| (id.as_str(), group))
    }

    /// Returns the time at which to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.by_id.values().filter_map(Group::next_event).min()
    }

    /// Ends rounds whose deadline has passed, and removes members whose session has expired.
    pub fn handle_timeout(&mut self, now: Instant) {
        let ids: Vec<_> = self.by_id.keys().cloned().collect();
        for id in ids {
            if let Some(group) = self.by_id.get_mut(&id) {
                group.handle_timeout(now);
            }
            self.take_results(&id);
        }
    }

    /// Returns the next result for a waiting request.
    pub fn poll_result(&mut self) -> Option<(WaitId, GroupResult)> {
        self.results.pop_front()
    }

    fn push_joined(&mut self, wait_id: WaitId, joined: JoinResult) {
        self.results.push_back((wait_id, GroupResult::Joined(joined)));
    }

    fn take_results(&mut self, id: &str) {
        if let Some(group) = self.by_id.get_mut(id) {
            self.results.append(&mut group.results);
            if group.is_removable() {
                self.by_id.remove(id);
            }
        }
    }
}

/// Returns the result for a client that is not in the group; the caller sets the error.
pub(super) fn refused() -> JoinResult {
    JoinResult { generation: -1, ..JoinResult::default() }
}
