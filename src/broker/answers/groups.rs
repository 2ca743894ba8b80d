//! The consumer group APIs: converts between Kafka's messages and `broker::groups`.

use std::time::{Duration, Instant};

use super::Broker;
use crate::broker::groups::{Committed, Join, JoinResult, MemberRef, State, SyncResult, WaitId};
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, Coordinator, DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
    DescribedGroupMember, FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest,
    HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember,
    LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, ListedGroup,
    MemberIdentity, MemberResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic, OffsetFetchRequest,
    OffsetFetchRequestTopic, OffsetFetchResponse, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponseTopic, SyncGroupRequest, SyncGroupResponse,
};

const OFFSET_METADATA_TOO_LARGE: ErrorCode = ErrorCode(12);
const COORDINATOR_NOT_AVAILABLE: ErrorCode = ErrorCode(15);

/// The first API versions with a feature.
mod since {
    /// `JoinGroup` has a separate rebalance timeout.
    pub(super) const REBALANCE_TIMEOUT: i16 = 1;
    /// `JoinGroup` assigns a member id before the member joins (KIP-394).
    pub(super) const ID_FIRST: i16 = 4;
    /// `LeaveGroup` can remove several members.
    pub(super) const LEAVING_TOGETHER: i16 = 3;
    /// `OffsetFetch` can name several groups.
    pub(super) const SEVERAL_GROUPS: i16 = 8;
    /// `FindCoordinator` can name several keys.
    pub(super) const SEVERAL_COORDINATORS: i16 = 4;
}

impl Broker<'_> {
    /// Broker 1 coordinates all groups. Transactions have no coordinator.
    pub(in crate::broker) fn find_coordinator(
        &self,
        version: i16,
        request: &FindCoordinatorRequest,
        error: Option<ErrorCode>,
    ) -> FindCoordinatorResponse {
        const GROUP: i8 = 0;
        let transactions = (request.key_type != GROUP).then_some(COORDINATOR_NOT_AVAILABLE);
        let error = error.or(transactions);
        let (host, port) = self.address(1);
        let (node_id, host, port) =
            if error.is_some() { (-1, String::new(), -1) } else { (1, host, port) };
        let error_code = error.unwrap_or_default();
        if version < since::SEVERAL_COORDINATORS {
            return FindCoordinatorResponse {
                error_code,
                node_id,
                host,
                port,
                ..FindCoordinatorResponse::default()
            };
        }
        let coordinators = request.coordinator_keys.iter().map(|key| Coordinator {
            key: key.clone(),
            node_id,
            host: host.clone(),
            port,
            error_code,
            ..Coordinator::default()
        });
        FindCoordinatorResponse {
            coordinators: coordinators.collect(),
            ..FindCoordinatorResponse::default()
        }
    }

    /// The response is delivered with the wait id.
    pub(in crate::broker) fn join_group(
        &mut self,
        now: Instant,
        version: i16,
        client_id: &str,
        request: JoinGroupRequest,
        wait_id: WaitId,
    ) {
        let session_timeout = millis(request.session_timeout_ms);
        let has_own = version >= since::REBALANCE_TIMEOUT;
        let join = Join {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            client_id: client_id.to_owned(),
            session_timeout,
            rebalance_timeout: if has_own {
                millis(request.rebalance_timeout_ms)
            } else {
                session_timeout
            },
            protocol_type: request.protocol_type,
            protocols: request
                .protocols
                .into_iter()
                .map(|protocol| (protocol.name, protocol.metadata))
                .collect(),
            requires_member_id: version >= since::ID_FIRST,
        };
        self.groups.join(now, &request.group_id, join, wait_id);
    }

    /// The response is delivered with the wait id.
    pub(in crate::broker) fn sync_group(
        &mut self,
        now: Instant,
        request: SyncGroupRequest,
        wait_id: WaitId,
    ) {
        let who = MemberRef {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            generation: request.generation_id,
        };
        let assignments = request.assignments.into_iter();
        let assignments = assignments.map(|one| (one.member_id, one.assignment)).collect();
        self.groups.sync(now, &request.group_id, &who, assignments, wait_id);
    }

    pub(in crate::broker) fn heartbeat(
        &mut self,
        now: Instant,
        request: HeartbeatRequest,
        error: Option<ErrorCode>,
    ) -> HeartbeatResponse {
        if let Some(error_code) = error {
            return HeartbeatResponse { error_code, ..HeartbeatResponse::default() };
        }
        let who = MemberRef {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            generation: request.generation_id,
        };
        let error_code = self.groups.heartbeat(now, &request.group_id, &who);
        HeartbeatResponse { error_code, ..HeartbeatResponse::default() }
    }

    pub(in crate::broker) fn leave_group(
        &mut self,
        now: Instant,
        version: i16,
        request: LeaveGroupRequest,
        error: Option<ErrorCode>,
    ) -> LeaveGroupResponse {
        if let Some(error_code) = error {
            return LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() };
        }
        let mut leave = |member_id: &str, instance_id: &Option<String>| {
            let who = MemberRef {
                member_id: member_id.to_owned(),
                instance_id: instance_id.clone(),
                ..MemberRef::default()
            };
            self.groups.leave(now, &request.group_id, &who)
        };
        if version < since::LEAVING_TOGETHER {
            let error_code = leave(&request.member_id, &None);
            return LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() };
        }
        let members = request.members.into_iter().map(|member: MemberIdentity| MemberResponse {
            error_code: leave(&member.member_id, &member.group_instance_id),
            member_id: member.member_id,
            group_instance_id: member.group_instance_id,
        });
        LeaveGroupResponse { members: members.collect(), ..LeaveGroupResponse::default() }
    }

    pub(in crate::broker) fn offset_commit(
        &mut self,
        now: Instant,
        request: OffsetCommitRequest,
        error: Option<ErrorCode>,
    ) -> OffsetCommitResponse {
        let who = MemberRef {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            generation: request.generation_id,
        };
        let group = &request.group_id;
        let allowed = error.map_or_else(|| self.groups.may_commit(now, group, &who), Err);
        let topics = request.topics.into_iter().map(|topic| {
            let denied = self.denied.denied_error(ApiKey::OffsetCommit, &topic.name);
            let allowed = allowed.and(denied.map_or(Ok(()), Err));
            let partitions = topic.partitions.into_iter().map(|partition| {
                let index = partition.partition_index;
                let exists = self.cluster.partition(&topic.name, index).is_some();
                let error_code = match allowed {
                    Err(code) => code,
                    Ok(()) if !exists => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    Ok(()) if is_long(partition.committed_metadata.as_deref()) => {
                        OFFSET_METADATA_TOO_LARGE
                    }
                    Ok(()) => {
                        let committed = Committed {
                            offset: partition.committed_offset,
                            leader_epoch: partition.committed_leader_epoch,
                            metadata: partition.committed_metadata,
                        };
                        self.groups.commit(group, &topic.name, index, committed);
                        ErrorCode::NONE
                    }
                };
                OffsetCommitResponsePartition { partition_index: index, error_code }
            });
            let partitions = partitions.collect();
            OffsetCommitResponseTopic { name: topic.name, partitions }
        });
        OffsetCommitResponse { topics: topics.collect(), ..OffsetCommitResponse::default() }
    }

    pub(in crate::broker) fn offset_fetch(
        &self,
        version: i16,
        request: &OffsetFetchRequest,
        error: Option<ErrorCode>,
    ) -> OffsetFetchResponse {
        let error_code = error.unwrap_or_default();
        if version < since::SEVERAL_GROUPS {
            return OffsetFetchResponse {
                topics: self.committed(&request.group_id, request.topics.as_deref(), error_code),
                error_code,
                ..OffsetFetchResponse::default()
            };
        }
        let groups = request.groups.iter().map(|group| OffsetFetchResponseGroup {
            group_id: group.group_id.clone(),
            topics: self.committed(&group.group_id, group.topics.as_deref(), error_code),
            error_code,
        });
        OffsetFetchResponse { groups: groups.collect(), ..OffsetFetchResponse::default() }
    }

    /// Returns the committed offsets of the requested partitions, or of all.
    fn committed(
        &self,
        group: &str,
        asked: Option<&[OffsetFetchRequestTopic]>,
        error_code: ErrorCode,
    ) -> Vec<OffsetFetchResponseTopic> {
        let of = |partition_index, committed: Option<&Committed>| OffsetFetchResponsePartition {
            partition_index,
            committed_offset: committed.map_or(-1, |committed| committed.offset),
            committed_leader_epoch: committed.map_or(-1, |committed| committed.leader_epoch),
            metadata: Some(committed.and_then(|one| one.metadata.clone()).unwrap_or_default()),
            error_code,
        };
        if let Some(asked) = asked {
            let topics = asked.iter().map(|topic| {
                let indexes = topic.partition_indexes.iter();
                let partitions = indexes
                    .map(|index| of(*index, self.groups.committed(group, &topic.name, *index)));
                OffsetFetchResponseTopic {
                    name: topic.name.clone(),
                    partitions: partitions.collect(),
                }
            });
            return topics.collect();
        }
        let mut topics: Vec<OffsetFetchResponseTopic> = Vec::new();
        for (topic, index, committed) in self.groups.all_committed(group) {
            if topics.last().is_none_or(|last| last.name != topic) {
                let name = topic.to_owned();
                topics.push(OffsetFetchResponseTopic { name, partitions: Vec::new() });
            }
            if let Some(last) = topics.last_mut() {
                last.partitions.push(of(index, Some(committed)));
            }
        }
        topics
    }

    pub(in crate::broker) fn list_groups(
        &self,
        request: &ListGroupsRequest,
        error: Option<ErrorCode>,
    ) -> ListGroupsResponse {
        let groups = self.groups.all().map(|(id, group)| ListedGroup {
            group_id: id.to_owned(),
            protocol_type: group.protocol_type().to_owned(),
            group_state: state_name(group.state()).to_owned(),
        });
        let wanted = &request.states_filter;
        let groups = groups.filter(|group| {
            wanted.is_empty()
                || wanted.iter().any(|name| name.eq_ignore_ascii_case(&group.group_state))
        });
        ListGroupsResponse {
            error_code: error.unwrap_or_default(),
            groups: groups.collect(),
            ..ListGroupsResponse::default()
        }
    }

    pub(in crate::broker) fn describe_groups(
        &self,
        request: &DescribeGroupsRequest,
        error: Option<ErrorCode>,
    ) -> DescribeGroupsResponse {
        let groups = request.groups.iter().map(|wanted| {
            let Some(group) = self.groups.get(wanted).filter(|_| error.is_none()) else {
                return DescribedGroup {
                    error_code: error.unwrap_or_default(),
                    group_id: wanted.clone(),
                    group_state: "Dead".to_owned(),
                    ..DescribedGroup::default()
                };
            };
            let members = group.members().map(|(id, instance_id, client_id, said, does)| {
                DescribedGroupMember {
                    member_id: id.to_owned(),
                    group_instance_id: instance_id.map(str::to_owned),
                    client_id: client_id.to_owned(),
                    client_host: "/127.0.0.1".to_owned(),
                    member_metadata: said,
                    member_assignment: does,
                }
            });
            DescribedGroup {
                group_id: wanted.clone(),
                group_state: state_name(group.state()).to_owned(),
                protocol_type: group.protocol_type().to_owned(),
                protocol_data: group.protocol().to_owned(),
                members: members.collect(),
                ..DescribedGroup::default()
            }
        });
        DescribeGroupsResponse { groups: groups.collect(), ..DescribeGroupsResponse::default() }
    }
}

pub(in crate::broker) fn joined(joined: JoinResult) -> JoinGroupResponse {
    let is_in = joined.error.is_success();
    let members = joined.members.into_iter();
    JoinGroupResponse {
        error_code: joined.error,
        generation_id: joined.generation,
        protocol_type: is_in.then_some(joined.protocol_type),
        // Not null before version 7.
        protocol_name: Some(joined.protocol),
        leader: joined.leader,
        member_id: joined.member_id,
        members: members
            .map(|(member_id, group_instance_id, metadata)| JoinGroupResponseMember {
                member_id,
                group_instance_id,
                metadata,
            })
            .collect(),
        ..JoinGroupResponse::default()
    }
}

pub(in crate::broker) fn synced(synced: SyncResult) -> SyncGroupResponse {
    let is_in = synced.error.is_success();
    SyncGroupResponse {
        error_code: synced.error,
        protocol_type: is_in.then_some(synced.protocol_type),
        protocol_name: is_in.then_some(synced.protocol),
        assignment: synced.assignment,
        ..SyncGroupResponse::default()
    }
}

/// Returns whether commit metadata exceeds Kafka's `offset.metadata.max.bytes`, which counts UTF-16
/// units as Java does.
fn is_long(note: Option<&str>) -> bool {
    note.is_some_and(|note| note.encode_utf16().count() > 4_096)
}

fn millis(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Empty => "Empty",
        State::Joining(_) => "PreparingRebalance",
        State::Syncing(_) => "CompletingRebalance",
        State::Stable => "Stable",
    }
}
