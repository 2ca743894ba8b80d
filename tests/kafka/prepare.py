"""Fetch and make what brokers start from: `python -m tests.kafka.prepare [4.3.1 3.9.2 ...]`.

Tests do it on their own where it is missing; done before, no test waits for a download.
"""

import sys

from tests.kafka.class_data import make_class_data
from tests.kafka.jars import MissingToolError, class_path
from tests.kafka.release import DEFAULT_VERSION, Release


def main() -> None:
    for version in sys.argv[1:] or [DEFAULT_VERSION]:
        try:
            jars = class_path(Release(version))
            make_class_data(version)
        except (MissingToolError, RuntimeError) as error:
            sys.exit(str(error))
        sys.stdout.write(f"Kafka {version}: {len(jars)} jars in {jars[0].parent}\n")


if __name__ == "__main__":
    main()
