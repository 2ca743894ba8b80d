"""Canaries: a secret is given in every way, and appears nowhere."""

import copy
import dataclasses
import functools
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from dekaf import Producer, ProducerConfig, Security
from dekaf._secret import Secret
from dekaf._security_names import _PARTS, ADVICE, is_secret, shown
from tests.canaries import Seen

CANARY = "CANARY7f3a"
KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class Wrapper:
    def get_secret_value(self) -> str:
        return CANARY


def outcome(make: Callable[[], Any]) -> str:
    """Return all that can be seen of a value, or of the error in its place."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        seen: list[object] = []
        try:
            made = make()
            config = (
                made if isinstance(made, ProducerConfig) else ProducerConfig("a:1", security=made)
            )
            producer = Producer.from_config(config)
            for each in (made, config, producer, config.security, producer.config):
                seen += [repr(each), str(each), f"{each}"]
            seen += [producer._repr_html_(), dataclasses.asdict(config), vars(config)]
            seen += [copy.deepcopy(config), config.replace(linger_ms=6), config.ignored]
            for each in (config, config.security):
                try:
                    seen.append(pickle.dumps(each))
                except TypeError as error:
                    seen += [error, "".join(traceback.format_exception(error))]
        except Exception as error:  # noqa: BLE001 - it is looked at
            of_error = Seen()
            of_error.add_error("", error)
            seen += of_error.texts
        seen += [each.message for each in warned]
    return "\n".join(map(repr, seen)) + "\n".join(map(str, seen))


VALUES: list[Any] = [
    CANARY,
    f" {CANARY}\n",
    f"{CANARY}\0",
    f"{CANARY}\ud800",
    f"MII{CANARY}",
    KEY,
    KEY.encode(),
    KEY.replace("\n", " "),
    Secret(CANARY),
    Wrapper(),
    functools.partial(str, CANARY),
    [CANARY],
    {"password": CANARY},
    f'{PLAIN} required username="u" password="{CANARY}";',
    f'{PLAIN} required username="u" password="{CANARY}"x";',
    f"{PLAIN} required username=u password={CANARY}!",
    f"${{file:{CANARY}:x}}",
]


@pytest.mark.parametrize(
    "value", VALUES, ids=[type(v).__name__ + str(n) for n, v in enumerate(VALUES)]
)
def test_secrets_given_to_constructors_appear_nowhere(value: Any) -> None:
    for make in (
        lambda: Security.sasl_plain("alice", value),
        lambda: Security.sasl_scram("alice", value, tls=False),
        lambda: Security.tls(certificate="c.pem", key="c.key", key_password=value),
    ):
        assert CANARY not in outcome(make)
    if isinstance(value, str | bytes) and (b"BEGIN" in bytes(str(value), "utf-8", "replace")):
        for name in ("ca", "certificate", "key"):
            pem: dict[str, Any] = {"certificate": "c.pem", name: value}
            assert CANARY not in outcome(functools.partial(Security.tls, **pem))


BASE = {
    "bootstrap.servers": "a:1",
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "PLAIN",
    "sasl.username": "alice",
}
SECRETS = [name for name in _PARTS if is_secret(name) and "location" not in name]
TYPOS = ["sasl.pasword", "sasl_passwd", "sasl.jaas.confg", "ssl.key.pasword", "sasl.oauth.tokn"]
OTHERS = ["basic.auth.user.info", "schema.registry.password", "my.api.secret", "ssl.cipher.suites"]


def test_the_names_of_secrets_are_known() -> None:
    assert {
        "sasl.password",
        "sasl.plain.password",
        "sasl.jaas.config",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.keystore.key",
        "ssl.keystore.password",
        "ssl.password",
        "ssl.truststore.password",
    } <= set(SECRETS)
    assert all(shown(name, CANARY) == "***" for name in [*SECRETS, *TYPOS[:4], "api.key"])
    assert shown("linger.ms", 5) == "5"
    assert shown("key.serializer", "x") == "'x'"


@pytest.mark.parametrize("name", [*SECRETS, *TYPOS, *OTHERS, *ADVICE])
def test_secrets_given_as_properties_appear_nowhere(name: str) -> None:
    for value in VALUES:
        for spelt in (name, name.replace(".", "_")):
            for base in (BASE, {**BASE, "security.protocol": "SSL"}, {"bootstrap.servers": "a:1"}):
                properties = {**base, spelt: value}
                assert CANARY not in outcome(
                    functools.partial(ProducerConfig.from_properties, properties)
                )
        if isinstance(value, str):
            variable = "DEKAF_" + name.replace(".", "_").upper()
            environ = {"DEKAF_" + key.replace(".", "_").upper(): text for key, text in BASE.items()}
            environ[variable] = value
            assert CANARY not in outcome(
                functools.partial(ProducerConfig.from_env, environ=environ)
            )


OF_TOKENS = [
    "oauth_cb",
    "sasl.jaas.config",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl_oauth_token_provider",
]


@pytest.mark.parametrize("name", OF_TOKENS)
def test_secrets_of_logins_by_tokens_appear_nowhere(name: str) -> None:
    url, client_id = "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.id"
    base = {"bootstrap.servers": "a:1", "security.protocol": "SASL_SSL"}
    oauth = {**base, "sasl.mechanism": "OAUTHBEARER"}
    oidc = {**oauth, url: f"https://example.com/?key={CANARY}", client_id: "alice"}
    bases: list[dict[str, Any]] = [{**oauth, "oauth_cb": print}, oauth, oidc]
    bases.append({**base, "sasl.mechanism": "AWS_MSK_IAM"})
    oauth_module, iam_module = "a.OAuthBearerLoginModule", "a.IAMLoginModule"
    values = [
        *VALUES,
        f"https://alice:{CANARY}@example.com",
        f"{oauth_module} required clientId='alice' clientSecret='{CANARY}';",
        f"{oauth_module} required clientSecret='{CANARY}' {CANARY}='x';",
        f"{iam_module} required awsRoleArn='x' awsRoleSecretAccessKey='{CANARY}';",
        f"{iam_module} required {CANARY}='x';",
    ]
    for properties in ({**base, name: value} for base in bases for value in values):
        assert CANARY not in outcome(functools.partial(ProducerConfig.from_properties, properties))


def test_two_passwords_that_differ_are_not_quoted() -> None:
    properties = {**BASE, "sasl.password": CANARY, "sasl_plain_password": CANARY + "2"}
    assert CANARY not in outcome(lambda: ProducerConfig.from_properties(properties))


@pytest.mark.parametrize(
    "name", ["sasl_plain_password", "sasl_pasword", "password", "ssl_password"]
)
def test_keywords_of_other_clients_are_not_quoted(name: str) -> None:
    keywords: dict[str, Any] = {name: CANARY}
    assert CANARY not in outcome(lambda: ProducerConfig("a:1", **keywords))


def test_servers_with_a_login_are_not_quoted() -> None:
    assert CANARY not in outcome(lambda: ProducerConfig(f"kafka://alice:{CANARY}@a:1"))


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(CANARY)
    assert (str(secret), f"{secret}", repr(secret)) == ("***", "***", "'***'")
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError, match="a secret that was given as text is not pickled"):
        pickle.dumps(secret)
