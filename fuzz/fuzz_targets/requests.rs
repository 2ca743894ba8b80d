//! Every request in every version, as decoded by a broker: its header determines the type. A
//! decoded request is encoded again and must decode to the same value.
#![no_main]

#[path = "../../tests/core/protocol/every_api.rs"]
mod every_api;

use std::fmt::Debug;

use bytes::Bytes;
use dekaf::protocol::{Request, RequestHeader, decode_request};
use dekaf::wire::Reader;
use every_api::for_every_api;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    let frame = Bytes::copy_from_slice(frame);
    let read = dekaf_fuzz::decode_within_bounds(&frame, decode_request);
    if let Ok((header, Some(_))) = read {
        for_every_api!(reads_again(&header, &frame));
    }
});

fn reads_again<R: Request + PartialEq + Debug>(header: &RequestHeader, frame: &Bytes) {
    if header.api_key != R::KEY as i16 {
        return;
    }
    let version = R::version(header.api_version);
    let mut input = Reader::new(frame);
    let read = RequestHeader::decode(&mut input, |_| R::FLEXIBLE_FROM)
        .and_then(|_| R::decode(&mut input, version));
    let request = read.expect("it was read before");
    dekaf_fuzz::round_trip(&request, version);
}
