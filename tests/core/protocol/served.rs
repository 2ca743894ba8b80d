//! Tests of the APIs that the in-process broker serves, and of its handling of other frames.

use bytes::Bytes;
use dekaf::error::ErrorCode;
use dekaf::protocol::{
    ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, Request, SERVED, decode_request,
    encode_request, encode_response,
};
use dekaf::wire::{LENGTH_SIZE, Malformed};

use super::for_every_api;

#[test]
fn every_api_is_listed_with_all_that_the_client_speaks() {
    fn collect<R: Request>(found: &mut Vec<(i16, i16, i16)>) {
        assert!(R::SERVED.0 <= R::VERSIONS.0 && R::VERSIONS.1 <= R::SERVED.1, "{:?}", R::KEY);
        found.push((R::KEY as i16, R::SERVED.0, R::SERVED.1));
    }
    let mut found = Vec::new();
    for_every_api!(collect(&mut found));
    let listed = SERVED.map(|api| (api.api_key, api.min_version, api.max_version));
    assert_eq!(found, listed);
    assert!(listed.is_sorted(), "by key, as brokers do");
}

#[test]
fn other_versions_have_a_header_and_no_request() {
    fn refused<R: Request + Default>() {
        for version in [i16::MIN, -1, R::SERVED.0 - 1, R::SERVED.1 + 1, i16::MAX] {
            let frame = encode_request(&R::default(), version, 3, "me").slice(LENGTH_SIZE..);
            let (header, request) = decode_request(&frame).expect("a header");
            let found = (header.api_key, header.api_version, header.correlation_id);
            assert_eq!(found, (R::KEY as i16, version, 3));
            assert_eq!(header.client_id.as_deref(), Some("me"));
            assert_eq!(request, None, "{:?} v{version}", R::KEY);
        }
    }
    for_every_api!(refused());
}

#[test]
fn an_unknown_api_has_a_header_and_no_request() {
    let frame = Bytes::from_static(&[0, 99, 0, 1, 0, 0, 0, 3, 0xff, 0xff, 42]);
    let (header, request) = decode_request(&frame).unwrap();
    assert_eq!((header.api_key, header.correlation_id), (99, 3));
    assert_eq!(request, None);
}

#[test]
fn trailing_bytes_of_a_request_are_ignored() {
    // librdkafka's request for all topics: null, two flags, no tags, and three trailing bytes.
    let frame: &[u8] = b"\0\x03\0\x0c\0\0\0\x05\0\x07rdkafka\0\0\0\0\0\x01\0\0";
    let (header, request) = decode_request(&Bytes::from_static(frame)).unwrap();
    assert_eq!((header.api_version, header.correlation_id), (12, 5));
    let wanted = MetadataRequest { allow_auto_topic_creation: false, ..MetadataRequest::default() };
    assert_eq!(request, Some(wanted.into()));
}

#[test]
fn the_bytes_of_an_answer() {
    let response = ApiVersionsResponse { error_code: ErrorCode(35), ..Default::default() };
    let plain: &[u8] = &[
        0, 0, 0, 10, // bytes that follow
        0, 0, 0, 7, // correlation id
        0, 35, 0, 0, 0, 0, // error code, no APIs
    ];
    assert_eq!(encode_response::<ApiVersionsRequest>(&response, 0, 7), plain);
}

#[test]
fn a_text_is_no_longer_than_its_first_encoding_allows() {
    let longest = i16::MAX as usize;
    for (size, fits) in [(longest, true), (longest + 1, false)] {
        let request =
            ApiVersionsRequest { client_software_name: "x".repeat(size), ..Default::default() };
        let frame = encode_request(&request, 3, 0, "").slice(LENGTH_SIZE..);
        let read = decode_request(&frame).map(|(_, request)| request);
        assert_eq!(read, if fits { Ok(Some(request.into())) } else { Err(Malformed::Length) });
    }
}
