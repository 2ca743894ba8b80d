"""AWS credentials of a container: ECS, and Pod Identity of EKS."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from dekaf._secret import File
from dekaf._tokens.aws_keys import AwsKeys, to_keys
from dekaf._tokens.cloud_http import Fault, send
from dekaf._tokens.exchange import Answer, is_transient, to_object
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.secret import read_secret

__all__ = ["keys_of_container"]

_RELATIVE: Final = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
_FULL: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_HOST: Final = "http://169.254.170.2"
"""The agent of ECS."""
_ALLOWED: Final = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost")
"""Hosts that may be asked in clear text, besides loopback addresses. The same as botocore's."""
_SECONDS: Final = 2.0


def keys_of_container(seconds: float = _SECONDS) -> AwsKeys | Fault:
    """Return the credentials of the container that this process runs in.

    Raises `TokenRefusal` if the environment names an endpoint that gives none.
    """
    relative, full = os.environ.get(_RELATIVE), os.environ.get(_FULL)
    if relative:
        if not relative.startswith("/"):
            raise TokenRefusal(f"{_RELATIVE} must begin with /")
        name, url = _RELATIVE, f"{_HOST}{relative}"
    elif full:
        name, url = _FULL, full
    else:
        return Fault(f"neither {_RELATIVE} nor {_FULL} is set")
    host = _host(name, url)
    source = f"the container's endpoint at {host} ({name})"
    answer = send(url, timeout=seconds, headers=_headers())
    if isinstance(answer, Fault):
        raise TokenRefusal(f"{source} {answer.why}", is_transient=answer.is_transient)
    return _to_keys(source, answer)


def _to_keys(source: str, answer: Answer) -> AwsKeys:
    if answer.status != 200:  # noqa: PLR2004 - as HTTP has it
        # Its text is left out: the endpoint may repeat the authorization token.
        raise TokenRefusal(
            f"{source} answers with status {answer.status}; check the role of the task or of the "
            "pod identity association",
            is_transient=is_transient(answer.status),
        )
    values = to_object(answer.body)
    if values is None:
        raise TokenRefusal(f"{source} answers with a body that is no JSON object")
    names = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")
    return to_keys(source, *(values.get(name) for name in names))


def _host(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = None, ""
    if parts is None or parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise TokenRefusal(f"{name} is no URL of a container's endpoint; correct it, or unset it")
    if parts.scheme == "http" and host not in _ALLOWED and not _is_loopback(host):
        raise TokenRefusal(
            f"{name} has the host {host}, which dekaf does not ask for credentials in clear text; "
            f"give an https URL, a loopback address or one of {', '.join(_ALLOWED)}"
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _headers() -> dict[str, str]:
    token = _authorization()
    headers = {"Accept": "application/json"}
    if token is None:
        return headers
    if not token.isascii() or not token.isprintable():
        raise TokenRefusal(
            "the container's authorization token has a character that HTTP does not allow; check "
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and AWS_CONTAINER_AUTHORIZATION_TOKEN"
        )
    return headers | {"Authorization": token}


def _authorization() -> str | None:
    path = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if not path:
        return os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN") or None
    # The file is replaced from time to time, so it is read for each request.
    return read_secret("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", File(path)).strip()
