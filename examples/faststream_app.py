"""A FastStream application that publishes in batches: `python faststream_app.py [HOST:PORT]`.

Only its import of `KafkaBroker` tells that dekaf is beneath: `pip install 'dekaf[faststream]'`. It
can be run as any other, too: `faststream run faststream_app:app`.
"""

import asyncio
import sys

from faststream import FastStream, Logger
from faststream.kafka import KafkaMessage
from pydantic import BaseModel, Field, NonNegativeFloat

from dekaf.faststream import KafkaBroker, KafkaPublishMessage


class Data(BaseModel):
    data: NonNegativeFloat = Field(examples=[0.5], description="Float data example")


is_program = __name__ == "__main__" and len(sys.argv) > 1
broker = KafkaBroker(sys.argv[1] if is_program else "localhost:9092")
app = FastStream(broker)

decrease_and_increase = broker.publisher("output_data", batch=True)


@decrease_and_increase
@broker.subscriber("input_data_1", auto_offset_reset="earliest")
async def on_input_data_1(msg: Data, logger: Logger) -> tuple[Data, Data]:
    """Return a batch; the publisher above publishes it."""
    logger.info(msg)
    return Data(data=msg.data * 0.5), Data(data=msg.data * 2.0)


@broker.subscriber("input_data_2", auto_offset_reset="earliest")
async def on_input_data_2(msg: Data, logger: Logger) -> None:
    """Call the publisher instead."""
    logger.info(msg)
    await decrease_and_increase.publish(Data(data=msg.data * 0.5), Data(data=msg.data * 2.0))


async def main() -> None:
    outputs: asyncio.Queue[bytes] = asyncio.Queue()

    @broker.subscriber("output_data", auto_offset_reset="earliest")
    async def on_output(msg: KafkaMessage) -> None:
        await outputs.put(msg.body)

    async with broker:
        await broker.start()
        await broker.publish(Data(data=1.0), "input_data_1")
        await broker.publish(Data(data=2.0), "input_data_2")
        for _ in range(4):
            print(await outputs.get())
        # With dekaf, each message of a batch has a result, and may have a key and headers.
        keyed = KafkaPublishMessage("msg2", key=b"sensor-1", headers={"source": "roof"})
        print(await broker.publish_batch("msg1", keyed, topic="output_data"))


if __name__ == "__main__":
    asyncio.run(main())
