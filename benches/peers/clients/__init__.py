"""Every client by its name. What is new is entered here, and in `plan.PACE`."""

from benches.peers.client import Measured
from benches.peers.clients.aiokafka import Aiokafka
from benches.peers.clients.confluent import Confluent, ConfluentSeldomPolled
from benches.peers.clients.confluent_aio import ConfluentAio, ConfluentAioFlushed
from benches.peers.clients.confluent_futures import BatchedFutures, ConfluentFutures
from benches.peers.clients.dekaf import Dekaf, DekafSync
from benches.peers.clients.drive import Drive, DriveEncoding
from benches.peers.clients.faststream import (
    FastStreamAiokafka,
    FastStreamConfluent,
    FastStreamDekaf,
)
from benches.peers.clients.java import Java
from benches.peers.clients.kafka_python import KafkaPython
from benches.peers.clients.noop import Noop, NoopAsync

__all__ = ["CLIENTS"]

CLIENTS: dict[str, type[Measured]] = {
    "dekaf": Dekaf,
    "dekaf-sync": DekafSync,
    "confluent": Confluent,
    "confluent-seldom-polled": ConfluentSeldomPolled,
    "confluent-futures": ConfluentFutures,
    "confluent-futures-batched": BatchedFutures,
    "confluent-aio": ConfluentAio,
    "confluent-aio-flushed": ConfluentAioFlushed,
    "aiokafka": Aiokafka,
    "kafka-python": KafkaPython,
    "faststream-dekaf": FastStreamDekaf,
    "faststream-aiokafka": FastStreamAiokafka,
    "faststream-confluent": FastStreamConfluent,
    "java": Java,
    "drive": Drive,
    "drive-encoding": DriveEncoding,
    "noop": Noop,
    "noop-async": NoopAsync,
}
