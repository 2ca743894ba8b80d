//! `InitProducerId` against the oracle.

use dekaf::protocol::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_protocol::messages::{self};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    InitProducerIdRequest = messages::InitProducerIdRequest {
        transactional_id;
        transaction_timeout_ms;
        producer_id in 3..;
        producer_epoch in 3..;
    }
}

oracle_types! {
    InitProducerIdResponse = messages::InitProducerIdResponse {
        throttle_time_ms;
        error_code;
        producer_id;
        producer_epoch;
    }
}

agree!(InitProducerIdRequest, InitProducerIdResponse);
