"""The error of a key store with several private keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dekaf._keystores.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["several_keys"]

_MOST_NAMED = 5


def several_keys(aliases: Sequence[str]) -> Refusal:
    """Return it, with the aliases and the command that makes a store of one key."""
    named = ", ".join(f'"{alias}"' for alias in aliases[:_MOST_NAMED])
    more = ", …" if len(aliases) > _MOST_NAMED else ""
    return Refusal(
        f"has {len(aliases)} private keys ({named}{more}), and dekaf does not choose; make a store "
        "of the one that you need: keytool -importkeystore -srckeystore FILE -srcalias ALIAS "
        "-destkeystore ONE.p12 -deststoretype PKCS12"
    )
