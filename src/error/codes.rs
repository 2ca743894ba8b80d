//! Kafka's error codes: their names, and what each means for a produced record. The names are those
//! of Kafka 4.3; an unknown code is named `UNKNOWN_SERVER_ERROR`.

use std::fmt;

/// An error code as a broker sends it; 0 is success.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ErrorCode(pub i16);

impl ErrorCode {
    pub const NONE: Self = Self(0);
    /// The broker failed in a way that has no code.
    pub const UNKNOWN_SERVER_ERROR: Self = Self(-1);
    /// The batch's checksum does not match its bytes.
    pub const CORRUPT_MESSAGE: Self = Self(2);
    /// The broker does not know the topic or the partition.
    pub const UNKNOWN_TOPIC_OR_PARTITION: Self = Self(3);
    /// A leader election is under way.
    pub const LEADER_NOT_AVAILABLE: Self = Self(5);
    /// The broker no longer leads the partition, or does not lead it yet.
    pub const NOT_LEADER_OR_FOLLOWER: Self = Self(6);
    /// The replicas did not acknowledge in time; the record may be stored.
    pub const REQUEST_TIMED_OUT: Self = Self(7);
    /// The batch is larger than the topic allows.
    pub const MESSAGE_TOO_LARGE: Self = Self(10);
    /// The connection ended before the answer came.
    pub const NETWORK_EXCEPTION: Self = Self(13);
    /// Kafka does not allow this topic name.
    pub const INVALID_TOPIC: Self = Self(17);
    /// Fewer replicas are in sync than the topic requires; nothing was stored.
    pub const NOT_ENOUGH_REPLICAS: Self = Self(19);
    /// The same, noticed after the leader had stored the batch.
    pub const NOT_ENOUGH_REPLICAS_AFTER_APPEND: Self = Self(20);
    /// The disk with the partition's log failed.
    pub const KAFKA_STORAGE_ERROR: Self = Self(56);
    /// The batch does not follow the producer's last one.
    pub const OUT_OF_ORDER_SEQUENCE_NUMBER: Self = Self(45);
    /// The batch is stored already, too long ago for the broker to know its offset.
    pub const DUPLICATE_SEQUENCE_NUMBER: Self = Self(46);
    /// The producer has a newer epoch.
    pub const INVALID_PRODUCER_EPOCH: Self = Self(47);
    /// The broker has forgotten the producer.
    pub const UNKNOWN_PRODUCER_ID: Self = Self(59);
    /// The client's leader epoch is older than the broker's.
    pub const FENCED_LEADER_EPOCH: Self = Self(74);
    /// The broker, or the version of the request, does not support the batch's codec.
    pub const UNSUPPORTED_COMPRESSION_TYPE: Self = Self(76);
    /// The record, or its batch, is not valid.
    pub const INVALID_RECORD: Self = Self(87);
    pub const UNKNOWN_TOPIC_ID: Self = Self(100);
    pub const TOPIC_AUTHORIZATION_FAILED: Self = Self(29);
    pub const GROUP_AUTHORIZATION_FAILED: Self = Self(30);
    pub const CLUSTER_AUTHORIZATION_FAILED: Self = Self(31);
    /// The SASL mechanism is not enabled.
    pub const UNSUPPORTED_SASL_MECHANISM: Self = Self(33);
    /// A SASL request was sent where the broker expects none.
    pub const ILLEGAL_SASL_STATE: Self = Self(34);
    pub const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Self = Self(53);
    pub const SASL_AUTHENTICATION_FAILED: Self = Self(58);
    pub const UNSUPPORTED_VERSION: Self = Self(35);

    /// Returns Kafka's name for the code, as in `"MESSAGE_TOO_LARGE"`.
    pub fn name(self) -> &'static str {
        usize::try_from(i32::from(self.0) + 1)
            .ok()
            .and_then(|index| NAMES.get(index))
            .copied()
            .unwrap_or(NAMES[0])
    }

    /// Returns every code that has a name in Kafka.
    pub fn all() -> impl Iterator<Item = Self> {
        (-1..).zip(NAMES).map(|(code, _)| Self(code))
    }

    pub fn is_success(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the broker knows the user, but does not allow the operation.
    pub fn is_authorization(self) -> bool {
        matches!(self.0, 29 | 30 | 31 | 53 | 65)
    }

    /// Returns whether sending the same again may succeed.
    pub fn retriable(self) -> bool {
        matches!(
            self.0,
            2 | 3
                | 5
                | 6
                | 7
                | 9
                | 13
                | 14
                | 15
                | 16
                | 19
                | 20
                | 41
                | 51
                | 56
                | 72
                | 74
                | 75
                | 89
                | 100
                | 103
        )
    }

    /// Returns whether cached metadata is out of date.
    pub fn refreshes_metadata(self) -> bool {
        matches!(self.0, 3 | 5 | 6 | 9 | 13 | 56 | 72 | 74 | 100 | 103)
    }

    /// Returns whether a batch that failed with this code may be stored nevertheless.
    pub fn maybe_written(self) -> bool {
        matches!(self.0, -1 | 7 | 13 | 20)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names by code, starting at −1. Kafka leaves no gap between its codes.
const NAMES: [&str; 135] = [
    "UNKNOWN_SERVER_ERROR",
    "NONE",
    "OFFSET_OUT_OF_RANGE",
    "CORRUPT_MESSAGE",
    "UNKNOWN_TOPIC_OR_PARTITION",
    "INVALID_FETCH_SIZE",
    "LEADER_NOT_AVAILABLE",
    "NOT_LEADER_OR_FOLLOWER",
    "REQUEST_TIMED_OUT",
    "BROKER_NOT_AVAILABLE",
    "REPLICA_NOT_AVAILABLE",
    "MESSAGE_TOO_LARGE",
    "STALE_CONTROLLER_EPOCH",
    "OFFSET_METADATA_TOO_LARGE",
    "NETWORK_EXCEPTION",
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
    "NOT_COORDINATOR",
    "INVALID_TOPIC_EXCEPTION",
    "RECORD_LIST_TOO_LARGE",
    "NOT_ENOUGH_REPLICAS",
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    "INVALID_REQUIRED_ACKS",
    "ILLEGAL_GENERATION",
    "INCONSISTENT_GROUP_PROTOCOL",
    "INVALID_GROUP_ID",
    "UNKNOWN_MEMBER_ID",
    "INVALID_SESSION_TIMEOUT",
    "REBALANCE_IN_PROGRESS",
    "INVALID_COMMIT_OFFSET_SIZE",
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
    "INVALID_TIMESTAMP",
    "UNSUPPORTED_SASL_MECHANISM",
    "ILLEGAL_SASL_STATE",
    "UNSUPPORTED_VERSION",
    "TOPIC_ALREADY_EXISTS",
    "INVALID_PARTITIONS",
    "INVALID_REPLICATION_FACTOR",
    "INVALID_REPLICA_ASSIGNMENT",
    "INVALID_CONFIG",
    "NOT_CONTROLLER",
    "INVALID_REQUEST",
    "UNSUPPORTED_FOR_MESSAGE_FORMAT",
    "POLICY_VIOLATION",
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
    "DUPLICATE_SEQUENCE_NUMBER",
    "INVALID_PRODUCER_EPOCH",
    "INVALID_TXN_STATE",
    "INVALID_PRODUCER_ID_MAPPING",
    "INVALID_TRANSACTION_TIMEOUT",
    "CONCURRENT_TRANSACTIONS",
    "TRANSACTION_COORDINATOR_FENCED",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    "SECURITY_DISABLED",
    "OPERATION_NOT_ATTEMPTED",
    "KAFKA_STORAGE_ERROR",
    "LOG_DIR_NOT_FOUND",
    "SASL_AUTHENTICATION_FAILED",
    "UNKNOWN_PRODUCER_ID",
    "REASSIGNMENT_IN_PROGRESS",
    "DELEGATION_TOKEN_AUTH_DISABLED",
    "DELEGATION_TOKEN_NOT_FOUND",
    "DELEGATION_TOKEN_OWNER_MISMATCH",
    "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
    "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
    "DELEGATION_TOKEN_EXPIRED",
    "INVALID_PRINCIPAL_TYPE",
    "NON_EMPTY_GROUP",
    "GROUP_ID_NOT_FOUND",
    "FETCH_SESSION_ID_NOT_FOUND",
    "INVALID_FETCH_SESSION_EPOCH",
    "LISTENER_NOT_FOUND",
    "TOPIC_DELETION_DISABLED",
    "FENCED_LEADER_EPOCH",
    "UNKNOWN_LEADER_EPOCH",
    "UNSUPPORTED_COMPRESSION_TYPE",
    "STALE_BROKER_EPOCH",
    "OFFSET_NOT_AVAILABLE",
    "MEMBER_ID_REQUIRED",
    "PREFERRED_LEADER_NOT_AVAILABLE",
    "GROUP_MAX_SIZE_REACHED",
    "FENCED_INSTANCE_ID",
    "ELIGIBLE_LEADERS_NOT_AVAILABLE",
    "ELECTION_NOT_NEEDED",
    "NO_REASSIGNMENT_IN_PROGRESS",
    "GROUP_SUBSCRIBED_TO_TOPIC",
    "INVALID_RECORD",
    "UNSTABLE_OFFSET_COMMIT",
    "THROTTLING_QUOTA_EXCEEDED",
    "PRODUCER_FENCED",
    "RESOURCE_NOT_FOUND",
    "DUPLICATE_RESOURCE",
    "UNACCEPTABLE_CREDENTIAL",
    "INCONSISTENT_VOTER_SET",
    "INVALID_UPDATE_VERSION",
    "FEATURE_UPDATE_FAILED",
    "PRINCIPAL_DESERIALIZATION_FAILURE",
    "SNAPSHOT_NOT_FOUND",
    "POSITION_OUT_OF_RANGE",
    "UNKNOWN_TOPIC_ID",
    "DUPLICATE_BROKER_REGISTRATION",
    "BROKER_ID_NOT_REGISTERED",
    "INCONSISTENT_TOPIC_ID",
    "INCONSISTENT_CLUSTER_ID",
    "TRANSACTIONAL_ID_NOT_FOUND",
    "FETCH_SESSION_TOPIC_ID_ERROR",
    "INELIGIBLE_REPLICA",
    "NEW_LEADER_ELECTED",
    "OFFSET_MOVED_TO_TIERED_STORAGE",
    "FENCED_MEMBER_EPOCH",
    "UNRELEASED_INSTANCE_ID",
    "UNSUPPORTED_ASSIGNOR",
    "STALE_MEMBER_EPOCH",
    "MISMATCHED_ENDPOINT_TYPE",
    "UNSUPPORTED_ENDPOINT_TYPE",
    "UNKNOWN_CONTROLLER_ID",
    "UNKNOWN_SUBSCRIPTION_ID",
    "TELEMETRY_TOO_LARGE",
    "INVALID_REGISTRATION",
    "TRANSACTION_ABORTABLE",
    "INVALID_RECORD_STATE",
    "SHARE_SESSION_NOT_FOUND",
    "INVALID_SHARE_SESSION_EPOCH",
    "FENCED_STATE_EPOCH",
    "INVALID_VOTER_KEY",
    "DUPLICATE_VOTER",
    "VOTER_NOT_FOUND",
    "INVALID_REGULAR_EXPRESSION",
    "REBOOTSTRAP_REQUIRED",
    "STREAMS_INVALID_TOPOLOGY",
    "STREAMS_INVALID_TOPOLOGY_EPOCH",
    "STREAMS_TOPOLOGY_FENCED",
    "SHARE_SESSION_LIMIT_REACHED",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_codes() {
        assert_eq!(ErrorCode(-1).name(), "UNKNOWN_SERVER_ERROR");
        assert_eq!(ErrorCode::NONE.name(), "NONE");
        assert_eq!(ErrorCode::MESSAGE_TOO_LARGE.name(), "MESSAGE_TOO_LARGE");
        assert_eq!(ErrorCode(45).name(), "OUT_OF_ORDER_SEQUENCE_NUMBER");
        assert_eq!(ErrorCode(100).name(), "UNKNOWN_TOPIC_ID");
        assert_eq!(ErrorCode(129).name(), "REBOOTSTRAP_REQUIRED");
        assert_eq!(ErrorCode(133).name(), "SHARE_SESSION_LIMIT_REACHED");
    }

    #[test]
    fn unknown_codes_read_as_the_unknown_error() {
        for code in [134, i16::MAX, -2, i16::MIN] {
            assert_eq!(ErrorCode(code).name(), "UNKNOWN_SERVER_ERROR");
        }
    }

    #[test]
    fn a_code_that_calls_for_metadata_is_retriable() {
        for code in i16::MIN..=i16::MAX {
            let code = ErrorCode(code);
            assert!(code.retriable() || !code.refreshes_metadata(), "{code:?}");
        }
    }
}
