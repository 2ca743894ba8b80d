"""Four doors to the same settings: `python configuration.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import Acks, ConfigError, Producer, ProducerConfig


async def main(bootstrap_servers: str) -> None:
    # Keywords.
    by_keywords = Producer(bootstrap_servers, linger_ms=10, batch_size=131_072, compression="lz4")

    # A builder, with a preset to start from. What is said by itself wins.
    by_builder = (
        Producer.builder(bootstrap_servers)
        .for_high_throughput()
        .acks(Acks.ALL)
        .linger_ms(10)
        .zstd(level=3)
        .build()
    )

    # The names of other clients: Java's and librdkafka's.
    properties = {"bootstrap.servers": bootstrap_servers, "linger.ms": "10", "acks": "all"}
    by_properties = Producer.from_config(ProducerConfig.from_properties(properties))

    # The environment: DEKAF_BOOTSTRAP_SERVERS, DEKAF_LINGER_MS, …
    environ = {"DEKAF_BOOTSTRAP_SERVERS": bootstrap_servers, "DEKAF_LINGER_MS": "10"}
    by_environment = Producer.from_config(ProducerConfig.from_env(environ=environ))

    for producer in (by_keywords, by_builder, by_properties, by_environment):
        print(producer.config)
        async with producer:
            await producer.produce("orders", b"...")

    try:
        Producer(bootstrap_servers, liner_ms=10)  # type: ignore[call-overload]  # the mistake to show
    except ConfigError as error:
        print(error)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
