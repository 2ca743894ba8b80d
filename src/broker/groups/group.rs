//! One consumer group: its state, and the requests of its members. The submodules check requests,
//! run rounds, remove members and build replies.

mod checks;
mod departures;
mod replies;
mod rounds;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::member::Member;
use super::{
    GroupResult, INCONSISTENT_GROUP_PROTOCOL, Join, JoinResult, MEMBER_ID_REQUIRED, MemberRef,
    REBALANCE_IN_PROGRESS, SyncResult, UNKNOWN_MEMBER_ID, WaitId, refused,
};
use crate::error::ErrorCode;

/// A committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next record to read.
    pub offset: i64,
    /// The leader epoch of the last record read, −1 if unknown.
    pub leader_epoch: i32,
    /// Metadata that the client attached.
    pub metadata: Option<String>,
}

/// The phase of a group's round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Empty,
    /// A round has begun: all members must join before this time.
    Joining(Instant),
    /// All members have joined: the leader must send the assignments before this time.
    Syncing(Instant),
    /// All members have their assignments.
    Stable,
}

#[derive(Debug)]
pub struct Group {
    state: State,
    /// Whether this is the first round, which waits a little for further members.
    is_forming: bool,
    generation: i32,
    protocol_type: String,
    protocol: String,
    leader: String,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) offsets: BTreeMap<(String, i32), Committed>,
    pub(super) results: VecDeque<(WaitId, GroupResult)>,
}

impl Group {
    pub(super) fn new() -> Self {
        Self {
            state: State::Empty,
            is_forming: false,
            generation: 0,
            protocol_type: String::new(),
            protocol: String::new(),
            leader: String::new(),
            members: BTreeMap::new(),
            offsets: BTreeMap::new(),
            results: VecDeque::new(),
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Returns whether the group can be removed: it has neither members nor offsets.
    pub(super) fn is_removable(&self) -> bool {
        self.state == State::Empty && self.members.is_empty() && self.offsets.is_empty()
    }

    pub fn protocol_type(&self) -> &str {
        &self.protocol_type
    }

    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Returns each member's id, instance id, client id, metadata and assignment.
    pub fn members(&self) -> impl Iterator<Item = (&str, Option<&str>, &str, Bytes, Bytes)> {
        self.members.iter().filter(|(_, member)| !member.is_pending).map(|(id, member)| {
            let metadata = member.metadata(&self.protocol);
            let (instance_id, assignment) = (member.instance_id.as_deref(), &member.assignment);
            (id.as_str(), instance_id, member.client_id.as_str(), metadata, assignment.clone())
        })
    }

    // -- requests --------------------------------------------------------------------------

    pub(super) fn join(&mut self, now: Instant, join: Join, is_new: bool, wait_id: WaitId) {
        let member_id = join.member_id.clone();
        let refuse = |error| JoinResult { error, member_id: member_id.clone(), ..refused() };
        if !self.fits(&join) {
            return self.push_joined(wait_id, refuse(INCONSISTENT_GROUP_PROTOCOL));
        }
        if !is_new
            && let Some(error) = self.membership_error(&member_id, join.instance_id.as_deref())
        {
            return self.push_joined(wait_id, refuse(error));
        }
        if is_new && join.requires_member_id && join.instance_id.is_none() {
            let mut member = Member::new(now, join);
            member.is_pending = true;
            self.members.insert(member_id.clone(), member);
            return self.push_joined(wait_id, refuse(MEMBER_ID_REQUIRED));
        }
        if is_new && let Some(instance_id) = &join.instance_id {
            self.replace(instance_id);
        }
        self.protocol_type.clone_from(&join.protocol_type);
        let known = self.members.get(&member_id);
        let is_unchanged =
            known.is_some_and(|known| !known.is_pending && known.protocols == join.protocols);
        // Answer a repeated request again. A leader that joins again wants another round.
        let is_answered = match self.state {
            State::Empty | State::Joining(_) => false,
            State::Syncing(_) => is_unchanged,
            State::Stable => is_unchanged && member_id != self.leader,
        };
        match self.members.get_mut(&member_id) {
            Some(member) => {
                member.touch(now);
                member.renew(join);
            }
            None => {
                self.members.insert(member_id.clone(), Member::new(now, join));
            }
        }
        if is_answered {
            let joined = self.joined(&member_id);
            return self.push_joined(wait_id, joined);
        }
        if let Some(member) = self.members.get_mut(&member_id)
            && let Some(earlier) = member.joining.replace(wait_id)
        {
            // The member asks again, so the connection of its earlier request has closed.
            self.push_joined(earlier, refuse(UNKNOWN_MEMBER_ID));
        }
        self.begin_round(now);
    }

    pub(super) fn sync(
        &mut self,
        now: Instant,
        who: &MemberRef,
        assignments: Vec<(String, Bytes)>,
        wait_id: WaitId,
    ) {
        let error = self.request_error(who).or(match self.state {
            State::Empty => Some(UNKNOWN_MEMBER_ID),
            State::Joining(_) => Some(REBALANCE_IN_PROGRESS),
            State::Syncing(_) | State::Stable => None,
        });
        if let Some(error) = error {
            return self.push_synced(wait_id, SyncResult { error, ..SyncResult::default() });
        }
        let Some(member) = self.members.get_mut(&who.member_id) else { return };
        member.touch(now);
        if self.state == State::Stable {
            let synced = self.synced(&who.member_id);
            return self.push_synced(wait_id, synced);
        }
        if let Some(earlier) = member.syncing.replace(wait_id) {
            // The member asks again, so the connection of its earlier request has closed.
            let error = REBALANCE_IN_PROGRESS;
            self.push_synced(earlier, SyncResult { error, ..SyncResult::default() });
        }
        if who.member_id != self.leader {
            return;
        }
        for (id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = assignment;
            }
        }
        self.state = State::Stable;
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in ids {
            let waiting = self.members.get_mut(&id).and_then(|member| {
                member.touch(now);
                member.syncing.take()
            });
            if let Some(waiting) = waiting {
                let synced = self.synced(&id);
                self.push_synced(waiting, synced);
            }
        }
    }

    pub(super) fn heartbeat(&mut self, now: Instant, who: &MemberRef) -> ErrorCode {
        if let Some(error) = self.request_error(who) {
            return error;
        }
        if let Some(member) = self.members.get_mut(&who.member_id) {
            member.touch(now);
        }
        match self.state {
            State::Joining(_) => REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NONE,
        }
    }

    pub(super) fn leave(&mut self, now: Instant, who: &MemberRef) -> ErrorCode {
        // A static member may be removed by its instance id alone.
        let by_name = self
            .members
            .iter()
            .find(|(_, member)| who.instance_id.is_some() && member.instance_id == who.instance_id);
        let id = match by_name {
            Some((id, _)) if who.member_id.is_empty() => id.clone(),
            _ => who.member_id.clone(),
        };
        if let Some(error) = self.membership_error(&id, who.instance_id.as_deref()) {
            return error;
        }
        self.remove(now, &id);
        ErrorCode::NONE
    }

    pub(super) fn may_commit(&mut self, now: Instant, who: &MemberRef) -> Result<(), ErrorCode> {
        if who.generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if let Some(error) = self.request_error(who) {
            return Err(error);
        }
        if let Some(member) = self.members.get_mut(&who.member_id) {
            member.touch(now);
        }
        match self.state {
            State::Syncing(_) => Err(REBALANCE_IN_PROGRESS),
            _ => Ok(()),
        }
    }
}
