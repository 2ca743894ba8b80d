//! `InitProducerId` against the oracle.

use dekaf::protocol::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_protocol::messages;
use proptest::prelude::*;

use super::oracle::{Twin, requests_agree, responses_agree, theirs};
use super::values::{Unknown, error_code, nullable_text, since};

pub(crate) fn requests(version: i16) -> impl Strategy<Value = InitProducerIdRequest> {
    (
        nullable_text(),
        any::<i32>(),
        since(version, 3, -1, any::<i64>()),
        since(version, 3, -1, any::<i16>()),
    )
        .prop_map(|(transactional_id, transaction_timeout_ms, producer_id, producer_epoch)| {
            InitProducerIdRequest {
                transactional_id,
                transaction_timeout_ms,
                producer_id,
                producer_epoch,
            }
        })
}

pub(crate) fn responses(_version: i16) -> impl Strategy<Value = InitProducerIdResponse> {
    (any::<i32>(), error_code(), any::<i64>(), any::<i16>()).prop_map(
        |(throttle_time_ms, error_code, producer_id, producer_epoch)| InitProducerIdResponse {
            throttle_time_ms,
            error_code,
            producer_id,
            producer_epoch,
        },
    )
}

impl Twin for InitProducerIdRequest {
    type Theirs = messages::InitProducerIdRequest;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        Self::Theirs::default()
            .with_transactional_id(self.transactional_id.as_deref().map(|id| theirs(id).into()))
            .with_transaction_timeout_ms(self.transaction_timeout_ms)
            .with_producer_id(self.producer_id.into())
            .with_producer_epoch(self.producer_epoch)
            .with_unknown_tagged_fields(unknown.clone())
    }
}

impl Twin for InitProducerIdResponse {
    type Theirs = messages::InitProducerIdResponse;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        Self::Theirs::default()
            .with_throttle_time_ms(self.throttle_time_ms)
            .with_error_code(self.error_code.0)
            .with_producer_id(self.producer_id.into())
            .with_producer_epoch(self.producer_epoch)
            .with_unknown_tagged_fields(unknown.clone())
    }
}

#[test]
fn requests_agree_with_the_oracle() {
    requests_agree(requests);
}

#[test]
fn responses_agree_with_the_oracle() {
    responses_agree::<InitProducerIdRequest, _>(responses);
}
