//! `InitProducerId`: an id and an epoch, by which brokers recognise a producer's batches.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for a producer id, or for a new epoch of one.
    InitProducerIdRequest {
        /// The transactional id; none for a producer that is only idempotent.
        transactional_id: Option<String>, 0..;
        /// How long a transaction may be idle before the broker aborts it.
        transaction_timeout_ms: i32, 0..;
        /// The id that the producer has and wants a new epoch of (KIP-360), else −1.
        producer_id: i64 = -1, 3..;
        /// That id's epoch, else −1.
        producer_epoch: i16 = -1, 3..;
    }
}

impl Request for InitProducerIdRequest {
    type Response = InitProducerIdResponse;
    const KEY: ApiKey = ApiKey::InitProducerId;
    // Version 6 adds two-phase commit (KIP-939), and no broker has it enabled.
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    /// The id to write into every batch.
    InitProducerIdResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 0..;
        /// Whether there is an id.
        error_code: ErrorCode, 0..;
        /// The id.
        producer_id: i64 = -1, 0..;
        /// Its epoch; the first is 0.
        producer_epoch: i16, 0..;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{decode_response, encode_request};
    use bytes::Bytes;

    fn request() -> InitProducerIdRequest {
        InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: 9,
            producer_epoch: 2,
        }
    }

    /// The body alone, behind a header with the client id "c".
    fn body(version: i16) -> Vec<u8> {
        let header = 4 + 2 + 2 + 4 + 2 + 1 + usize::from(version >= 2);
        encode_request(&request(), version, 1, "c")[header..].to_vec()
    }

    #[test]
    fn the_request_grows_with_its_versions() {
        let first = [0xff, 0xff, 0, 0, 0xea, 0x60];
        let second = [0, 0, 0, 0xea, 0x60, 0];
        let third = [0, 0, 0, 0xea, 0x60, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 0];
        assert_eq!((body(0), body(1)), (first.to_vec(), first.to_vec()));
        assert_eq!(body(2), second);
        assert_eq!((body(3), body(5)), (third.to_vec(), third.to_vec()));
    }

    #[test]
    fn the_response_has_an_id_and_an_epoch() {
        let fields = [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2];
        let expected = InitProducerIdResponse {
            throttle_time_ms: 3,
            error_code: ErrorCode::NONE,
            producer_id: 9,
            producer_epoch: 2,
        };
        let old: Bytes = [&[0, 0, 0, 1][..], &fields].concat().into();
        let new: Bytes = [&[0, 0, 0, 1, 0][..], &fields, &[0]].concat().into();
        for version in 0..=5 {
            let frame = if version < 2 { &old } else { &new };
            let read = decode_response::<InitProducerIdRequest>(frame, version);
            assert_eq!(read, Ok(expected.clone()), "version {version}");
        }
    }
}
