"""Every worker model with its real server, on a real Apache Kafka: `make test-workers`.

Servers recycle their workers and stop while a thousand requests or tasks run, each of which sends
one message. Each message that the application handed over must then be stored, or be counted by a
line in the server's log.
"""
