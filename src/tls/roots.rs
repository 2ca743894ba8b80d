//! Trusted certificate authorities.

use std::env;
use std::fmt;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::format::Wanted;
use super::source::Source;
use super::text;
use crate::config::{Pem, Trust};
use crate::error::{Error, ErrorKind, Result};

pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// Certificates from `ca=`. A broker that presents one of them needs no chain.
    given: Vec<CertificateDer<'static>>,
    /// The origin, for messages.
    place: String,
}

const SETTING: &str = "security.ca";

impl Roots {
    pub(super) fn load(trust: &Trust) -> Result<Self> {
        match trust {
            Trust::System => Self::system(),
            Trust::Only(pem) => Self::given(pem),
        }
    }

    pub(super) fn none() -> Self {
        Self { store: RootCertStore::empty(), given: Vec::new(), place: "nothing".to_owned() }
    }

    fn system() -> Result<Self> {
        let loaded = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(loaded.certs);
        if store.is_empty() {
            let errors: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
            return Err(nothing_found(&errors));
        }
        Ok(Self { store, given: Vec::new(), place: "the system's store".to_owned() })
    }

    fn given(pem: &Pem) -> Result<Self> {
        let sources = Source::read_all(SETTING, pem)?;
        let mut roots = Self { place: place(pem), ..Self::none() };
        for source in &sources {
            for (block, content) in source.contents(is_certificate)? {
                let certificate = CertificateDer::from(content.to_vec());
                roots.store.add(certificate.clone()).map_err(|error| {
                    source.malformed(block, &format!("is not a whole certificate ({error})"))
                })?;
                roots.given.push(certificate);
            }
        }
        match (roots.store.is_empty(), &sources[..]) {
            (false, _) => Ok(roots),
            (true, [source]) => Err(source.useless(Wanted::Authorities, "CERTIFICATE block")),
            (true, _) => {
                let message =
                    format!("{SETTING}: no file in {} has a CERTIFICATE block", roots.place);
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }

    pub(super) fn has_given(&self, certificate: &CertificateDer<'_>) -> bool {
        self.given.iter().any(|given| given.as_ref() == certificate.as_ref())
    }

    /// Returns the encoded key of an authority, given the content of its encoded name.
    pub(super) fn key_of(&self, name: &[u8]) -> Option<&[u8]> {
        let root = self.store.roots.iter().find(|root| root.subject.as_ref() == name)?;
        Some(root.subject_public_key_info.as_ref())
    }
}

impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, text::count(self.store.len(), "certificate"))
    }
}

fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE")
}

fn place(pem: &Pem) -> String {
    match pem.path() {
        Some(path) => format!("ca=\"{}\"", path.display()),
        None => "the text of ca=".to_owned(),
    }
}

/// Returns an error that names the places searched for the system's store.
fn nothing_found(errors: &[String]) -> Error {
    let variables: Vec<_> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .iter()
        .filter_map(|name| Some(format!("{name}={}", env::var_os(name)?.display())))
        .collect();
    let place = match &variables[..] {
        [] => "the usual places, such as /etc/ssl/certs and /etc/pki/tls".to_owned(),
        variables => variables.join(" and "),
    };
    let cause = match errors {
        [] => String::new(),
        errors => format!(": {}", text::list(errors)),
    };
    let message = format!(
        "{SETTING}: the system's store has no certificates (looked in {place}{cause}); install \
         ca-certificates, or set ca= to a PEM file"
    );
    Error::new(ErrorKind::Config, message)
}
