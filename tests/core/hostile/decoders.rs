//! Tests of every decoder with arbitrary bytes.

use bytes::Bytes;
use dekaf::protocol::{
    ApiVersionsRequest, Field, MetadataRequest, ProduceRequest, Request, RequestHeader,
    ResponseHeader, decode_request, decode_response,
};
use dekaf::record::decode_batch;
use dekaf::wire::{MAX_FRAME, Malformed, Reader, frame_length};
use proptest::collection::vec;
use proptest::prelude::*;

use super::stays_small;
use crate::properties::check;
use crate::protocol::for_every_api;

/// Decodes bytes and returns whether they are valid.
type Decoder = Box<dyn Fn(&Bytes) -> bool>;

fn decoders() -> Vec<(String, Decoder)> {
    fn add<R: Request>(all: &mut Vec<(String, Decoder)>) {
        for number in R::SERVED.0..=R::SERVED.1 {
            let version = R::version(number);
            all.push((
                format!("{:?} request v{number}", R::KEY),
                Box::new(move |bytes| R::decode(&mut Reader::new(bytes), version).is_ok()),
            ));
            all.push((
                format!("{:?} response v{number}", R::KEY),
                Box::new(move |bytes| {
                    R::Response::decode(&mut Reader::new(bytes), version).is_ok()
                }),
            ));
            all.push((
                format!("{:?} frame v{number}", R::KEY),
                Box::new(move |bytes| decode_response::<R>(bytes, number).is_ok()),
            ));
            let mut header = vec![0, R::KEY as u8, 0, number as u8, 0, 0, 0, 0, 0xff, 0xff];
            header.extend(version.flexible.then_some(0));
            all.push((
                format!("{:?} request frame v{number}", R::KEY),
                Box::new(move |bytes| {
                    let frame = [&header[..], bytes].concat().into();
                    decode_request(&frame).is_ok_and(|(_, request)| request.is_some())
                }),
            ));
        }
    }
    let mut all: Vec<(String, Decoder)> = vec![
        ("batch".to_owned(), Box::new(|bytes| decode_batch(bytes).is_ok())),
        (
            "request header".to_owned(),
            Box::new(|bytes| RequestHeader::decode(&mut Reader::new(bytes), |_| 0).is_ok()),
        ),
        (
            "response header".to_owned(),
            Box::new(|bytes| ResponseHeader::decode(&mut Reader::new(bytes), true).is_ok()),
        ),
    ];
    for_every_api!(add(&mut all));
    all
}

/// Mostly small numbers, which are plausible lengths, and the largest ones.
fn bytes() -> impl Strategy<Value = Bytes> {
    let byte = prop_oneof![
        4 => Just(0_u8),
        4 => 1_u8..5,
        1 => Just(0x7f),
        1 => Just(0xff),
        2 => any::<u8>(),
    ];
    vec(byte, 0..200).prop_map(Bytes::from)
}

#[test]
fn arbitrary_bytes_do_no_harm() {
    for (what, decode) in decoders() {
        check(300, &what, &bytes(), |bytes| stays_small(&bytes, &decode).map(drop));
    }
}

#[test]
fn zeros_and_nothing_do_no_harm() {
    // Zeros decode as empty or null arrays, or as many empty elements as fit.
    for size in (0..100).chain([1000, 100_000]) {
        let zeros = Bytes::from(vec![0; size]);
        for (what, decode) in decoders() {
            if let Err(failure) = stays_small(&zeros, &decode) {
                panic!("{what}: {failure}");
            }
        }
    }
}

#[test]
fn as_many_of_the_smallest_as_fit_do_no_harm() {
    // After a first field of 0 to 8 bytes comes the largest count for the following zeros, if an
    // element takes one to three bytes.
    for (what, decode) in decoders() {
        for (start, size) in (0..=8).flat_map(|start| [1, 2, 3].map(|size| (start, size))) {
            for count in [5_u32, 33, 4097, 16_385] {
                let tail = vec![0; (count * size) as usize];
                let flat = [&vec![0; start][..], &count.to_be_bytes(), &tail].concat();
                let mut compact = vec![0; start];
                dekaf::wire::write_uvarint(&mut compact, count + 1);
                compact.extend_from_slice(&tail);
                for bytes in [flat, compact] {
                    if let Err(failure) = stays_small(&Bytes::from(bytes), &decode) {
                        panic!("{what}: {failure}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_largest_counts_are_refused_at_once() {
    fn refused<M: Field>(bytes: &[u8], version: dekaf::protocol::Version) {
        let bytes = Bytes::copy_from_slice(bytes);
        let read = stays_small(&bytes, |bytes| M::decode(&mut Reader::new(bytes), version).err());
        assert_eq!(read.unwrap(), Some(Malformed::Length));
    }
    type Versions = <ApiVersionsRequest as Request>::Response;
    type Metadata = <MetadataRequest as Request>::Response;
    type Produced = <ProduceRequest as Request>::Response;
    const MOST: [u8; 4] = i32::MAX.to_be_bytes();
    const MOST_COMPACT: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];

    refused::<MetadataRequest>(&MOST, MetadataRequest::version(8));
    refused::<MetadataRequest>(&MOST_COMPACT, MetadataRequest::version(9));
    // No transactional id, acks, timeout.
    let start: &[u8] = &[0xff, 0xff, 0, 1, 0, 0, 0, 1];
    refused::<ProduceRequest>(&[start, &MOST].concat(), ProduceRequest::version(8));
    let start: &[u8] = &[0, 0, 1, 0, 0, 0, 1];
    refused::<ProduceRequest>(&[start, &MOST_COMPACT].concat(), ProduceRequest::version(9));
    // The error code.
    refused::<Versions>(&[&[0, 0], &MOST[..]].concat(), ApiVersionsRequest::version(2));
    refused::<Versions>(&[&[0, 0], &MOST_COMPACT[..]].concat(), ApiVersionsRequest::version(3));
    // The throttle time.
    refused::<Metadata>(&[&[0; 4], &MOST[..]].concat(), MetadataRequest::version(8));
    refused::<Metadata>(&[&[0; 4], &MOST_COMPACT[..]].concat(), MetadataRequest::version(9));
    refused::<Produced>(&MOST, ProduceRequest::version(8));
    refused::<Produced>(&MOST_COMPACT, ProduceRequest::version(9));
}

#[test]
fn a_frame_announces_no_more_than_is_allowed() {
    let most = MAX_FRAME as i32;
    for length in [0, 1, most] {
        assert_eq!(frame_length(length.to_be_bytes()), Ok(length as usize));
    }
    for length in [-1, i32::MIN, most + 1, i32::MAX] {
        assert!(frame_length(length.to_be_bytes()).is_err(), "{length}");
    }
    // The first bytes of other servers: a TLS alert, and HTTP.
    let said = |prefix: &[u8; 4]| frame_length(*prefix).unwrap_err().to_string();
    assert!(said(b"\x15\x03\x03\x00").contains("TLS"));
    assert!(said(b"HTTP").contains("HTTP"));
}
