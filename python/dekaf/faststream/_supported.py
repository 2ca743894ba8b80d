"""Which FastStream this works with. It rests on classes that FastStream keeps to itself."""

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Final

OLDEST: Final = (0, 7, 5)
BEFORE: Final = (0, 8)


def check() -> None:
    """Refuse to go on without a FastStream that is known to work."""
    try:
        installed = version("faststream")
    except PackageNotFoundError:
        raise ImportError(
            "dekaf.faststream needs FastStream: pip install 'dekaf[faststream]'"
        ) from None
    numbers = tuple(map(int, re.findall(r"\d+", installed)[:3]))
    if not OLDEST <= numbers < BEFORE:
        wanted = f">={_dotted(OLDEST)},<{_dotted(BEFORE)}"
        raise ImportError(
            f"dekaf.faststream works with FastStream {wanted}, and {installed} is installed: "
            f"pip install 'faststream[kafka]{wanted}'"
        )


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


check()
