//! Every request in every version, as a broker reads it from a frame: its header says what it
//! is. What is read is written again, and read alike.
#![no_main]

use std::fmt::Debug;

use bytes::Bytes;
use dekaf::protocol::{
    ApiVersionsRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest, Request,
    RequestHeader,
};
use dekaf::wire::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    let frame = Bytes::copy_from_slice(frame);
    match frame.first_chunk() {
        Some(&[0, 0]) => decode::<ProduceRequest>(&frame),
        Some(&[0, 3]) => decode::<MetadataRequest>(&frame),
        Some(&[0, 18]) => decode::<ApiVersionsRequest>(&frame),
        Some(&[0, 22]) => decode::<InitProducerIdRequest>(&frame),
        _ => {}
    }
});

fn decode<R: Request + PartialEq + Debug>(frame: &Bytes) {
    let read = dekaf_fuzz::decode_within_bounds(frame, |frame| {
        let mut input = Reader::new(frame);
        let header = RequestHeader::decode(&mut input, |_| R::FLEXIBLE_FROM).ok()?;
        let (oldest, newest) = R::VERSIONS;
        if !(oldest..=newest).contains(&header.api_version) {
            return None;
        }
        let version = R::version(header.api_version);
        Some((R::decode(&mut input, version).ok()?, version))
    });
    if let Some((request, version)) = read {
        dekaf_fuzz::round_trip(&request, version);
    }
}
