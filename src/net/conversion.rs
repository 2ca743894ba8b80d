//! Requests PEM from the program for files in other formats, such as key stores.

use super::program::{NotProvided, PemOf, Program, ProgramRequest, ask};
use crate::config::{Identity, Pem, Tls, Trust};
use crate::error::{Error, ErrorKind, Result};

/// Replaces each [`Pem::Asked`] with text that the program provides. An error names the setting and
/// shows no secret.
pub(super) async fn converted(settings: &Tls, program: &dyn Program) -> Result<Tls> {
    let trust = match &settings.trust {
        Trust::Only(pem) => Trust::Only(text(pem, PemOf::Authorities, program).await?),
        Trust::System => Trust::System,
    };
    let identity = match &settings.identity {
        Some(identity) => Some(with_text(identity, program).await?),
        None => None,
    };
    Ok(Tls { trust, identity, ..settings.clone() })
}

async fn with_text(identity: &Identity, program: &dyn Program) -> Result<Identity> {
    let certificate = text(&identity.certificate, PemOf::Certificate, program).await?;
    let key = match &identity.key {
        Some(key) => Some(text(key, PemOf::Key, program).await?),
        None => None,
    };
    // The program decrypts the key when it converts it, unless the file is PEM by now.
    let is_open = match (identity.key.as_ref().unwrap_or(&identity.certificate), &key) {
        (Pem::Asked(_), made) => !made.as_ref().unwrap_or(&certificate).is_encrypted(),
        _ => false,
    };
    let key_password = identity.key_password.clone().filter(|_| !is_open);
    Ok(Identity { certificate, key, key_password })
}

async fn text(pem: &Pem, of: PemOf, program: &dyn Program) -> Result<Pem> {
    let Pem::Asked(made_of) = pem else { return Ok(pem.clone()) };
    let request = |reply| ProgramRequest::Pem(of, reply);
    match ask(program, request, "it was not converted to PEM").await {
        Ok(text) => Ok(Pem::Text { text, made_of: made_of.clone() }),
        Err(NotProvided { why, .. }) => {
            Err(Error::new(ErrorKind::Tls, format!("security.{of}: {why}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Password, Secret};

    /// Answers a request with the setting's name, refuses it, or never answers.
    #[derive(Debug)]
    struct Converts(Option<Result<(), &'static str>>);

    impl Program for Converts {
        fn ask(&self, request: ProgramRequest) {
            let ProgramRequest::Pem(of, reply) = request else {
                panic!("{request:?} is no request for PEM")
            };
            match self.0 {
                Some(Ok(())) => reply.answer(Ok(Secret::new(of.to_string()))),
                Some(Err(why)) => reply.answer(Err(NotProvided::new(why))),
                None => std::mem::forget(reply),
            }
        }

        fn warn(&self, line: String) {
            panic!("a conversion is no cause to warn: {line}");
        }
    }

    fn asked(path: &str) -> Pem {
        Pem::Asked(Some(path.into()))
    }

    fn made(text: &str, path: &str) -> Pem {
        Pem::Text { text: Secret::new(text.to_owned()), made_of: Some(path.into()) }
    }

    #[tokio::test]
    async fn only_what_is_to_be_converted_is_asked_for() {
        let settings = Tls {
            trust: Trust::Only(asked("trust.p12")),
            identity: Some(Identity {
                certificate: Pem::Path("client.pem".into()),
                key: Some(asked("client.der")),
                key_password: Some(Password::Asked),
            }),
            ..Tls::default()
        };
        let expected = Tls {
            trust: Trust::Only(made("ca", "trust.p12")),
            identity: Some(Identity {
                certificate: Pem::Path("client.pem".into()),
                key: Some(made("key", "client.der")),
                key_password: None, // the key is decrypted
            }),
            ..Tls::default()
        };
        assert_eq!(converted(&settings, &Converts(Some(Ok(())))).await.ok(), Some(expected));
        assert_eq!(converted(&Tls::default(), &Converts(None)).await.ok(), Some(Tls::default()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_names_the_setting() {
        let settings = Tls { trust: Trust::Only(asked("trust.p12")), ..Tls::default() };
        let cases = [
            (Some(Err("the file \"trust.p12\" is empty")), "ca: the file \"trust.p12\" is empty"),
            (None, "ca: it was not converted to PEM within 10s"),
        ];
        for (answer, expected) in cases {
            let refused = converted(&settings, &Converts(answer)).await.expect_err(expected);
            assert_eq!(refused.kind(), ErrorKind::Tls);
            assert_eq!(refused.to_string(), format!("security.{expected}"));
        }
    }
}
