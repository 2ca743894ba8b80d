//! One group, and the rounds in which its members come together.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::member::Member;
use super::{
    FENCED_INSTANCE_ID, ILLEGAL_GENERATION, INCONSISTENT_GROUP_PROTOCOL, INITIAL_DELAY, Join,
    Joined, MEMBER_ID_REQUIRED, Outcome, REBALANCE_IN_PROGRESS, Synced, Ticket, UNKNOWN_MEMBER_ID,
    Who, refused,
};
use crate::error::ErrorCode;

/// How far a group has read a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next record to read.
    pub offset: i64,
    /// The leader's epoch when it was read, −1 if unknown.
    pub leader_epoch: i32,
    /// Whatever the reader noted.
    pub metadata: Option<String>,
}

/// Where a group is in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody is in it.
    Empty,
    /// A round has begun: all are to join, until then at the latest.
    Joining(Instant),
    /// All are in; the leader is to say who does what, until then at the latest.
    Syncing(Instant),
    /// Everybody knows what to do.
    Stable,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Group {
    state: State,
    /// Whether this round is the first, which waits a little for whoever else comes.
    is_forming: bool,
    generation: i32,
    protocol_type: String,
    protocol: String,
    leader: String,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) offsets: BTreeMap<(String, i32), Committed>,
    pub(super) outcomes: VecDeque<(Ticket, Outcome)>,
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
            outcomes: VecDeque::new(),
        }
    }

    /// Where it is in its round.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether there is nothing to remember of it.
    pub(super) fn is_void(&self) -> bool {
        self.state == State::Empty && self.members.is_empty() && self.offsets.is_empty()
    }

    /// What it is for.
    pub fn protocol_type(&self) -> &str {
        &self.protocol_type
    }

    /// The way in which its members share.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Its members: id, name of a static one, client id, what it said, and what it is to do.
    pub fn members(&self) -> impl Iterator<Item = (&str, Option<&str>, &str, Bytes, Bytes)> {
        self.members.iter().filter(|(_, member)| !member.is_pending).map(|(id, member)| {
            let metadata = member.metadata(&self.protocol);
            let (instance_id, assignment) = (member.instance_id.as_deref(), &member.assignment);
            (id.as_str(), instance_id, member.client_id.as_str(), metadata, assignment.clone())
        })
    }

    // -- what members ask ------------------------------------------------------------------

    pub(super) fn join(&mut self, now: Instant, join: Join, is_new: bool, ticket: Ticket) {
        let member_id = join.member_id.clone();
        let refuse = |error| Joined { error, member_id: member_id.clone(), ..refused() };
        if !self.fits(&join) {
            return self.tell_joined(ticket, refuse(INCONSISTENT_GROUP_PROTOCOL));
        }
        if !is_new && let Some(error) = self.is_stranger(&member_id, join.instance_id.as_deref()) {
            return self.tell_joined(ticket, refuse(error));
        }
        if is_new && join.asks_id_first && join.instance_id.is_none() {
            let mut member = Member::new(now, join);
            member.is_pending = true;
            self.members.insert(member_id.clone(), member);
            return self.tell_joined(ticket, refuse(MEMBER_ID_REQUIRED));
        }
        if is_new && let Some(instance_id) = &join.instance_id {
            self.replace(instance_id);
        }
        self.protocol_type.clone_from(&join.protocol_type);
        let known = self.members.get(&member_id);
        let is_unchanged =
            known.is_some_and(|known| !known.is_pending && known.protocols == join.protocols);
        // A repetition, and not the leader's wish for another round.
        let is_answered = match self.state {
            State::Empty | State::Joining(_) => false,
            State::Syncing(_) => is_unchanged,
            State::Stable => is_unchanged && member_id != self.leader,
        };
        match self.members.get_mut(&member_id) {
            Some(member) => {
                member.heard_of(now);
                member.renew(join);
            }
            None => {
                self.members.insert(member_id.clone(), Member::new(now, join));
            }
        }
        if is_answered {
            let joined = self.joined(&member_id);
            return self.tell_joined(ticket, joined);
        }
        if let Some(member) = self.members.get_mut(&member_id)
            && let Some(earlier) = member.joining.replace(ticket)
        {
            // Its connection has ended, or it would not ask again.
            self.tell_joined(earlier, refuse(UNKNOWN_MEMBER_ID));
        }
        self.begin_round(now);
    }

    pub(super) fn sync(
        &mut self,
        now: Instant,
        who: &Who,
        assignments: Vec<(String, Bytes)>,
        ticket: Ticket,
    ) {
        let error = self.wrong(who).or(match self.state {
            State::Empty => Some(UNKNOWN_MEMBER_ID),
            State::Joining(_) => Some(REBALANCE_IN_PROGRESS),
            State::Syncing(_) | State::Stable => None,
        });
        if let Some(error) = error {
            return self.tell_synced(ticket, Synced { error, ..Synced::default() });
        }
        let Some(member) = self.members.get_mut(&who.member_id) else { return };
        member.heard_of(now);
        if self.state == State::Stable {
            let synced = self.synced(&who.member_id);
            return self.tell_synced(ticket, synced);
        }
        if let Some(earlier) = member.syncing.replace(ticket) {
            // Its connection has ended, or it would not ask again.
            let error = REBALANCE_IN_PROGRESS;
            self.tell_synced(earlier, Synced { error, ..Synced::default() });
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
                member.heard_of(now);
                member.syncing.take()
            });
            if let Some(waiting) = waiting {
                let synced = self.synced(&id);
                self.tell_synced(waiting, synced);
            }
        }
    }

    pub(super) fn heartbeat(&mut self, now: Instant, who: &Who) -> ErrorCode {
        if let Some(error) = self.wrong(who) {
            return error;
        }
        if let Some(member) = self.members.get_mut(&who.member_id) {
            member.heard_of(now);
        }
        match self.state {
            State::Joining(_) => REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NONE,
        }
    }

    pub(super) fn leave(&mut self, now: Instant, who: &Who) -> ErrorCode {
        // A static member may be sent away by its name alone.
        let by_name = self
            .members
            .iter()
            .find(|(_, member)| who.instance_id.is_some() && member.instance_id == who.instance_id);
        let id = match by_name {
            Some((id, _)) if who.member_id.is_empty() => id.clone(),
            _ => who.member_id.clone(),
        };
        if let Some(error) = self.is_stranger(&id, who.instance_id.as_deref()) {
            return error;
        }
        self.remove(now, &id);
        ErrorCode::NONE
    }

    pub(super) fn may_commit(&mut self, now: Instant, who: &Who) -> Result<(), ErrorCode> {
        if who.generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if let Some(error) = self.wrong(who) {
            return Err(error);
        }
        if let Some(member) = self.members.get_mut(&who.member_id) {
            member.heard_of(now);
        }
        match self.state {
            State::Syncing(_) => Err(REBALANCE_IN_PROGRESS),
            _ => Ok(()),
        }
    }

    // -- time ------------------------------------------------------------------------------

    pub(super) fn next_event(&self) -> Option<Instant> {
        let round = match self.state {
            State::Joining(until) | State::Syncing(until) => Some(until),
            State::Empty | State::Stable => None,
        };
        self.members.values().filter_map(Member::expires_at).chain(round).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let members = self.members.iter();
        let dead = members.filter(|(_, member)| is_over(member.expires_at()));
        let dead: Vec<_> = dead.map(|(id, _)| id.clone()).collect();
        for id in dead {
            self.remove(now, &id);
        }
        match self.state {
            State::Joining(until) if until <= now => self.end_round(now),
            State::Syncing(until) if until <= now => {
                // Who has not asked what to do is not there to do it.
                let absent = self.members.iter().filter(|(_, member)| member.syncing.is_none());
                let absent: Vec<_> = absent.map(|(id, _)| id.clone()).collect();
                for id in absent {
                    self.remove(now, &id);
                }
            }
            _ => {}
        }
    }

    // -- rounds ----------------------------------------------------------------------------

    /// Has all join again, unless they are at it.
    fn begin_round(&mut self, now: Instant) {
        match self.state {
            State::Joining(_) => {}
            State::Empty => {
                self.is_forming = true;
                self.state = State::Joining(now + INITIAL_DELAY);
            }
            State::Syncing(_) | State::Stable => {
                let patience = self.members.values().map(|member| member.rebalance_timeout).max();
                self.state = State::Joining(now + patience.unwrap_or_default());
                let waiting: Vec<_> =
                    self.members.values_mut().filter_map(|member| member.syncing.take()).collect();
                for ticket in waiting {
                    let error = REBALANCE_IN_PROGRESS;
                    self.tell_synced(ticket, Synced { error, ..Synced::default() });
                }
            }
        }
        self.end_round_if_complete(now);
    }

    fn end_round_if_complete(&mut self, now: Instant) {
        if !self.is_forming && self.members.values().all(|member| member.joining.is_some()) {
            self.end_round(now);
        }
    }

    fn end_round(&mut self, now: Instant) {
        self.is_forming = false;
        self.members.retain(|_, member| member.joining.is_some() || member.is_pending);
        if self.members.values().all(|member| member.is_pending) {
            self.state = State::Empty;
            self.leader.clear();
            return;
        }
        self.generation += 1;
        self.protocol = self.elect();
        if self.members.get(&self.leader).is_none_or(|leader| leader.is_pending) {
            let first = self.members.iter().find(|(_, member)| !member.is_pending);
            self.leader = first.map(|(id, _)| id.clone()).unwrap_or_default();
        }
        let patience = self.members.values().map(|member| member.rebalance_timeout).max();
        self.state = State::Syncing(now + patience.unwrap_or_default());
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in ids {
            let waiting = self.members.get_mut(&id).and_then(|member| {
                member.heard_of(now);
                member.assignment = Bytes::new();
                member.joining.take()
            });
            if let Some(ticket) = waiting {
                let joined = self.joined(&id);
                self.tell_joined(ticket, joined);
            }
        }
    }

    /// The way to share that most put first, of those that all know.
    fn elect(&self) -> String {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values().filter(|member| !member.is_pending) {
            let best = member.protocols.iter().find(|(name, _)| self.all_know(name));
            if let Some((name, _)) = best {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.into_iter().max_by_key(|(_, count)| *count);
        most.map(|(name, _)| name.to_owned()).unwrap_or_default()
    }

    fn all_know(&self, protocol: &str) -> bool {
        let knows = |member: &Member| member.protocols.iter().any(|(name, _)| name == protocol);
        self.members.values().all(|member| member.is_pending || knows(member))
    }

    // -- members ---------------------------------------------------------------------------

    /// Whether it is there for the same, and knows a way to share that the others know.
    fn fits(&self, join: &Join) -> bool {
        let others = self.members.iter();
        let mut others =
            others.filter(|(id, member)| **id != join.member_id && !member.is_pending).peekable();
        if others.peek().is_none() {
            return true;
        }
        let others: Vec<_> = others.map(|(_, member)| member).collect();
        let all_know = |name: &str| {
            others.iter().all(|member| member.protocols.iter().any(|(known, _)| known == name))
        };
        join.protocol_type == self.protocol_type
            && join.protocols.iter().any(|(name, _)| all_know(name))
    }

    /// What is wrong with who asks.
    fn is_stranger(&self, id: &str, instance_id: Option<&str>) -> Option<ErrorCode> {
        let named = self.members.iter().find(|(_, member)| {
            instance_id.is_some() && member.instance_id.as_deref() == instance_id
        });
        match (named, self.members.get(id)) {
            (Some((current, _)), _) if current != id => Some(FENCED_INSTANCE_ID),
            (_, None) => Some(UNKNOWN_MEMBER_ID),
            _ => None,
        }
    }

    fn wrong(&self, who: &Who) -> Option<ErrorCode> {
        let is_pending = self.members.get(&who.member_id).is_some_and(|member| member.is_pending);
        self.is_stranger(&who.member_id, who.instance_id.as_deref())
            .or(is_pending.then_some(UNKNOWN_MEMBER_ID))
            .or((who.generation != self.generation).then_some(ILLEGAL_GENERATION))
    }

    /// A static member has started anew: the one of that name before it is gone.
    fn replace(&mut self, instance_id: &str) {
        let named = self.members.iter();
        let mut named =
            named.filter(|(_, member)| member.instance_id.as_deref() == Some(instance_id));
        let Some(id) = named.next().map(|(id, _)| id.clone()) else { return };
        if let Some(old) = self.members.remove(&id) {
            self.dismiss(&old, FENCED_INSTANCE_ID);
        }
        if self.leader == id {
            self.leader.clear();
        }
    }

    fn remove(&mut self, now: Instant, id: &str) {
        let Some(member) = self.members.remove(id) else { return };
        self.dismiss(&member, UNKNOWN_MEMBER_ID);
        if member.is_pending {
            return self.resume(now);
        }
        match self.state {
            State::Joining(_) => self.resume(now),
            State::Syncing(_) | State::Stable => {
                if self.members.values().all(|member| member.is_pending) {
                    self.generation += 1;
                    self.leader.clear();
                    self.state = State::Empty;
                } else {
                    self.begin_round(now);
                }
            }
            State::Empty => {}
        }
    }

    /// A round may have waited for the one who has gone.
    fn resume(&mut self, now: Instant) {
        if matches!(self.state, State::Joining(_)) {
            self.end_round_if_complete(now);
        }
    }

    fn dismiss(&mut self, member: &Member, error: ErrorCode) {
        if let Some(ticket) = member.joining {
            self.tell_joined(ticket, Joined { error, ..refused() });
        }
        if let Some(ticket) = member.syncing {
            self.tell_synced(ticket, Synced { error, ..Synced::default() });
        }
    }

    // -- answers ---------------------------------------------------------------------------

    fn joined(&self, member_id: &str) -> Joined {
        let members = if member_id == self.leader {
            let members = self.members.iter().filter(|(_, member)| !member.is_pending);
            members
                .map(|(id, member)| {
                    let metadata = member.metadata(&self.protocol);
                    (id.clone(), member.instance_id.clone(), metadata)
                })
                .collect()
        } else {
            Vec::new()
        };
        Joined {
            error: ErrorCode::NONE,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            member_id: member_id.to_owned(),
            members,
        }
    }

    fn synced(&self, member_id: &str) -> Synced {
        let member = self.members.get(member_id);
        Synced {
            error: ErrorCode::NONE,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.map(|member| member.assignment.clone()).unwrap_or_default(),
        }
    }

    fn tell_joined(&mut self, ticket: Ticket, joined: Joined) {
        self.outcomes.push_back((ticket, Outcome::Joined(joined)));
    }

    fn tell_synced(&mut self, ticket: Ticket, synced: Synced) {
        self.outcomes.push_back((ticket, Outcome::Synced(synced)));
    }
}
