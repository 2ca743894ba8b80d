//! Malicious and damaged certificates and keys: nothing panics, and messages stay readable.

use proptest::prelude::*;

use super::authority::{Authority, HOST, Made, params};
use super::connection::{Broker, refusal, refused, session};
use super::{fixture, fixture_text, trusting};
use crate::config::{Identity, Tls};
use crate::error::shown;
use crate::tls::ClientTls;
use crate::tls::certificate::Certificate;
use crate::tls::distinguished_name::DistinguishedName;
use crate::tls::format::Format;
use crate::tls::text;

#[test]
fn text_of_certificates_is_escaped_and_cut_off() {
    let authority = Authority::new("CA");
    let name = format!("a\n\u{1b}[31m\u{202e}{}", "x".repeat(5000));
    let stranger = Authority::new(&name).sign(&params("evil\r\nline", &["other.example"]));
    let error = refused(&trusting(&authority.pem), &stranger);
    assert!(error.chars().count() < 1500, "{error}");
    assert!(!error.chars().any(|char| char.is_control() || char == '\u{202e}'), "{error:?}");
}

#[test]
fn any_certificate_that_is_presented_is_survived() {
    let session = session(&trusting(&Authority::new("CA").pem));
    for bytes in [&b""[..], b"\x30", b"\x30\x82\xff\xff", &[0x30; 5000], &[0xff; 64]] {
        let mut stranger = Made::of_pem(&fixture_text("sha1.pem"));
        stranger.chain = vec![bytes.to_vec().into()];
        if !bytes.is_empty() {
            let _ = refusal(&session, &Broker::new(&stranger)).to_string();
        }
    }
}

#[test]
fn text_is_shown_in_part() {
    assert_eq!(shown("a\"b'ä\u{7f}"), "a\"b'ä\\u{7f}");
    assert_eq!(shown(&"ä".repeat(201)).chars().count(), 201);
    assert_eq!(text::list(&[]), "");
    assert_eq!(text::shell("/a/it's here".as_ref()), r"'/a/it'\''s here'");
}

fn flip(bytes: &mut [u8], flips: &[(usize, u8)]) {
    for (at, byte) in flips {
        let at = at % bytes.len();
        bytes[at] = *byte;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_certificates_are_survived(
        flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8),
        length in 0..2000_usize,
    ) {
        let mut bytes = Authority::new("CA").sign(&params("broker", &[HOST, "::1"])).chain[0].to_vec();
        flip(&mut bytes, &flips);
        let _ = Certificate::read(&bytes);
        let _ = Certificate::read(&bytes[..length.min(bytes.len())]);
        let _ = DistinguishedName::from_der(&bytes);
        let _ = Format::of(&bytes);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Certificate::read(&bytes);
        let _ = DistinguishedName::from_der(&bytes);
        let _ = Format::of(&bytes);
        let _ = crate::tls::pem::blocks(&bytes);
        let _ = crate::tls::server_name::server_name(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn damaged_keys_are_survived(flips in prop::collection::vec((any::<usize>(), 0x20..0x7f_u8), 1..4)) {
        let mut pem = fixture_text("both.pem").into_bytes();
        flip(&mut pem, &flips);
        let pem = String::from_utf8(pem).expect("ASCII");
        let certificate = crate::config::Pem::text(pem);
        let identity = Identity { certificate, key: None, key_password: None };
        let trust = crate::config::Trust::Only(crate::config::Pem::Path(fixture("ca.pem")));
        let _ = ClientTls::load(&Tls { trust, identity: Some(identity), ..Tls::default() }, None);
    }
}
