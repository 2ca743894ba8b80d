//! The client's certificate and key.

use std::sync::Arc;
use std::time::SystemTime;

use pkcs8::der::SecretDocument;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SigningKey};

use super::algorithm::PublicKey;
use super::certificate::Certificate;
use super::ec_key::PrivateHalf;
use super::encrypted_key::{self, Refusal};
use super::format::Wanted;
use super::pem::Block;
use super::source::Source;
use crate::config::{self, Secret};
use crate::error::{Error, Result};

pub(super) struct Identity {
    /// The chain, with the client's own certificate first, and its key.
    pub(super) certified: Arc<CertifiedKey>,
    /// The subject of the client's certificate, for messages.
    pub(super) subject: String,
    /// The earliest expiry in the chain.
    pub(super) expires_at: SystemTime,
}

const CERTIFICATE: &str = "security.certificate";
const KEY: &str = "security.key";

const SIGNING_KEYS: &str = "RSA of 2048 to 4096 bits, P-256, P-384 and Ed25519";

impl Identity {
    /// Reads certificates and key, and checks that they match.
    pub(super) fn load(identity: &config::Identity, password: Option<&Secret>) -> Result<Self> {
        let certificates = Source::read(CERTIFICATE, &identity.certificate)?;
        let mut chain = read_chain(&certificates)?;
        let apart = identity.key.as_ref().map(|key| Source::read(KEY, key)).transpose()?;
        let keys = apart.as_ref().unwrap_or(&certificates);
        let block =
            keys.blocks.iter().find(|block| is_key(&block.label)).ok_or_else(|| match &apart {
                Some(keys) => keys.useless(Wanted::Identity, "private key"),
                None => keys.error("has no private key; add it, or set key="),
            })?;
        let own = own_certificate(&chain, keys, block, password)?;
        let (own, key) = own;
        // The client's own certificate must be sent first; some tools write it last.
        let own = chain.remove(own);
        chain.insert(0, own);
        let expires_at = chain.iter().map(|link| link.read.not_after).min();
        Ok(Self {
            subject: chain[0].read.subject.to_string(),
            expires_at: expires_at.unwrap_or(SystemTime::UNIX_EPOCH),
            certified: Arc::new(CertifiedKey::new(
                chain.into_iter().map(|link| link.encoded).collect(),
                key,
            )),
        })
    }
}

struct Link {
    encoded: CertificateDer<'static>,
    read: Certificate,
}

fn read_chain(source: &Source) -> Result<Vec<Link>> {
    let contents = source.contents(|label| matches!(label, "CERTIFICATE" | "X509 CERTIFICATE"))?;
    if contents.is_empty() {
        return Err(source.useless(Wanted::Identity, "CERTIFICATE block"));
    }
    let link = |(block, content): (&Block, &[u8])| {
        let read = Certificate::read(content)
            .ok_or_else(|| source.malformed(block, "is not a whole certificate"))?;
        Ok(Link { encoded: CertificateDer::from(content.to_vec()), read })
    };
    contents.into_iter().map(link).collect()
}

fn is_key(label: &str) -> bool {
    label.ends_with("PRIVATE KEY")
}

/// Returns the index of the certificate that matches the key, and the key.
fn own_certificate(
    chain: &[Link],
    source: &Source,
    block: &Block,
    password: Option<&Secret>,
) -> Result<(usize, Arc<dyn SigningKey>)> {
    let key = read_key(source, block, password)?;
    let key = key.borrow();
    if let Some(half) = PrivateHalf::of(&key) {
        let is_usable = chain[0].read.key.as_ref().is_some_and(PublicKey::is_verified);
        let error = if is_usable { another_key } else { unusable_key };
        return completed(chain, &half).ok_or_else(|| error(chain, source));
    }
    let key = any_supported_type(&key).map_err(|_| unusable_key(chain, source))?;
    let Some(public) = key.public_key() else { return Ok((0, key)) };
    let own = chain.iter().position(|link| link.read.key_info == public.as_ref());
    Ok((own.ok_or_else(|| another_key(chain, source))?, key))
}

/// Returns the index of the certificate whose public half matches `half`, and the whole key.
fn completed(chain: &[Link], half: &PrivateHalf<'_>) -> Option<(usize, Arc<dyn SigningKey>)> {
    chain.iter().enumerate().find_map(|(at, link)| {
        let key = half.with_public_half_of(&link.read.key_info)?;
        let key = any_supported_type(&PrivateSec1KeyDer::from(key.as_slice()).into());
        Some((at, key.ok()?))
    })
}

fn unusable_key(chain: &[Link], source: &Source) -> Error {
    let kind =
        chain[0].read.key.as_ref().map_or_else(|| "unknown".to_owned(), PublicKey::to_string);
    source.error(&format!(
        "has a key that cannot be used: its certificate is for {kind}; the client signs with \
         {SIGNING_KEYS}"
    ))
}

fn another_key(chain: &[Link], source: &Source) -> Error {
    let subject = &chain[0].read.subject;
    source.error(&format!(
        "has a private key that does not belong to the certificate of {subject}; give the key with \
         which that certificate was requested"
    ))
}

enum Key<'a> {
    Pkcs1(&'a [u8]),
    Sec1(&'a [u8]),
    Pkcs8(&'a [u8]),
    Decrypted(SecretDocument),
}

impl Key<'_> {
    /// Borrows the key: a copy would not be zeroed after use.
    fn borrow(&self) -> PrivateKeyDer<'_> {
        match self {
            Self::Pkcs1(content) => PrivatePkcs1KeyDer::from(*content).into(),
            Self::Sec1(content) => PrivateSec1KeyDer::from(*content).into(),
            Self::Pkcs8(content) => PrivatePkcs8KeyDer::from(*content).into(),
            Self::Decrypted(document) => PrivatePkcs8KeyDer::from(document.as_bytes()).into(),
        }
    }
}

fn read_key<'a>(source: &Source, block: &'a Block, password: Option<&Secret>) -> Result<Key<'a>> {
    let convert = || {
        format!(
            "openssl pkcs8 -topk8 -v2 aes-256-cbc -in {} -out converted.key",
            source.shell_name()
        )
    };
    if block.is_encrypted {
        let convert = convert();
        return Err(source.error(&format!(
            "has a key in OpenSSL's outdated encryption (Proc-Type: 4,ENCRYPTED); convert it: {convert}"
        )));
    }
    let content = source.content(block)?;
    match block.label.as_str() {
        "RSA PRIVATE KEY" => Ok(Key::Pkcs1(content)),
        "EC PRIVATE KEY" => Ok(Key::Sec1(content)),
        "PRIVATE KEY" => Ok(Key::Pkcs8(content)),
        "ENCRYPTED PRIVATE KEY" => {
            let Some(password) = password else {
                encrypted_key::check(content)
                    .map_err(|refusal| refused(source, &refusal, &convert()))?;
                return Err(source.error("has an encrypted key; set key_password="));
            };
            encrypted_key::decrypt(content, password)
                .map(Key::Decrypted)
                .map_err(|refusal| refused(source, &refusal, &convert()))
        }
        label => Err(source.error(&format!(
            "has a {label}; the client takes PKCS#8, PKCS#1 and SEC1; convert it: {}",
            convert()
        ))),
    }
}

fn refused(source: &Source, refusal: &Refusal, convert: &str) -> Error {
    match refusal {
        Refusal::Outdated => source.error(&format!(
            "has a key in an outdated encryption (PBES1 or PKCS#12); convert it: {convert}"
        )),
        Refusal::Unknown => source.error(&format!(
            "has a key in an encryption that is not supported; convert it: {convert}"
        )),
        Refusal::WrongPassword => {
            source.error("has a key that key_password does not decrypt; is it the right password?")
        }
    }
}
