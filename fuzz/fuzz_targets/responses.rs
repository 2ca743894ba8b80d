//! Every answer in every version, as it lies in a frame. The first two bytes choose the API and
//! its version; what is read is written again, and read alike.
#![no_main]

use std::fmt::Debug;

use bytes::Bytes;
use dekaf::protocol::{
    ApiVersionsRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest, Request,
    decode_response,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([api, version], frame)) = data.split_first_chunk() else { return };
    let frame = Bytes::copy_from_slice(frame);
    match api % 4 {
        0 => decode::<ProduceRequest>(*version, &frame),
        1 => decode::<MetadataRequest>(*version, &frame),
        2 => decode::<ApiVersionsRequest>(*version, &frame),
        _ => decode::<InitProducerIdRequest>(*version, &frame),
    }
});

fn decode<R: Request<Response: PartialEq + Debug>>(version: u8, frame: &Bytes) {
    let (oldest, newest) = R::VERSIONS;
    let number = oldest + i16::from(version) % (newest - oldest + 1);
    let read = dekaf_fuzz::decode_within_bounds(frame, |frame| decode_response::<R>(frame, number));
    if let Ok(response) = read {
        dekaf_fuzz::round_trip(&response, R::version(number));
    }
}
