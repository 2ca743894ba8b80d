//! Finds the missing authority between the broker's certificate and the trusted ones.

use super::super::certificate::Certificate;
use super::super::roots::Roots;
use super::super::text;

/// Returns the last certificate on the path from the broker's own: either it is self-signed, or
/// the broker did not send its issuer.
pub(super) fn top<'a>(own: &'a Certificate, chain: &'a [Certificate]) -> &'a Certificate {
    let mut top = own;
    // Bound the loop: untrusted certificates may issue each other in a cycle.
    for _ in chain {
        let issuer = chain.iter().find(|link| link.subject.content == top.issuer.content);
        match issuer {
            Some(issuer) if !top.is_self_signed() => top = issuer,
            _ => break,
        }
    }
    top
}

pub(super) fn unknown(own: &Certificate, chain: &[Certificate], searched: &Roots) -> String {
    let top = top(own, chain);
    let (subject, issuer) = (&own.subject, &top.issuer);
    if own.is_self_signed() {
        return format!(
            "the certificate of {subject} is signed by itself, and not among the trusted ones: \
             {searched}; set ca= to it"
        );
    }
    if top.is_self_signed() {
        return format!(
            "the certificate of {subject} leads to that of {issuer}, an unknown authority: the \
             broker sent it, and it is not among the trusted ones: {searched}; set ca= to the \
             certificate of {issuer}"
        );
    }
    if !std::ptr::eq(top, own) {
        let top = &top.subject;
        return format!(
            "the certificate of {subject} leads to that of {top}, which is issued by {issuer}, an \
             unknown authority: {searched} was searched, and the broker did not send it; set ca= to \
             the certificate of {issuer}"
        );
    }
    let others: Vec<_> = chain.iter().skip(1).map(|link| link.subject.to_string()).collect();
    let sent = match &others[..] {
        [] => "the broker sent no other certificate".to_owned(),
        others => format!("the broker sent only those of {} beside it", text::list(others)),
    };
    format!(
        "the certificate of {subject} is issued by {issuer}, an unknown authority: {searched} was \
         searched, and {sent}; set ca= to the certificate of {issuer}, or, if another authority \
         issued that one, add it to the certificates that the broker sends, which are in its \
         keystore"
    )
}
