"""The values that every client sends: 1024 that differ, of one size, the same every time.

They look like JSON, and lz4 makes half of them in batches.
"""

import itertools
import random
from collections.abc import Iterator, Sequence

COUNT = 1024
WORDS = (
    *("order", "user", "item", "price", "cart", "paid", "sent", "city", "name", "mail", "code"),
    *("type", "event", "click", "page", "view", "time", "zone", "kafka", "data"),
)


def payloads(size: int) -> list[bytes]:
    source = random.Random(42)  # noqa: S311 - all are to get the same
    values = []
    for _ in range(COUNT):
        text = f'{{"id":"{source.getrandbits(64):016x}","user":{source.randrange(10**6)}'
        while len(text) < size - 1:
            word, other = source.choice(WORDS), source.choice(WORDS)
            text += f',"{word}":"{other} {source.getrandbits(32):x}"'
        values.append((text[: size - 2] + '"}').encode())
    return values


def feed(values: Sequence[bytes], count: int) -> Iterator[bytes]:
    """Repeat them until they are `count`."""
    return itertools.islice(itertools.cycle(values), count)
