//! Host name verification: the comparison, and the message if names differ.

use rcgen::SanType;

use super::authority::{Authority, HOST, params};
use super::connection::{Broker, refusal, session_for, shake};
use super::{says, trusting};
use crate::config::Tls;
use crate::error::ErrorKind;
use crate::tls::ClientTls;

fn connect(host: &str, names: &[&str]) -> Result<(), String> {
    let authority = Authority::new("CA");
    let broker = authority.sign(&params("broker", names));
    let session = session_for(&trusting(&authority.pem), None, host);
    let connected = shake(&session, &Broker::new(&broker));
    connected.map_err(|error| session.explain(&error).expect("an explanation").to_string())
}

#[test]
fn names_and_addresses_are_compared() {
    for (host, name) in [
        (HOST, HOST),
        ("BROKER.example", HOST),
        ("broker.example.", HOST),
        ("broker.kafka.example", "*.kafka.example"),
        ("my_broker", "my_broker"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
    ] {
        connect(host, &[name]).unwrap_or_else(|error| panic!("{host}: {error}"));
    }
}

#[test]
fn another_name_is_refused_with_the_names_there_are() {
    let error = connect(HOST, &["a.example", "10.1.2.3", "fe80::1"]).expect_err("another name");
    says(
        &error,
        &["not for \"broker.example\"", "a.example, 10.1.2.3, fe80::1", "set server_name="],
    );
    let error = connect("10.0.0.1", &[HOST]).expect_err("an address");
    says(&error, &["not for \"10.0.0.1\"", "but for broker.example"]);
    let many: Vec<_> = (0..30).map(|number| format!("{number}.example")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    says(&connect(HOST, &many).expect_err("other names"), &["9.example and 20 more"]);
}

#[test]
fn an_address_must_be_an_ip_entry() {
    for (host, entry) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "0:0:0:0:0:0:0:1")] {
        let authority = Authority::new("CA");
        let mut params = params("broker", &["a.example"]);
        params.subject_alt_names.push(SanType::DnsName(entry.try_into().expect("ASCII")));
        let broker = authority.sign(&params);
        let refusal_of = |host| {
            let session = session_for(&trusting(&authority.pem), None, host);
            refusal(&session, &Broker::new(&broker)).to_string()
        };
        let address = host.trim_matches(['[', ']']);
        let wanted = format!("the address \"{address}\" as a DNS entry of its subjectAltName");
        let command = format!(
            "echo \"subjectAltName=IP:{address}\" > broker.ext && openssl x509 -req -sha256 -days 365 \
             -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile broker.ext"
        );
        let error = refusal_of(host);
        says(&error, &["\"CN=broker\"", &wanted, "have to be IP entries", &command]);
        let error = refusal_of("10.0.0.1");
        says(&error, &[&format!("but for a.example, {entry} (a DNS entry); connect")]);
    }
}

#[test]
fn a_common_name_is_no_name() {
    let authority = Authority::new("CA");
    let broker = authority.sign(&params(HOST, &[]));
    let session = session_for(&trusting(&authority.pem), None, HOST);
    let error = refusal(&session, &Broker::new(&broker)).to_string();
    says(&error, &["CN=broker.example", "subjectAltName=DNS:broker.example", "openssl x509 -req"]);
    let error = connect("10.0.0.1", &[]).expect_err("no names");
    says(&error, &["subjectAltName=IP:10.0.0.1"]);
}

#[test]
fn a_server_name_is_used_in_place_of_the_hosts() {
    let authority = Authority::new("CA");
    let broker = authority.sign_broker();
    let settings = Tls { server_name: Some(HOST.into()), ..trusting(&authority.pem) };
    let session = session_for(&settings, None, "127.0.0.1");
    shake(&session, &Broker::new(&broker)).expect("a handshake");
}

#[test]
fn impossible_names_are_errors_of_settings() {
    let settings = trusting(&Authority::new("CA").pem);
    let tls = ClientTls::load(&settings, None).expect("sound settings");
    for host in ["", "a b", "-", "käse.example"] {
        let error = tls.session(host).expect_err("an impossible name");
        assert_eq!(error.kind(), ErrorKind::Config);
        says(&error.to_string(), &["server_name="]);
    }
    let settings = Tls { server_name: Some("a b".into()), ..settings };
    let error = ClientTls::load(&settings, None).expect_err("an impossible name");
    says(&error.to_string(), &["security.server_name", "a b"]);
}
