"""Test each worker model with its real server and a real Apache Kafka: `make test-workers`.

Each run sends a thousand requests or tasks, which send one message each, while the server recycles
its workers, reloads or stops. Afterwards each accepted message must be stored, or counted by a line
in the server's log.
"""
