"""Scripts, threads, Flask, Django, Celery: `python without_asyncio.py [HOST:PORT]`."""

import sys
from concurrent.futures import ThreadPoolExecutor

from dekaf import SyncProducer


def main(bootstrap_servers: str) -> None:
    with SyncProducer(bootstrap_servers) as producer:
        # Blocks until the broker has acknowledged; Ctrl-C ends the wait.
        print(producer.produce("orders", b"one", key="order-1"))

        # Returns at once; what fails unheard is raised by the flush.
        for n in range(1000):
            producer.send("orders", f"order {n}")
        producer.flush()

        # Many messages in one call, acknowledged when it returns.
        print(producer.produce_all("orders", [("order-1", b"one"), ("order-2", b"two")]))

        # What a function returns is published before its caller has it. Tuples are batches here,
        # and what has no bytes becomes JSON.
        @producer.publisher("orders", batch=True)
        def split(total: float) -> tuple[dict[str, float], dict[str, float]]:
            return {"deposit": total * 0.1}, {"rest": total * 0.9}

        print(split(100.0))

        # One producer serves any number of threads.
        with ThreadPoolExecutor() as threads:
            futures = [threads.submit(producer.produce, "orders", f"from {n}") for n in range(10)]
        print(len([future.result() for future in futures]), "from threads")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092")
