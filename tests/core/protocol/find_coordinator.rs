//! `FindCoordinator` against the oracle: one coordinator, and several.

use dekaf::protocol::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::messages::{self, find_coordinator_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    FindCoordinatorRequest = messages::FindCoordinatorRequest {
        key in ..=3;
        key_type in 1..;
        coordinator_keys in 4..;
    }
}

oracle_types! {
    Coordinator = find_coordinator_response::Coordinator {
        key;
        node_id;
        host;
        port;
        error_code;
        error_message;
    }
}

oracle_types! {
    FindCoordinatorResponse = messages::FindCoordinatorResponse {
        throttle_time_ms in 1..;
        error_code in ..=3;
        error_message in 1..=3;
        node_id in ..=3;
        host in ..=3;
        port in ..=3;
        coordinators in 4..;
    }
}

agree!(FindCoordinatorRequest, FindCoordinatorResponse);
