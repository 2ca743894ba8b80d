"""The listeners that a broker of a test cluster can have, and what secures each.

INTERNAL is always there besides them: brokers replicate over it, and tests look at the
truth through it, whatever they do to the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.kafka.certificates import Certificates


@dataclass(frozen=True, slots=True)
class Listener:
    protocol: str
    client_certificate: str = "none"

    @property
    def has_tls(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def has_sasl(self) -> bool:
        return self.protocol.startswith("SASL")


INTERNAL = "INTERNAL"
CONTROLLER = "CONTROLLER"

LISTENERS: Mapping[str, Listener] = {
    "PLAINTEXT": Listener("PLAINTEXT"),
    "PROXIED": Listener("PLAINTEXT"),  # a second one, to put a fault proxy in front of
    "SASL_PLAINTEXT": Listener("SASL_PLAINTEXT"),
    "SSL": Listener("SSL"),
    "MTLS": Listener("SSL", client_certificate="required"),
    "SASL_SSL": Listener("SASL_SSL"),
}
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
USERS: Mapping[str, str] = {"alice": "alice-secret", "bob": "bob-secret"}

_MODULES = "org.apache.kafka.common.security"


def security_settings(
    name: str, users: Mapping[str, str], certificates: Certificates | None
) -> dict[str, str]:
    listener = LISTENERS[name]
    settings: dict[str, str] = {}
    if listener.has_tls and certificates is not None:
        settings |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificates.server_keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificates.ca),
            "ssl.client.auth": listener.client_certificate,
        }
    if listener.has_sasl:
        plain = " ".join(f'user_{user}="{password}"' for user, password in users.items())
        settings |= {
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            "plain.sasl.jaas.config": f"{_MODULES}.plain.PlainLoginModule required {plain};",
            "scram-sha-256.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
            "scram-sha-512.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
            # Without a callback class the broker takes unsecured tokens ("alg": "none").
            "oauthbearer.sasl.jaas.config": (
                f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required "
                'unsecuredLoginStringClaim_sub="broker";'
            ),
        }
    return {f"listener.name.{name.lower()}.{key}": value for key, value in settings.items()}
