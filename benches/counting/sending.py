"""Sends so many messages from one thread: what runs under callgrind, with a wheel's own Python.

    python -m benches.counting.sending WAY BOOTSTRAP TOPIC MESSAGES

It ends without a flush and without closing: waiting takes as many instructions as it takes long.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Callable

from benches.peers.payloads import feed, payloads

SIZE = 100
WARM_UP = 2_000
KEY = b"customer-1234"

# A batch leaves when it is full, and memory never is: neither depends on how fast others are.
LINGER_MS = 60_000
BUFFER_MEMORY = 1 << 30

Send = Callable[..., None]


def plain(send: Send, topic: str, values: list[bytes], messages: int) -> None:
    for value in feed(values, messages):
        send(topic, value)


def by_key(send: Send, topic: str, values: list[bytes], messages: int) -> None:
    key = KEY
    for value in feed(values, messages):
        send(topic, value, key=key)


def with_callback(send: Send, topic: str, values: list[bytes], messages: int) -> None:
    def delivered(*_: object) -> None: ...

    for value in feed(values, messages):
        send(topic, value, on_delivery=delivered)


def blocking(way: Callable[..., None], bootstrap: str, topic: str, messages: int) -> None:
    from dekaf import SyncProducer

    producer = SyncProducer(bootstrap, linger_ms=LINGER_MS, buffer_memory=BUFFER_MEMORY)
    producer.produce(topic, b"")  # it is connected, and knows the topic
    run(way, producer.send, topic, messages)


async def on_a_loop(way: Callable[..., None], bootstrap: str, topic: str, messages: int) -> None:
    from dekaf import Producer

    producer = Producer(bootstrap, linger_ms=LINGER_MS, buffer_memory=BUFFER_MEMORY)
    await producer.produce(topic, b"")  # likewise
    run(way, producer.send, topic, messages)


def run(way: Callable[..., None], send: Send, topic: str, messages: int) -> None:
    values = payloads(SIZE)
    gc.disable()
    way(send, topic, values, WARM_UP)
    way(send, topic, values, messages)
    os._exit(0)


WAYS: dict[str, Callable[[str, str, int], object]] = {
    "SyncProducer.send": lambda *to: blocking(plain, *to),
    "SyncProducer.send, by key": lambda *to: blocking(by_key, *to),
    "Producer.send": lambda *to: asyncio.run(on_a_loop(plain, *to)),
    "Producer.send, with a callback": lambda *to: asyncio.run(on_a_loop(with_callback, *to)),
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
