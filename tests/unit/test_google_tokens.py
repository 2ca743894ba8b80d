"""Tokens for Google's Kafka. A server here stands in for Google's, and objects for google-auth."""

import copy
import json
import pickle
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dekaf import ConfigError
from dekaf._tokens import google_file, google_metadata
from dekaf._tokens.cloud_http import LIMIT
from dekaf._tokens.google import Google
from dekaf._tokens.google_access import AccessToken
from dekaf._tokens.provider import read, to_provider
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.token import Token
from tests.canaries import Seen
from tests.unit.cloud_services import HANG, Reply, Service, leave_clouds, serve

ACCESS = "ya29.canary-acce55_~+/="
SECRET = "canary-client-5ecret"  # noqa: S105 - it is a canary
REFRESH = "1//canary-refre5h"
KEY = "-----BEGIN PRIVATE KEY-----canary-k3y"
CANARIES = (ACCESS, SECRET, REFRESH, KEY)
EMAIL = "kafka@project.iam.gserviceaccount.com"
MACHINE = "/computeMetadata/v1/instance/service-accounts/default"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    with serve() as service:
        leave_clouds(monkeypatch, tmp_path, service)
        monkeypatch.setattr(google_file, "_ENDPOINT", f"{service.url}/token")
        yield service


@pytest.fixture(autouse=True)
def _apart(service: Service) -> None:
    """Keep each test apart from the network and from this machine's credentials."""
    assert service.requests == []


def parts_of(token: Token) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, access = (
        urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in token.value.split(".")
    )
    return json.loads(header), json.loads(claims), access


def refusal(provider: Google) -> TokenRefusal:
    with pytest.raises(TokenRefusal) as raised:
        provider()
    seen = Seen()
    seen.add_value("the provider", provider)
    seen.add_error("the error", raised.value)
    seen.add_variables("the error", raised.value)
    seen.assert_without(*CANARIES)
    return raised.value


def serve_machine(service: Service, **changes: Any) -> None:
    answer = {"access_token": ACCESS, "expires_in": 3000, "token_type": "Bearer"} | changes
    service.replies[f"GET {MACHINE}/token"] = Reply(json.dumps(answer))
    service.replies[f"GET {MACHINE}/email"] = Reply(f"{EMAIL}\n")


class Credentials:
    """As those of google-auth."""

    def __init__(self, seconds: float | None = None, **attributes: Any) -> None:
        self.token: str | None = None if seconds is None else "old"
        self.expiry: datetime | None = None if seconds is None else in_seconds(seconds)
        self.refreshed_with: list[object] = []
        self.next: tuple[str | None, datetime | None] = (ACCESS, in_seconds(3000))
        self.error: Exception | None = None
        vars(self).update({"service_account_email": EMAIL} | attributes)

    def refresh(self, request: object) -> None:
        self.refreshed_with.append(request)
        if self.error is not None:
            raise self.error
        self.token, self.expiry = self.next


def in_seconds(seconds: float) -> datetime:
    """Return a time as google-auth does: in UTC, without saying so."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).replace(tzinfo=None)


# The form of a token.


def test_a_token_has_the_three_parts_that_the_broker_expects() -> None:
    credentials = Credentials()
    before = int(time.time())
    token = Google(credentials)()
    assert "=" not in token.value
    header, claims, access = parts_of(token)
    assert header == {"typ": "JWT", "alg": "GOOG_OAUTH2_TOKEN"}
    assert access == ACCESS
    assert claims["iss"] == "Google"
    assert claims["sub"] == EMAIL
    assert claims["scope"] == "kafka"
    assert before <= claims["iat"] <= time.time()
    assert before + 2999 <= claims["exp"] <= before + 3010
    assert token.expires_at == claims["exp"]
    assert read(to_provider("token", Google(credentials))).value.count(".") == 2


# Credentials of google-auth.


def test_credentials_are_refreshed_only_when_they_are_due() -> None:
    lasting = Credentials(400)
    assert parts_of(Google(lasting)())[2] == "old"
    assert lasting.refreshed_with == []
    due = Credentials(200)
    assert parts_of(Google(due)())[2] == ACCESS
    assert due.refreshed_with == [None]  # google-auth is not installed here


@pytest.mark.parametrize("transport", ["requests", "urllib3"])
def test_google_auths_own_transport_is_used(
    monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    def module(name: str, **attributes: Any) -> None:
        made = ModuleType(name)
        vars(made).update(attributes)
        monkeypatch.setitem(sys.modules, name, made)

    for name in ("google", "google.auth", "google.auth.transport"):
        module(name, __path__=[])
    module("urllib3", PoolManager=lambda: "the pool")
    module(f"google.auth.transport.{transport}", Request=lambda *pool: (transport, *pool))
    credentials = Credentials()
    Google(credentials)()
    expected = ("requests",) if transport == "requests" else ("urllib3", "the pool")
    assert credentials.refreshed_with == [expected]
    monkeypatch.delitem(sys.modules, f"google.auth.transport.{transport}")
    assert "pip install requests" in str(refusal(Google(Credentials())))


def test_credentials_that_need_scopes_get_them() -> None:
    scopes: list[list[str]] = []
    scoped = Credentials()

    def with_scopes(given: list[str]) -> Credentials:
        scopes.append(given)
        return scoped

    credentials = Credentials(requires_scopes=True, with_scopes=with_scopes)
    assert parts_of(Google(credentials)())[2] == ACCESS
    assert scopes == [["https://www.googleapis.com/auth/cloud-platform"]]
    assert credentials.refreshed_with == []


@pytest.mark.parametrize("is_transient", [False, True])
def test_an_error_of_google_auths_is_named_without_its_text(is_transient: bool) -> None:
    class RefreshError(Exception):
        retryable = is_transient

    credentials = Credentials()
    credentials.error = RefreshError(SECRET, {"refresh_token": REFRESH})
    error = refusal(Google(credentials))
    assert "credentials (Credentials) raised RefreshError" in str(error)
    assert error.is_transient is is_transient


@pytest.mark.parametrize(
    "after", [(None, in_seconds(3000)), (ACCESS, None), ("", None), (ACCESS, in_seconds(-1))]
)
def test_credentials_without_a_usable_token_are_refused(after: tuple[Any, Any]) -> None:
    credentials = Credentials()
    credentials.next = after
    assert "have no token with an expiry after refresh()" in str(refusal(Google(credentials)))


def test_the_principal_is_the_arguments_the_credentials_or_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def principal(provider: Google) -> str:
        return str(parts_of(provider())[1]["sub"])

    variable = "GOOGLE_MANAGED_KAFKA_AUTH_PRINCIPAL"
    nameless = Credentials(service_account_email="default")
    error = str(refusal(Google(nameless)))
    assert f"{variable} is not set; give principal=" in error
    monkeypatch.setenv(variable, "env@x")
    assert principal(Google(nameless)) == "env@x"
    assert principal(Google(Credentials())) == EMAIL
    assert principal(Google(Credentials(), principal="me@x")) == "me@x"
    assert principal(Google(Credentials(service_account_email=None, account="user@x"))) == "user@x"


# The metadata server.


def test_a_machine_gives_its_service_accounts_token(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    serve_machine(service)
    _, claims, access = parts_of(Google()())
    assert (claims["sub"], access) == (EMAIL, ACCESS)
    assert time.time() + 2900 < claims["exp"] <= time.time() + 3000
    assert [each.headers["metadata-flavor"] for each in service.requests] == ["Google"] * 2
    assert service.asked[0].endswith(
        "/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
    )
    assert parts_of(Google(principal="me@x")())[1]["sub"] == "me@x"
    assert len(service.requests) == 3  # the address is not asked for


@pytest.mark.parametrize(
    ("path", "reply", "error", "is_transient"),
    [
        ("token", Reply(f"no {ACCESS}", 404), "status 404; attach a service account", False),
        ("token", Reply("", 401), "status 401", False),
        ("token", Reply("", 500), "status 500", True),
        ("token", Reply("", 302), "status 302", False),
        ("token", Reply(ACCESS), "no JSON object", False),
        ("token", Reply("x" * (LIMIT + 1)), "answers with more than", False),
        ("token", Reply(json.dumps({"expires_in": 5})), "without access_token", False),
        ("token", Reply(json.dumps({"access_token": 5})), "without access_token", False),
        ("token", Reply(json.dumps({"access_token": ACCESS})), "without expires_in", False),
        (
            "token",
            Reply(json.dumps({"access_token": ACCESS, "expires_in": True})),
            "without expires_in",
            False,
        ),
        ("token", Reply(json.dumps({"access_token": ACCESS, "expires_in": 0})), "is expired", True),
        ("token", Reply(f'{{"access_token": "{ACCESS}", "expires_in": NaN}}'), "is expired", True),
        ("token", Reply(status=HANG), "does not answer within 0.2 s", True),
        ("email", Reply("", 500), "status 500", True),
        ("email", Reply("\x07"), "without the account's e-mail address; give principal=", False),
        ("email", Reply("é"), "without the account's e-mail address", False),
        ("email", Reply(status=HANG), "does not answer within 0.2 s", True),
    ],
)
def test_faults_of_the_metadata_server_are_told(  # noqa: PLR0913, PLR0917 - each is a part of the case
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    path: str,
    reply: Reply,
    error: str,
    is_transient: bool,
) -> None:
    if reply.status == HANG:
        defaults = {"seconds": 0.2, "needs_principal": True}
        monkeypatch.setattr(google_metadata.token_of_machine, "__kwdefaults__", defaults)
    serve_machine(service)
    service.replies[f"GET {MACHINE}/{path}"] = reply
    refused = refusal(Google())
    assert f"the metadata server at {service.host}" in str(refused)
    assert error in str(refused)
    assert refused.is_transient is is_transient
    assert "GET /elsewhere" not in service.asked


def test_nothing_found_names_every_source_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serve() as gone:
        monkeypatch.setenv("GCE_METADATA_HOST", gone.host)
    error = str(refusal(Google()))
    for part in (
        "no Google credentials were found: GOOGLE_APPLICATION_CREDENTIALS is not set",
        f"there is no {tmp_path}/.config/gcloud/application_default_credentials.json",
        f"the metadata server at {gone.host} cannot be reached: Connection refused",
        "Run gcloud auth application-default login",
        "credentials=google.auth.default()[0]",
    ):
        assert part in error, part
    for host in ("a/b", "x@y", "é"):
        monkeypatch.setenv("GCE_METADATA_HOST", host)
        assert "GCE_METADATA_HOST must be a host" in str(refusal(Google()))


# Files.


def user_file(**changes: Any) -> str:
    content: dict[str, Any] = {
        "type": "authorized_user",
        "client_id": "id",
        "client_secret": SECRET,
        "refresh_token": REFRESH,
    }
    content |= changes
    return json.dumps({name: value for name, value in content.items() if value is not None})


def id_token(claims: object) -> str:
    return f"e30.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


def test_a_users_file_is_exchanged_for_a_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    serve_machine(service)  # the file precedes the machine
    file = tmp_path / "file.json"
    file.write_text(user_file())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    answer = {"access_token": ACCESS, "expires_in": 3599, "id_token": id_token({"email": "u@x"})}
    service.replies["POST /token"] = Reply(json.dumps(answer))
    _, claims, access = parts_of(Google()())
    assert (claims["sub"], access) == ("u@x", ACCESS)
    assert service.asked == ["POST /token"]
    assert service.requests[0].body == (
        f"grant_type=refresh_token&client_id=id&client_secret={SECRET}"
        f"&refresh_token={REFRESH.replace('/', '%2F')}"
    )
    for each in (None, 5, "x", "a.b.c", id_token([]), id_token({"email": 5})):
        service.replies["POST /token"] = Reply(json.dumps(answer | {"id_token": each}))
        assert "do not say whose they are" in str(refusal(Google()))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    gcloud = tmp_path / ".config" / "gcloud"
    gcloud.mkdir(parents=True)
    file.rename(gcloud / "application_default_credentials.json")
    assert parts_of(Google(principal="me@x")())[1]["sub"] == "me@x"
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    assert parts_of(Google()())[1]["sub"] == EMAIL


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (SECRET, "holds no JSON object"),
        (f'["{SECRET}"]', "holds no JSON object"),
        (user_file(refresh_token=None), "has no refresh_token; run gcloud auth"),
        (user_file(client_secret=5), "has no client_secret"),
        (
            json.dumps({"type": "service_account", "private_key": KEY}),
            "service_account, which need google-auth: pip install google-auth, and give cred",
        ),
        (json.dumps({"type": SECRET}), "credentials of an unknown type"),
        (json.dumps({"type": [SECRET]}), "credentials of an unknown type"),
        (json.dumps({}), "credentials of an unknown type"),
    ],
)
def test_files_that_cannot_be_used_name_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service, content: str, error: str
) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    refused = refusal(Google())
    assert f"the file {file} (GOOGLE_APPLICATION_CREDENTIALS)" in str(refused)
    assert error in str(refused)
    assert not refused.is_transient
    file.unlink()
    assert "cannot be read: No such file" in str(refusal(Google()))
    assert service.requests == []


def test_a_login_that_google_refuses_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    file = tmp_path / "file.json"
    file.write_text(user_file())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    told = {"error": "invalid_grant", "error_description": f"bad {REFRESH}"}
    service.replies["POST /token"] = Reply(json.dumps(told), 400)
    error = refusal(Google())
    assert "status 400: invalid_grant" in str(error)
    assert "run gcloud auth application-default login" in str(error)
    service.replies["POST /token"] = Reply("", 503)
    assert refusal(Google()).is_transient
    service.replies["POST /token"] = Reply(json.dumps({"access_token": ACCESS, "expires_in": -1}))
    assert "is expired" in str(refusal(Google()))


# The provider as a value.


@pytest.mark.parametrize(
    "credentials",
    [object(), Credentials, (Credentials(), "project"), SECRET, SimpleNamespace(refresh=1)],
)
def test_arguments_that_cannot_be_are_refused(credentials: Any) -> None:
    with pytest.raises(ConfigError, match=r"credentials=google\.auth\.default\(\)\[0\]") as raised:
        Google(credentials)
    seen = Seen()
    seen.add_error("the error", raised.value)
    seen.assert_without(*CANARIES)
    with pytest.raises(ConfigError, match="principal"):
        Google(principal="")


def test_a_provider_is_a_value() -> None:
    provider = Google(principal="me@x")
    assert repr(provider) == "Google(principal='me@x')"
    assert provider == Google(principal="me@x") != Google()
    assert provider != "me@x"
    assert hash(provider) == hash(Google(principal="me@x"))
    assert pickle.loads(pickle.dumps(provider)) == provider  # noqa: S301 - our own
    assert copy.copy(provider) is copy.deepcopy(provider) is provider
    credentials = Credentials()
    given = Google(credentials)
    assert repr(given) == "Google(credentials=Credentials)"
    assert given == Google(credentials) != Google(Credentials())
    with pytest.raises(TypeError, match="Google cannot be pickled: credentials"):
        pickle.dumps(given)
    with pytest.raises(AttributeError):
        provider._principal = "x"
    with pytest.raises(AttributeError):
        del provider._principal


def test_no_repr_shows_a_token() -> None:
    seen = Seen()
    seen.add("the token", repr(AccessToken(ACCESS, 1.0, EMAIL)), str(Google(Credentials())()))
    seen.assert_without(*CANARIES)
