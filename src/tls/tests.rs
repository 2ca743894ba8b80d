//! In-memory handshakes with good and bad brokers, and the resulting errors.
//!
//! The tests generate certificates; those that ring cannot generate are in `fixtures`. Handshakes
//! use a fixed clock, so no certificate expires.

mod alerts;
mod authority;
mod connection;
mod hostile;
mod identities;
mod names;
mod refusals;
mod trust;

use std::fs;
use std::path::PathBuf;

use crate::config::{Pem, Tls, Trust};

/// A temporary folder, removed on drop.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dekaf-tls-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src/tls/tests/fixtures", name].iter().collect()
}

fn fixture_text(name: &str) -> String {
    fs::read_to_string(fixture(name)).expect("a fixture")
}

fn text(text: &str) -> Pem {
    Pem::text(text.to_owned())
}

fn trusting(pem: &str) -> Tls {
    Tls { trust: Trust::Only(text(pem)), ..Tls::default() }
}

/// Asserts that the message contains all parts.
#[track_caller]
fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
}
