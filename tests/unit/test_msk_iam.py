"""Tokens for Amazon MSK: the same as those of AWS' own signer.

`msk_iam_tokens.json` was made with aws-msk-iam-sasl-signer-python 1.0.2 and botocore 1.44.8, in an
environment apart, since they would bring boto3. For each case:

    class Fixed(botocore.credentials.CredentialProvider):
        def load(self):
            return botocore.credentials.Credentials(access_key, secret_key, session_token)

    at = datetime.fromtimestamp(now, timezone.utc).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *a, **k: at):
        token, expiry_ms = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(
            region, Fixed())

The signatures of STS are of `botocore.auth.SigV4Auth`, at the same time.
"""

import copy
import functools
import json
import pickle
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from dekaf import ConfigError
from dekaf._tokens import aws_credentials
from dekaf._tokens.aws_keys import AwsKeys
from dekaf._tokens.aws_signature import Post, Scope, signed_headers
from dekaf._tokens.msk_iam import MskIam, sign
from dekaf._tokens.provider import read, to_provider
from dekaf._tokens.refusal import TokenRefusal
from tests.canaries import Seen
from tests.unit.cloud_services import Service, leave_clouds, serve

ACCESS = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - of AWS' documentation
SESSION = "FwoGZXIvYXdzEXAMPLE/token+with/slashes=="
CANARIES = ("canary-Acce55", "canary-5ecret", "canary-5ession")
CASES = json.loads((Path(__file__).parent / "msk_iam_tokens.json").read_text())


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    with serve() as service:
        leave_clouds(monkeypatch, tmp_path, service)
        yield service


@pytest.fixture(autouse=True)
def _apart(service: Service) -> None:
    """Keep each test apart from the network and from this machine's credentials."""
    assert service.requests == []


def query_of(token: str) -> dict[str, str]:
    url = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def secret_key() -> str:
    return CANARIES[1]


@pytest.mark.parametrize("case", CASES, ids=lambda each: f"{each['region']} {each['now']}")
def test_a_token_equals_the_signers_byte_for_byte(case: dict[str, Any]) -> None:
    keys = AwsKeys(case["access_key"], case["secret_key"], case["session_token"])
    token = sign(keys, case["region"], case["now"], "aws-msk-iam-sasl-signer-python/1.0.2")
    assert token.value == case["token"]
    assert token.expires_at == case["expiry_ms"] / 1000


@pytest.mark.parametrize(
    ("session", "names", "signature"),
    [
        (
            None,
            "content-type;host;x-amz-date",
            "f36d56131857094e6e0bd1106f2645af5a2e92eaab823b65b6e111de4ab46a6d",
        ),
        (
            SESSION,
            "content-type;host;x-amz-date;x-amz-security-token",
            "9755cc63135b18a70a85ab9b96c6cd8ca566ab4af50a4d487408dc8ab33e7b8e",
        ),
    ],
)
def test_a_request_to_sts_is_signed_as_botocore_does(
    session: str | None, names: str, signature: str
) -> None:
    post = Post(
        "sts.eu-central-1.amazonaws.com",
        "/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole"
        b"%2Fkafka&RoleSessionName=dekaf",
    )
    scope = Scope("sts", "eu-central-1", 1700000000)
    headers = signed_headers(AwsKeys(ACCESS, SECRET, session), scope, post)
    assert headers["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={ACCESS}/20231114/eu-central-1/sts/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def test_a_provider_signs_for_its_region_and_names_dekaf() -> None:
    before = int(time.time())
    provider = MskIam("ap-south-1", access_key_id=ACCESS, secret_access_key=SECRET)
    token = read(to_provider("token", provider))
    query = query_of(token.value)
    assert query["X-Amz-Credential"].endswith("/ap-south-1/kafka-cluster/aws4_request")
    assert query["Action"] == "kafka-cluster:Connect"
    assert query["User-Agent"].startswith("dekaf/")
    assert token.expires_at is not None
    assert before + 900 <= token.expires_at <= time.time() + 900


def test_a_token_ends_with_its_credentials() -> None:
    keys = AwsKeys(ACCESS, SECRET, SESSION, expires_at=1700000100.0)
    assert sign(keys, "us-east-1", 1700000000.9, "dekaf").expires_at == 1700000100.0
    lasting = keys._replace(expires_at=1800000000.0)
    assert sign(lasting, "us-east-1", 1700000000.9, "dekaf").expires_at == 1700000900.0


class Frozen(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None


class Botocore:
    """As `boto3.Session().get_credentials()`."""

    def __init__(self, error: Exception | None = None, expiry: datetime | None = None) -> None:
        self.error = error
        self._expiry_time = expiry

    def get_frozen_credentials(self) -> Frozen:
        if self.error is not None:
            raise self.error
        return Frozen(*CANARIES)


def test_credentials_of_botocore_are_used_with_their_expiry() -> None:
    expiry = datetime.fromtimestamp(int(time.time()) + 400, UTC)
    token = MskIam("us-east-1", credentials=Botocore(expiry=expiry))()
    assert token.expires_at == expiry.timestamp()
    assert query_of(token.value)["X-Amz-Security-Token"] == CANARIES[2]
    assert MskIam("us-east-1", credentials=Botocore())().expires_at is not None


def test_an_error_of_botocores_is_named_without_its_text() -> None:
    provider = MskIam("us-east-1", credentials=Botocore(RuntimeError(CANARIES[1])))
    with pytest.raises(TokenRefusal, match="raised RuntimeError") as raised:
        provider()
    assert raised.value.is_transient
    assert_hidden("botocore", provider, raised.value)


def test_credentials_are_kept_until_five_minutes_before_their_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_900_000_000.0
    found = [AwsKeys("first", "s", None, now + 3600), AwsKeys("second", "s", None, now + 7200)]
    calls: list[object] = []

    def find(settings: object) -> AwsKeys:
        calls.append(settings)
        if len(calls) > len(found):
            raise TokenRefusal("down", is_transient=True)
        return found[len(calls) - 1]

    monkeypatch.setattr(aws_credentials, "find_keys", find)
    clock = [now]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    provider = MskIam("us-east-1")

    def used() -> str:
        return query_of(provider().value)["X-Amz-Credential"].partition("/")[0]

    assert [used(), used()] == ["first", "first"]
    clock[0] = now + 3299
    assert (used(), len(calls)) == ("first", 1)
    clock[0] = now + 3300
    assert (used(), len(calls)) == ("second", 2)
    clock[0] = now + 7100  # they are due, and no others can be had
    assert (used(), len(calls)) == ("second", 3)
    clock[0] = now + 7200
    with pytest.raises(TokenRefusal, match="down"):
        used()


def test_credentials_without_an_end_are_looked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = MskIam("us-east-1")
    for key in ("AKIA1", "AKIA2"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        assert query_of(provider().value)["X-Amz-Credential"].startswith(f"{key}/")


def test_secrets_come_from_files_and_functions_for_each_token(tmp_path: Path) -> None:
    file = tmp_path / "session"
    provider = MskIam(
        "us-east-1", access_key_id=ACCESS, secret_access_key=secret_key, session_token=file
    )
    with pytest.raises(TokenRefusal, match=r"session_token: the file .* cannot be read"):
        provider()
    file.write_text(f"{SESSION}\n")
    assert query_of(provider().value)["X-Amz-Security-Token"] == SESSION


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"region": ""}, "region is no AWS region"),
        ({"region": "evil.example/?"}, "region is no AWS region"),
        ({"region": 5}, "region must be str"),
        ({"access_key_id": ACCESS}, "without secret_access_key"),
        ({"secret_access_key": CANARIES[1]}, "without access_key_id"),
        ({"session_token": CANARIES[2]}, "without access_key_id"),
        (
            {"access_key_id": ACCESS, "secret_access_key": CANARIES[1], "profile": "x"},
            "profile contradicts access_key_id",
        ),
        ({"profile": "x", "credentials": Botocore()}, "profile contradicts credentials"),
        ({"role_session_name": "x"}, "without role_arn"),
        ({"role_external_id": "x"}, "without role_arn"),
        ({"role_arn": "kafka"}, "role_arn is no ARN"),
        ({"credentials": object()}, "must be those of botocore"),
        ({"credentials": Botocore}, "must be those of botocore"),
        ({"profile": ""}, "profile is empty"),
        ({"access_key_id": ACCESS, "secret_access_key": 5}, "secret_access_key must be str"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError, match=error) as raised:
        MskIam(**({"region": "us-east-1"} | arguments))
    seen = Seen()
    seen.add_error("the error", raised.value)
    seen.assert_without(*CANARIES)


def test_the_region_comes_from_the_environment_and_then_from_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert repr(MskIam()) == "MskIam('eu-central-1')"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-1")
    monkeypatch.delenv("AWS_REGION")
    assert repr(MskIam()) == "MskIam('us-west-1')"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigError, match=r"AWS_REGION and AWS_DEFAULT_REGION.*\"default\""):
        MskIam()
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nregion = sa-east-1\n[profile kafka]\nregion = eu-west-3\n"
    )
    assert repr(MskIam()) == "MskIam('sa-east-1')"
    assert repr(MskIam(profile="kafka")) == "MskIam('eu-west-3', profile='kafka')"
    (tmp_path / ".aws" / "config").write_text(f"[default\n{CANARIES[1]}\n")
    with pytest.raises(ConfigError, match="cannot be parsed at line 1") as raised:
        MskIam()
    assert CANARIES[1] not in str(raised.value)


def test_a_provider_is_a_value(tmp_path: Path) -> None:
    one = MskIam("us-east-1", role_arn="arn:aws:iam::123456789012:role/a")
    same = MskIam("us-east-1", role_arn="arn:aws:iam::123456789012:role/a")
    assert one == same
    assert hash(one) == hash(same)
    assert one != MskIam("us-east-1")
    assert one != "us-east-1"
    assert copy.copy(one) is copy.deepcopy(one) is one
    with pytest.raises(AttributeError):
        one._settings = same._settings
    with pytest.raises(AttributeError):
        del one._settings
    file = tmp_path / "secret"
    for each in (
        one,
        MskIam("us-east-1", profile="x"),
        MskIam("us-east-1", access_key_id=ACCESS, secret_access_key=file),
        MskIam("us-east-1", access_key_id=ACCESS, secret_access_key=secret_key),
    ):
        assert pickle.loads(pickle.dumps(each)) == each  # noqa: S301 - our own


def test_no_secret_is_pickled() -> None:
    for provider, name in (
        (MskIam("us-east-1", access_key_id=ACCESS, secret_access_key=CANARIES[1]), "secret_acc"),
        (
            MskIam(
                "us-east-1",
                access_key_id=ACCESS,
                secret_access_key=functools.partial(str, CANARIES[1]),
            ),
            "secret_access_key",
        ),
        (
            MskIam(
                "us-east-1",
                access_key_id=ACCESS,
                secret_access_key=secret_key,
                session_token=CANARIES[2],
            ),
            "session_token",
        ),
        (MskIam("us-east-1", credentials=Botocore()), "credentials"),
    ):
        with pytest.raises(TypeError, match=f"MskIam cannot be pickled: {name}"):
            pickle.dumps(provider)
        assert_hidden(name, provider)


def test_a_provider_that_was_used_shows_and_pickles_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    for name, value in zip(keys, CANARIES, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2999-01-01T00:00:00Z")
    provider = MskIam("us-east-1")
    token = provider()
    assert provider._keys is not None
    seen = Seen()
    seen.add_value("the token", repr(token))
    seen.add_value("the credentials", provider._keys._replace())  # a pickle of these is no one's
    seen.texts = [(where, text) for where, text in seen.texts if "pickle" not in where]
    seen.add_value("the provider", provider)
    seen.assert_without(*CANARIES)


def assert_hidden(where: str, provider: object, error: BaseException | None = None) -> None:
    seen = Seen()
    seen.add_value(where, provider)
    seen.add_error(where, error)
    seen.add_variables(where, error)
    seen.assert_without(*CANARIES)
