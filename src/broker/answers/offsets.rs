//! `ListOffsets` and `DeleteRecords`: the start and end of partitions.

use super::Broker;
use crate::broker::log::{PartitionLog, StoredBatch};
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteRecordsTopicResult, ListOffsetsPartition, ListOffsetsPartitionResponse,
    ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};

/// Special values of a timestamp.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const OF_LARGEST_TIMESTAMP: i64 = -3;

impl Broker<'_> {
    pub(in crate::broker) fn list_offsets(
        &self,
        request: &ListOffsetsRequest,
        error: Option<ErrorCode>,
    ) -> ListOffsetsResponse {
        let topics = request.topics.iter().map(|topic| ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|asked| self.list_offset(&topic.name, asked, error))
                .collect(),
        });
        ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
    }

    fn list_offset(
        &self,
        topic: &str,
        asked: &ListOffsetsPartition,
        error: Option<ErrorCode>,
    ) -> ListOffsetsPartitionResponse {
        let mut answer = ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            ..ListOffsetsPartitionResponse::default()
        };
        match error.map_or_else(
            || self.led_partition(ApiKey::ListOffsets, topic, asked.partition_index),
            Err,
        ) {
            Err(code) => answer.error_code = code,
            Ok(partition) => {
                if let Some((offset, timestamp)) = find(&partition.log, asked.timestamp) {
                    answer.offset = offset;
                    answer.timestamp = timestamp;
                    answer.leader_epoch = partition.leader_epoch;
                }
            }
        }
        answer
    }

    pub(in crate::broker) fn delete_records(
        &mut self,
        request: &DeleteRecordsRequest,
        error: Option<ErrorCode>,
    ) -> DeleteRecordsResponse {
        let topics = request.topics.iter().map(|topic| DeleteRecordsTopicResult {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|asked| {
                    let deleted = match error {
                        Some(code) => Err(code),
                        None => {
                            self.delete_before(&topic.name, asked.partition_index, asked.offset)
                        }
                    };
                    DeleteRecordsPartitionResult {
                        partition_index: asked.partition_index,
                        low_watermark: deleted.unwrap_or(-1),
                        error_code: deleted.err().unwrap_or_default(),
                    }
                })
                .collect(),
        });
        DeleteRecordsResponse { topics: topics.collect(), ..DeleteRecordsResponse::default() }
    }

    fn delete_before(&mut self, topic: &str, index: i32, offset: i64) -> Result<i64, ErrorCode> {
        self.led_partition(ApiKey::DeleteRecords, topic, index)?;
        self.cluster.delete_records(topic, index, offset).map_err(|refusal| refusal.code)
    }
}

/// Returns the offset for a timestamp, and the timestamp of the record there. The latter is −1 for
/// the start and end.
fn find(log: &PartitionLog, timestamp: i64) -> Option<(i64, i64)> {
    match timestamp {
        LATEST => Some((log.end_offset(), -1)),
        EARLIEST => Some((log.start_offset(), -1)),
        OF_LARGEST_TIMESTAMP => {
            let largest = log.batches_from(log.start_offset()).map(StoredBatch::max_timestamp);
            let largest = largest.max()?;
            first_record(log, |at| at == largest)
        }
        timestamp => first_record(log, |at| at >= timestamp),
    }
}

fn first_record(log: &PartitionLog, fits: impl Fn(i64) -> bool) -> Option<(i64, i64)> {
    let start = log.start_offset();
    // Skip batches that cannot be decoded: they were stored unvalidated and have no known
    // timestamps.
    let records = log.batches_from(start).filter_map(|batch| batch.records().ok()).flatten();
    records
        .map(|(offset, record)| (offset, record.timestamp))
        .find(|(offset, timestamp)| *offset >= start && fits(*timestamp))
}
