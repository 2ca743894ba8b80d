//! Consumer groups: who reads which partitions, and how far (Kafka's classic protocol). Members
//! join in rounds: all say what they can do, one of them says who does what, and everybody is
//! told. Knows no clock and no sockets: whoever has to wait is named by a ticket.

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

/// Names a request that waits for others.
pub type Ticket = u64;

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

/// How long the first member waits for others: much less than Kafka's three seconds, which are
/// for fleets.
const INITIAL_DELAY: Duration = Duration::from_millis(50);

/// What a member says when it joins.
#[derive(Debug, Clone, Default)]
pub struct Join {
    /// Empty for one that is new.
    pub member_id: String,
    /// The name of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// Begins the ids of new members.
    pub client_id: String,
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// How long it may take to join again.
    pub rebalance_timeout: Duration,
    /// What the group is for.
    pub protocol_type: String,
    /// Ways to share the work that it knows, the best first, each with what it has to say.
    pub protocols: Vec<(String, Bytes)>,
    /// Whether one that is new only gets its id first (KIP-394).
    pub asks_id_first: bool,
}

/// Who is asked about: a member, in the generation that it believes in.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// The member.
    pub member_id: String,
    /// Its name, if it is a static one.
    pub instance_id: Option<String>,
    /// The generation.
    pub generation: i32,
}

/// How a join ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// Whether it is in.
    pub error: ErrorCode,
    /// The round.
    pub generation: i32,
    /// What the group is for.
    pub protocol_type: String,
    /// The way to share that all know.
    pub protocol: String,
    /// Who is to say who does what.
    pub leader: String,
    /// The member itself.
    pub member_id: String,
    /// For the leader: everybody's id, name, and what they had to say.
    pub members: Vec<(String, Option<String>, Bytes)>,
}

/// How a sync ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Synced {
    /// Whether it is known who does what.
    pub error: ErrorCode,
    /// What the group is for.
    pub protocol_type: String,
    /// The way to share.
    pub protocol: String,
    /// What the member is to do.
    pub assignment: Bytes,
}

/// What a ticket's owner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of [`Groups::join`].
    Joined(Joined),
    /// Of [`Groups::sync`].
    Synced(Synced),
}

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    by_id: BTreeMap<String, Group>,
    outcomes: VecDeque<(Ticket, Outcome)>,
    members_made: u64,
}

impl Groups {
    /// A member joins, for the first time or again.
    pub fn join(&mut self, now: Instant, id: &str, mut join: Join, ticket: Ticket) {
        if let Some(error) = self.wrong_join(id, &join) {
            let member_id = join.member_id;
            return self.tell(ticket, Joined { error, member_id, ..refused() });
        }
        let is_new = join.member_id.is_empty();
        if is_new {
            self.members_made += 1;
            let name = join.instance_id.as_ref().unwrap_or(&join.client_id);
            join.member_id = format!("{name}-{:08}", self.members_made);
        }
        let group = self.by_id.entry(id.to_owned()).or_insert_with(Group::new);
        group.join(now, join, is_new, ticket);
        self.take_outcomes(id);
    }

    fn wrong_join(&self, id: &str, join: &Join) -> Option<ErrorCode> {
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

    /// A member wants to know what to do; the leader says what all do.
    pub fn sync(
        &mut self,
        now: Instant,
        id: &str,
        who: &Who,
        assignments: Vec<(String, Bytes)>,
        ticket: Ticket,
    ) {
        let Some(group) = self.by_id.get_mut(id) else {
            let synced = Synced { error: UNKNOWN_MEMBER_ID, ..Synced::default() };
            return self.outcomes.push_back((ticket, Outcome::Synced(synced)));
        };
        group.sync(now, who, assignments, ticket);
        self.take_outcomes(id);
    }

    /// A member is alive.
    pub fn heartbeat(&mut self, now: Instant, id: &str, who: &Who) -> ErrorCode {
        self.by_id.get_mut(id).map_or(UNKNOWN_MEMBER_ID, |group| group.heartbeat(now, who))
    }

    /// A member goes.
    pub fn leave(&mut self, now: Instant, id: &str, who: &Who) -> ErrorCode {
        let Some(group) = self.by_id.get_mut(id) else { return UNKNOWN_MEMBER_ID };
        let left = group.leave(now, who);
        self.take_outcomes(id);
        left
    }

    /// Whether a member may say how far it has read; a generation of −1 is somebody who reads
    /// without being a member.
    pub fn may_commit(&mut self, now: Instant, id: &str, who: &Who) -> Result<(), ErrorCode> {
        if id.is_empty() {
            return Err(INVALID_GROUP_ID);
        }
        match self.by_id.get_mut(id) {
            Some(group) => group.may_commit(now, who),
            None if who.generation < 0 => Ok(()),
            None => Err(ILLEGAL_GENERATION),
        }
    }

    /// Notes how far a group has read.
    pub fn commit(&mut self, id: &str, topic: &str, partition: i32, committed: Committed) {
        let group = self.by_id.entry(id.to_owned()).or_insert_with(Group::new);
        group.offsets.insert((topic.to_owned(), partition), committed);
    }

    /// How far a group has read a partition.
    pub fn committed(&self, id: &str, topic: &str, partition: i32) -> Option<&Committed> {
        self.by_id.get(id)?.offsets.get(&(topic.to_owned(), partition))
    }

    /// Every partition that a group has read, and how far.
    pub fn all_committed(
        &self,
        id: &str,
    ) -> impl Iterator<Item = (&str, i32, &Committed)> + use<'_> {
        let offsets = self.by_id.get(id).into_iter().flat_map(|group| &group.offsets);
        offsets.map(|((topic, partition), committed)| (topic.as_str(), *partition, committed))
    }

    /// Forgets a group that has no members.
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

    /// A topic is gone, and with it how far it was read.
    pub fn topic_deleted(&mut self, topic: &str) {
        for group in self.by_id.values_mut() {
            group.offsets.retain(|(of, _), _| of != topic);
        }
    }

    /// A group.
    pub fn get(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id)
    }

    /// Every group, by its id.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.by_id.iter().map(|(id, group)| (id.as_str(), group))
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.by_id.values().filter_map(Group::next_event).min()
    }

    /// Time has passed: rounds end, and members that were silent are gone.
    pub fn handle_timeout(&mut self, now: Instant) {
        let ids: Vec<_> = self.by_id.keys().cloned().collect();
        for id in ids {
            if let Some(group) = self.by_id.get_mut(&id) {
                group.handle_timeout(now);
            }
            self.take_outcomes(&id);
        }
    }

    /// Something that somebody waited for.
    pub fn poll_outcome(&mut self) -> Option<(Ticket, Outcome)> {
        self.outcomes.pop_front()
    }

    fn tell(&mut self, ticket: Ticket, joined: Joined) {
        self.outcomes.push_back((ticket, Outcome::Joined(joined)));
    }

    fn take_outcomes(&mut self, id: &str) {
        if let Some(group) = self.by_id.get_mut(id) {
            self.outcomes.append(&mut group.outcomes);
            if group.is_void() {
                self.by_id.remove(id);
            }
        }
    }
}

/// What those are told who are not in.
pub(super) fn refused() -> Joined {
    Joined { generation: -1, ..Joined::default() }
}
