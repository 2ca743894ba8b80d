"""The error of dekaf's own providers: its text is known to hold no secret."""

from __future__ import annotations

__all__ = ["TokenRefusal"]


class TokenRefusal(Exception):
    """There is no token. The text may be shown: it holds no secret."""

    is_transient: bool
    """Whether the reason may go away by itself, as where a token server is down."""

    def __init__(self, why: str, *, is_transient: bool = False) -> None:
        super().__init__(why)
        self.is_transient = is_transient
