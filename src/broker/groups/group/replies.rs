//! Replies to waiting join and sync requests. They are queued in the group's results.

use super::Group;
use crate::broker::groups::{GroupResult, JoinResult, SyncResult, WaitId};
use crate::error::ErrorCode;

impl Group {
    pub(super) fn joined(&self, member_id: &str) -> JoinResult {
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
        JoinResult {
            error: ErrorCode::NONE,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            member_id: member_id.to_owned(),
            members,
        }
    }

    pub(super) fn synced(&self, member_id: &str) -> SyncResult {
        let member = self.members.get(member_id);
        SyncResult {
            error: ErrorCode::NONE,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.map(|member| member.assignment.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn push_joined(&mut self, wait_id: WaitId, joined: JoinResult) {
        self.results.push_back((wait_id, GroupResult::Joined(joined)));
    }

    pub(super) fn push_synced(&mut self, wait_id: WaitId, synced: SyncResult) {
        self.results.push_back((wait_id, GroupResult::Synced(synced)));
    }
}
