"""What a token server said, as an error may show it: it may repeat the secrets that it was sent."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["shown_error", "shown_text"]

_LONGEST: Final = 300
_JWT: Final = re.compile(r"eyJ[-_A-Za-z0-9]*\.")


def shown_error(answer: Mapping[str, object], secrets: Sequence[str]) -> str:
    """Return the two fields of RFC 6749 that describe an error, such as `": invalid_client"`."""
    said = [answer.get(name) for name in ("error", "error_description")]
    texts = [text for each in said if isinstance(each, str) and (text := shown_text(each, secrets))]
    return "".join(f": {text}" for text in texts)


def shown_text(text: str, secrets: Sequence[str]) -> str:
    """Return text in one printable line of limited length, or a note that it is not shown."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    # Both, as making a line may have put a secret together or taken it apart.
    if any(_gives_away(each, secrets) for each in (text, line)):
        return "(the server's words are not shown, as they contain a secret)"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _gives_away(text: str, secrets: Sequence[str]) -> bool:
    folded = text.casefold()
    if any(form.casefold() in folded for secret in secrets for form in _forms(secret)):
        return True
    return _JWT.search(text) is not None


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it was sent, and as servers may write it."""
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - it is there after a request

    yield secret
    yield secret.strip()
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield b64encode(secret.encode()).decode().rstrip("=")
    yield secret.encode("unicode_escape").decode()
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
