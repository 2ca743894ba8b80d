//! `Heartbeat` against the oracle.

use dekaf::protocol::{HeartbeatRequest, HeartbeatResponse};
use kafka_protocol::messages::{self};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    HeartbeatRequest = messages::HeartbeatRequest {
        group_id;
        generation_id;
        member_id;
        group_instance_id in 3..;
    }
}

oracle_types! {
    HeartbeatResponse = messages::HeartbeatResponse {
        throttle_time_ms in 1..;
        error_code;
    }
}

agree!(HeartbeatRequest, HeartbeatResponse);
