//! Agreement with the oracle: of message bodies, request frames and response frames.

use std::fmt::Debug;

use bytes::{Buf, Bytes, BytesMut};
use dekaf::protocol::{
    AnyRequest, Field, Request, RequestHeader, Version, decode_request, decode_response,
    encode_request, encode_response,
};
use dekaf::wire::{Reader, Writer};
use kafka_protocol::messages::ResponseHeader;
use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, decode_request_header_from_buffer,
    encode_request_header_into_buffer,
};
use proptest::prelude::*;

use super::oracle_types::ToOracle;
use super::values::{Unknown, Values, nullable_text, text, unknown};
use crate::properties::check;

const CASES: u32 = 60;

/// A message that the oracle also has.
pub(crate) trait Message:
    Field + Debug + Clone + PartialEq + Values + ToOracle<Self::Oracle>
{
    type Oracle: Encodable + Decodable + HeaderVersion + Debug + PartialEq;
}

pub(crate) fn encoded<M: Field>(message: &M, version: Version) -> Bytes {
    let mut out = Writer::new();
    message.encode(&mut out, version);
    out.take()
}

/// Checks that both sides write the same bytes and read each other's bytes. Unknown tagged fields
/// are skipped.
fn bodies_agree<M: Message>(
    message: &M,
    version: Version,
    unknown: &Unknown,
) -> Result<(), TestCaseError> {
    let ours = encoded(message, version);
    let oracle: M::Oracle = message.to_oracle(version.number, &Unknown::new());
    let mut plain = BytesMut::new();
    oracle.encode(&mut plain, version.number).expect("the oracle encodes it");
    // Compare the bytes first: the oracle allocates whatever a length announces, and would crash
    // the test on wrong bytes.
    prop_assert_eq!(plain.freeze(), ours.clone());

    let mut left = ours;
    let read = M::Oracle::decode(&mut left, version.number);
    let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&read, &oracle);
    prop_assert!(left.is_empty(), "they left {} bytes", left.len());

    let oracle = if version.flexible { message.to_oracle(version.number, unknown) } else { oracle };
    let mut bytes = BytesMut::new();
    oracle.encode(&mut bytes, version.number).expect("the oracle encodes it");
    let bytes = bytes.freeze();
    let mut input = Reader::new(&bytes);
    prop_assert_eq!(M::decode(&mut input, version), Ok(message.clone()));
    prop_assert_eq!(input.finish(), Ok(()));
    Ok(())
}

/// Checks every version of a request: its body, and complete frames in both directions.
pub(crate) fn requests_agree<R: Request + Message + Into<AnyRequest>>() {
    for number in R::SERVED.0..=R::SERVED.1 {
        let version = R::version(number);
        let values = (R::values(number), unknown(), any::<i32>(), text(), nullable_text());
        let what = format!("{:?} request v{number}", R::KEY);
        check(CASES, &what, &values, |(request, unknown, correlation, client, sender)| {
            bodies_agree(&request, version, &unknown)?;
            oracle_reads_our_frame(&request, version, correlation, &client)?;
            we_read_the_oracles_frame(&request, version, correlation, sender, &unknown)
        });
    }
}

/// Checks that the oracle reads dekaf's frame.
fn oracle_reads_our_frame<R: Request + Message>(
    request: &R,
    version: Version,
    correlation_id: i32,
    client_id: &str,
) -> Result<(), TestCaseError> {
    let mut frame = encode_request(request, version.number, correlation_id, client_id);
    let length = frame.get_i32();
    prop_assert_eq!(length as usize, frame.len());
    let header = decode_request_header_from_buffer(&mut frame).expect("a header they know");
    prop_assert_eq!(header.request_api_key, R::KEY as i16);
    prop_assert_eq!(header.request_api_version, version.number);
    prop_assert_eq!(header.correlation_id, correlation_id);
    prop_assert_eq!(header.client_id.as_deref(), Some(client_id));
    prop_assert!(header.unknown_tagged_fields.is_empty());
    let body = R::Oracle::decode(&mut frame, version.number).expect("a body they know");
    prop_assert_eq!(body, request.to_oracle(version.number, &Unknown::new()));
    prop_assert!(frame.is_empty());
    Ok(())
}

/// Checks that dekaf reads the oracle's frame.
fn we_read_the_oracles_frame<R: Request + Message + Into<AnyRequest>>(
    request: &R,
    version: Version,
    correlation_id: i32,
    client_id: Option<String>,
    unknown: &Unknown,
) -> Result<(), TestCaseError> {
    let header = kafka_protocol::messages::RequestHeader::default()
        .with_request_api_key(R::KEY as i16)
        .with_request_api_version(version.number)
        .with_correlation_id(correlation_id)
        .with_client_id(client_id.to_oracle(version.number, unknown))
        .with_unknown_tagged_fields(unknown.clone());
    let mut frame = BytesMut::new();
    encode_request_header_into_buffer(&mut frame, &header).expect("the oracle encodes it");
    let oracle: R::Oracle = request.to_oracle(version.number, &Unknown::new());
    oracle.encode(&mut frame, version.number).expect("the oracle encodes it");
    let frame = frame.freeze();
    let (api_key, api_version) = (R::KEY as i16, version.number);
    let expected = RequestHeader { api_key, api_version, correlation_id, client_id };
    let (header, decoded) = decode_request(&frame).expect("a request we serve");
    prop_assert_eq!(header, expected);
    prop_assert_eq!(&decoded, &Some(request.clone().into()));
    // A broker ignores trailing bytes of a request.
    let longer = [&frame[..], &[0]].concat().into();
    prop_assert_eq!(decode_request(&longer).map(|(_, request)| request), Ok(decoded));
    Ok(())
}

/// Checks every version of a response: its body, and frames with the oracle's header version.
pub(crate) fn responses_agree<R: Request<Response: Message>>() {
    for number in R::SERVED.0..=R::SERVED.1 {
        let version = R::version(number);
        let values = (R::Response::values(number), unknown(), any::<i32>());
        let what = format!("{:?} response v{number}", R::KEY);
        check(CASES, &what, &values, |(response, unknown, correlation_id)| {
            bodies_agree(&response, version, &unknown)?;
            let plain = response_frame(&response, version, correlation_id, &Unknown::new());
            let mut ours = encode_response::<R>(&response, number, correlation_id);
            prop_assert_eq!(ours.get_i32() as usize, ours.len());
            prop_assert_eq!(ours, plain);

            let frame = response_frame(&response, version, correlation_id, &unknown);
            prop_assert_eq!(decode_response::<R>(&frame, number), Ok(response));
            let longer = [&frame[..], &[0]].concat().into();
            prop_assert!(decode_response::<R>(&longer, number).is_err(), "a byte is left over");
            Ok(())
        });
    }
}

fn response_frame<M: Message>(
    response: &M,
    version: Version,
    correlation_id: i32,
    unknown: &Unknown,
) -> Bytes {
    let header = ResponseHeader::default()
        .with_correlation_id(correlation_id)
        .with_unknown_tagged_fields(unknown.clone());
    let mut frame = BytesMut::new();
    let header_version = M::Oracle::header_version(version.number);
    header.encode(&mut frame, header_version).expect("the oracle encodes it");
    let oracle: M::Oracle = response.to_oracle(version.number, &Unknown::new());
    oracle.encode(&mut frame, version.number).expect("the oracle encodes it");
    frame.freeze()
}
