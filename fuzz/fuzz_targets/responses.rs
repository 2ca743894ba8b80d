//! Every response frame in every version. The first two bytes select the API and version. A decoded
//! response is encoded again and must decode to the same value.
#![no_main]

#[path = "../../tests/core/protocol/every_api.rs"]
mod every_api;

use std::fmt::Debug;

use bytes::Bytes;
use dekaf::protocol::{Request, decode_response};
use every_api::for_every_api;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([api, version], frame)) = data.split_first_chunk() else { return };
    let frame = Bytes::copy_from_slice(frame);
    for_every_api!(decode(*api, *version, &frame));
});

fn decode<R: Request<Response: PartialEq + Debug>>(api: u8, version: u8, frame: &Bytes) {
    if i16::from(api) != R::KEY as i16 {
        return;
    }
    let (oldest, newest) = R::SERVED;
    let number = oldest + i16::from(version) % (newest - oldest + 1);
    let read = dekaf_fuzz::decode_within_bounds(frame, |frame| decode_response::<R>(frame, number));
    if let Ok(response) = read {
        dekaf_fuzz::round_trip(&response, R::version(number));
    }
}
