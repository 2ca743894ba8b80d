//! Tests of decoders with mutated valid messages and batches. Such damage reaches inner fields,
//! unlike random bytes.

use std::fmt::Debug;

use bytes::Bytes;
use dekaf::protocol::{Field, Request, Version};
use dekaf::record::{Identity, decode_batch};
use dekaf::wire::{Reader, Writer};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::lengths::resealed;
use super::stays_small;
use crate::properties::{check, config};
use crate::protocol::for_every_api;
use crate::protocol::values::Values;
use crate::record::{records, seal};

/// The largest lengths in each encoding of a length, and invalid negative ones.
const LENGTHS: [&[u8]; 6] = [
    &i32::MAX.to_be_bytes(),
    &i16::MAX.to_be_bytes(),
    &[0xff, 0xff, 0xff, 0xff, 0x0f], // u32::MAX; i32::MIN in zigzag
    &[0xfe, 0xff, 0xff, 0xff, 0x0f], // i32::MAX in zigzag
    &i32::MIN.to_be_bytes(),
    &(-2_i32).to_be_bytes(),
];

#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Overwrite(Index, &'static [u8]),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Cut(Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<Index>;
    let mutation = prop_oneof![
        3 => (at(), 1_u8..=255).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        3 => (at(), select(&LENGTHS[..])).prop_map(|(at, with)| Mutation::Overwrite(at, with)),
        1 => (at(), vec(any::<u8>(), 1..5)).prop_map(|(at, what)| Mutation::Insert(at, what)),
        1 => (at(), 1_usize..5).prop_map(|(at, size)| Mutation::Remove(at, size)),
        1 => at().prop_map(Mutation::Cut),
    ];
    vec(mutation, 1..4)
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let size = bytes.len();
        match self {
            Self::Flip(at, bits) => bytes[at.index(size)] ^= bits,
            Self::Overwrite(at, with) => overwrite(bytes, at.index(size), with),
            Self::Insert(at, what) => {
                let at = at.index(size);
                bytes.splice(at..at, what.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = at.index(size);
                bytes.drain(at..size.min(at + count));
            }
            Self::Cut(at) => bytes.truncate(at.index(size)),
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (byte, with) in bytes[at..].iter_mut().zip(with) {
        *byte = *with;
    }
}

fn mutated(bytes: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for mutation in mutations {
        mutation.apply(&mut bytes);
    }
    bytes
}

/// Tests random mutations, and every length at every position, on arbitrary messages.
fn messages_do_no_harm<M: Field + Values + Debug>(what: &str, version: Version) {
    let values = M::values(version.number);
    let decode = |bytes: &Bytes| M::decode(&mut Reader::new(bytes), version).is_ok();
    let encode = |message: M| {
        let mut out = Writer::new();
        message.encode(&mut out, version);
        out.take()
    };
    check(100, what, &(&values, mutations()), |(message, mutations)| {
        let bytes = mutated(&encode(message), &mutations);
        stays_small(&Bytes::from(bytes), decode).map(drop)
    });
    check(3, what, &values, |message| {
        let bytes = encode(message);
        for (at, length) in (0..bytes.len()).flat_map(|at| LENGTHS.map(|length| (at, length))) {
            let mut bytes = bytes.to_vec();
            overwrite(&mut bytes, at, length);
            stays_small(&Bytes::from(bytes), decode)?;
        }
        Ok(())
    });
}

#[test]
fn mutated_messages_do_no_harm() {
    fn api_does_no_harm<R>()
    where
        R: Request<Response: Values + Debug> + Values + Debug,
    {
        for number in R::SERVED.0..=R::SERVED.1 {
            let what = |kind: &str| format!("{:?} {kind} v{number}", R::KEY);
            messages_do_no_harm::<R>(&what("request"), R::version(number));
            messages_do_no_harm::<R::Response>(&what("response"), R::version(number));
        }
    }
    for_every_api!(api_does_no_harm());
}

proptest! {
    #![proptest_config(config(1000))]

    /// The checksum is corrected, so that mutations get past its check.
    #[test]
    fn mutated_batches_do_no_harm(records in vec(records(), 1..5), mutations in mutations()) {
        let bytes = mutated(&seal(&records, Identity::NONE), &mutations);
        stays_small(&Bytes::from(bytes.clone()), |bytes| decode_batch(bytes).is_ok())?;
        stays_small(&resealed(bytes), |bytes| decode_batch(bytes).is_ok())?;
    }
}

proptest! {
    #![proptest_config(config(5))]

    #[test]
    fn every_length_at_every_place_of_a_batch_does_no_harm(records in vec(records(), 1..4)) {
        let bytes = seal(&records, Identity::NONE);
        for (at, length) in (0..bytes.len()).flat_map(|at| LENGTHS.map(|length| (at, length))) {
            let mut bytes = bytes.to_vec();
            overwrite(&mut bytes, at, length);
            stays_small(&resealed(bytes), |bytes| decode_batch(bytes).is_ok())?;
        }
    }
}
