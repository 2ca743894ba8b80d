//! Rounds of a group, which Kafka calls rebalances. All members join again, and a new generation
//! begins with an elected protocol and a leader.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;

use super::{Group, State};
use crate::broker::groups::member::Member;
use crate::broker::groups::{INITIAL_DELAY, REBALANCE_IN_PROGRESS, SyncResult};

impl Group {
    /// Begins a round, in which all members must join again, unless one is in progress.
    pub(super) fn begin_round(&mut self, now: Instant) {
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
                for wait_id in waiting {
                    let error = REBALANCE_IN_PROGRESS;
                    self.push_synced(wait_id, SyncResult { error, ..SyncResult::default() });
                }
            }
        }
        self.end_round_if_complete(now);
    }

    pub(super) fn end_round_if_complete(&mut self, now: Instant) {
        if !self.is_forming && self.members.values().all(|member| member.joining.is_some()) {
            self.end_round(now);
        }
    }

    pub(super) fn end_round(&mut self, now: Instant) {
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
                member.touch(now);
                member.assignment = Bytes::new();
                member.joining.take()
            });
            if let Some(wait_id) = waiting {
                let joined = self.joined(&id);
                self.push_joined(wait_id, joined);
            }
        }
    }

    /// Returns the protocol with the most votes. Each member votes for the first of its protocols
    /// that all members support.
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
}
