"""The AsyncAPI document of an application tells nobody what is beneath it."""

import json
from types import ModuleType
from typing import Any

import faststream.kafka
import pytest
from faststream import FastStream
from faststream.security import SASLScram256
from faststream.specification import AsyncAPI
from pydantic import BaseModel

import dekaf.faststream


class Data(BaseModel):
    data: float


def document(package: ModuleType, version: str) -> dict[str, Any]:
    """Return the document of an application that has a bit of everything."""
    parts: Any = package
    router: faststream.kafka.KafkaRouter = parts.KafkaRouter(prefix="inner_")

    @router.subscriber("in")
    @router.publisher("out", title="Inner", description="of a router")
    async def inner(body: str) -> str:
        return body

    broker: faststream.kafka.KafkaBroker = parts.KafkaBroker(
        ["one:9092", "two:9092"],
        routers=[router],
        security=SASLScram256("user", "password", use_ssl=True),
        description="A cluster",
        protocol_version="3.5",
        tags=[{"name": "tag"}],
        acks="all",
        transactional_id="t",
    )
    late = parts.KafkaRouter()
    late.publisher("late", batch=True, schema=Data)
    broker.include_router(late, prefix="prefixed_")

    @broker.publisher("output_data", batch=True, schema=list[Data])
    @broker.subscriber("input_data", batch=True)
    async def scale(messages: list[Data]) -> tuple[Data, ...]:
        return tuple(messages)

    broker.publisher("hidden", include_in_schema=False)
    specification = AsyncAPI(broker, title="App", schema_version=version)
    app = FastStream(broker, specification=specification)
    found: dict[str, Any] = json.loads(app.schema.to_specification().to_json())
    return found


@pytest.mark.parametrize("version", ["2.6.0", "3.0.0"])
def test_it_is_the_same_as_with_faststreams_own_broker(version: str) -> None:
    ours = document(dekaf.faststream, version)
    assert ours == document(faststream.kafka, version)
    text = json.dumps(ours)
    assert "output_data" in text
    assert "inner_out" in text
    assert "prefixed_late" in text
    assert "hidden" not in text
