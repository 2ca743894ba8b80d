//! Handshakes in memory with brokers of every kind, and the errors that come of them.
//!
//! Certificates are made here; those that ring cannot make are in `fixtures`. The clock of
//! handshakes stands still, so that none of them expires.

mod alerts;
mod authority;
mod connection;
mod hostile;
mod identities;
mod names;
mod refusals;
mod trust;

use std::path::PathBuf;

use crate::config::{Pem, Secret, Tls, Trust};

/// A file among the fixtures.
fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src/tls/tests/fixtures", name].iter().collect()
}

/// Its content.
fn fixture_text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).expect("a fixture")
}

fn text(text: &str) -> Pem {
    Pem::Text(Secret::new(text.to_owned()))
}

/// Settings that trust these authorities.
fn trusting(pem: &str) -> Tls {
    Tls { trust: Trust::Only(text(pem)), ..Tls::default() }
}

/// Whether a message says all this.
#[track_caller]
fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
}
