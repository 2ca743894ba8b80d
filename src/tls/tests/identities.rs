//! The client's certificate and key: every format, and whether brokers accept them.

use rustls::version::{TLS12, TLS13};

use super::authority::{Authority, params};
use super::connection::{Broker, refusal, session_for, shake};
use super::{fixture, fixture_text, says, text, trusting};
use crate::config::{Identity, Pem, Secret, Tls};
use crate::error::ErrorKind;
use crate::tls::ClientTls;

fn file(name: &str) -> Pem {
    Pem::Path(fixture(name))
}

fn load(certificate: Pem, key: Option<Pem>, password: Option<&str>) -> Result<ClientTls, String> {
    let identity = Identity { certificate, key, key_password: None };
    let settings = Tls { identity: Some(identity), ..trusting(&fixture_text("ca.pem")) };
    let password = password.map(|password| Secret::new(password.to_owned()));
    ClientTls::load(&settings, password.as_ref()).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    })
}

#[track_caller]
fn refused_key(key: &str, password: Option<&str>) -> String {
    load(file("client.pem"), Some(file(key)), password).expect_err("an unusable key")
}

#[test]
fn each_form_of_key_is_read() {
    for key in ["pkcs8.key", "pkcs1.key"] {
        load(file("client.pem"), Some(file(key)), None).expect(key);
    }
    for key in ["pbes2.key", "pbes2-des3.key", "pbes2-scrypt.key"] {
        load(file("client.pem"), Some(file(key)), Some("secret")).expect(key);
    }
    load(file("ec-client.pem"), Some(file("sec1.key")), None).expect("SEC1");
    load(file("both.pem"), None, None).expect("certificate and key in one file");
    load(text(&fixture_text("both.pem")), None, None).expect("certificate and key as text");
    let line = fixture_text("pbes2.key").replace('\n', " ");
    load(file("client.pem"), Some(text(&line)), Some("secret")).expect("a key on one line");
}

#[test]
fn a_key_without_its_public_half_is_completed() {
    for (certificate, key, password) in [
        ("ec-client.pem", "sec1-private.key", None),
        ("ec-client.pem", "pkcs8-private.key", None),
        ("ec-client.pem", "pbes2-private.key", Some("secret")),
        ("p384.pem", "p384-private.key", None),
    ] {
        load(file(certificate), Some(file(key)), password).expect(key);
    }
    // The certificate with the matching public half is the client's own, at any position.
    let chain = fixture_text("ca.pem") + &fixture_text("p384.pem") + &fixture_text("ec-client.pem");
    let tls = load(text(&chain), Some(file("pkcs8-private.key")), None).expect("a key");
    let shown = format!("{tls:?}");
    assert!(shown.contains("CN=client"), "{shown}");
    for certificate in ["p384.pem", "client.pem"] {
        let key = Some(file("sec1-private.key"));
        let error = load(file(certificate), key, None).expect_err("another key's certificate");
        says(&error, &["security.key", "sec1-private.key", "does not belong"]);
    }
    let error = load(file("p521.pem"), Some(file("p521-private.key")), None).expect_err("P-521");
    says(&error, &["cannot be used", "P-521", "P-384 and Ed25519"]);
}

#[test]
fn a_password_must_fit() {
    says(
        &refused_key("pbes2.key", None),
        &["security.key", "pbes2.key", "encrypted", "key_password="],
    );
    says(&refused_key("pbes2.key", Some("wrong")), &["key_password", "right password"]);
    assert!(!refused_key("pbes2.key", Some("canary-1234")).contains("canary"));
}

#[test]
fn what_is_not_read_comes_with_a_command() {
    let convert = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in ";
    says(&refused_key("pbes1.key", Some("secret")), &["PBES1", convert, "pbes1.key"]);
    says(&refused_key("pbes1.key", None), &["PBES1", convert]);
    says(&refused_key("proc-type.key", Some("secret")), &["Proc-Type", convert, "proc-type.key"]);
    says(&refused_key("pkcs8.der", None), &["DER", "openssl pkey -inform der"]);
    says(&refused_key("client.jks", None), &["Java keystore", "keytool -importkeystore", "-nodes"]);
    says(&refused_key("client.p12", None), &["PKCS#12", "openssl pkcs12 -in ", "-nodes"]);
    says(&refused_key("client.pem", None), &["no private key", "has: CERTIFICATE"]);
    says(&refused_key("missing.key", None), &["missing.key\" cannot be read"]);
    says(&refused_key("p521.key", None), &["cannot be used", "P-384 and Ed25519"]);
    for (name, words) in [
        ("client.p12", "openssl pkcs12"),
        ("client.jks", "keytool -importkeystore"),
        ("client.der", "openssl x509 -inform der"),
        ("pkcs8.key", "no CERTIFICATE block"),
    ] {
        let error = load(file(name), None, None).expect_err("no certificate");
        says(&error, &["security.certificate", name, words]);
    }
    let error = load(file("client.pem"), None, None).expect_err("no key");
    says(&error, &["client.pem", "has no private key", "key="]);
}

#[test]
fn a_damaged_block_is_placed() {
    let both = fixture_text("both.pem");
    let garbage = both.replacen("MII", "M!I", 1);
    let error = load(text(&garbage), None, None).expect_err("a damaged certificate");
    says(&error, &["security.certificate: the text has a malformed block: the CERTIFICATE in"]);
    says(&error, &["line 1 (block 1 of 2) is cut off or is not base64; copy it anew"]);
    let cut = "-----BEGIN CERTIFICATE-----MAUwAzABAA==-----END CERTIFICATE-----\n".to_owned();
    let error = load(text(&(both + &cut)), None, None).expect_err("a damaged certificate");
    says(&error, &["(block 3 of 3) is not a whole certificate; copy it anew"]);
    let key = fixture_text("pkcs8.key").replace("-----END", "");
    let error = load(file("client.pem"), Some(text(&key)), None).expect_err("a damaged key");
    says(&error, &["security.key: the text has a malformed block: the PRIVATE KEY in line 1"]);
}

#[test]
fn a_key_must_belong_to_the_certificate() {
    says(&refused_key("sec1.key", None), &["does not belong", "\"O=Fixture,CN=client\""]);
}

/// The client's own certificate is sent first, in any order of the file.
#[test]
fn the_own_certificate_is_found_in_the_chain() {
    let authority = Authority::new("CA");
    let client = authority.sign(&params("client", &[]));
    let pem = format!("{}{}{}", authority.pem, client.pem, client.key_pem);
    mutual(&authority, &authority, Some(&pem)).expect("a handshake");
}

/// Runs handshakes in TLS 1.2 and 1.3 with a broker that accepts one authority's clients.
fn mutual(trusted: &Authority, accepted: &Authority, client: Option<&str>) -> Result<(), String> {
    let broker = trusted.sign_broker();
    let identity =
        client.map(|pem| Identity { certificate: text(pem), key: None, key_password: None });
    let settings = Tls { identity, ..trusting(&trusted.pem) };
    let mut errors = Vec::new();
    for version in [&TLS12, &TLS13] {
        let session = session_for(&settings, None, super::authority::HOST);
        let broker =
            Broker { versions: &[version], clients: Some(accepted), ..Broker::new(&broker) };
        match shake(&session, &broker) {
            Ok(()) => {}
            Err(_) => errors.push(refusal(&session, &broker).to_string()),
        }
    }
    match &errors[..] {
        [] => Ok(()),
        [first, second] => Err(format!("{first}\n{second}")),
        _ => panic!("one version alone fails: {errors:?}"),
    }
}

#[test]
fn a_client_certificate_is_presented() {
    let authority = Authority::new("CA");
    let client = authority.sign(&params("client", &[]));
    mutual(&authority, &authority, Some(&format!("{}{}", client.pem, client.key_pem)))
        .expect("a handshake");
}

#[test]
fn a_missing_client_certificate_is_explained() {
    let error = mutual(&Authority::new("CA"), &Authority::new("Client CA"), None);
    for error in error.expect_err("no certificate").lines() {
        says(
            error,
            &["requires a client certificate", "certificate= and key=", "\"CN=Client CA\""],
        );
    }
}

#[test]
fn a_refused_client_certificate_is_explained() {
    let authority = Authority::new("CA");
    let client = authority.sign(&params("client", &[]));
    let pem = format!("{}{}", client.pem, client.key_pem);
    let error = mutual(&authority, &Authority::new("Client CA"), Some(&pem));
    for error in error.expect_err("another authority").lines() {
        says(error, &["refused the client certificate of \"CN=client\"", "alert unknown_ca"]);
        says(error, &["no authority that issued it", "\"CN=Client CA\""]);
    }
}

#[test]
fn the_earliest_end_of_the_chain_is_known() {
    let authority = Authority::new("CA");
    let mut params = params("client", &[]);
    params.not_after = rcgen::date_time_ymd(2070, 1, 1);
    let client = authority.sign(&params);
    let pem = format!("{}{}{}", client.pem, authority.pem, client.key_pem);
    let tls = load(text(&pem), None, None).expect("an identity");
    let expires_at = tls.expires_at().expect("an end");
    assert_eq!(crate::tls::text::date(expires_at), "2070-01-01T00:00:00Z");
    let shown = format!("{tls:?}");
    assert!(shown.contains("CN=client") && !shown.contains("BEGIN"), "{shown}");
}
