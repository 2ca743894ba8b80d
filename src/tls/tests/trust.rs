//! Trusted authorities, and the errors for files that contain none.

use std::fs;
use std::path::Path;

use super::authority::{Authority, HOST, params, self_signed};
use super::connection::{accepted, refused};
use super::{Folder, fixture, fixture_text, says, text, trusting};
use crate::config::{Pem, Tls, Trust, Verification};
use crate::error::ErrorKind;
use crate::tls::ClientTls;

fn trusting_path(path: &Path) -> Tls {
    Tls { trust: Trust::Only(Pem::Path(path.to_owned())), ..Tls::default() }
}

#[track_caller]
fn error(settings: &Tls) -> String {
    let error = ClientTls::load(settings, None).expect_err("unsound settings");
    assert_eq!(error.kind(), ErrorKind::Config);
    says(&error.to_string(), &["security.ca"]);
    error.to_string()
}

#[test]
fn text_a_file_and_a_folder_are_trusted() {
    let authority = Authority::new("CA");
    let broker = authority.sign_broker();
    accepted(&trusting(&authority.pem), &broker);
    let folder = Folder::new("trusted");
    let file = folder.write("b.pem", format!("A comment\n{}", authority.pem).as_bytes());
    folder.write("a.pem", Authority::new("Another").pem.as_bytes());
    folder.write("README", b"no certificate");
    fs::create_dir_all(folder.0.join("folder")).expect("a folder");
    accepted(&trusting_path(&file), &broker);
    accepted(&trusting_path(&folder.0), &broker);
}

#[test]
fn pem_on_one_line_is_trusted() {
    let authority = Authority::new("CA");
    let line = authority.pem.replace('\n', " ");
    accepted(&trusting(&line), &authority.sign_broker());
    accepted(&trusting(&authority.pem.replace('\n', "\r\n")), &authority.sign_broker());
}

#[test]
fn an_intermediate_is_trusted() {
    let intermediate = Authority::new("Root").below("Intermediate");
    accepted(&trusting(&intermediate.pem), &intermediate.sign_broker());
}

#[test]
fn a_chain_is_followed_to_its_root() {
    let root = Authority::new("Root");
    let intermediate = root.below("Intermediate");
    let mut broker = intermediate.sign_broker();
    let alone = refused(&trusting(&root.pem), &broker);
    says(&alone, &["issued by \"CN=Intermediate\"", "sent no other certificate", "set ca="]);
    broker.chain.push(intermediate.certificate);
    accepted(&trusting(&root.pem), &broker);
}

#[test]
fn a_certificate_that_was_given_is_trusted_as_it_is() {
    let authority = Authority::new(HOST);
    // `openssl req -x509` makes a CA certificate by default.
    let mut params = params("broker", &[HOST]);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let broker = self_signed(&params);
    accepted(&trusting(&broker.pem), &broker);
    says(
        &refused(&trusting(&authority.pem), &broker),
        &["CA:TRUE", "set ca=", "openssl req -x509"],
    );
    accepted(&trusting(&broker.pem), &broker);
    params.not_after = rcgen::date_time_ymd(2059, 12, 31);
    let expired = self_signed(&params);
    says(&refused(&trusting(&expired.pem), &expired), &["expired on 2059-12-31T00:00:00Z"]);
    let elsewhere = self_signed(&super::authority::params("broker", &["other.example"]));
    says(&refused(&trusting(&elsewhere.pem), &elsewhere), &["but for other.example"]);
}

#[test]
fn unusable_files_are_told_apart() {
    let jks = fixture("client.jks");
    let message = error(&trusting_path(&jks));
    says(&message, &["Java keystore", "keytool -list -rfc -keystore ", "client.jks"]);
    says(
        &error(&trusting_path(&fixture("client.p12"))),
        &["PKCS#12", "openssl pkcs12 -in ", "-nokeys"],
    );
    says(&error(&trusting_path(&fixture("client.der"))), &["DER", "openssl x509 -inform der -in "]);
    says(&error(&trusting_path(&fixture("client.p7b"))), &["PKCS#7", "openssl pkcs7 -print_certs"]);
    says(
        &error(&trusting_path(&fixture("pkcs8.key"))),
        &["no CERTIFICATE block", "has: PRIVATE KEY"],
    );
    says(
        &error(&trusting_path(&fixture("missing.pem"))),
        &["missing.pem\" cannot be read", "No such file"],
    );
    let folder = Folder::new("unusable");
    says(&error(&trusting_path(&folder.0)), &["no file in ca=", "CERTIFICATE block"]);
    says(&error(&trusting_path(&folder.write("it's empty", b" \n"))), &["is empty"]);
    says(&error(&trusting_path(&folder.write("words", b"words"))), &["is not PEM"]);
    says(&error(&trusting("/etc/ca.pem")), &["the text", "is not PEM"]);
}

/// Returns the error of a `ca=` with three certificates, the second of them damaged.
#[track_caller]
fn damaged(damage: impl Fn(&str) -> String) -> String {
    let pem = fixture_text("ca.pem");
    let folder = Folder::new("damaged");
    let path = folder.write("ca.pem", [&pem, &*damage(&pem), &pem].concat().as_bytes());
    let error = error(&trusting_path(&path));
    says(&error, &["ca.pem\" has a malformed block: the CERTIFICATE in line ", "copy it anew"]);
    error
}

fn cut_der(pem: &str) -> String {
    let blocks = crate::tls::pem::blocks(pem.as_bytes());
    let der = blocks[0].content.as_ref().expect("a certificate");
    let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(&der[..der.len() / 2]);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

#[test]
fn a_damaged_certificate_among_sound_ones_is_placed() {
    let lines = fixture_text("ca.pem").lines().count();
    let (begin, end) = (lines + 1, 2 * lines);
    let not_base64 = "is cut off or is not base64";
    let error = damaged(|pem| pem.replacen("MII", "M!I", 1));
    says(&error, &[&format!("line {begin} (block 2 of 3)"), not_base64]);
    // Its end marker is missing, or has another label.
    let error = damaged(|pem| pem.replace("-----END CERTIFICATE-----\n", ""));
    says(&error, &[&format!("line {begin} (block 2 of 3)"), not_base64]);
    let error = damaged(|pem| pem.replace("END CERT", "END X509 CERT"));
    says(&error, &[&format!("line {begin} (block 2 of 4)"), not_base64]);
    // Its begin marker is missing or damaged.
    let error = damaged(|pem| pem.replace("-----BEGIN", "----BEGIN"));
    says(&error, &[&format!("line {end} (block 2 of 3)"), not_base64]);
    let error = damaged(|pem| pem.replace("CERTIFICATE-----\nMII", "CERTIFICATE----\nMII"));
    says(&error, &[&format!("line {end} (block 2 of 3)"), not_base64]);
    // A key without an end marker precedes it.
    let error = damaged(|pem| format!("-----BEGIN PRIVATE KEY-----\nMII\n{}", cut_der(pem)));
    says(&error, &[&format!("line {} (block 3 of 4)", begin + 2), "not a whole certificate"]);
    let error = damaged(cut_der);
    says(&error, &[&format!("line {begin} (block 2 of 3)"), "not a whole certificate"]);
    let error = damaged(|_| "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----\n".into());
    says(&error, &[&format!("line {begin} (block 2 of 3)"), "not a whole certificate"]);
}

#[test]
fn a_damaged_certificate_is_placed_in_text_and_in_a_folder() {
    let pem = fixture_text("ca.pem");
    let line = format!("{pem}{}", cut_der(&pem)).replace('\n', " ");
    let message = error(&trusting(&line));
    says(&message, &["the text has a malformed block", "in line 1 (block 2 of 2)"]);
    let folder = Folder::new("damaged-among-others");
    folder.write("a.pem", pem.as_bytes());
    folder.write("b.pem", cut_der(&pem).as_bytes());
    let message = error(&trusting_path(&folder.0));
    says(&message, &["b.pem\" has a malformed block", "in line 1 (block 1 of 1)"]);
}

/// The system's store may be missing, or replaced by `SSL_CERT_FILE`, where the tests run.
#[test]
fn the_systems_store_is_the_default() {
    let loaded = ClientTls::load(&Tls::default(), None);
    match loaded {
        Ok(tls) => {
            let session = tls.session(HOST).expect("a session");
            let broker = Authority::new("Unknown CA").sign_broker();
            let error =
                super::connection::refusal(&session, &super::connection::Broker::new(&broker));
            says(
                &error.to_string(),
                &["\"CN=Unknown CA\"", "the system's store (", "certificates)"],
            );
        }
        Err(error) => says(&error.to_string(), &["the system's store has no certificates", "ca="]),
    }
}

#[test]
fn without_verification_any_certificate_will_do() {
    let settings = Tls { verification: Verification::Nothing, ..Tls::default() };
    let broker = Authority::new("Unknown CA").sign(&params("broker", &[]));
    accepted(&settings, &broker);
    accepted(&settings, &super::authority::Made::of_pem(&fixture_text("version1.pem")));
}

#[test]
fn without_host_names_the_chain_is_verified() {
    let authority = Authority::new("CA");
    let settings = Tls { verification: Verification::WithoutHostname, ..trusting(&authority.pem) };
    accepted(&settings, &authority.sign(&params("broker", &["other.example"])));
    let unknown = Authority::new("Unknown CA").sign_broker();
    says(&refused(&settings, &unknown), &["unknown authority"]);
}

#[test]
fn the_key_log_is_written_only_if_asked_for() {
    let folder = Folder::new("key-log");
    let path = folder.0.join("keys.log");
    let authority = Authority::new("CA");
    let settings = Tls { key_log: Some(path.clone()), ..trusting(&authority.pem) };
    accepted(&settings, &authority.sign_broker());
    accepted(&settings, &authority.sign_broker());
    let log = fs::read_to_string(&path).expect("a log");
    assert_eq!(log.matches("CLIENT_TRAFFIC_SECRET_0 ").count(), 2, "{log}");
    let settings = Tls { key_log: Some(folder.0.clone()), ..trusting(&authority.pem) };
    let error = ClientTls::load(&settings, None).expect_err("a folder");
    says(&error.to_string(), &["security.key_log", "cannot be opened"]);
}

#[test]
fn text_may_hold_what_is_secret() {
    let tls = ClientTls::load(&trusting(&fixture_text("ca.pem")), None).expect("sound settings");
    let shown = format!("{tls:?} {:?} {:?}", tls.session(HOST), text("secret"));
    assert!(!shown.contains("secret") && !shown.contains("BEGIN"), "{shown}");
}
