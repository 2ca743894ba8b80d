//! The functions and objects that provide passwords, tokens and PEM: the user's, or the package's.

use pyo3::prelude::*;

use crate::net::{PasswordOf, PemOf, ProgramRequest};

/// The providers of one `Security`.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    /// The function for the user's password.
    pub(crate) user: Option<Py<PyAny>>,
    /// The function for the private key's password.
    pub(crate) key: Option<Py<PyAny>>,
    /// Provides tokens: see `dekaf._tokens.asking`.
    pub(crate) token: Option<Py<PyAny>>,
    /// Convert files of other formats to PEM: see `dekaf._keystores.conversion`.
    pub(crate) authorities: Option<Py<PyAny>>,
    pub(crate) certificate: Option<Py<PyAny>>,
    pub(crate) private_key: Option<Py<PyAny>>,
    /// Whether the token provider is a coroutine, which the producer's event loop runs.
    pub(crate) is_token_of_loop: bool,
}

impl Providers {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let clone = |provider: &Option<Py<PyAny>>| provider.as_ref().map(|it| it.clone_ref(py));
        Self {
            user: clone(&self.user),
            key: clone(&self.key),
            token: clone(&self.token),
            authorities: clone(&self.authorities),
            certificate: clone(&self.certificate),
            private_key: clone(&self.private_key),
            is_token_of_loop: self.is_token_of_loop,
        }
    }

    pub(crate) fn all(&self) -> [&Option<Py<PyAny>>; 6] {
        let Self { user, key, token, authorities, certificate, private_key, .. } = self;
        [user, key, token, authorities, certificate, private_key]
    }

    /// Returns the provider that can answer a request.
    pub(crate) fn of(&self, request: &ProgramRequest) -> Option<&Py<PyAny>> {
        match request {
            ProgramRequest::Password(PasswordOf::User, _) => self.user.as_ref(),
            ProgramRequest::Password(PasswordOf::Key, _) => self.key.as_ref(),
            ProgramRequest::Token(_) => self.token.as_ref(),
            ProgramRequest::Pem(PemOf::Authorities, _) => self.authorities.as_ref(),
            ProgramRequest::Pem(PemOf::Certificate, _) => self.certificate.as_ref(),
            ProgramRequest::Pem(PemOf::Key, _) => self.private_key.as_ref(),
        }
    }
}
