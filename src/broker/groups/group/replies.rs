//! Replies to waiting join and sync requests. They are queued in the group's outcomes.

use super::Group;
use crate::broker::groups::{Joined, Outcome, Synced, Ticket};
use crate::error::ErrorCode;

impl Group {
    pub(super) fn joined(&self, member_id: &str) -> Joined {
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

    pub(super) fn synced(&self, member_id: &str) -> Synced {
        let member = self.members.get(member_id);
        Synced {
            error: ErrorCode::NONE,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.map(|member| member.assignment.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn tell_joined(&mut self, ticket: Ticket, joined: Joined) {
        self.outcomes.push_back((ticket, Outcome::Joined(joined)));
    }

    pub(super) fn tell_synced(&mut self, ticket: Ticket, synced: Synced) {
        self.outcomes.push_back((ticket, Outcome::Synced(synced)));
    }
}
