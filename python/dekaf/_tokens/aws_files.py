"""Reads the shared files of AWS: `~/.aws/config` and `~/.aws/credentials`."""

from __future__ import annotations

import configparser
import os
import shlex
from typing import NamedTuple, TypeAlias

from dekaf._tokens.refusal import TokenRefusal

__all__ = ["Profiles", "is_named", "load_profiles", "profile_name"]

_Sections: TypeAlias = "dict[str, dict[str, str]]"


class Profiles(NamedTuple):
    """The profiles of both files."""

    credentials: _Sections
    config: _Sections
    paths: tuple[str, str]
    """The files of both, whether they exist or not."""

    def values(self, name: str) -> dict[str, str]:
        """Return what both files say of a profile; the credentials file wins."""
        return self.config.get(name, {}) | self.credentials.get(name, {})

    def has(self, name: str) -> bool:
        """Say whether either file has a profile."""
        return name in self.config or name in self.credentials

    def __repr__(self) -> str:
        return f"Profiles(***, paths={self.paths})"


def profile_name(given: str | None) -> str:
    """Return the profile that is given or that the environment names, or `"default"`."""
    return given or _profile_of_environment() or "default"


def is_named(given: str | None) -> bool:
    """Say whether a profile was asked for by name, so that it must exist."""
    return bool(given or _profile_of_environment())


def _profile_of_environment() -> str | None:
    # In the order of botocore.
    return os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")


def load_profiles() -> Profiles:
    """Read both files. One that is missing has no profiles.

    Raises `TokenRefusal`, which names the file and quotes none of its lines.
    """
    credentials_path = _path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    config_path = _path("AWS_CONFIG_FILE", "~/.aws/config")
    config: _Sections = {}
    for section, values in _sections(config_path).items():
        name = _profile_of_section(section)
        if name is not None:
            config.setdefault(name, {}).update(values)
    return Profiles(_sections(credentials_path), config, (credentials_path, config_path))


def _path(variable: str, default: str) -> str:
    path = os.environ.get(variable) or default
    return os.path.expandvars(os.path.expanduser(path))  # noqa: PTH111 - pathlib has no expandvars


def _profile_of_section(section: str) -> str | None:
    """Return the profile of `[default]` or `[profile NAME]`; other sections are none."""
    if section == "default":
        return section
    try:
        words = shlex.split(section)
    except ValueError:
        return None
    return words[1] if len(words) == len(("profile", "name")) and words[0] == "profile" else None


def _sections(path: str) -> _Sections:
    parser = configparser.RawConfigParser()
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - paths are text here
            parser.read_file(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        why = f"cannot be read: {os.strerror(error.errno or 0)}"
    except UnicodeDecodeError:
        why = "is not UTF-8 text"
    except configparser.Error as error:
        why = f"cannot be parsed{_line_of(error)}"
    else:
        return {name: dict(parser.items(name)) for name in parser.sections()}
    # Not within `except`: the error that was raised there may quote a line with a secret.
    raise TokenRefusal(f"the AWS file {path} {why}; correct it, or give access_key_id= and others")


def _line_of(error: configparser.Error) -> str:
    line = getattr(error, "lineno", None)
    if line is None and isinstance(error, configparser.ParsingError) and error.errors:
        line = error.errors[0][0]
    return "" if line is None else f" at line {line}"
