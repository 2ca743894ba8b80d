//! `Heartbeat` against the oracle.

use dekaf::protocol::{HeartbeatRequest, HeartbeatResponse};
use kafka_protocol::messages::{self};

use super::twins::{agree, twins};

twins! {
    HeartbeatRequest = messages::HeartbeatRequest {
        group_id;
        generation_id;
        member_id;
        group_instance_id in 3..;
    }
}

twins! {
    HeartbeatResponse = messages::HeartbeatResponse {
        throttle_time_ms in 1..;
        error_code;
    }
}

agree!(HeartbeatRequest, HeartbeatResponse);
