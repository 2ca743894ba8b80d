"""AWS credentials of an EC2 instance: its metadata service, version 2 (IMDSv2)."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from dekaf._tokens.aws_keys import AwsKeys, to_keys
from dekaf._tokens.cloud_http import Fault, send
from dekaf._tokens.exchange import Answer, is_transient, to_object
from dekaf._tokens.refusal import TokenRefusal

__all__ = ["keys_of_instance"]

_IPV4: Final = "http://169.254.169.254"
_IPV6: Final = "http://[fd00:ec2::254]"
_ROLES: Final = "/latest/meta-data/iam/security-credentials/"
_SECONDS: Final = 1.0
"""Short, as other machines have no metadata service. The same as botocore's."""


def keys_of_instance() -> AwsKeys | Fault:
    """Return the credentials of the instance's role.

    Raises `TokenRefusal` if the instance answers without usable credentials.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return Fault("AWS_EC2_METADATA_DISABLED is true")
    base = _endpoint()
    seconds = _seconds()
    # A session first, with PUT: version 1 of the service can be reached through a careless proxy.
    session = send(
        f"{base}/latest/api/token",
        timeout=seconds,
        method="PUT",
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"},
    )
    if isinstance(session, Fault):
        # Final, even a timeout: most machines without an answer are not on EC2.
        return Fault(
            f"the instance metadata service at {base} {session.why}; in a container on EC2, raise "
            "the hop limit of the instance's metadata to 2"
        )
    token = _to_line(session.body)
    if session.status != 200 or token is None:  # noqa: PLR2004 - as HTTP has it
        return _refused(base, "a session token", session)
    headers = {"X-aws-ec2-metadata-token": token}
    roles = send(f"{base}{_ROLES}", timeout=seconds, headers=headers)
    if isinstance(roles, Fault):
        return Fault(f"the instance metadata service at {base} {roles.why}", roles.is_transient)
    role = _to_line(roles.body)
    if roles.status != 200 or role is None:  # noqa: PLR2004 - likewise
        return _refused(base, "the instance's role; attach an instance profile", roles)
    answer = send(f"{base}{_ROLES}{role}", timeout=seconds, headers=headers)
    return _to_keys(base, role, answer)


def _to_keys(base: str, role: str, answer: Answer | Fault) -> AwsKeys | Fault:
    source = f"the instance metadata service at {base} (role {role})"
    if isinstance(answer, Fault):
        return Fault(f"{source} {answer.why}", answer.is_transient)
    if answer.status != 200:  # noqa: PLR2004 - as HTTP has it
        return _refused(base, f"the credentials of role {role}", answer)
    values = to_object(answer.body)
    if values is None:
        raise TokenRefusal(f"{source} answers with a body that is no JSON object")
    code = values.get("Code", "Success")
    if code != "Success":
        shown = code if isinstance(code, str) and code.isalnum() else "a failure"
        raise TokenRefusal(f"{source} answers with {shown}; check the trust policy of the role")
    names = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")
    return to_keys(source, *(values.get(name) for name in names))


def _refused(base: str, what: str, answer: Answer) -> Fault:
    return Fault(
        f"the instance metadata service at {base} answers with status {answer.status} to a "
        f"request for {what}",
        is_transient(answer.status),
    )


def _to_line(body: bytes) -> str | None:
    """Return the first line, which becomes part of a header or of a URL."""
    lines = body.decode("ascii", "replace").split()
    line = lines[0] if lines else ""
    return line if line and line.isascii() and line.isprintable() else None


def _endpoint() -> str:
    given = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    if not given:
        mode = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "")
        return _IPV6 if mode.lower() == "ipv6" else _IPV4
    try:
        parts = urlsplit(given)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or "@" in given or "?" in given:
        raise TokenRefusal(
            f"AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL; give one such as {_IPV4}, or unset it"
        )
    return given.rstrip("/")


def _seconds() -> float:
    try:
        seconds = float(os.environ.get("AWS_METADATA_SERVICE_TIMEOUT", ""))
    except ValueError:
        return _SECONDS
    return seconds if 0 < seconds <= 60 else _SECONDS  # noqa: PLR2004 - NaN fails both
