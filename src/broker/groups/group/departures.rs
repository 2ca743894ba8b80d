//! Removal of members: they leave, a newer instance replaces them, or their session expires. Also
//! handles the consequences for the round.

use std::time::Instant;

use super::{Group, State};
use crate::broker::groups::member::Member;
use crate::broker::groups::{
    FENCED_INSTANCE_ID, JoinResult, SyncResult, UNKNOWN_MEMBER_ID, refused,
};
use crate::error::ErrorCode;

impl Group {
    pub(in crate::broker::groups) fn next_event(&self) -> Option<Instant> {
        let round = match self.state {
            State::Joining(until) | State::Syncing(until) => Some(until),
            State::Empty | State::Stable => None,
        };
        self.members.values().filter_map(Member::expires_at).chain(round).min()
    }

    pub(in crate::broker::groups) fn handle_timeout(&mut self, now: Instant) {
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
                // Remove members that did not sync in time.
                let absent = self.members.iter().filter(|(_, member)| member.syncing.is_none());
                let absent: Vec<_> = absent.map(|(id, _)| id.clone()).collect();
                for id in absent {
                    self.remove(now, &id);
                }
            }
            _ => {}
        }
    }

    /// Removes the earlier instance of a static member that has restarted.
    pub(super) fn replace(&mut self, instance_id: &str) {
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

    pub(super) fn remove(&mut self, now: Instant, id: &str) {
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

    /// Ends the round if it only waited for the removed member.
    fn resume(&mut self, now: Instant) {
        if matches!(self.state, State::Joining(_)) {
            self.end_round_if_complete(now);
        }
    }

    fn dismiss(&mut self, member: &Member, error: ErrorCode) {
        if let Some(wait_id) = member.joining {
            self.push_joined(wait_id, JoinResult { error, ..refused() });
        }
        if let Some(wait_id) = member.syncing {
            self.push_synced(wait_id, SyncResult { error, ..SyncResult::default() });
        }
    }
}
