"""AWS credentials of a command: `credential_process` of a profile."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Final

from dekaf._tokens.aws_keys import to_keys
from dekaf._tokens.exchange import to_object
from dekaf._tokens.refusal import TokenRefusal

if TYPE_CHECKING:
    from dekaf._tokens.aws_keys import AwsKeys

__all__ = ["keys_of_process"]

_SECONDS: Final = 8.0
"""The longest that the command may take: the core waits for 10 s."""


def keys_of_process(command: str, profile: str, seconds: float = _SECONDS) -> AwsKeys:
    """Run a command, and read what it prints.

    Raises `TokenRefusal`, which shows neither the command nor what it printed: both may hold
    secrets.
    """
    source = f'credential_process of the AWS profile "{profile}"'
    printed, why = _run(command, seconds)
    if printed is None:
        raise TokenRefusal(f"{source} {why}; run it in a shell to see what it prints")
    answer = to_object(printed)
    if answer is None:
        raise TokenRefusal(f"{source} prints no JSON object; run it in a shell to see what it does")
    version = answer.get("Version")
    if version != 1:
        raise TokenRefusal(f"{source} prints JSON without Version 1, the one that dekaf reads")
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    return to_keys(source, *(answer.get(name) for name in names))


def _run(command: str, seconds: float) -> tuple[bytes | None, str]:
    """Return what a command prints, or `None` and why it failed. No error leaves: they hold it."""
    try:
        words = shlex.split(command)
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except FileNotFoundError:
        return None, "cannot be run: its program does not exist"
    except OSError as error:
        return None, f"cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        return None, f"does not end within {seconds:g} s"
    except (ValueError, IndexError):
        return None, "is no command: check its quotes"
    if done.returncode != 0:
        return None, f"failed with exit status {done.returncode}"
    return done.stdout, ""
