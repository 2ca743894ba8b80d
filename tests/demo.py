"""`make demo`: Apache Kafka is started, the quickstart runs, and Kafka says what it stored."""

import runpy
import sys

from tests.kafka import Cluster, MissingToolError, Plan

TOPIC = "orders"


def main() -> None:
    print("Starting Apache Kafka ...")
    with Cluster(Plan(settings={"auto.create.topics.enable": "true"})) as kafka:
        sys.argv = ["quickstart.py", kafka.bootstrap()]
        runpy.run_path("examples/quickstart.py", run_name="__main__")
        (segment,) = kafka.segments(TOPIC, broker=1)
        print(f"Stored in {segment}, where Kafka's own DumpLogSegments finds:")
        for batch in kafka.batches(TOPIC):
            for record in batch.records:
                print(f"  offset {record.offset}: key {record.key!r}, value {record.value!r}")


if __name__ == "__main__":
    try:
        main()
    except MissingToolError as error:
        sys.exit(str(error))
