//! Verifies the broker's certificate, and records the chain and the reason of a refusal.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;
use super::notes::Notes;
use super::roots::Roots;
use crate::config::Verification;

pub(super) struct Verifier {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) roots: Arc<Roots>,
    pub(super) verification: Verification,
    pub(super) notes: Arc<Notes>,
}

impl Verifier {
    fn verify_chain(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        // webpki refuses an authority's certificate (CA:TRUE) for a broker, and most self-signed
        // ones are such. A certificate from `ca=` is trusted nevertheless.
        if self.roots.has_given(own) {
            return verify_dates(own, now);
        }
        let parsed = ParsedCertificate::try_from(own)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.roots.store,
            intermediates,
            now,
            algorithms,
        )
    }

    /// Verifies a signature made with the broker's key, and records why it was refused.
    fn verified(
        &self,
        verify: impl FnOnce(&WebPkiSupportedAlgorithms) -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.verifies_nothing() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let verified = verify(&self.provider.signature_verification_algorithms);
        if let Err(error) = &verified {
            self.notes.lock().refusal = Some(error.clone());
        }
        verified
    }

    fn verifies_nothing(&self) -> bool {
        self.verification == Verification::Nothing
    }
}

fn verify_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let read = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
    let (not_before, not_after) = (unix_time(read.not_before), unix_time(read.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
}

fn unix_time(time: SystemTime) -> UnixTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    UnixTime::since_unix_epoch(since)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [own].into_iter().chain(intermediates);
        self.notes.lock().chain = chain.map(|link| link.clone().into_owned()).collect();
        if self.verifies_nothing() {
            return Ok(ServerCertVerified::assertion());
        }
        let chain = self.verify_chain(own, intermediates, now);
        let name = match self.verification {
            Verification::Full => ParsedCertificate::try_from(own)
                .and_then(|own| verify_server_name(&own, server_name)),
            Verification::WithoutHostname | Verification::Nothing => Ok(()),
        };
        let mut noted = self.notes.lock();
        noted.refusal = chain.clone().err();
        noted.name_refusal = name.clone().err();
        chain.and(name).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verified(|algorithms| verify_tls12_signature(message, certificate, signed, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verified(|algorithms| verify_tls13_signature(message, certificate, signed, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        if self.verifies_nothing() {
            // Signatures are not verified, so any kind of key is accepted.
            schemes.extend([
                SignatureScheme::ECDSA_NISTP521_SHA512,
                SignatureScheme::ED448,
                SignatureScheme::ECDSA_SHA1_Legacy,
                SignatureScheme::RSA_PKCS1_SHA1,
            ]);
        }
        schemes
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("verification", &self.verification).finish_non_exhaustive()
    }
}
