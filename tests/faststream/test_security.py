"""Security of a broker: what FastStream's objects and dekaf's own mean to both halves of it."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

import dekaf
from dekaf import ConfigError, ProducerConfig
from dekaf.faststream import KafkaBroker, Security
from tests.faststream.apps import producer_of


def config_of(broker: KafkaBroker) -> ProducerConfig:
    config: ProducerConfig | None = producer_of(broker).config
    assert config is not None
    return config


def security_of(given: Any) -> dekaf.Security | None:
    return config_of(KafkaBroker("h:1", security=given)).security


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> dict[str, str]:
    """Return paths of an authority, and of a client's certificate and key."""
    client = authority.issue_cert("client")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    client.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    return {
        "ca": str(tmp_path / "ca.pem"),
        "certificate": str(tmp_path / "client.pem"),
        "key": str(tmp_path / "client.key"),
    }


def test_no_security() -> None:
    assert security_of(None) is None
    assert security_of(BaseSecurity(use_ssl=False)) is None


def test_logins() -> None:
    sasl_plain, sasl_scram = dekaf.Security.sasl_plain, dekaf.Security.sasl_scram
    assert security_of(SASLPlaintext("u", "p")) == sasl_plain("u", "p", tls=False)
    assert security_of(SASLPlaintext("u", "p", use_ssl=True)) == sasl_plain("u", "p")
    for class_, mechanism in ((SASLScram256, "SCRAM-SHA-256"), (SASLScram512, "SCRAM-SHA-512")):
        named: Any = mechanism
        assert security_of(class_("u", "p", use_ssl=True)) == sasl_scram("u", "p", mechanism=named)


def test_a_context_of_the_system() -> None:
    context = ssl.create_default_context()
    assert context.get_ca_certs(), "this machine trusts some authorities"
    assert security_of(BaseSecurity(context)) == dekaf.Security.tls()


def test_a_context_with_a_ca_of_its_own(authority: trustme.CA) -> None:
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    security = security_of(BaseSecurity(context))
    assert security is not None
    kind, text = security._core()["tls"]["trust"]
    assert kind == "text"
    assert ssl.PEM_cert_to_DER_cert(text) == ssl.PEM_cert_to_DER_cert(
        authority.cert_pem.bytes().decode()
    )


def test_what_a_context_does_not_verify() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    expected = dekaf.Security.tls(verify_hostname=False, min_version="1.3")
    assert security_of(BaseSecurity(context)) == expected
    context.verify_mode = ssl.CERT_NONE
    expected = dekaf.Security.tls(verify=False, min_version="1.3")
    assert security_of(BaseSecurity(context)) == expected


def test_a_producer_has_the_brokers_security_unless_it_has_its_own() -> None:
    own = dekaf.Security.tls(min_version="1.3")
    theirs = SASLPlaintext("u", "p", use_ssl=True)
    broker = KafkaBroker("h:1", producer=ProducerConfig("h:1", linger_ms=7), security=theirs)
    config = config_of(broker)
    assert (config.linger_ms, config.security) == (7, dekaf.Security.sasl_plain("u", "p"))
    broker = KafkaBroker("h:1", producer=ProducerConfig("h:1", security=own), security=theirs)
    assert config_of(broker).security is own


def test_mutual_tls_from_files(files: dict[str, str]) -> None:
    ca, certificate, key = (files[name] for name in ("ca", "certificate", "key"))
    own = dekaf.Security.tls(ca=ca, certificate=certificate, key=key)
    security = Security(own)
    assert security_of(security) is own
    parsed = parse_security(security)
    assert parsed["security_protocol"] == "SSL"
    context = parsed["ssl_context"]
    assert len(context.get_ca_certs()) == 1
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.minimum_version in {ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MINIMUM_SUPPORTED}


def test_a_directory_of_authorities(files: dict[str, str], tmp_path: Path) -> None:
    directory = tmp_path / "authorities"
    directory.mkdir()
    (directory / "one.pem").write_text(Path(files["ca"]).read_text())
    context = Security(dekaf.Security.tls(ca=directory)).ssl_context
    assert context is not None
    assert len(context.get_ca_certs()) == 1


LOGINS: list[tuple[dekaf.Security, type[BaseSecurity], str]] = [
    (dekaf.Security.sasl_plain("u", "p"), SASLPlaintext, "PLAIN"),
    (dekaf.Security.sasl_scram("u", "p"), SASLScram512, "SCRAM-SHA-512"),
    (
        dekaf.Security.sasl_scram("u", "p", mechanism="SCRAM-SHA-256"),
        SASLScram256,
        "SCRAM-SHA-256",
    ),
]


@pytest.mark.parametrize(("own", "class_", "mechanism"), LOGINS, ids=[m for *_, m in LOGINS])
def test_consumers_log_in_as_the_producer(
    own: dekaf.Security, class_: type[BaseSecurity], mechanism: str
) -> None:
    security = Security(own)
    assert isinstance(security, class_)
    parsed = parse_security(security)
    context = parsed.pop("ssl_context")
    assert context.get_ca_certs()
    assert parsed == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "u",
        "sasl_plain_password": "p",
    }
    assert security_of(security) is own
    assert security.get_schema()
    assert "'p'" not in repr(security)


def test_passwords_from_files_and_functions(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n")
    of_file: Any = Security(dekaf.Security.sasl_plain("u", tmp_path / "password", tls=False))
    of_call: Any = Security(dekaf.Security.sasl_plain("u", lambda: "from a call", tls=False))
    assert (of_file.password, of_call.password) == ("from a file", "from a call")
    assert not of_file.use_ssl


def test_what_consumers_cannot_be_given(files: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"server_name is for dekaf alone.*producer="):
        Security(dekaf.Security.tls(server_name="kafka"))
    pem = Path(files["certificate"]).read_text()
    with pytest.raises(ConfigError, match="certificate must be a file"):
        Security(dekaf.Security.tls(certificate=pem))
    with pytest.raises(ConfigError, match=r"takes a dekaf.Security, not str"):
        Security("SSL")  # type: ignore[arg-type]


def test_files_that_consumers_cannot_read(files: dict[str, str], tmp_path: Path) -> None:
    certificate, key = files["certificate"], files["key"]
    (tmp_path / "other.key").write_bytes(trustme.CA().issue_cert("x").private_key_pem.bytes())
    (tmp_path / "none.pem").write_text("nothing")
    sealed = serialization.load_pem_private_key(Path(key).read_bytes(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"right"),
    )
    (tmp_path / "sealed.key").write_bytes(sealed)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"ca": "/none/ca.pem"}, "ca='/none/ca.pem' .*No such file or directory.*; check that it "),
        ({"ca": tmp_path / "none.pem"}, "ca=.*none.pem' cannot be read for FastStream's consumers"),
        (
            {"certificate": certificate, "key": tmp_path / "other.key"},
            "certificate=.*client.pem' and .*other.key' .*MISMATCH.*that key and key_password fit",
        ),
        # OpenSSL would ask for the password on the terminal, and wait.
        ({"certificate": certificate, "key": tmp_path / "sealed.key"}, "certificate=.*sealed.key'"),
        (
            {"certificate": certificate, "key": tmp_path / "sealed.key", "key_password": "wrong"},
            "certificate=.*key_password fit",
        ),
    ]
    for given, match in cases:
        with pytest.raises(ConfigError, match=match):
            Security(dekaf.Security.tls(**given))
    Security(
        dekaf.Security.tls(
            certificate=certificate, key=tmp_path / "sealed.key", key_password=lambda: "right"
        )
    )


def test_dekafs_value_must_be_wrapped() -> None:
    with pytest.raises(ConfigError, match=r"wrapped: dekaf.faststream.Security\("):
        KafkaBroker("h:1", security=dekaf.Security.tls())  # type: ignore[arg-type]
