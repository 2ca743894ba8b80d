//! Request checks: whether a new member fits into the group, and whether a known one has the right
//! instance id and generation.

use super::Group;
use crate::broker::groups::{
    FENCED_INSTANCE_ID, ILLEGAL_GENERATION, Join, MemberRef, UNKNOWN_MEMBER_ID,
};
use crate::error::ErrorCode;

impl Group {
    /// Returns whether the member has the group's protocol type, and a protocol that all other
    /// members support.
    pub(super) fn fits(&self, join: &Join) -> bool {
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

    /// Returns the error for an unknown member, or for one that a newer instance has fenced.
    pub(super) fn membership_error(
        &self,
        id: &str,
        instance_id: Option<&str>,
    ) -> Option<ErrorCode> {
        let named = self.members.iter().find(|(_, member)| {
            instance_id.is_some() && member.instance_id.as_deref() == instance_id
        });
        match (named, self.members.get(id)) {
            (Some((current, _)), _) if current != id => Some(FENCED_INSTANCE_ID),
            (_, None) => Some(UNKNOWN_MEMBER_ID),
            _ => None,
        }
    }

    /// Returns the error for a member that may not make a request in this generation.
    pub(super) fn request_error(&self, who: &MemberRef) -> Option<ErrorCode> {
        let is_pending = self.members.get(&who.member_id).is_some_and(|member| member.is_pending);
        self.membership_error(&who.member_id, who.instance_id.as_deref())
            .or(is_pending.then_some(UNKNOWN_MEMBER_ID))
            .or((who.generation != self.generation).then_some(ILLEGAL_GENERATION))
    }
}
