"""The application of FastStream's own page on batches, unchanged but for its import."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest
from faststream import Context

from dekaf.faststream import KafkaBroker
from dekaf.testing import Broker
from tests.faststream.apps import PATIENCE
from tests.integration.reader import read
from tests.kafka import DEFAULT_VERSION, Cluster
from tests.kafka.release import Release
from tests.kafka.tool import run_tool

# FastStream creates topics of subscribers since 0.7.8.
TOPICS = ("input_data_1", "input_data_2", "output_data")
CONSUME = "org.apache.kafka.tools.consumer.ConsoleConsumer"

THEIRS = "from faststream.kafka import KafkaBroker"
OURS = "from dekaf.faststream import KafkaBroker"
APP = """
from typing import Tuple

from pydantic import BaseModel, Field, NonNegativeFloat

from faststream import FastStream, Logger
from faststream.kafka import KafkaBroker


class Data(BaseModel):
    data: NonNegativeFloat = Field(
        ..., examples=[0.5], description="Float data example",
    )


broker = KafkaBroker("localhost:9092")
app = FastStream(broker)


decrease_and_increase = broker.publisher("output_data", batch=True)


@decrease_and_increase
@broker.subscriber("input_data_1")
async def on_input_data_1(msg: Data, logger: Logger) -> Tuple[Data, Data]:
    logger.info(msg)
    return Data(data=(msg.data * 0.5)), Data(data=(msg.data * 2.0))


@broker.subscriber("input_data_2")
async def on_input_data_2(msg: Data, logger: Logger) -> None:
    logger.info(msg)
    await decrease_and_increase.publish(
        Data(data=(msg.data * 0.5)), Data(data=(msg.data * 2.0)),
    )
"""


def load(servers: str) -> ModuleType:
    """Make a module of the application; only the import and the address change."""
    app = ModuleType("app")
    exec(APP.replace(THEIRS, OURS).replace("localhost:9092", servers), vars(app))  # noqa: S102 - it is here
    return app


@dataclass
class Place:
    """Where the application runs."""

    servers: str
    count: Callable[[], int]
    """How many messages the topic `output_data` has."""

    def outputs(self) -> list[str]:
        """Return them as Kafka's own console shows them."""
        printed = run_tool(
            Release(DEFAULT_VERSION),
            CONSUME,
            *("--bootstrap-server", self.servers, "--topic", "output_data", "--from-beginning"),
            *("--timeout-ms", 30_000, "--max-messages", self.count()),
        )
        return printed.splitlines()


@pytest.fixture(params=["box", "kafka"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "box":
        with Broker(auto_create_topics=False) as box:
            for topic in TOPICS:
                box.create_topic(topic, partitions=3)
            yield Place(box.bootstrap_servers, lambda: len(box.records("output_data")))
    else:
        kafka: Cluster = request.getfixturevalue("kafka")
        for topic in TOPICS:
            kafka.new_topic(topic, partitions=3)
        yield Place(kafka.bootstrap(), lambda: sum(map(len, read(kafka, "output_data").values())))


@pytest.mark.usefixtures("kafka_version")
@pytest.mark.asyncio
async def test_it_runs_and_publishes_what_it_should(place: Place) -> None:
    app = load(place.servers)
    broker = app.broker
    assert isinstance(broker, KafkaBroker)
    numbers = [random.randrange(1, 1_000_000) / 4 for _ in range(2)]  # noqa: S311 - to be found again
    wanted = {factor * number for number in numbers for factor in (0.5, 2.0)}
    seen = set[float]()
    is_complete = asyncio.Event()

    # Consumers begin at a topic's end: what was published while they looked for it is not theirs.
    @broker.subscriber("output_data", auto_offset_reset="earliest")
    async def look(body: bytes = Context("message.body")) -> None:
        if body.startswith(b"{"):
            seen.add(json.loads(body)["data"])
        if wanted <= seen:
            is_complete.set()

    is_running = asyncio.Event()
    app.app.after_startup(is_running.set)
    running = asyncio.create_task(app.app.run())
    async with asyncio.timeout(PATIENCE):
        await is_running.wait()
        while not is_complete.is_set():
            for number, topic in zip(numbers, ("input_data_1", "input_data_2"), strict=True):
                await broker.publish(app.Data(data=number), topic)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_complete.wait(), 0.5)
        results = await broker.publish_batch("msg1", "msg2", topic="output_data")
    assert [metadata.topic for metadata in results] == ["output_data"] * 2
    app.app.exit()
    async with asyncio.timeout(PATIENCE):
        await running

    shown = await asyncio.to_thread(place.outputs)
    assert {json.dumps({"data": number}, separators=(",", ":")) for number in wanted} <= set(shown)
    assert {"msg1", "msg2"} <= set(shown)
