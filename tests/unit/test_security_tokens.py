"""`Security.sasl_oauthbearer` and its short forms, as values."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from dekaf import ConfigError, Security
from dekaf.tokens import Google, MskIam, Oidc

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."  # noqa: S105 - of a made-up user


def a_token() -> str:
    return TOKEN


def test_nothing_shows_a_token() -> None:
    security = Security.sasl_oauthbearer(TOKEN, extensions={"traceId": "1"})
    assert repr(security) == "Security.sasl_oauthbearer('***', extensions={'traceId': '1'})"


def test_values_are_compared() -> None:
    bearer = Security.sasl_oauthbearer
    assert bearer(a_token) == bearer(a_token)
    assert bearer(a_token) != bearer(a_token, extensions={"a": "b"})
    assert bearer(TOKEN) != bearer(TOKEN + "x")
    assert Security.msk_iam("eu-west-1") == bearer(MskIam("eu-west-1"))
    assert Security.google() == bearer(Google())
    assert len({bearer(a_token), bearer(a_token)}) == 1


@pytest.mark.parametrize(
    "security",
    [
        Security.sasl_oauthbearer(a_token),
        Security.sasl_oauthbearer(Path("token")),
        Security.msk_iam("eu-west-1"),
        Security.google(),
        Security.sasl_oauthbearer(Oidc("https://example.com/token", "id", Path("secret"))),
    ],
    ids=repr,
)
def test_what_holds_no_secret_is_pickled(security: Security) -> None:
    assert pickle.loads(pickle.dumps(security)) == security  # noqa: S301 - it is ours


@pytest.mark.parametrize(
    "token", [TOKEN, lambda: TOKEN, Oidc("https://example.com/token", "id", "canary-secret")]
)
def test_what_may_hold_a_secret_is_not_pickled(token: Any) -> None:
    security = Security.sasl_oauthbearer(token)
    with pytest.raises(TypeError, match="cannot be pickled") as refused:
        pickle.dumps(security)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"token": 5}, "^token must be str, a pathlib.Path"),
        ({"token": TOKEN, "scope": "s"}, "^scope is for credentials of azure-identity"),
        ({"token": TOKEN, "extensions": {"auth": "x"}}, "^extensions have the name 'auth'"),
        ({"token": TOKEN, "extensions": "x"}, "^extensions must be a mapping"),
        ({"token": TOKEN, "tls": False, "ca": "ca.pem"}, "^ca contradicts tls=False"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Security.sasl_oauthbearer(**arguments)
