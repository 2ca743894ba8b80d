"""Assumes roles with AWS STS."""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from dekaf._tokens.aws_keys import AwsKeys, to_keys
from dekaf._tokens.aws_region import domain_of
from dekaf._tokens.aws_signature import Post, Scope, encode_query, signed_headers
from dekaf._tokens.cloud_http import Fault, send
from dekaf._tokens.exchange import Answer, is_transient
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.said import shown_text

__all__ = ["Role", "assume_role", "assume_role_with_web_identity"]

_SECONDS: Final = 5.0
_SESSION_NAME: Final = "dekaf"
_TRANSIENT: Final = frozenset(
    {"IDPCommunicationError", "InternalFailure", "RequestThrottled", "ServiceUnavailable"}
    | {"Throttling", "ThrottlingException"}
)
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


class Role(NamedTuple):
    """A role to assume."""

    arn: str
    session_name: str | None = None
    external_id: str | None = None
    seconds: str | None = None


def assume_role(keys: AwsKeys, role: Role, region: str) -> AwsKeys:
    """Return the credentials of a role. `keys` sign the request. Raises `TokenRefusal`."""
    form = {"Action": "AssumeRole", **_form(role)}
    if role.external_id is not None:
        form["ExternalId"] = role.external_id
    return _call(form, role, region, keys, [keys.secret_key, keys.session_token or ""])


def assume_role_with_web_identity(token: str, role: Role, region: str) -> AwsKeys:
    """Return the credentials of a role in exchange for a JWT. Raises `TokenRefusal`."""
    form = {"Action": "AssumeRoleWithWebIdentity", **_form(role), "WebIdentityToken": token}
    return _call(form, role, region, None, [token])


def _form(role: Role) -> dict[str, str]:
    form = {
        "Version": "2011-06-15",
        "RoleArn": role.arn,
        "RoleSessionName": role.session_name or _SESSION_NAME,
    }
    if role.seconds is not None:
        form["DurationSeconds"] = role.seconds
    return form


def _call(
    form: dict[str, str], role: Role, region: str, keys: AwsKeys | None, secrets: list[str]
) -> AwsKeys:
    url, host, path = _endpoint(region)
    body = encode_query(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    if keys is not None:
        scope = Scope("sts", region, time.time())
        headers = signed_headers(keys, scope, Post(host, path, headers, body))
    answer = send(
        url,
        timeout=_SECONDS,
        method="POST",
        headers=headers,
        body=body,
        uses_proxies=True,
        ca_file=os.environ.get("AWS_CA_BUNDLE") or None,
    )
    source = f"AWS STS at {host} ({form['Action']}, role {role.arn})"
    if isinstance(answer, Fault):
        raise TokenRefusal(f"{source} {answer.why}", is_transient=answer.is_transient)
    text = answer.body.decode("utf-8", "replace")
    if answer.status != 200:  # noqa: PLR2004 - as HTTP has it
        raise _refusal(source, answer, text, secrets)
    part = _content(text, "Credentials") or ""
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    return to_keys(source, *(_content(part, name) for name in names))


def _endpoint(region: str) -> tuple[str, str, str]:
    """Return the URL, host and path of STS, which the variables of AWS' SDKs may change."""
    given = os.environ.get("AWS_ENDPOINT_URL_STS") or os.environ.get("AWS_ENDPOINT_URL")
    url = given or f"https://sts.{region}.{domain_of(region)}/"
    parts = _split(url)
    if parts is None:
        raise TokenRefusal(
            "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is no URL; give one such as "
            "https://sts.eu-central-1.amazonaws.com, or unset both"
        )
    host, path = parts
    return url, host, path


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    is_url = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return (parts.netloc, parts.path or "/") if is_url else None


def _refusal(source: str, answer: Answer, text: str, secrets: list[str]) -> TokenRefusal:
    code = shown_text(_content(text, "Code") or "", secrets)
    message = shown_text(_content(text, "Message") or "", secrets)
    said = "".join(f": {each}" for each in (code, message) if each)
    remedy = _REMEDIES.get(code, "")
    return TokenRefusal(
        f"{source} answers with status {answer.status}{said}{remedy}",
        is_transient=is_transient(answer.status) or code in _TRANSIENT,
    )


_REMEDIES: Final = {
    "AccessDenied": "; check the trust policy of the role",
    "ExpiredTokenException": "; check that the token file is renewed",
    "ExpiredToken": "; renew the credentials",
    "InvalidClientTokenId": "; check the access key ID and the session token",
    "RegionDisabledException": "; activate STS in this region, or set AWS_REGION",
    "SignatureDoesNotMatch": "; check the secret access key and the clock of this machine",
}


def _content(xml: str, tag: str) -> str | None:
    """Return what an element holds. No XML parser, so no entity of the answer is expanded."""
    text, end, _ = xml.partition(f"<{tag}>")[2].partition(f"</{tag}>")
    if not end:
        return None
    if "<" not in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    return text
