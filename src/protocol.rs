//! Kafka's messages, one file per API: request and response for every version we speak, in
//! both directions, so that the same types serve the client and the broker.

mod api;
mod api_versions;
mod header;
mod init_producer_id;
mod metadata;
mod produce;
mod schema;

pub use api::{ApiKey, Request, decode_response, encode_request};
pub use api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
pub use header::{RequestHeader, ResponseHeader};
pub use init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
pub use metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic,
};
pub use produce::{
    BatchIndexError, LeaderIdAndEpoch, NodeEndpoint, PRODUCE_BY_TOPIC_ID, PRODUCE_ZSTD,
    PartitionProduceData, PartitionProduced, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduced,
};
pub use schema::{Field, Version};
