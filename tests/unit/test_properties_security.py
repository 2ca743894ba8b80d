"""Security by the names of other clients, from mappings, files and the environment."""

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from dekaf import ConfigError, ProducerConfig, Security
from tests.unit.environments import assert_read_anew

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"

SASL = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "PLAIN",
    "sasl.username": "u",
    "sasl.password": "p",
}
SSL = {"security.protocol": "SSL"}


def read(properties: dict[str, Any]) -> Security | None:
    config = ProducerConfig.from_properties({"bootstrap.servers": "a:1", **properties})
    return config.security


READ: list[tuple[dict[str, Any], Security | None]] = [
    ({"security.protocol": "PLAINTEXT"}, None),
    ({"security_protocol": "plaintext", "sasl.mechanism": None, "ssl.cafile": ""}, None),
    (SSL, Security.tls()),
    (SASL, Security.sasl_plain("u", "p")),
    ({**SASL, "security.protocol": "sasl_plaintext"}, Security.sasl_plain("u", "p", tls=False)),
    # librdkafka's.
    (
        {
            "security.protocol": "sasl_ssl",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": "u",
            "sasl.password": "p",
            "ssl.ca.location": "ca.pem",
            "ssl.certificate.location": "c.pem",
            "ssl.key.location": "c.key",
            "ssl.key.password": "k",
        },
        Security.sasl_scram(
            "u",
            "p",
            mechanism="SCRAM-SHA-512",
            tls=Security.tls(ca="ca.pem", certificate="c.pem", key="c.key", key_password="k"),
        ),
    ),
    ({**SSL, "ssl.ca.location": "probe"}, Security.tls()),
    ({**SSL, "ssl.ca.pem": CERTIFICATE}, Security.tls(ca=CERTIFICATE)),
    ({**SSL, "enable.ssl.certificate.verification": False}, Security.tls(verify=False)),
    (
        {**SSL, "enable.ssl.certificate.verification": "false", "ssl.ca.location": "ca.pem"},
        Security.tls(verify=False),
    ),
    # The Java client's.
    (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="u" password="p";',
        },
        Security.sasl_plain("u", "p"),
    ),
    (
        {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.jaas.config": f'{SCRAM} required username="u" password="p" tokenauth="true";',
        },
        Security.sasl_scram("u", "p", mechanism="SCRAM-SHA-256", token=True, tls=False),
    ),
    (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f"kafkashaded.{PLAIN} required username='u' password='p';",
            "sasl.kerberos.service.name": "kafka",
            "ssl.trustmanager.algorithm": "PKIX",
        },
        Security.sasl_plain("u", "p"),
    ),
    (
        {
            **SSL,
            "ssl.truststore.location": "ca.pem",
            "ssl.truststore.type": "PEM",
            "ssl.keystore.location": "c.pem",
            "ssl.keystore.type": "PEM",
            "ssl.key.password": "k",
        },
        Security.tls(ca="ca.pem", certificate="c.pem", key_password="k"),
    ),
    (
        {
            **SSL,
            "ssl.truststore.certificates": CERTIFICATE.replace("\n", " "),
            "ssl.keystore.certificate.chain": CERTIFICATE,
            "ssl.keystore.key": KEY,
        },
        Security.tls(ca=CERTIFICATE + "\n", certificate=CERTIFICATE, key=KEY),
    ),
    ({**SSL, "ssl.endpoint.identification.algorithm": "https"}, Security.tls()),
    (
        {**SSL, "ssl.endpoint.identification.algorithm": ""},
        Security.tls(verify_hostname=False),
    ),
    (
        {**SSL, "ssl.endpoint.identification.algorithm": "none"},
        Security.tls(verify_hostname=False),
    ),
    ({**SSL, "ssl.enabled.protocols": "TLSv1.3"}, Security.tls(min_version="1.3")),
    ({**SSL, "ssl.enabled.protocols": "TLSv1.2, TLSv1.1,TLSv1"}, Security.tls()),
    ({**SSL, "ssl.enabled.protocols": "TLSv1.2,TLSv1.3", "ssl.protocol": "TLS"}, Security.tls()),
    ({**SSL, "ssl.cipher.suites": ""}, Security.tls()),
    # aiokafka's and kafka-python's.
    (
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "u",
            "sasl_plain_password": "p",
            "ssl_cafile": "ca.pem",
            "ssl_certfile": "c.pem",
            "ssl_keyfile": "c.key",
            "ssl_password": "k",
            "ssl_check_hostname": False,
        },
        Security.sasl_scram(
            "u",
            "p",
            mechanism="SCRAM-SHA-512",
            tls=Security.tls(
                ca="ca.pem",
                certificate="c.pem",
                key="c.key",
                key_password="k",
                verify_hostname=False,
            ),
        ),
    ),
    ({**SASL, "sasl.password": Path("/run/p")}, Security.sasl_plain("u", Path("/run/p"))),
]


@pytest.mark.parametrize(("properties", "security"), READ)
def test_read(properties: dict[str, Any], security: Security | None) -> None:
    found = read(properties)
    # PEM that was in one line is broken into lines, with a newline more or less.
    assert repr(found) == repr(security)
    if "ssl.truststore.certificates" not in properties:
        assert found == security
    else:
        assert found is not None
        assert found._core()["tls"]["trust"][1].strip() == CERTIFICATE


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"security.protocol": "TLS"}, "^security.protocol='TLS' is not allowed: use PLAINTEXT, SSL"),
    # Without a mechanism, or with one that is not there.
    ({"security.protocol": "SASL_SSL"}, "needs sasl.mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-51"),
    ({**SASL, "sasl.mechanism": "GSSAPI"}, r"sasl.mechanism=GSSAPI \(Kerberos\) is not supported"),
    ({**SASL, "sasl.mechanism": "PLAINTEXT"}, "sasl.mechanism='PLAINTEXT' is not a mechanism"),
    # Contradictions.
    ({"sasl.username": "u"}, "^sasl.username is given without security.protocol, and the default"),
    ({"ssl.ca.location": "ca"}, "^ssl.ca.location is given without security.protocol"),
    (
        {**SASL, "security.protocol": "PLAINTEXT"},
        "^sasl.mechanism contradicts security.protocol=PLAINTEXT, which has no SASL",
    ),
    ({**SASL, "security.protocol": "SSL"}, "sasl.mechanism contradicts security.protocol=SSL"),
    (
        {**SASL, "security.protocol": "SASL_PLAINTEXT", "ssl.ca.location": "ca.pem"},
        "^ssl.ca.location contradicts security.protocol=SASL_PLAINTEXT, which has no SSL",
    ),
    ({**SASL, "sasl.password": None}, "^sasl.username is given without sasl.password; give both"),
    ({**SASL, "sasl.username": ""}, "^sasl.password is given without sasl.username; give both"),
    (
        {**SASL, "sasl_plain_password": "q"},
        "^sasl.password and sasl_plain_password say the same and contradict each other",
    ),
    (
        {**SASL, "sasl.jaas.config": f'{PLAIN} required username="u" password="q";'},
        r"^sasl.password and sasl.jaas.config \(password\) say the same and contradict each other",
    ),
    ({**SSL, "ssl.key.location": "k"}, "^ssl.key.location: key is given without certificate"),
    # sasl.jaas.config.
    ({**SASL, "sasl.jaas.config": "x"}, '^sasl.jaas.config: "required" is missing'),
    (
        {**SASL, "sasl.username": None, "sasl.jaas.config": f'{PLAIN} required password="p";'},
        "^sasl.jaas.config has no username",
    ),
    (
        {**SASL, "sasl.jaas.config": f'{SCRAM} required username="u" password="p";'},
        r"login module \(ScramLoginModule\) that contradicts sasl.mechanism=PLAIN, which needs Pl",
    ),
    (
        {**SASL, "sasl.jaas.config": "com.sun.security.auth.module.Krb5LoginModule required;"},
        r"login module \(Krb5LoginModule\) that contradicts",
    ),
    # TLS.
    ({**SSL, "ssl.enabled.protocols": "TLSv1.1"}, "has no version of TLS that dekaf speaks"),
    ({**SSL, "ssl.protocol": "TLSv1"}, "^ssl.protocol='TLSv1' has no version of TLS that"),
    ({**SSL, "ssl.endpoint.identification.algorithm": "ldaps"}, 'use "https", or "none"'),
    ({**SSL, "enable.ssl.certificate.verification": "maybe"}, 'is neither "true" nor "false"'),
    (
        {**SSL, "ssl.truststore.location": "t.jks", "ssl.truststore.type": "JKS"},
        "^ssl.truststore.location='t.jks' is JKS, .* keytool -list -rfc -keystore t.jks > t.pem",
    ),
    (
        {**SSL, "ssl.keystore.location": "k.p12", "ssl.keystore.type": "pkcs12"},
        "^ssl.keystore.location='k.p12' is PKCS12, .* openssl pkcs12 -in k.p12 -out k.pem",
    ),
    (
        {
            **SSL,
            "ssl.keystore.location": "c.pem",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.password": "q",
        },
        "^ssl.keystore.password is the password of a key store, and PEM has none; give ssl.key.pas",
    ),
    # Advice.
    ({**SSL, "ssl.crl.location": "crl.pem"}, "^ssl.crl.location has no counterpart .* revoked"),
    ({**SSL, "ssl.cipher.suites": "X"}, "^ssl.cipher.suites has no counterpart .* strongest"),
    ({**SSL, "ssl_context": object()}, "^ssl_context has no counterpart .*Security.tls"),
    ({**SASL, "sasl.password": "${file:/x:password}"}, "^sasl.password is for a config provider"),
    (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="u" password="${{file:/x:password}}";',
        },
        r"^sasl.jaas.config \(password\) is for a config provider",
    ),
    # Names.
    ({"sasl.pasword": "p"}, "'sasl.pasword' is not a setting; did you mean 'sasl.password'"),
    ({"sasl_usrname": "p"}, "'sasl_usrname' is not a setting; did you mean 'sasl.username'"),
    ({"ssl.flavour.of.it": "p"}, r"is not a setting; help\(dekaf.Security\)"),
    ({**SASL, "security": Security.tls()}, "security= both say how connections are secured"),
]


@pytest.mark.parametrize(("properties", "match"), REFUSED)
def test_refused(monkeypatch: pytest.MonkeyPatch, properties: dict[str, Any], match: str) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)  # key stores need it
    with pytest.raises(ConfigError, match=match):
        read(properties)


def test_an_override_wins_over_all_of_them() -> None:
    own = Security.sasl_scram("u", "p")
    properties = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "GSSAPI",
        "ssl.truststore.location": "t.jks",
        "ssl.truststore.type": "JKS",
    }
    config = ProducerConfig.from_properties(properties, bootstrap_servers="a:1", security=own)
    assert config.security is own


def test_the_content_of_a_store_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pain 12: since Java 9, a file that is called .jks may well be PKCS#12."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    store = tmp_path / "trust.jks"
    store.write_bytes(b"\x30\x82\x0a\x0b\x02\x01\x03\x30" + bytes(50))
    with pytest.raises(ConfigError, match=r"^ssl.truststore.location and .*: ca='.*' is PKCS12"):
        read({**SSL, "ssl.truststore.location": str(store), "ssl.truststore.password": "x"})


CONFLUENT = f"""\
# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-12345.us-east-1.aws.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.jaas.config={PLAIN} required username='KEY' \\
    password='s3cr3t/+\\\\"x';
sasl.mechanism=PLAIN
# Required for correctness in Apache Kafka clients prior to 2.6
client.dns.lookup=use_all_dns_ips

# Best practice for higher availability in Apache Kafka clients prior to 3.0
session.timeout.ms=45000
! Best practice for Kafka producer to prevent data loss
acks = all
schema.registry.url: https://psrc-12345.us-east-2.aws.confluent.cloud
basic.auth.credentials.source USER_INFO
basic.auth.user.info=SRKEY:SRSECRET
group.id=orders
auto.offset.reset=earliest
key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
client.id=caf\\u00e9
"""


def test_a_clouds_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text(CONFLUENT)
    config = ProducerConfig.from_file(path, linger_ms=7)
    assert config.security == Security.sasl_plain("KEY", 's3cr3t/+"x')
    assert (config.client_id, config.linger_ms) == ("café", 7)
    assert config.ignored == (
        "session.timeout.ms",
        "schema.registry.url",
        "basic.auth.credentials.source",
        "basic.auth.user.info",
        "group.id",
        "auto.offset.reset",
        "key.deserializer",
    )
    assert "SRSECRET" not in repr(vars(config))
    pickled = pickle.dumps(config)
    assert b"s3cr3t" not in pickled
    for other in (pickle.loads(pickled), config.replace(linger_ms=7)):  # noqa: S301 - just made
        assert other == config
        assert other.ignored == config.ignored
    path.write_text(CONFLUENT.replace("s3cr3t", "n3w"))
    renewed = pickle.loads(pickled).security  # noqa: S301 - likewise
    assert renewed == Security.sasl_plain("KEY", 'n3w/+"x')


def test_other_names_are_ignored_and_misspelt_ones_are_not() -> None:
    config = ProducerConfig.from_properties({"bootstrap.servers": "a:1", "flavour": "sour"})
    assert config.ignored == ("flavour",)
    assert ProducerConfig("a:1").ignored == ()


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ProducerConfig.from_file(tmp_path / "client.properties")
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigError, match=r"bootstrap_servers is missing: put it into .*empty"):
        ProducerConfig.from_file(str(tmp_path / "empty"))


ENVIRONMENT = {
    "DEKAF_BOOTSTRAP_SERVERS": "a:1",
    "DEKAF_SECURITY_PROTOCOL": "SASL_SSL",
    "DEKAF_SASL_MECHANISM": "SCRAM-SHA-256",
    "DEKAF_SASL_USERNAME": "u",
    "DEKAF_SASL_PASSWORD": "s3cr3t",
    "DEKAF_SSL_CA_LOCATION": " ca.pem ",
    "DEKAF_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "",
}
OF_ENVIRONMENT = Security.sasl_scram("u", "s3cr3t", mechanism="SCRAM-SHA-256", ca="ca.pem")


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ProducerConfig.from_env(environ=ENVIRONMENT).security == OF_ENVIRONMENT
    assert_read_anew(monkeypatch, ENVIRONMENT, OF_ENVIRONMENT, "DEKAF_SASL_PASSWORD")


def test_another_mapping_is_no_environment_of_a_process() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(ProducerConfig.from_env(environ=ENVIRONMENT))


def test_errors_name_variables() -> None:
    environ = {"DEKAF_BOOTSTRAP_SERVERS": "a:1", "DEKAF_SECURITY_PROTOCOL": "SASL_SSL"}
    with pytest.raises(ConfigError, match="SASL_SSL needs DEKAF_SASL_MECHANISM: PLAIN"):
        ProducerConfig.from_env(environ=environ)
    environ["DEKAF_SASL_MECHANISM"] = "PLAIN"
    with pytest.raises(ConfigError, match="SASL_MECHANISM is given without DEKAF_SASL_USERNAME"):
        ProducerConfig.from_env(environ=environ)
