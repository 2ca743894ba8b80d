//! SCRAM, both sides. The first byte selects the reader of the following message, and whether it is
//! the first or last message of the exchange. Errors never contain the password.
#![no_main]

use std::collections::BTreeSet;
use std::sync::OnceLock;

use bytes::Bytes;
use dekaf::config::{Mechanism, Secret};
use dekaf::error::Error;
use dekaf::sasl::{Accounts, Client, Keys, Known, Next, Server, ServerNext};
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "pencil";

/// More than any error needs, for a message of any length.
const LONGEST_ERROR: usize = 2_000;

fuzz_target!(|data: &[u8]| {
    let Some((choice, message)) = data.split_first() else { return };
    let message = &Bytes::copy_from_slice(message);
    let refused = match choice % 4 {
        0 => read_by(client(), message).err().map(|error| error.to_string()),
        1 => read_by(client_at_proof(), message).err().map(|error| error.to_string()),
        2 => served_by(&Server::new(Mechanism::ScramSha256), message).err(),
        _ => served_by(server_at_proof(), message).err(),
    };
    if let Some(refused) = refused {
        assert!(refused.len() <= LONGEST_ERROR && !refused.contains(PASSWORD), "{refused}");
    }
});

fn read_by(mut client: Client, message: &Bytes) -> Result<Next, Error> {
    dekaf_fuzz::decode_within_bounds(message, |message| client.answer(message))
}

fn served_by(server: &Server, message: &Bytes) -> Result<ServerNext, String> {
    let (users, tokens) = (accounts("user"), accounts("token"));
    let known = Known {
        users: &users,
        tokens: &tokens,
        locked_out: &BTreeSet::new(),
        salt: b"salt",
        nonce: b"server",
        now_ms: 0,
    };
    dekaf_fuzz::decode_within_bounds(message, |message| server.step(message, &known))
}

fn accounts(name: &str) -> Accounts {
    Accounts::from([(name.to_owned(), Secret::new(PASSWORD.to_owned()))])
}

fn client() -> Client {
    let password = Secret::new(PASSWORD.to_owned());
    let client = Client::new(Mechanism::ScramSha256, "user", &password, false, b"client");
    client.expect("the settings are right")
}

/// Returns a client that has received the server's first message and sent its proof.
fn client_at_proof() -> Client {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    let mut client = client();
    match client.answer(b"r=Y2xpZW50c2VydmVy,s=c2FsdA==,i=4096") {
        Ok(Next::Derive(derivation)) => {
            let keys = KEYS.get_or_init(|| derivation.run()).clone();
            client.derived(keys).expect("they were asked for");
            client
        }
        other => panic!("keys are needed first: {other:?}"),
    }
}

/// Returns a server that has received the client's first message.
fn server_at_proof() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let first = Bytes::from_static(b"n,,n=user,r=Y2xpZW50");
        match served_by(&Server::new(Mechanism::ScramSha256), &first) {
            Ok(ServerNext::Continue(server, _)) => server,
            other => panic!("a proof is needed: {other:?}"),
        }
    })
}
