//! A cluster as it describes itself: its brokers and all topics that the client may see. Callers
//! ask for it; the machine decides nothing by it.

use super::NodeId;
use crate::protocol::MetadataResponse;

/// An answer to a question about everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterDescription {
    /// The cluster's id; `None` before Kafka 0.10.1.
    pub cluster_id: Option<String>,
    /// The broker that administrative requests go to; `None` while there is none.
    pub controller: Option<NodeId>,
    /// Those that are alive, by id.
    pub brokers: Vec<BrokerDescription>,
    /// By name.
    pub topics: Vec<TopicDescription>,
}

/// A broker, and where clients reach it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokerDescription {
    /// Its id.
    pub id: NodeId,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// Its rack, if it has been given one.
    pub rack: Option<String>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: usize,
    /// Whether it is one of Kafka's own.
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
