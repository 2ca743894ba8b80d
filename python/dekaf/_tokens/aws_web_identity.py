"""AWS credentials in exchange for a JWT, as of Kubernetes' service accounts (EKS, IRSA)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dekaf._secret import File
from dekaf._tokens.aws_sts import Role, assume_role_with_web_identity
from dekaf._tokens.cloud_http import Fault
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.secret import read_secret

if TYPE_CHECKING:
    from dekaf._tokens.aws_keys import AwsKeys

__all__ = ["keys_of_web_identity"]


def keys_of_web_identity(
    profile: dict[str, str], region: str, *, uses_environment: bool
) -> AwsKeys | Fault:
    """Assume the role of the environment, or of a profile's settings, with the JWT of a file.

    Raises `TokenRefusal`, which names the file.
    """

    def setting(name: str, variable: str) -> str | None:
        return (uses_environment and os.environ.get(variable)) or profile.get(name) or None

    path = setting("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE")
    if path is None:
        return Fault("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
    arn = setting("role_arn", "AWS_ROLE_ARN")
    if arn is None:
        raise TokenRefusal(
            f"web identity: the token file {path} is given without a role; set AWS_ROLE_ARN, or "
            "role_arn in the profile"
        )
    role = Role(arn, setting("role_session_name", "AWS_ROLE_SESSION_NAME"))
    return assume_role_with_web_identity(
        read_secret("web identity", File(path)).strip(), role, region
    )
