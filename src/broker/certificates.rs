//! Throw-away certificates of one in-process cluster: a certificate authority, a server and a
//! client.
//!
//! The code encodes the certificates itself: their shape is fixed, and ring signs them. A library
//! would add six crates to a wheel that needs certificates only in tests.

mod der;

use std::fmt;
use std::io;
use std::net::IpAddr;

use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::config::Secret;
use der::{
    BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, SET,
    UTC_TIME, UTF8_STRING, context, node, pem,
};

/// ecdsa-with-SHA256.
const SIGNATURE_ALGORITHM: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const PRIME_256_V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// Key usage bits, in DER: the number of unused bits, then the bits.
const SIGNS_CERTIFICATES: &[u8] = &[1, 0b0000_0110];
const SIGNS_HANDSHAKES: &[u8] = &[7, 0b1000_0000];

/// Fixed dates, so that a wrong clock cannot invalidate the certificates; a cluster lives for
/// minutes.
const NOT_BEFORE: &[u8] = b"200101000000Z";
/// RFC 5280's date for "no expiry".
const NOT_AFTER: &[u8] = b"99991231235959Z";

const SERIAL_SIZE: usize = 16;
const KEY_ID_SIZE: usize = 20;

/// A subject alternative name of a server certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AltName {
    Dns(String),
    Ip(IpAddr),
}

/// A certificate authority: its signing key and its certificate.
#[derive(Debug)]
pub(super) struct Authority {
    /// The subject, in DER.
    name: Vec<u8>,
    key_id: Vec<u8>,
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
    random: SystemRandom,
}

#[derive(Debug)]
pub(super) struct Issued {
    certificate: Vec<u8>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Authority {
    /// Creates an authority with a unique name.
    pub(super) fn new() -> io::Result<Self> {
        let random = SystemRandom::new();
        let (_, key) = new_key(&random)?;
        let serial = serial(&random)?;
        let words = serial.iter().take(4).map(|byte| format!("{byte:02x}"));
        let name = common_name(&format!("dekaf.testing CA {}", words.collect::<String>()));
        let key_id = key_id(&key);
        let extensions = [
            extension(BASIC_CONSTRAINTS, true, &node(SEQUENCE, &[&node(BOOLEAN, &[&[0xff]])])),
            extension(KEY_USAGE, true, &node(BIT_STRING, &[SIGNS_CERTIFICATES])),
            extension(SUBJECT_KEY_ID, false, &node(OCTET_STRING, &[&key_id])),
        ];
        let content = to_be_signed(&serial, &name, &name, &key, &extensions.concat());
        let certificate = signed(&content, &key, &random)?;
        Ok(Self { name, key_id, key, certificate, random })
    }

    pub(super) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone().into()
    }

    pub(super) fn issue_server(&self, names: &[AltName]) -> io::Result<Issued> {
        let names: Vec<_> = names.iter().map(AltName::to_der).collect();
        let names = node(SEQUENCE, &[&names.concat()]);
        self.issue("dekaf.testing broker", SERVER_AUTH, Some(&names))
    }

    pub(super) fn issue_client(&self) -> io::Result<Issued> {
        self.issue("dekaf.testing client", CLIENT_AUTH, None)
    }

    fn issue(&self, name: &str, purpose: &[u8], names: Option<&[u8]>) -> io::Result<Issued> {
        let (document, key) = new_key(&self.random)?;
        let purposes = node(SEQUENCE, &[&node(OBJECT_ID, &[purpose])]);
        let authority = node(SEQUENCE, &[&node(context(0, false), &[&self.key_id])]);
        let extensions = [
            extension(BASIC_CONSTRAINTS, true, &node(SEQUENCE, &[])),
            extension(KEY_USAGE, true, &node(BIT_STRING, &[SIGNS_HANDSHAKES])),
            extension(EXTENDED_KEY_USAGE, false, &purposes),
            extension(SUBJECT_KEY_ID, false, &node(OCTET_STRING, &[&key_id(&key)])),
            extension(AUTHORITY_KEY_ID, false, &authority),
            names.map(|names| extension(SUBJECT_ALT_NAME, false, names)).unwrap_or_default(),
        ];
        let serial = serial(&self.random)?;
        let name = common_name(name);
        let content = to_be_signed(&serial, &self.name, &name, &key, &extensions.concat());
        let certificate = signed(&content, &self.key, &self.random)?;
        Ok(Issued { certificate, key: document.as_ref().to_vec().into() })
    }
}

impl Issued {
    pub(super) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub(super) fn key_pem(&self) -> Secret {
        Secret::new(pem("PRIVATE KEY", self.key.secret_pkcs8_der()))
    }

    /// Returns the certificate and the private key for rustls.
    pub(super) fn into_parts(self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        (self.certificate.into(), self.key.into())
    }
}

impl AltName {
    fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Dns(name) => node(context(2, false), &[name.as_bytes()]),
            Self::Ip(IpAddr::V4(address)) => node(context(7, false), &[&address.octets()]),
            Self::Ip(IpAddr::V6(address)) => node(context(7, false), &[&address.octets()]),
        }
    }
}

/// Converts ring's errors, which have no conversion to `io::Error`.
fn failed(error: impl fmt::Display) -> io::Error {
    io::Error::other(format!("cannot make a certificate: {error}"))
}

fn new_key(random: &SystemRandom) -> io::Result<(ring::pkcs8::Document, EcdsaKeyPair)> {
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, random).map_err(failed)?;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), random);
    Ok((document, key.map_err(failed)?))
}

/// Returns a random serial number: positive, and without leading zeros.
fn serial(random: &SystemRandom) -> io::Result<[u8; SERIAL_SIZE]> {
    let mut serial = [0; SERIAL_SIZE];
    random.fill(&mut serial).map_err(failed)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}

fn key_id(key: &EcdsaKeyPair) -> Vec<u8> {
    let digest = digest::digest(&digest::SHA256, key.public_key().as_ref());
    digest.as_ref()[..KEY_ID_SIZE].to_vec()
}

fn common_name(name: &str) -> Vec<u8> {
    let parts = [&node(OBJECT_ID, &[COMMON_NAME])[..], &node(UTF8_STRING, &[name.as_bytes()])];
    node(SEQUENCE, &[&node(SET, &[&node(SEQUENCE, &parts)])])
}

fn extension(id: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if is_critical { node(BOOLEAN, &[&[0xff]]) } else { Vec::new() };
    node(SEQUENCE, &[&node(OBJECT_ID, &[id]), &critical, &node(OCTET_STRING, &[value])])
}

fn signature_algorithm() -> Vec<u8> {
    node(SEQUENCE, &[&node(OBJECT_ID, &[SIGNATURE_ALGORITHM])])
}

fn to_be_signed(
    serial: &[u8],
    issuer: &[u8],
    subject: &[u8],
    key: &EcdsaKeyPair,
    extensions: &[u8],
) -> Vec<u8> {
    let version_3 = node(context(0, true), &[&node(INTEGER, &[&[2]])]);
    let validity = [&node(UTC_TIME, &[NOT_BEFORE])[..], &node(GENERALIZED_TIME, &[NOT_AFTER])];
    let algorithm = [&node(OBJECT_ID, &[EC_PUBLIC_KEY])[..], &node(OBJECT_ID, &[PRIME_256_V1])];
    let public_key = node(BIT_STRING, &[&[0], key.public_key().as_ref()]);
    node(
        SEQUENCE,
        &[
            &version_3,
            &node(INTEGER, &[serial]),
            &signature_algorithm(),
            issuer,
            &node(SEQUENCE, &validity),
            subject,
            &node(SEQUENCE, &[&node(SEQUENCE, &algorithm), &public_key]),
            &node(context(3, true), &[&node(SEQUENCE, &[extensions])]),
        ],
    )
}

fn signed(content: &[u8], key: &EcdsaKeyPair, random: &SystemRandom) -> io::Result<Vec<u8>> {
    let signature = key.sign(random, content).map_err(failed)?;
    let signature = node(BIT_STRING, &[&[0], signature.as_ref()]);
    Ok(node(SEQUENCE, &[content, &signature_algorithm(), &signature]))
}
