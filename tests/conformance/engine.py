"""A broker of either make, as a client on the wire sees it.

Requests are written and answers read by aiokafka's description of the protocol.
"""

import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka.protocol.admin import CreateTopicsRequest_v3
from aiokafka.protocol.api import RequestStruct
from aiokafka.protocol.commit import OffsetFetchRequest_v3
from aiokafka.protocol.coordination import FindCoordinatorRequest_v1
from aiokafka.protocol.metadata import MetadataRequest_v5
from aiokafka.protocol.offset import OffsetRequest_v1

from tests.kafka import wait_until

_CLIENT = "conformance"
_PATIENCE = 30.0  # seconds for an answer


class Connection:
    """Requests go out and answers come in, in order; what waits is nobody else's business."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self._stream = self._socket.makefile("rb")
        self._asked: list[RequestStruct] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, request: RequestStruct) -> None:
        header = request.build_request_header(correlation_id=7, client_id=_CLIENT)
        frame = header.encode() + request.encode()
        self._socket.sendall(len(frame).to_bytes(4) + frame)
        self._asked.append(request)

    def receive(self) -> Any:
        """Read the answer to the oldest request."""
        size = self._stream.read(4)
        if len(size) < 4:
            raise ConnectionError("the broker ended the connection")
        data = self._stream.read(int.from_bytes(size))
        return self._asked.pop(0).RESPONSE_TYPE.decode(data[4:])  # behind the correlation id

    def ask(self, request: RequestStruct) -> Any:
        self.send(request)
        return self.receive()


class Engine:
    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.port = int(servers.rpartition(":")[2])

    def connect(self) -> Connection:
        return Connection(self.port)

    def ask(self, request: RequestStruct) -> Any:
        """Ask on a connection of its own."""
        with self.connect() as connection:
            return connection.ask(request)

    def topic(self, name: str, error: int = 0) -> list[int] | None:
        """Return a topic's partitions, or None where Metadata says that error."""
        (found,) = self.ask(MetadataRequest_v5([name], False)).topics
        code, _, _, partitions = found
        if error:
            assert code == error, f"Metadata of {name!r}: error {code}, not {error}"
            return None
        return sorted(index for _, index, leader, *_ in partitions if leader > 0)

    def create_topic(
        self, name: str, *, partitions: int = 1, configs: Mapping[str, object] | None = None
    ) -> str:
        """Create a topic, and wait until it can be used."""
        settings = [(key, str(value)) for key, value in (configs or {}).items()]
        request = CreateTopicsRequest_v3([(name, partitions, 1, [], settings)], 30_000, False)
        ((_, code, message),) = self.ask(request).topic_errors
        assert code == 0, f"topic {name} was not created: error {code}: {message}"

        def leads() -> bool:
            """Kafka's brokers name a leader before it knows that it leads."""
            asked = [(name, [(index, -1) for index in range(partitions)])]
            ((_, found),) = self.ask(OffsetRequest_v1(-1, asked)).topics
            return all(error == 0 for _, error, *_ in found)

        wait_until(leads, what=f"{name} has its leaders")
        return name

    def find_coordinator(self, group: str) -> None:
        """Wait until somebody looks after groups: Kafka first makes a topic for that."""

        def found() -> bool:
            coordinator = self.ask(FindCoordinatorRequest_v1(group, 0))
            # Who is to be the coordinator may have to find out that it is.
            ready = self.ask(OffsetFetchRequest_v3(group, []))
            return bool(coordinator.error_code == ready.error_code == 0)

        wait_until(found, what=f"group {group} has a coordinator")
