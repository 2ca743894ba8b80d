"""Where AWS credentials are looked for, and in which order. Servers here stand in for AWS."""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from dekaf._tokens import aws_container, aws_sts
from dekaf._tokens.aws_container import keys_of_container
from dekaf._tokens.aws_credentials import find_keys
from dekaf._tokens.aws_instance import keys_of_instance
from dekaf._tokens.aws_keys import AwsKeys
from dekaf._tokens.aws_process import keys_of_process
from dekaf._tokens.aws_region import domain_of
from dekaf._tokens.cloud_http import LIMIT, Fault
from dekaf._tokens.msk_iam import MskIam
from dekaf._tokens.refusal import TokenRefusal
from tests.canaries import Seen
from tests.unit.cloud_services import HANG, Reply, Service, leave_clouds, serve

ACCESS = "canary-Acce55"
SECRET = "canary-5ecret"  # noqa: S105 - it is a canary
SESSION = "canary-5ession/+="
JWT = "eyJjYW5hcnk.Y2FuYXJ5.canary-jwt"
CANARIES = (SECRET, SESSION, JWT, "canary-jwt")
SOON = "2999-01-01T00:00:00Z"
SOON_SECONDS = 32472144000.0
ROLE = "arn:aws:iam::123456789012:role/kafka"
FOUND = AwsKeys(ACCESS, SECRET, SESSION, SOON_SECONDS)
LOOP = "[profile a]\nrole_arn=x\nsource_profile=b\n[profile b]\nrole_arn=x\n"
IMDS = "/imds/latest/meta-data/iam/security-credentials/"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    with serve() as service:
        leave_clouds(monkeypatch, tmp_path, service)
        yield service


@pytest.fixture
def write(service: Service, tmp_path: Path) -> Callable[[str, str], Path]:
    assert service.requests == []
    (tmp_path / ".aws").mkdir()

    def write(name: str, text: str) -> Path:
        file = tmp_path / ".aws" / name
        file.write_text(text)
        return file

    return write


def find(**arguments: Any) -> AwsKeys:
    return find_keys(MskIam("us-east-1", **arguments)._settings)


def refusal(**arguments: Any) -> TokenRefusal:
    with pytest.raises(TokenRefusal) as raised:
        find(**arguments)
    seen = Seen()
    seen.add_error("the error", raised.value)
    seen.assert_without(*CANARIES)
    return raised.value


def values(token: str = "SessionToken", **changes: Any) -> str:  # noqa: S107 - the name of a field
    given = {"AccessKeyId": ACCESS, "SecretAccessKey": SECRET, token: SESSION, "Expiration": SOON}
    given |= changes
    return json.dumps({name: value for name, value in given.items() if value is not None})


def sts(action: str = "AssumeRole", **changes: str) -> Reply:
    given = {"AccessKeyId": ACCESS, "SecretAccessKey": SECRET, "SessionToken": SESSION}
    given |= {"Expiration": SOON} | changes
    inner = "\n".join(f"      <{name}>{value}</{name}>" for name, value in given.items())
    return Reply(
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        f"  <{action}Result>\n    <AssumedRoleUser><Arn>{ROLE}</Arn></AssumedRoleUser>\n"
        f"    <Credentials>\n{inner}\n    </Credentials>\n  </{action}Result>\n"
        f"</{action}Response>"
    )


def sts_error(code: str, message: str = "no", status: int = 400) -> Reply:
    return Reply(
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error></ErrorResponse>",
        status,
    )


def form_of(service: Service, index: int = -1) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(service.requests[index].body).items()}


def static(access: str = ACCESS) -> str:
    return (
        f"aws_access_key_id = {access}\naws_secret_access_key = {SECRET}\n"
        f"aws_session_token={SESSION}\n"
    )


def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", SOON)


def set_web_identity(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "jwt").write_text(f"{JWT}\n")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(folder / "jwt"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)


def serve_instance(service: Service) -> None:
    service.replies |= {
        "PUT /imds/latest/api/token": Reply("session-1"),
        f"GET {IMDS}": Reply("the-role\n"),
        f"GET {IMDS}the-role": Reply(values("Token", Code="Success", Type="AWS-HMAC")),
    }


# The whole chain.


def test_nothing_found_names_every_source_and_the_way_out(service: Service) -> None:
    assert service.port
    error = refusal()
    for part in (
        "no AWS credentials were found: AWS_ACCESS_KEY_ID is not set;",
        "AWS_WEB_IDENTITY_TOKEN_FILE is not set;",
        'there is no AWS profile "default" in',
        "/.aws/credentials or ",
        "/.aws/config;",
        "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "the instance metadata service at http://127.0.0.1:",
        "answers with status 404",
        "give profile=, or attach a role to this machine",
    ):
        assert part in str(error), part
    assert not error.is_transient


def test_each_source_precedes_the_next_ones(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    service: Service,
    write: Callable[[str, str], Path],
) -> None:
    def used() -> str:
        return find().access_key

    serve_instance(service)
    service.replies[f"GET {IMDS}the-role"] = Reply(values("Token", AccessKeyId="instance"))
    assert used() == "instance"
    service.replies["GET /pod"] = Reply(values("Token", AccessKeyId="container"))
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/pod")
    assert used() == "container"
    write("config", f"[default]\n{static('config')}")
    assert used() == "config"
    command = shlex.join([sys.executable, "-c", f"print({values(AccessKeyId='p', Version=1)!r})"])
    write("config", f"[default]\n{static('config')}credential_process = {command}\n")
    assert used() == "p"
    write("credentials", f"[default]\n{static('credentials')}")
    assert used() == "credentials"
    set_web_identity(monkeypatch, tmp_path)
    service.replies["POST /"] = sts(AccessKeyId="web-identity")
    assert used() == "web-identity"
    config = "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n"
    write("config", config)
    service.replies["POST /"] = sts(AccessKeyId="role")
    assert used() == "role"
    assert form_of(service)["Action"] == "AssumeRole"
    set_keys(monkeypatch)
    assert used() == ACCESS
    given = find(access_key_id="given", secret_access_key=SECRET)
    assert given == AwsKeys("given", SECRET)


# The environment.


def test_the_environment_gives_keys_with_their_expiry(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    set_keys(monkeypatch)
    assert find() == FOUND
    assert service.requests == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("AWS_SECRET_ACCESS_KEY", "", "the secret access key is missing"),
        ("AWS_SECRET_ACCESS_KEY", f"{SECRET} x", "a character that AWS does not use"),
        ("AWS_SECRET_ACCESS_KEY", f"{SECRET}\udcff", "a character that AWS does not use"),
        ("AWS_SESSION_TOKEN", f"{SESSION}\x07", "a character that AWS does not use"),
        ("AWS_SESSION_TOKEN", " ", "the session token is empty"),
        ("AWS_CREDENTIAL_EXPIRATION", SECRET, "no time in ISO 8601"),
        ("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", "the AWS credentials expired"),
    ],
)
def test_keys_that_cannot_be_are_refused(
    monkeypatch: pytest.MonkeyPatch, service: Service, name: str, value: str, why: str
) -> None:
    set_keys(monkeypatch)
    monkeypatch.setenv(name, value)
    error = str(refusal())
    assert why in error
    assert "AWS_SECRET_ACCESS_KEY" in error
    assert service.requests == []


def test_whitespace_around_keys_is_dropped(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    set_keys(monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f" {SECRET}\n")
    assert find() == FOUND
    assert service.requests == []


# Web identities.


def test_a_web_identity_is_exchanged_for_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    set_web_identity(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "pod-1")
    service.replies["POST /"] = sts("AssumeRoleWithWebIdentity")
    assert find() == FOUND
    assert form_of(service) == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "pod-1",
        "WebIdentityToken": JWT,
    }
    assert "authorization" not in service.requests[0].headers
    monkeypatch.delenv("AWS_ROLE_SESSION_NAME")
    find()
    assert form_of(service)["RoleSessionName"] == "dekaf"


def test_a_profile_may_have_a_web_identity(
    tmp_path: Path, service: Service, write: Callable[[str, str], Path]
) -> None:
    (tmp_path / "jwt").write_text(JWT)
    write(
        "config",
        f"[profile pod]\nrole_arn = {ROLE}\nweb_identity_token_file = {tmp_path / 'jwt'}\n",
    )
    service.replies["POST /"] = sts("AssumeRoleWithWebIdentity")
    assert find(profile="pod") == FOUND


def test_a_web_identity_that_lacks_something_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    set_web_identity(monkeypatch, tmp_path)
    monkeypatch.delenv("AWS_ROLE_ARN")
    assert "set AWS_ROLE_ARN" in str(refusal())
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    (tmp_path / "jwt").write_text("")
    assert "jwt is empty" in str(refusal())
    (tmp_path / "jwt").write_bytes(b"\xff" + JWT.encode())
    assert "jwt is not UTF-8 text" in str(refusal())
    (tmp_path / "jwt").unlink()
    assert "jwt cannot be read" in str(refusal())
    assert service.requests == []


@pytest.mark.parametrize(
    ("reply", "parts", "is_transient"),
    [
        (sts_error("AccessDenied", "Not &lt;you&gt;"), ["AccessDenied: Not <you>; check t"], False),
        (sts_error("ExpiredTokenException"), ["check that the token file is renewed"], False),
        (sts_error("IDPCommunicationError"), ["status 400: IDPCommunicationError"], True),
        (sts_error("InvalidIdentityToken", f"bad {JWT}"), ["words are not shown"], False),
        (Reply("<html>", 503), ["answers with status 503"], True),
        (Reply("", 301), ["answers with status 301"], False),
        (Reply("garbage"), ["the access key ID is missing"], False),
        (Reply(b"\xff\x00\xfe"), ["the access key ID is missing"], False),
        (sts(SecretAccessKey=""), ["the secret access key is missing"], False),
        (sts(Expiration="2020-01-01T00:00:00Z"), ["expired"], True),
        (Reply("x" * (LIMIT + 1)), [f"answers with more than {LIMIT} bytes"], False),
        (Reply(status=HANG), ["does not answer within 0.2 s"], True),
    ],
)
def test_faults_of_sts_are_told(  # noqa: PLR0913, PLR0917 - each is a part of the case
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    service: Service,
    reply: Reply,
    parts: list[str],
    is_transient: bool,
) -> None:
    monkeypatch.setattr(aws_sts, "_SECONDS", 0.2 if reply.status == HANG else 5)
    set_web_identity(monkeypatch, tmp_path)
    service.replies["POST /"] = reply
    error = refusal()
    for part in ["AWS STS at 127.0.0.1:", "AssumeRoleWithWebIdentity", ROLE, *parts]:
        assert part in str(error), error
    assert error.is_transient is is_transient


def test_entities_of_an_answer_are_not_expanded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    set_web_identity(monkeypatch, tmp_path)
    lines = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 20))
    answer = sts(SecretAccessKey="&e19;&amp;").body
    service.replies["POST /"] = Reply(f'<!DOCTYPE x [<!ENTITY e0 "x">{lines}]>{answer!s}')
    assert find()[1] == "&e19;&"


def test_sts_is_asked_in_the_region_of_this_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    set_web_identity(monkeypatch, tmp_path)
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    asked: list[str] = []

    def send(url: str, **_: Any) -> Fault:
        asked.append(url)
        return Fault("is not asked")

    monkeypatch.setattr(aws_sts, "send", send)
    refusal()
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    refusal()
    monkeypatch.delenv("AWS_REGION")
    refusal()
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    refusal()
    assert asked == [
        "https://sts.eu-central-1.amazonaws.com/",
        "https://sts.cn-north-1.amazonaws.com.cn/",
        "https://sts.us-east-1.amazonaws.com/",
        service.url,
    ]
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"user:{SECRET}@sts")
    assert "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is no URL" in str(refusal())


def test_domains_are_those_of_the_partitions() -> None:
    assert domain_of("us-gov-west-1") == "amazonaws.com"
    assert domain_of("eusc-de-east-1") == "amazonaws.eu"
    assert domain_of("us-iso-east-1") == "c2s.ic.gov"
    assert domain_of("us-isob-east-1") == "sc2s.sgov.gov"


# Profiles.


def test_a_profile_that_is_given_leaves_out_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    service: Service,
    write: Callable[[str, str], Path],
) -> None:
    set_keys(monkeypatch)
    set_web_identity(monkeypatch, tmp_path)
    write("credentials", f"[kafka]\n{static('of-the-profile')}")
    assert find(profile="kafka").access_key == "of-the-profile"
    assert service.requests == []


def test_a_profile_is_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    write("config", f'[profile "my team"]\n{static("of-the-team")}')
    monkeypatch.setenv("AWS_PROFILE", "my team")
    assert find().access_key == "of-the-team"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"[my team]\n{static('elsewhere')}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "$HOME/elsewhere")
    assert find().access_key == "elsewhere"
    monkeypatch.setenv("AWS_PROFILE", "other")
    assert 'there is no AWS profile "other" in' in str(refusal())


def test_files_that_cannot_be_used_are_named_without_their_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    write("credentials", f"[default]\n{SECRET}\n")
    assert "credentials cannot be parsed at line 2" in str(refusal())
    write("credentials", f"aws_secret_access_key={SECRET}\n")
    assert "credentials cannot be parsed at line 1" in str(refusal())
    write("credentials", f"[a]\n[a]\nx={SECRET}\n")
    assert "credentials cannot be parsed at line 2" in str(refusal())
    write("credentials", "").write_bytes(b"[default]\nx=\xff" + SECRET.encode())
    assert "credentials is not UTF-8 text" in str(refusal())
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path))
    write("credentials", "")
    assert "cannot be read: Is a directory" in str(refusal())


def test_half_a_pair_of_keys_is_refused(write: Callable[[str, str], Path]) -> None:
    write("credentials", f"[default]\naws_secret_access_key = {SECRET}\n")
    error = str(refusal())
    assert 'the AWS profile "default" in' in error
    assert "the access key ID is missing" in error


@pytest.mark.parametrize("setting", ["sso_account_id = 1", "sso_session = x", "login_session = x"])
def test_a_login_in_a_browser_names_the_way_out(
    write: Callable[[str, str], Path], setting: str
) -> None:
    write("config", f"[profile dev]\n{setting}\n")
    error = str(refusal(profile="dev"))
    assert (
        "credential_process = aws configure export-credentials --profile dev --format process"
    ) in error
    assert "boto3.Session(profile_name='dev').get_credentials()" in error
    write("credentials", f"[dev]\n{static()}")
    assert find(profile="dev").access_key == ACCESS


def test_a_role_is_assumed_through_profiles(
    service: Service, write: Callable[[str, str], Path]
) -> None:
    write(
        "config",
        f"[profile a]\nrole_arn = {ROLE}-a\nsource_profile = b\nexternal_id = ext\n"
        f"role_session_name = me\nduration_seconds = 900\n"
        f"[profile b]\nrole_arn = {ROLE}-b\nsource_profile = c\n[profile c]\n{static('of-c')}",
    )
    service.replies["POST /"] = sts()
    assert find(profile="a") == FOUND
    assert form_of(service, 0)["RoleArn"] == f"{ROLE}-b"
    assert "Credential=of-c/" in service.requests[0].headers["authorization"]
    assert form_of(service, 1) == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": f"{ROLE}-a",
        "RoleSessionName": "me",
        "ExternalId": "ext",
        "DurationSeconds": "900",
    }
    headers = service.requests[1].headers
    assert f"Credential={ACCESS}/" in headers["authorization"]
    assert "/eu-central-1/sts/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == SESSION


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ("[profile a]\nrole_arn = x\n", "has role_arn and neither of source_profile"),
        (
            "[profile a]\nrole_arn = x\nsource_profile = b\ncredential_source = Environment\n",
            "has role_arn and both of source_profile",
        ),
        ("[profile a]\nrole_arn = x\nsource_profile = b\n", "and there is no such profile in"),
        ("[profile a]\nrole_arn = x\nsource_profile = a\n", "name each other as source_profile"),
        (f"{LOOP}source_profile=a\n", "a → b → a"),
        (
            "[profile a]\nrole_arn=x\nsource_profile=b\n[profile b]\nregion=x\n",
            'the AWS profile "a" has it as source_profile',
        ),
        ("[profile a]\nrole_arn = x\nsource_profile = b\nmfa_serial = 1\n", "mfa_serial"),
        ("[profile a]\nrole_arn = x\ncredential_source = Moon\n", "give one of Environment, Ecs"),
        (
            "[profile a]\nrole_arn = x\ncredential_source = Environment\n",
            "credential_source = Environment: AWS_ACCESS_KEY_ID is not set",
        ),
    ],
)
def test_roles_that_cannot_be_assumed_are_refused(
    service: Service, write: Callable[[str, str], Path], config: str, error: str
) -> None:
    write("config", config)
    assert error in str(refusal(profile="a"))
    assert service.requests == []


def test_a_profile_takes_credentials_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, service: Service, write: Callable[[str, str], Path]
) -> None:
    set_keys(monkeypatch)
    write("config", f"[profile a]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    service.replies["POST /"] = sts(AccessKeyId="role")
    assert find(profile="a").access_key == "role"


def test_a_role_that_is_given_is_assumed_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    set_keys(monkeypatch)
    service.replies["POST /"] = sts(AccessKeyId="role")
    found = find(role_arn=ROLE, role_session_name="me", role_external_id="ext")
    assert found.access_key == "role"
    form = form_of(service)
    assert (form["RoleArn"], form["RoleSessionName"], form["ExternalId"]) == (ROLE, "me", "ext")
    service.replies["POST /"] = sts_error("InvalidClientTokenId", f"{SECRET} is wrong", 403)
    assert "check the access key ID and the session token" in str(refusal(role_arn=ROLE))


# Commands.


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (command(f"print('{SECRET}'); raise SystemExit(3)"), "failed with exit status 3"),
        (command(f"print('{SECRET}')"), "prints no JSON object"),
        (command("print('[1]')"), "prints no JSON object"),
        (command(f"print({values()!r})"), "without Version 1"),
        (command(f"print({values(Version=1, SecretAccessKey=None)!r})"), "secret access key is m"),
        (command(f"print({values(Version=1, SecretAccessKey=[SECRET])!r})"), "must be text, not l"),
        (command(f"print({values(Version=1, Expiration=5)!r})"), "no time in ISO 8601"),
        (command(f"print({values(Version=1, Expiration='2020-01-01')!r})"), "expired"),
        (f"/no/such/program {SECRET}", "its program does not exist"),
        (f"'{SECRET}", "is no command: check its quotes"),
        (" ", "is no command"),
        ("/", "cannot be run: Permission denied"),
    ],
)
def test_faults_of_a_command_are_told(line: str, error: str) -> None:
    with pytest.raises(TokenRefusal) as raised:
        keys_of_process(line, "dev")
    assert error in str(raised.value)
    assert 'credential_process of the AWS profile "dev"' in str(raised.value)
    seen = Seen()
    seen.add_error("the error", raised.value)
    seen.assert_without(*CANARIES)


def test_a_command_that_hangs_is_ended() -> None:
    since = time.monotonic()
    with pytest.raises(TokenRefusal, match=r"does not end within 0\.2 s"):
        keys_of_process(command("import time; time.sleep(60)"), "dev", seconds=0.2)
    assert time.monotonic() - since < 30


def test_a_command_gives_credentials() -> None:
    line = command(f"print({values(Version=1)!r})")
    assert keys_of_process(line, "dev") == FOUND
    line = command(f"print({values(Version=1, SessionToken=None, Expiration=None)!r})")
    assert keys_of_process(line, "dev") == AwsKeys(ACCESS, SECRET)


# Containers.


def test_a_container_gives_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    service.replies["GET /pod"] = service.replies["GET /task"] = Reply(values("Token"))
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/pod?x=1")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain")
    assert find() == FOUND
    assert service.requests[-1].headers["authorization"] == "plain"
    (tmp_path / "token").write_text(f"{JWT}\n")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert find() == FOUND
    assert service.requests[-1].headers["authorization"] == JWT
    monkeypatch.setattr(aws_container, "_HOST", service.url)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task")
    assert find() == FOUND
    assert service.asked[-1] == "GET /task"


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("http://169.254.170.2/x", True),
        ("http://169.254.170.23/v1/credentials", True),
        ("http://[fd00:ec2::23]/v1/credentials", True),
        ("http://localhost:5/x", True),
        ("http://127.8.8.8/x", True),
        ("http://[::1]:80/x", True),
        ("https://anything.example/x", True),
        ("http://anything.example/x", False),
        ("http://169.254.169.254/x", False),
        ("http://localhost.example/x", False),
        ("http://user:pass@localhost/x", False),
        ("ftp://localhost/x", False),
        ("http://[/x", False),
        ("localhost", False),
    ],
)
def test_clear_text_is_for_the_hosts_of_botocore(
    monkeypatch: pytest.MonkeyPatch, service: Service, url: str, is_allowed: bool
) -> None:
    asked: list[str] = []

    def send(url: str, **_: Any) -> Fault:
        asked.append(url)
        return Fault("is not asked")

    monkeypatch.setattr(aws_container, "send", send)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    error = str(refusal())
    assert asked == ([url] if is_allowed else [])
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in error
    assert service.requests == []


@pytest.mark.parametrize(
    ("reply", "error", "is_transient"),
    [
        (Reply(f"no {SECRET}", 401), "answers with status 401; check the role", False),
        (Reply("", 500), "answers with status 500", True),
        (Reply("", 302), "answers with status 302", False),
        (Reply(SECRET), "no JSON object", False),
        (Reply(f'["{SECRET}"]'), "no JSON object", False),
        (Reply("[" * 100_000), "no JSON object", False),
        (Reply(values("Token", AccessKeyId=None)), "the access key ID is missing", False),
        (Reply(values("Token", Expiration="2020-01-01T00:00:00Z")), "expired", True),
        (Reply(SECRET * LIMIT), "answers with more than", False),
        (Reply(status=HANG), "does not answer within 0.2 s", True),
    ],
)
def test_faults_of_a_container_are_told(
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    reply: Reply,
    error: str,
    is_transient: bool,
) -> None:
    service.replies["GET /pod"] = reply
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/pod?token={SECRET}")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", JWT)
    with pytest.raises(TokenRefusal) as raised:
        keys_of_container(0.2 if reply.status == HANG else 5)
    assert "the container's endpoint at 127.0.0.1" in str(raised.value)
    assert error in str(raised.value)
    assert raised.value.is_transient is is_transient
    seen = Seen()
    seen.add_error("the error", raised.value)
    seen.assert_without(*CANARIES)
    assert "GET /elsewhere" not in service.asked


def test_authorization_of_a_container_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/pod")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", f"{SECRET}\r\nX: y")
    assert "character that HTTP does not allow" in str(refusal())
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "none"))
    assert "none cannot be read" in str(refusal())
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/")
    assert "RELATIVE_URI must begin with /" in str(refusal())
    assert service.requests == []


# Instances.


def test_an_instance_gives_credentials_to_a_session(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    serve_instance(service)
    assert find() == FOUND
    assert service.asked == ["PUT /imds/latest/api/token", f"GET {IMDS}", f"GET {IMDS}the-role"]
    put, *gets = service.requests
    assert put.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
    assert [each.headers["x-aws-ec2-metadata-token"] for each in gets] == ["session-1"] * 2


@pytest.mark.parametrize(
    ("path", "reply", "error", "is_transient"),
    [
        ("PUT /imds/latest/api/token", Reply("", 403), "status 403 to a request for a ses", False),
        ("PUT /imds/latest/api/token", Reply("", 500), "status 500", True),
        ("PUT /imds/latest/api/token", Reply("é"), "status 200 to a request for a ses", False),
        ("PUT /imds/latest/api/token", Reply(status=HANG), "raise the hop limit", False),
        (f"GET {IMDS}", Reply("", 404), "attach an instance profile", False),
        (f"GET {IMDS}", Reply("", 200), "attach an instance profile", False),
        (f"GET {IMDS}", Reply(status=HANG), "does not answer within 0.2 s", True),
        (f"GET {IMDS}the-role", Reply("", 404), "the credentials of role the-role", False),
        (f"GET {IMDS}the-role", Reply("", 503), "status 503", True),
        (f"GET {IMDS}the-role", Reply(status=HANG), "does not answer within 0.2 s", True),
        (f"GET {IMDS}the-role", Reply(SECRET), "no JSON object", False),
        (
            f"GET {IMDS}the-role",
            Reply(json.dumps({"Code": "AssumeRoleUnauthorizedAccess", "Message": SECRET})),
            "answers with AssumeRoleUnauthorizedAccess; check the trust policy",
            False,
        ),
        (f"GET {IMDS}the-role", Reply(json.dumps({"Code": [SECRET]})), "a failure", False),
        (f"GET {IMDS}the-role", Reply(values("Token", SecretAccessKey=None)), "missing", False),
        (
            f"GET {IMDS}the-role",
            Reply(values("Token", Expiration="2020-01-01T00:00:00Z")),
            "expired",
            True,
        ),
    ],
)
def test_faults_of_an_instance_are_told(  # noqa: PLR0913, PLR0917 - each is a part of the case
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    path: str,
    reply: Reply,
    error: str,
    is_transient: bool,
) -> None:
    if reply.status == HANG:
        monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "0.2")
    serve_instance(service)
    service.replies[path] = reply
    refused = refusal()
    assert error in str(refused)
    assert "the instance metadata service at http://127.0.0.1" in str(refused)
    assert refused.is_transient is is_transient


def test_the_instance_can_be_left_out_or_elsewhere(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "TRUE")
    assert keys_of_instance() == Fault("AWS_EC2_METADATA_DISABLED is true")
    assert "AWS_EC2_METADATA_DISABLED is true" in str(refusal())
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    for url in ("imds", "ftp://imds", "http://[", f"http://u:{SECRET}@imds"):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        assert "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL" in str(refusal())
    assert service.requests == []


def test_a_server_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serve() as gone:
        leave_clouds(monkeypatch, tmp_path, gone)
    error = refusal()
    assert "cannot be reached: Connection refused" in str(error)
    assert not error.is_transient
    set_web_identity(monkeypatch, tmp_path)
    error = refusal()
    assert "AWS STS at 127.0.0.1" in str(error)
    assert error.is_transient


def test_no_repr_shows_credentials() -> None:
    seen = Seen()
    seen.add("the keys", repr(FOUND), str(FOUND), f"{FOUND}")
    seen.assert_without(ACCESS, *CANARIES)
