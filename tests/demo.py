"""`make demo`: the quickstart runs against a broker in the box, which shows what came."""

import runpy
import sys

from dekaf.testing import Broker

TOPIC = "orders"


def main() -> None:
    with Broker() as broker:
        print(f"A Kafka broker listens in this process, at {broker.bootstrap_servers}.")
        sys.argv = ["quickstart.py", broker.bootstrap_servers]
        runpy.run_path("examples/quickstart.py", run_name="__main__")
        print("Here are your messages:")
        for record in broker.records(TOPIC):
            print(f"  offset {record.offset}: key {record.key!r}, value {record.value!r}")


if __name__ == "__main__":
    main()
