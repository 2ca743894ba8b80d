"""The listeners that a broker of a test cluster can have, and what secures each.

INTERNAL is always there besides them: brokers replicate over it, and tests look at the
truth through it, whatever they do to the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.kafka.certificates import Certificates
from tests.kafka.release import Release

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")


@dataclass(frozen=True, slots=True)
class Listener:
    protocol: str
    client_certificate: str = "none"
    keystore: str = "server"  # see Certificates.keystore
    tls_versions: str | None = None
    mechanisms: tuple[str, ...] = MECHANISMS

    @property
    def has_tls(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def has_sasl(self) -> bool:
        return self.protocol.startswith("SASL")


INTERNAL = "INTERNAL"
CONTROLLER = "CONTROLLER"

# Brokers with certificates that are unusual or wrong: one listener for each keystore.
ODD_KEYSTORES: Mapping[str, str] = {
    "TLS_INTERMEDIATE": "intermediate",
    "TLS_V1": "v1",
    "TLS_SHA1": "sha1",
    "TLS_CN_ONLY": "cn-only",
    "TLS_OTHER_NAME": "other-name",
    "TLS_RSA_1024": "rsa-1024",
    "TLS_P521": "p521",
    "TLS_CA_LEAF": "ca-leaf",
    "TLS_EXPIRED": "expired",
    "TLS_NOT_YET_VALID": "not-yet-valid",
    "TLS_SELF_SIGNED": "self-signed",
}

LISTENERS: Mapping[str, Listener] = {
    "PLAINTEXT": Listener("PLAINTEXT"),
    "PROXIED": Listener("PLAINTEXT"),  # a second one, to put a fault proxy in front of
    "SASL_PLAINTEXT": Listener("SASL_PLAINTEXT"),
    "SASL_PLAINTEXT_PROXIED": Listener("SASL_PLAINTEXT"),
    "SSL": Listener("SSL"),
    "MTLS": Listener("SSL", client_certificate="required"),
    "MTLS_1_2": Listener("SSL", client_certificate="required", tls_versions="TLSv1.2"),
    "SASL_SSL": Listener("SASL_SSL"),
    "SASL_SSL_PROXIED": Listener("SASL_SSL"),
    "SASL_MTLS": Listener("SASL_SSL", client_certificate="required"),
    "SCRAM_256": Listener("SASL_PLAINTEXT", mechanisms=("SCRAM-SHA-256",)),
    "PLAIN_ONLY": Listener("SASL_PLAINTEXT", mechanisms=("PLAIN",)),
    **{name: Listener("SSL", keystore=kind) for name, kind in ODD_KEYSTORES.items()},
}
USERS: Mapping[str, str] = {"alice": "alice-secret", "bob": "bob-secret"}

_MODULES = "org.apache.kafka.common.security"


def security_settings(
    name: str, users: Mapping[str, str], certificates: Certificates | None, release: Release
) -> dict[str, str]:
    listener = LISTENERS[name]
    settings: dict[str, str] = {}
    if listener.has_tls and certificates is not None:
        settings |= _tls(listener, certificates, release)
    if listener.has_sasl:
        settings |= _sasl(listener, users, release)
    return {f"listener.name.{name.lower()}.{key}": value for key, value in settings.items()}


def _tls(listener: Listener, certificates: Certificates, release: Release) -> dict[str, str]:
    settings = {"ssl.client.auth": listener.client_certificate}
    if listener.tls_versions is not None:
        settings["ssl.enabled.protocols"] = listener.tls_versions
    if release.reads_pem:
        return settings | {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificates.keystore(listener.keystore)),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificates.ca),
        }
    password = certificates.key_password
    return settings | {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(certificates.pkcs12_keystore(listener.keystore)),
        "ssl.keystore.password": password,
        "ssl.key.password": password,
        "ssl.truststore.type": "PKCS12",
        "ssl.truststore.location": str(certificates.pkcs12_truststore),
        "ssl.truststore.password": password,
    }


def _sasl(listener: Listener, users: Mapping[str, str], release: Release) -> dict[str, str]:
    plain = " ".join(f'user_{user}="{password}"' for user, password in users.items())
    modules = {
        "PLAIN": f"plain.PlainLoginModule required {plain};",
        "SCRAM-SHA-256": "scram.ScramLoginModule required;",
        "SCRAM-SHA-512": "scram.ScramLoginModule required;",
        # Without a callback class the broker takes unsecured tokens ("alg": "none").
        "OAUTHBEARER": (
            'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
        ),
    }
    known = [name for name in listener.mechanisms if name != "OAUTHBEARER" or release.knows_tokens]
    settings = {f"{name.lower()}.sasl.jaas.config": f"{_MODULES}.{modules[name]}" for name in known}
    return settings | {"sasl.enabled.mechanisms": ",".join(known)}
