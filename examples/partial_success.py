"""Produce many messages when some may fail: `python partial_success.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import (
    InvalidRecord,
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    UnknownPartition,
)

MESSAGES = [
    Message("orders", "small", key="order-1"),
    Message("orders", "x" * 2_000_000, key="order-2"),
    Message("orders", "small, too", key="order-3"),
    Message("orders", "small", key="order-4", partition=999),
]


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        # Messages that cannot be sent fail alone; the error says which, and has the results of the
        # others.
        try:
            await producer.produce_all(MESSAGES)
        except ProduceErrorGroup as group:
            for error in group.failed:
                print(f"message {error.index}: {error.code}")
            print(len(group.succeeded), "are stored all the same")

        # It is a group of exceptions, so each kind can be handled in a place of its own.
        try:
            await producer.produce_all(MESSAGES)
        except* InvalidRecord as invalid:
            print(len(invalid.exceptions), "cannot be sent as it is")
        except* UnknownPartition as unknown:
            print(len(unknown.exceptions), "went nowhere")

        # Or nothing is raised, and errors are among the results.
        results = await producer.produce_all(MESSAGES, return_exceptions=True)
        print(f"succeeded: {len(results.succeeded)}, failed: {len(results.failed)}")
        for message, result in zip(MESSAGES, results, strict=True):
            if isinstance(result, ProduceError):
                print(f"{message.key} failed (retriable: {result.retriable})")
            else:
                print(f"{message.key} is at offset {result.offset}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
