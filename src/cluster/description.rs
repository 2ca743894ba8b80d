//! A description of the cluster for callers: its brokers, and all topics that the client may see.
//! The producing machine does not use it.

use super::NodeId;
use crate::protocol::MetadataResponse;

/// The answer to a metadata request for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterDescription {
    /// `None` before Kafka 0.10.1.
    pub cluster_id: Option<String>,
    /// The broker for administrative requests; `None` while there is none.
    pub controller: Option<NodeId>,
    /// The live brokers, ordered by id.
    pub brokers: Vec<BrokerDescription>,
    /// Ordered by name.
    pub topics: Vec<TopicDescription>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokerDescription {
    pub id: NodeId,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicDescription {
    pub name: String,
    /// The number of partitions.
    pub partitions: usize,
    /// Whether Kafka uses it internally.
    pub is_internal: bool,
}

impl From<&MetadataResponse> for ClusterDescription {
    fn from(response: &MetadataResponse) -> Self {
        let brokers = response.brokers.iter().map(|broker| BrokerDescription {
            id: broker.node_id,
            host: broker.host.clone(),
            port: broker.port,
            rack: broker.rack.clone(),
        });
        let topics = response.topics.iter().filter_map(|topic| {
            Some(TopicDescription {
                name: topic.name.clone()?,
                partitions: topic.partitions.len(),
                is_internal: topic.is_internal,
            })
        });
        let mut described = Self {
            cluster_id: response.cluster_id.clone(),
            controller: Some(response.controller_id).filter(|id| *id >= 0),
            brokers: brokers.collect(),
            topics: topics.collect(),
        };
        described.brokers.sort_unstable();
        described.topics.sort_unstable();
        described
    }
}
