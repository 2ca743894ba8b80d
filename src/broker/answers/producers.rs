//! `InitProducerId`: ids for idempotent producers.

use super::{Broker, TRANSACTIONAL_ID_AUTHORIZATION_FAILED};
use crate::error::ErrorCode;
use crate::protocol::{InitProducerIdRequest, InitProducerIdResponse};

impl Broker<'_> {
    pub(in crate::broker) fn init_producer_id(
        &mut self,
        request: &InitProducerIdRequest,
        error: Option<ErrorCode>,
    ) -> InitProducerIdResponse {
        let refused = request.transactional_id.as_ref();
        let error = error.or(refused.map(|_| TRANSACTIONAL_ID_AUTHORIZATION_FAILED));
        match error {
            Some(error_code) => {
                InitProducerIdResponse { error_code, producer_epoch: -1, ..Default::default() }
            }
            None => InitProducerIdResponse {
                producer_id: self.cluster.new_producer_id(),
                ..InitProducerIdResponse::default()
            },
        }
    }
}
