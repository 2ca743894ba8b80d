//! `Fetch`: reads records from partitions. Fetch sessions are not supported, so every response is
//! complete.

use bytes::{Bytes, BytesMut};

use super::{Broker, current_leader};
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, FetchPartition, FetchRequest, FetchResponse, FetchablePartitionResponse,
    FetchableTopicResponse,
};

const OFFSET_OUT_OF_RANGE: ErrorCode = ErrorCode(1);
const UNKNOWN_LEADER_EPOCH: ErrorCode = ErrorCode(75);

#[derive(Debug)]
pub(in crate::broker) struct Fetched {
    pub(in crate::broker) response: FetchResponse,
    /// Total bytes of records in the response.
    pub(in crate::broker) size: usize,
    /// Whether the response must be sent immediately, because it contains an error.
    pub(in crate::broker) is_urgent: bool,
}

impl Broker<'_> {
    pub(in crate::broker) fn fetch(
        &self,
        request: &FetchRequest,
        error: Option<ErrorCode>,
    ) -> Fetched {
        let mut size = 0;
        let mut is_urgent = false;
        let mut left = usize::try_from(request.max_bytes).unwrap_or_default();
        let responses = request.topics.iter().map(|topic| FetchableTopicResponse {
            topic: topic.topic.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|asked| {
                    let denied = self.denied.denied_error(ApiKey::Fetch, &topic.topic);
                    let answer = match error.or(denied) {
                        Some(code) => failed(asked, code),
                        None => self.fetch_from(&topic.topic, asked, left, size == 0),
                    };
                    let got = answer.records.as_ref().map_or(0, Bytes::len);
                    size += got;
                    left = left.saturating_sub(got);
                    is_urgent |= !answer.error_code.is_success();
                    answer
                })
                .collect(),
        });
        let responses = responses.collect();
        let response = FetchResponse { responses, ..FetchResponse::default() };
        Fetched { response, size, is_urgent }
    }

    /// The first batch of a response is returned whatever its size. Otherwise a consumer could
    /// never read past a large batch.
    fn fetch_from(
        &self,
        topic: &str,
        asked: &FetchPartition,
        left: usize,
        is_first: bool,
    ) -> FetchablePartitionResponse {
        let Some(partition) = self.cluster.partition(topic, asked.partition) else {
            return failed(asked, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        };
        let epoch = asked.current_leader_epoch;
        let wrong = if partition.leader != self.node {
            Some(ErrorCode::NOT_LEADER_OR_FOLLOWER)
        } else if epoch != -1 && epoch < partition.leader_epoch {
            Some(ErrorCode::FENCED_LEADER_EPOCH)
        } else if epoch > partition.leader_epoch {
            Some(UNKNOWN_LEADER_EPOCH)
        } else {
            None
        };
        if let Some(code) = wrong {
            return FetchablePartitionResponse {
                current_leader: Some(current_leader(partition)),
                ..failed(asked, code)
            };
        }
        let log = &partition.log;
        if !(log.start_offset()..=log.end_offset()).contains(&asked.fetch_offset) {
            return failed(asked, OFFSET_OUT_OF_RANGE);
        }
        let most = left.min(usize::try_from(asked.partition_max_bytes).unwrap_or_default());
        let mut records = BytesMut::new();
        for batch in log.batches_from(asked.fetch_offset) {
            let is_very_first = is_first && records.is_empty();
            if records.len() + batch.size() > most && !is_very_first {
                break;
            }
            records.extend_from_slice(&batch.to_bytes());
        }
        FetchablePartitionResponse {
            partition_index: asked.partition,
            high_watermark: log.end_offset(),
            last_stable_offset: log.end_offset(),
            log_start_offset: log.start_offset(),
            records: Some(records.freeze()),
            ..FetchablePartitionResponse::default()
        }
    }
}

fn failed(asked: &FetchPartition, error_code: ErrorCode) -> FetchablePartitionResponse {
    FetchablePartitionResponse {
        partition_index: asked.partition,
        error_code,
        high_watermark: -1,
        records: Some(Bytes::new()),
        ..FetchablePartitionResponse::default()
    }
}
