//! Explains TLS alerts from the broker.

use rustls::AlertDescription as Alert;

use super::Handshake;

impl Handshake<'_> {
    pub(super) fn explain_alert(&self, alert: Alert) -> String {
        match alert {
            Alert::CertificateRequired => self.certificate_required(),
            _ if is_about_certificate(alert) && self.noted.request.is_some() => {
                self.explain_client_certificate(alert)
            }
            Alert::ProtocolVersion => "the broker speaks no version of TLS that the client does, \
                 which are TLS 1.2 and 1.3, or as min_version= says; see the broker's \
                 ssl.enabled.protocols"
                .to_owned(),
            Alert::HandshakeFailure | Alert::InsufficientSecurity => format!(
                "the broker refused to negotiate ({}): it has no cipher suite, curve or kind of \
                 certificate that the client supports; see the broker's ssl.cipher.suites, and \
                 whether its key is RSA, P-256, P-384 or Ed25519",
                name(alert)
            ),
            Alert::UnrecognisedName => format!(
                "the broker does not know the name {}; set server_name= to one that it knows",
                self.shown_server_name()
            ),
            _ => format!(
                "the broker ended the TLS handshake ({}); the broker's log says why",
                name(alert)
            ),
        }
    }

    /// Explains an alert after the broker asked for a client certificate.
    fn explain_client_certificate(&self, alert: Alert) -> String {
        let Some(identity) = self.identity else { return self.certificate_required() };
        if self.noted.request.as_ref().is_some_and(|request| request.refuses_key) {
            return format!(
                "the broker requires a client certificate, and accepts no signature by the key of \
                 {}; use a key of another kind, such as RSA of 2048 bits",
                identity.subject
            );
        }
        let cause = match alert {
            Alert::UnknownCA => "its truststore has no authority that issued it",
            Alert::CertificateExpired => "it has expired, or is not valid yet",
            Alert::CertificateRevoked => "it was revoked",
            Alert::UnsupportedCertificate => "it is of a kind, or for a use, that is not supported",
            Alert::AccessDenied => "it has no access",
            _ => "it gives no reason; its truststore may lack the authority",
        };
        let accepted = self.accepted_authorities();
        format!(
            "the broker refused the client certificate of {} ({}): {cause}; {accepted}",
            identity.subject,
            name(alert)
        )
    }
}

fn is_about_certificate(alert: Alert) -> bool {
    matches!(
        alert,
        Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::HandshakeFailure
    )
}

/// Returns the alert's name in the TLS standard, as other programs log it.
fn name(alert: Alert) -> String {
    let mut name = String::from("alert ");
    for char in format!("{alert:?}").chars() {
        if char.is_uppercase() && name.ends_with(char::is_lowercase) {
            name.push('_');
        }
        name.extend(char.to_lowercase());
    }
    // "CA" is one word.
    name.replace("_c_a", "_ca")
}
