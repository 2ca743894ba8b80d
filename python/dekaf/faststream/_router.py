"""FastStream's router, whose publishers are dekaf's from the start."""

from faststream.kafka import KafkaRouter as FastStreamRouter

from dekaf.faststream._publishers import AdoptingRegistrator

__all__ = ["KafkaRouter"]


class KafkaRouter(AdoptingRegistrator, FastStreamRouter):  # pyright: ignore[reportIncompatibleMethodOverride] - publishers are dekaf's
    """FastStream's `KafkaRouter`. One that is FastStream's own can be included, too."""
