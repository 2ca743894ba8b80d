//! Tests of header versions for every message, byte by byte and against the oracle.

use bytes::Bytes;
use dekaf::protocol::{
    ApiKey, ApiVersionsRequest, Request, RequestHeader, ResponseHeader, decode_response,
    encode_request,
};
use dekaf::wire::{Malformed, Reader};
use kafka_protocol::messages;

use super::for_every_api;

/// Returns the oracle's header versions for every served version of an API.
fn headers_of<R: Request>() -> Vec<(i16, i16)> {
    let key = messages::ApiKey::try_from(R::KEY as i16).expect("a key they know");
    (R::SERVED.0..=R::SERVED.1)
        .map(|version| (key.request_header_version(version), key.response_header_version(version)))
        .collect()
}

#[test]
fn flexible_messages_have_flexible_headers() {
    fn agrees<R: Request>() {
        for (version, (request, response)) in (R::SERVED.0..).zip(headers_of::<R>()) {
            let flexible = R::version(version).flexible;
            assert_eq!(request, if flexible { 2 } else { 1 }, "{:?} v{version}", R::KEY);
            let flexible = flexible && R::KEY != ApiKey::ApiVersions;
            assert_eq!(response, i16::from(flexible), "{:?} v{version}", R::KEY);
        }
    }
    for_every_api!(agrees());
}

#[test]
fn the_answer_with_the_versions_never_has_a_flexible_header() {
    for (version, (request, response)) in (0..).zip(headers_of::<ApiVersionsRequest>()) {
        assert_eq!(request, if version >= 3 { 2 } else { 1 }, "v{version}");
        assert_eq!(response, 0, "v{version}");
    }
    // The correlation id, directly followed by the error code.
    let frame = Bytes::from_static(&[0, 0, 0, 7, 0, 35, 1, 0, 0, 0, 0, 0]);
    let response = decode_response::<ApiVersionsRequest>(&frame, 3).unwrap();
    assert_eq!(response.error_code.0, 35);
    assert_eq!(response.api_keys, []);
}

#[test]
fn the_bytes_of_a_first_request() {
    let request = ApiVersionsRequest {
        client_software_name: "dekaf".to_owned(),
        client_software_version: "1".to_owned(),
    };
    let plain: &[u8] = &[
        0, 0, 0, 12, // bytes that follow
        0, 18, 0, 2, // ApiVersions, version 2
        0, 0, 0, 5, // correlation id
        0, 2, b'm', b'e', // client id; version 2 has no fields
    ];
    assert_eq!(encode_request(&request, 2, 5, "me"), plain);
    let flexible: &[u8] = &[
        0, 0, 0, 22, // bytes that follow
        0, 18, 0, 3, // ApiVersions, version 3
        0, 0, 0, 5, // correlation id
        0, 2, b'm', b'e', // client id, not compact even here
        0,    // no tagged fields in the header
        6, b'd', b'e', b'k', b'a', b'f', // name
        2, b'1', // version
        0,    // no tagged fields in the request
    ];
    assert_eq!(encode_request(&request, 3, 5, "me"), flexible);
}

#[test]
fn response_headers_are_read_in_both_versions() {
    let plain = Bytes::from_static(&[0xff, 0xff, 0xff, 0xfe]);
    let header = ResponseHeader { correlation_id: -2 };
    assert_eq!(ResponseHeader::decode(&mut Reader::new(&plain), false), Ok(header));
    let truncated = ResponseHeader::decode(&mut Reader::new(&plain), true);
    assert_eq!(truncated, Err(Malformed::Truncated));
    // Two unknown tagged fields, of two bytes and of none.
    let tagged = Bytes::from_static(&[0xff, 0xff, 0xff, 0xfe, 2, 0, 2, 9, 9, 1, 0]);
    let mut input = Reader::new(&tagged);
    assert_eq!(ResponseHeader::decode(&mut input, true), Ok(header));
    assert_eq!(input.finish(), Ok(()));
}

#[test]
fn an_unknown_api_can_still_be_answered() {
    // A broker needs at least the correlation id of a request that it does not support.
    let bytes = Bytes::from_static(&[0, 99, 0, 1, 0, 0, 0, 3, 0xff, 0xff, 42]);
    let mut input = Reader::new(&bytes);
    let header = RequestHeader::decode(&mut input, |_| i16::MAX);
    let expected =
        RequestHeader { api_key: 99, api_version: 1, correlation_id: 3, client_id: None };
    assert_eq!(header, Ok(expected));
    assert_eq!(input.remaining(), 1);
}
