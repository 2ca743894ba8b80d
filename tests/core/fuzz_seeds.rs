//! Writes the seed inputs of `make fuzz`: a few small files for each target in `fuzz/fuzz_targets`.
//! Nearly all are valid, so that the fuzzer's mutations reach inner fields.
//! of them reaches the inner fields.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use dekaf::config::{Mechanism, Secret};
use dekaf::protocol::{Request, encode_request, encode_response};
use dekaf::record::{Compression, Compressor, Identity};
use dekaf::sasl::{Accounts, Client, Known, Next, Server, ServerNext};
use dekaf::wire::{LENGTH_SIZE, write_uvarint, write_varint, write_varlong};
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::compression::{every_codec, foreign, text};
use crate::properties::config;
use crate::protocol::for_every_api;
use crate::protocol::values::Values;
use crate::record::{filled, identities, records};

/// Selects the largest limit of a codec's target, or of the batch target.
const LARGEST_LIMIT: u8 = 3;
const RESEALED_WITH_LARGEST_LIMIT: u8 = 2 << 1;

struct Seeds {
    folder: PathBuf,
    count: usize,
}

impl Seeds {
    fn of(target: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz-seeds").join(target);
        // Remove the files of an earlier version.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder of ours");
        Self { folder, count: 0 }
    }

    fn add(&mut self, parts: &[&[u8]]) {
        self.count += 1;
        fs::write(self.folder.join(self.count.to_string()), parts.concat())
            .expect("a file of ours");
    }
}

/// Returns the same few values every time.
fn some<S: Strategy>(count: usize, values: &S) -> Vec<S::Value> {
    let mut runner = TestRunner::new(config(1));
    let value = |_| values.new_tree(&mut runner).expect("nothing is rejected").current();
    (0..count).map(value).collect()
}

#[test]
fn write_integers() {
    let mut seeds = Seeds::of("wire");
    seeds.add(&[&[0, 1, 1, 0, 2, 2, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0]]);
    for value in [0, 1, 300, i32::MAX, i32::MIN] {
        let (mut plain, mut signed, mut long) = (vec![6], vec![7], vec![8]);
        write_uvarint(&mut plain, value as u32);
        write_varint(&mut signed, value);
        write_varlong(&mut long, i64::from(value) << 31);
        seeds.add(&[&plain, &signed, &long]);
    }
    seeds.add(&[&[9, 2], b"ab", &[10, 3], "€".as_bytes(), &[11, 1, 0, 12]]);
}

fn write_api<R>(asked: &mut Seeds, answered: &mut Seeds)
where
    R: Request<Response: Values + Debug> + Values + Debug,
{
    let (oldest, newest) = R::SERVED;
    for number in oldest..=newest {
        for request in some(2, &R::values(number)) {
            let frame = encode_request(&request, number, 1, "client");
            asked.add(&[&frame[LENGTH_SIZE..]]);
        }
        for response in some(2, &R::Response::values(number)) {
            let frame = encode_response::<R>(&response, number, 1);
            let chosen = [R::KEY as u8, (number - oldest) as u8];
            answered.add(&[&chosen, &frame[LENGTH_SIZE..]]);
        }
    }
}

#[test]
fn write_messages() {
    let (mut asked, mut answered) = (Seeds::of("requests"), Seeds::of("responses"));
    for_every_api!(write_api(&mut asked, &mut answered));
}

#[test]
fn write_batches() {
    let (mut batches, mut logs) = (Seeds::of("batch"), Seeds::of("log"));
    let compressions: Vec<_> = every_codec().chain([Compression::NONE]).collect();
    let values = (vec(records(), 1..6), identities());
    for (index, (records, identity)) in some(20, &values).into_iter().enumerate() {
        let compression = compressions[index % compressions.len()];
        // Repeated three times, so that they shrink.
        let records: Vec<_> = std::iter::repeat_n(records, 3).flatten().collect();
        let sealed = filled(&records).seal(compression, &mut Compressor::new());
        let batch = sealed.to_bytes(identity);
        batches.add(&[&[RESEALED_WITH_LARGEST_LIMIT], &batch]);
        let next = Identity {
            base_sequence: identity.base_sequence.wrapping_add(sealed.count()),
            ..identity
        };
        let next = sealed.to_bytes(next);
        let size = (batch.len() as u16).to_be_bytes();
        let settings = (index << 1) as u8;
        let now = 1_700_000_000_000_i64.to_be_bytes();
        logs.add(&[&[settings], &now, &size, &batch, &size, &next]);
    }
}

#[test]
fn write_compressed() {
    let foreign = foreign::samples();
    for compression in every_codec() {
        let codec = compression.codec();
        let mut seeds = Seeds::of(codec.name());
        for size in [100, 2000] {
            let compressed = Compressor::new().compress(compression, &text(size)).unwrap();
            seeds.add(&[&[LARGEST_LIMIT], &compressed]);
        }
        for (_, compressed) in foreign.iter().filter(|(of, _)| *of == codec) {
            seeds.add(&[&[LARGEST_LIMIT], compressed]);
        }
    }
}

#[test]
fn write_logins() {
    let mut seeds = Seeds::of("scram");
    let password = Secret::new("pencil".into());
    let mechanism = Mechanism::ScramSha256;
    let mut client = Client::new(mechanism, "user", &password, false, b"client").expect("a user");
    let (users, tokens) = (Accounts::from([("user".into(), password)]), Accounts::new());
    let known = Known {
        users: &users,
        tokens: &tokens,
        locked_out: &BTreeSet::new(),
        salt: b"salt",
        nonce: b"server",
        now_ms: 0,
    };
    let mut server = Server::new(mechanism);
    let mut message = client.first().to_vec();
    // The first byte selects the reader of the message: see the target.
    for number in 0_u8.. {
        seeds.add(&[&[2 + number], &message]);
        let (answer, is_last) = match server.step(&message, &known).expect("the password is right")
        {
            ServerNext::Continue(next, answer) => {
                server = next;
                (answer, false)
            }
            ServerNext::Done(accepted) => (accepted.answer, true),
        };
        seeds.add(&[&[number], answer.as_bytes()]);
        let next = match client.answer(answer.as_bytes()).expect("the server knows it, too") {
            Next::Derive(derivation) => client.derived(derivation.run()),
            next => Ok(next),
        };
        let Next::Send(next) = next.expect("the server knows it, too") else {
            assert!(is_last);
            break;
        };
        message = next.to_vec();
    }
    seeds.add(&[&[0], b"e=unknown-user"]);
    seeds.add(&[&[1], b"e=invalid-proof"]);
    seeds.add(&[&[2], b"n,a=token,n=token,r=Y2xpZW50,tokenauth=true"]);
}

/// Server answers to a token, and tokens: see the target.
#[test]
fn write_tokens() {
    let mut seeds = Seeds::of("bearer");
    seeds.add(&[&[0]]);
    seeds.add(&[&[0], br#"{"status":"invalid_token","scope":"kafka"}"#]);
    seeds.add(&[&[0], b"Too many connects"]);
    seeds.add(&[&[1], b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."]);
    seeds.add(&[&[1], b"dG9rZW4=\nlogicalCluster\nlkc-1"]);
}
