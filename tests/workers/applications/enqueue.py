"""Put tasks into Celery's queue: `python -m tests.workers.applications.enqueue COUNT`."""

import sys

from tests.workers.applications.tasks import publish

if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        publish.delay(number)
