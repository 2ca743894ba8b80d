"""Canaries: secrets that are looked for in all that users see and keep.

That is reprs, errors with notes and causes, tracebacks, HTML and pickles; tests add what was logged
and printed.
"""

import base64
import pickle
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import dekaf

__all__ = ["Seen"]

_PACKAGE = str(Path(dekaf.__file__).parent)


@dataclass
class Seen:
    """All that was said, by where it was."""

    texts: list[tuple[str, str]] = field(default_factory=list)

    def add(self, where: str, *texts: object) -> None:
        self.texts += [(where, str(text)) for text in texts]

    def add_value(self, where: str, value: object) -> None:
        html = getattr(value, "_repr_html_", None)
        self.add(where, value, repr(value), f"{value}", html() if html else "")
        with suppress(Exception):  # what would put a secret in clear refuses
            self.add(f"the pickle of {where}", pickle.dumps(value).decode("latin-1"))

    def add_error(self, where: str, error: BaseException | None) -> None:
        while error is not None:
            self.add_value(where, error)
            self.add(where, *error.args, vars(error), *getattr(error, "__notes__", []))
            self.add(f"the traceback of {where}", *traceback.format_exception(error))
            error = error.__cause__ or error.__context__

    def add_variables(self, where: str, error: BaseException | None) -> None:
        """Add the variables of dekaf's own frames, which error trackers send with a traceback."""
        while error is not None:
            for frame, _ in traceback.walk_tb(error.__traceback__):
                if frame.f_code.co_filename.startswith(_PACKAGE):
                    self.add(f"{frame.f_code.co_qualname} in {where}", repr(frame.f_locals))
            error = error.__cause__ or error.__context__

    def assert_without(self, *secrets: str) -> None:
        for secret in secrets:
            for where, text in self.texts:
                for form in _forms(secret):
                    assert form not in text, f"{where} shows {secret!r}: {text}"


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield base64.b64encode(secret.encode()).decode()
    yield secret.encode().hex()
    yield ", ".join(map(str, secret.encode()))  # as Rust shows bytes
