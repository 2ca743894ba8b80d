//! `CreateTopics`, `DeleteTopics` and `CreatePartitions`.

use super::configs::topic_settings;
use super::{Broker, code_and_message};
use crate::broker::cluster::Topic;
use crate::broker::log::Refusal;
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, CreatableTopic, CreatableTopicResult, CreatePartitionsRequest,
    CreatePartitionsResponse, CreatePartitionsTopicResult, CreateTopicsRequest,
    CreateTopicsResponse, DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest,
    DeleteTopicsResponse,
};

const INVALID_REQUEST: ErrorCode = ErrorCode(42);
const INVALID_REPLICA_ASSIGNMENT: ErrorCode = ErrorCode(39);

impl Broker<'_> {
    pub(in crate::broker) fn create_topics(
        &mut self,
        request: &CreateTopicsRequest,
        error: Option<ErrorCode>,
    ) -> CreateTopicsResponse {
        let is_named =
            |name: &str, topics: &[CreatableTopic]| topics.iter().any(|topic| topic.name == name);
        let topics = (0..).zip(&request.topics);
        // As in Kafka, a topic that is listed twice is answered once, with an error.
        let topics = topics.filter(|(n, topic)| !is_named(&topic.name, &request.topics[..*n]));
        let topics = topics.map(|(n, topic)| {
            let denied = self.denied.denied_error(ApiKey::CreateTopics, &topic.name);
            let created = match error.or(denied) {
                Some(code) => Err(Refusal::new(code, "")),
                None if is_named(&topic.name, &request.topics[n + 1..]) => {
                    let message = format!("topic \"{}\" is named more than once", topic.name);
                    Err(Refusal::new(INVALID_REQUEST, message))
                }
                None => self.create_topic(topic, request.validate_only),
            };
            let mut result = CreatableTopicResult {
                name: topic.name.clone(),
                ..CreatableTopicResult::default()
            };
            match created {
                Err(refusal) => {
                    result.error_code = refusal.code;
                    result.error_message = Some(refusal.message);
                }
                Ok(()) => {
                    if let Some(made) = self.cluster.topic(&topic.name) {
                        result.topic_id = made.id;
                        result.num_partitions = made.partitions.len() as i32;
                        result.replication_factor = replication_factor(made);
                        result.configs = Some(Vec::new());
                    }
                }
            }
            result
        });
        CreateTopicsResponse { topics: topics.collect(), ..CreateTopicsResponse::default() }
    }

    fn create_topic(&mut self, topic: &CreatableTopic, validate_only: bool) -> Result<(), Refusal> {
        if !topic.assignments.is_empty()
            && (topic.num_partitions, topic.replication_factor) != (-1, -1)
        {
            let message = "replicas are assigned, so neither they nor partitions can be counted";
            return Err(Refusal::new(INVALID_REQUEST, message));
        }
        if !topic.assignments.is_empty() {
            let message = "replicas cannot be assigned here; say how many partitions there are";
            return Err(Refusal::new(INVALID_REPLICA_ASSIGNMENT, message));
        }
        let mut settings = topic_settings(&topic.configs)?;
        settings.replication_factor = topic.replication_factor;
        self.cluster.create_topic(&topic.name, topic.num_partitions, settings)?;
        if validate_only {
            self.cluster.delete_topic(&topic.name)?;
        }
        Ok(())
    }

    pub(in crate::broker) fn delete_topics(
        &mut self,
        request: &DeleteTopicsRequest,
        error: Option<ErrorCode>,
    ) -> DeleteTopicsResponse {
        let by_name = request.topic_names.iter().map(|name| DeleteTopicState {
            name: Some(name.clone()),
            ..DeleteTopicState::default()
        });
        let wanted: Vec<_> = request.topics.iter().cloned().chain(by_name).collect();
        let is_wanted = |state: &DeleteTopicState, among: &[DeleteTopicState]| {
            among.iter().any(|other| (&other.name, other.topic_id) == (&state.name, state.topic_id))
        };
        // A topic that is listed twice is answered once, and not deleted.
        let once = (0..).zip(&wanted).filter(|(n, state)| !is_wanted(state, &wanted[..*n]));
        let responses = once.map(|(n, wanted_topic)| {
            let name = match &wanted_topic.name {
                Some(name) => Ok(name.clone()),
                None => self
                    .cluster
                    .topic_by_id(wanted_topic.topic_id)
                    .map(|(name, _)| name.to_owned())
                    .ok_or_else(|| Refusal::new(ErrorCode::UNKNOWN_TOPIC_ID, "")),
            };
            let topic_id = name.as_ref().ok().and_then(|name| self.cluster.topic(name));
            let topic_id = topic_id.map_or(wanted_topic.topic_id, |topic| topic.id);
            let denied = name.as_ref().ok();
            let denied =
                denied.and_then(|name| self.denied.denied_error(ApiKey::DeleteTopics, name));
            let deleted = match error.or(denied) {
                Some(code) => Err(Refusal::new(code, "")),
                None if is_wanted(wanted_topic, &wanted[n + 1..]) => {
                    Err(Refusal::new(INVALID_REQUEST, "a topic is named more than once"))
                }
                None => name.clone().and_then(|name| self.delete_topic(&name)),
            };
            let (error_code, error_message) = code_and_message(deleted);
            DeletableTopicResult { name: name.ok(), topic_id, error_code, error_message }
        });
        DeleteTopicsResponse { responses: responses.collect(), ..DeleteTopicsResponse::default() }
    }

    pub(in crate::broker) fn delete_topic(&mut self, name: &str) -> Result<(), Refusal> {
        self.cluster.delete_topic(name)?;
        self.groups.topic_deleted(name);
        Ok(())
    }

    pub(in crate::broker) fn create_partitions(
        &mut self,
        request: &CreatePartitionsRequest,
        error: Option<ErrorCode>,
    ) -> CreatePartitionsResponse {
        let results = request.topics.iter().map(|topic| {
            let denied = self.denied.denied_error(ApiKey::CreatePartitions, &topic.name);
            let created = if let Some(code) = error.or(denied) {
                Err(Refusal::new(code, ""))
            } else {
                let validate_only = request.validate_only;
                self.cluster.add_partitions(&topic.name, topic.count, validate_only)
            };
            let (error_code, error_message) = code_and_message(created);
            CreatePartitionsTopicResult { name: topic.name.clone(), error_code, error_message }
        });
        CreatePartitionsResponse {
            results: results.collect(),
            ..CreatePartitionsResponse::default()
        }
    }
}

fn replication_factor(topic: &Topic) -> i16 {
    topic.partitions.first().map_or(-1, |partition| partition.replicas.len() as i16)
}
