//! Messages against `kafka-protocol`, which is generated from Kafka's own definitions: for
//! every API and every version we speak, each reads what the other wrote, and both write the
//! same bytes.

pub(crate) mod api_versions;
mod headers;
pub(crate) mod init_producer_id;
pub(crate) mod metadata;
pub(crate) mod oracle;
pub(crate) mod produce;
mod produce_pieces;
pub(crate) mod values;
