//! Refused broker certificates, and the explanations.

use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls::version::{TLS12, TLS13};

use super::authority::{Authority, HOST, Made, params, self_signed};
use super::connection::{Broker, NOW, refusal, refused, session, shake};
use super::{fixture_text, says, trusting};
use crate::error::ErrorKind;

fn refused_fixture(name: &str) -> String {
    let broker = Made::of_pem(&fixture_text(name));
    refused(&trusting(&fixture_text("ca.pem")), &broker)
}

#[test]
fn an_unknown_authority_is_named_with_the_store() {
    let broker = Authority::new("Company CA").sign_broker();
    let error = refused(&trusting(&Authority::new("CA").pem), &broker);
    says(
        &error,
        &["\"CN=broker\"", "\"CN=Company CA\"", "the text of ca= (1 certificate)", "set ca="],
    );
    let own = self_signed(&params("broker", &[HOST]));
    let error = refused(&trusting(&Authority::new("CA").pem), &own);
    says(&error, &["\"CN=broker\"", "signed by itself", "set ca= to it"]);
}

#[test]
fn the_issuer_that_is_missing_is_named() {
    let trust = trusting(&Authority::new("CA").pem);
    let searched = "the text of ca= (1 certificate)";
    let root = Authority::new("Root");
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let refused_with = |others: &[&Authority]| {
        let mut broker = lower.sign_broker();
        broker.chain.extend(others.iter().map(|other| other.certificate.clone()));
        refused(&trust, &broker)
    };
    // The broker sends no intermediates.
    let error = refused_with(&[]);
    says(&error, &["certificate of \"CN=broker\" is issued by \"CN=Lower\", an unknown authority"]);
    says(&error, &[searched, "sent no other certificate", "set ca= to the certificate of"]);
    says(&error, &["\"CN=Lower\", or, if another authority issued that one, add it to"]);
    // It sends others, but not the issuer.
    let error = refused_with(&[&upper, &root]);
    says(&error, &["issued by \"CN=Lower\", an", "sent only those of \"CN=Upper\", \"CN=Root\""]);
    // It sends some of them, in any order.
    for intermediates in [[&lower, &upper], [&upper, &lower]] {
        let error = refused_with(&intermediates);
        says(&error, &["certificate of \"CN=broker\" leads to that of \"CN=Upper\""]);
        says(&error, &["issued by \"CN=Root\", an unknown authority", searched]);
        says(&error, &["did not send it; set ca= to the certificate of \"CN=Root\""]);
    }
    let error = refused_with(&[&lower]);
    says(&error, &["to that of \"CN=Lower\", which is issued by \"CN=Upper\", an unknown"]);
    // It sends all of them, and the root.
    let error = refused_with(&[&lower, &upper, &root]);
    says(&error, &["certificate of \"CN=broker\" leads to that of \"CN=Root\", an unknown"]);
    says(&error, &["not among the trusted ones", searched, "certificate of \"CN=Root\""]);
}

#[test]
fn authorities_that_issue_each_other_are_survived() {
    let (a, b) = (Authority::new("A"), Authority::new("B"));
    let (a_by_b, b_by_a) = (b.below("A"), a.below("B"));
    let mut broker = a_by_b.sign_broker();
    broker.chain.extend([a_by_b.certificate, b_by_a.certificate]);
    let error = refused(&trusting(&Authority::new("CA").pem), &broker);
    says(&error, &["certificate of \"CN=broker\"", "an unknown authority"]);
}

#[test]
fn an_error_of_the_chain_does_not_hide_the_wrong_name() {
    let broker = Authority::new("Company CA").sign(&params("broker", &["a.example"]));
    let error = refused(&trusting(&Authority::new("CA").pem), &broker);
    says(
        &error,
        &["unknown authority", "Moreover, ", "not for \"broker.example\", but for a.example"],
    );
}

#[test]
fn dates_are_compared_with_the_clock() {
    let authority = Authority::new("CA");
    let mut expired = params("broker", &[HOST]);
    expired.not_after = date_time_ymd(2020, 2, 29);
    let error = refused(&trusting(&authority.pem), &authority.sign(&expired));
    says(
        &error,
        &["\"CN=broker\" expired on 2020-02-29T00:00:00Z", "clock says 2060-01-01T00:00:00Z"],
    );
    let mut early = params("broker", &[HOST]);
    early.not_before = date_time_ymd(2099, 1, 1);
    let error = refused(&trusting(&authority.pem), &authority.sign(&early));
    says(&error, &["not valid before 2099-01-01T00:00:00Z", "clock says 2060-01-01T00:00:00Z"]);
    assert_eq!(NOW, 90 * 365 * 86400 + 22 * 86400);
}

#[test]
fn an_authority_made_anew_under_its_name_is_recognised() {
    let error = refused(&trusting(&Authority::new("CA").pem), &Authority::new("CA").sign_broker());
    says(&error, &["not signed by the key of \"CN=CA\"", "made anew", "set ca="]);
}

#[test]
fn outdated_certificates_come_with_a_command() {
    let command = "openssl x509 -req -sha256";
    says(
        &refused_fixture("version1.pem"),
        &["\"CN=version1\"", "version 1", command, "DNS:broker.example"],
    );
    says(&refused_fixture("sha1.pem"), &["\"CN=sha1\"", "SHA-1 with RSA", command]);
    says(&refused_fixture("rsa1024.pem"), &["\"CN=rsa1024\"", "RSA of 1024 bits", "RSA of 2048"]);
    says(&refused_fixture("p521.pem"), &["\"CN=p521\"", "P-521", "P-384"]);
}

#[test]
fn a_certificate_for_clients_is_not_a_brokers() {
    let authority = Authority::new("CA");
    let mut params = params("broker", &[HOST]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let error = refused(&trusting(&authority.pem), &authority.sign(&params));
    says(&error, &["not for servers", "client authentication", "extendedKeyUsage=serverAuth"]);
}

#[test]
fn other_refusals_are_named() {
    let authority = Authority::new("CA");
    let mut params = params("broker", &[HOST]);
    let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let error = refused(&trusting(&authority.pem), &authority.sign(&params));
    says(&error, &["\"CN=broker\" was refused", "Critical"]);
}

#[test]
fn a_stolen_certificate_is_refused() {
    let authority = Authority::new("CA");
    let mut thief = self_signed(&params("thief", &[HOST]));
    thief.chain = authority.sign_broker().chain;
    for version in [&TLS12, &TLS13] {
        let broker = Broker { versions: &[version], ..Broker::new(&thief) };
        let error = refusal(&session(&trusting(&authority.pem)), &broker);
        assert_eq!(error.kind(), ErrorKind::Tls);
    }
}

#[test]
fn the_brokers_expiry_is_known_behind_the_handshake() {
    let authority = Authority::new("CA");
    let mut params = params("broker", &[HOST]);
    params.not_after = date_time_ymd(2070, 1, 1);
    let session = session(&trusting(&authority.pem));
    assert_eq!(session.peer_expires_at(), None);
    shake(&session, &Broker::new(&authority.sign(&params))).expect("a handshake");
    let expires_at = session.peer_expires_at().expect("an end");
    assert_eq!(crate::tls::text::date(expires_at), "2070-01-01T00:00:00Z");
}
