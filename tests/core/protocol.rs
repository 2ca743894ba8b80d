//! Tests of messages against `kafka-protocol`, which is generated from Kafka's definitions. For
//! every API and version, each side reads the other's bytes, and both write the same bytes.

mod api_versions;
mod create_partitions;
mod create_topics;
mod delete_records;
mod delete_topics;
mod describe_configs;
mod describe_groups;
pub(crate) mod every_api;
mod fetch;
mod find_coordinator;
mod headers;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_fetch;
mod oracle;
mod oracle_types;
mod produce;
mod produce_pieces;
mod sasl_authenticate;
mod sasl_handshake;
mod served;
mod sync_group;
pub(crate) mod values;

pub(crate) use every_api::for_every_api;
