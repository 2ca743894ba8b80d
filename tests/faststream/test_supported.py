"""Which FastStream this works with, and what it takes of FastStream's insides.

A release that moves any of it fails here, and says what moved.
"""

import importlib
import importlib.metadata
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import faststream.kafka
import pytest
from faststream.response.publish_type import PublishType

import dekaf.faststream
from dekaf.faststream import _supported

ROOT = Path(__file__).parents[2]
NOW = importlib.metadata.version("faststream")


def test_the_installed_one_is_supported() -> None:
    _supported.check()
    assert _supported.OLDEST <= tuple(map(int, NOW.split(".")[:3])) < _supported.BEFORE


def dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


@pytest.mark.parametrize(
    "version", ["0.6.7", "0.7.0", "0.8.0", "0.8.0rc1", "1.0.0", "0.7", "0.10.1"]
)
def test_others_are_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(_supported, "version", lambda _: version)
    wanted = f">={dotted(_supported.OLDEST)},<{dotted(_supported.BEFORE)}"
    with pytest.raises(ImportError) as caught:
        _supported.check()
    assert f"{version} is installed" in str(caught.value)
    assert f"pip install 'faststream[kafka]{wanted}'" in str(caught.value)


@pytest.mark.parametrize("version", ["0.7.8", "0.7.99", "0.7.9rc1", "0.7.8.post1"])
def test_newer_ones_of_the_same_kind_are_welcome(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(_supported, "version", lambda _: version)
    _supported.check()


def test_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(_supported, "version", missing)
    with pytest.raises(ImportError, match=r"pip install 'dekaf\[faststream\]'"):
        _supported.check()


def test_dekaf_itself_needs_none() -> None:
    code = (
        "import sys; sys.modules['faststream'] = sys.modules['aiokafka'] = None; import dekaf; "
        "import dekaf.testing; print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fine\n"


def test_the_package_says_the_same() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = f"faststream[kafka]>={dotted(_supported.OLDEST)},<{dotted(_supported.BEFORE)}"
    assert project["optional-dependencies"]["faststream"] == [wanted]


def test_it_has_all_that_faststreams_page_has() -> None:
    missing = set(faststream.kafka.__all__) - set(dekaf.faststream.__all__)
    assert not missing, f"faststream.kafka has {missing}, and dekaf.faststream does not"
    for name in dekaf.faststream.__all__:
        assert getattr(dekaf.faststream, name) is not None


# What dekaf.faststream overrides, calls or reads, with the parameters that it counts on.
CONTRACT: dict[str, list[str]] = {
    "faststream._internal.broker.pub_base:BrokerPublishMixin._basic_publish": ["cmd", "producer"],
    "faststream._internal.broker.pub_base:BrokerPublishMixin._basic_publish_batch": [
        "cmd",
        "producer",
    ],
    "faststream._internal.endpoint.publisher:PublisherUsecase._basic_publish": [
        "cmd",
        "producer",
        "_extra_middlewares",
    ],
    "faststream._internal.endpoint.publisher:PublisherUsecase._basic_publish_batch": [
        "cmd",
        "producer",
        "_extra_middlewares",
    ],
    "faststream._internal.endpoint.utils:ParserComposition": ["custom_func", "default_func"],
    "faststream._internal.parser:BatchCodecProto.encode_batch": ["msgs", "serializer"],
    "faststream._internal.parser:CodecProto.encode": ["msg", "serializer"],
    "faststream._internal.parser:DefaultCodec": [],
    "faststream._internal.testing.broker:change_producer": ["config", "producer"],
    "faststream.kafka.broker.broker:KafkaBroker._connect": [],
    "faststream.kafka.broker.broker:KafkaBroker.publish": [
        "message",
        "topic",
        "key",
        "partition",
        "timestamp_ms",
        "headers",
        "correlation_id",
        "reply_to",
        "no_confirm",
    ],
    "faststream.kafka.broker.broker:KafkaBroker.publish_batch": [
        "messages",
        "topic",
        "partition",
        "timestamp_ms",
        "headers",
        "reply_to",
        "correlation_id",
        "no_confirm",
    ],
    "faststream.kafka.broker.registrator:KafkaRegistrator.include_router": ["router"],
    "faststream.kafka.broker.registrator:KafkaRegistrator.publisher": ["topic", "batch"],
    "faststream.kafka.parser:AioKafkaParser": ["msg_class", "regex"],
    "faststream.kafka.publisher.producer:AioKafkaFastProducer.connect": [
        "producer",
        "serializer",
        "codec",
    ],
    "faststream.kafka.publisher.producer:AioKafkaFastProducer.disconnect": [],
    "faststream.kafka.publisher.producer:AioKafkaFastProducer.flush": [],
    "faststream.kafka.publisher.producer:AioKafkaFastProducer.publish": ["cmd"],
    "faststream.kafka.publisher.producer:AioKafkaFastProducer.publish_batch": ["cmd"],
    "faststream.kafka.publisher.usecase:BatchPublisher._publish": ["cmd", "_extra_middlewares"],
    "faststream.kafka.publisher.usecase:BatchPublisher.publish": [
        "messages",
        "topic",
        "key",
        "partition",
        "timestamp_ms",
        "headers",
        "reply_to",
        "correlation_id",
        "no_confirm",
    ],
    "faststream.kafka.publisher.usecase:DefaultPublisher._publish": ["cmd", "_extra_middlewares"],
    "faststream.kafka.publisher.usecase:DefaultPublisher.publish": [
        "message",
        "topic",
        "key",
        "partition",
        "timestamp_ms",
        "headers",
        "correlation_id",
        "reply_to",
        "no_confirm",
    ],
    "faststream.kafka.response:KafkaPublishCommand": [
        "message",
        "messages",
        "topic",
        "_publish_type",
        "key",
        "partition",
        "timestamp_ms",
        "headers",
        "correlation_id",
        "reply_to",
        "no_confirm",
        "timeout",
    ],
    "faststream.kafka.response:KafkaPublishCommand.from_cmd": ["cmd", "batch"],
    "faststream.kafka.response:KafkaPublishCommand.headers_to_publish": [],
    "faststream.kafka.response:KafkaPublishCommand.key_for": ["index"],
    "faststream.kafka.response:KafkaResponse": [
        "body",
        "headers",
        "correlation_id",
        "timestamp_ms",
        "key",
    ],
    "faststream.kafka.security:parse_security": ["security"],
    "faststream.kafka.testing:FakeProducer": ["broker", "brokers"],
    "faststream.kafka.testing:FakeProducer._execute_handler": ["msg", "topic", "handler"],
    "faststream.kafka.testing:TestKafkaBroker._patch_producer": ["broker"],
    "faststream.kafka.testing:_find_handler": ["subscribers", "topic", "partition"],
    "faststream.message:encode_message": ["msg", "serializer"],
    "faststream.response.response:BatchPublishCommand": [
        "body",
        "bodies",
        "_publish_type",
        "reply_to",
        "destination",
        "correlation_id",
        "headers",
    ],
    "faststream.response.response:Response.get_publish_key": [],
}


@pytest.mark.parametrize("place", CONTRACT)
def test_what_it_takes_of_faststream_is_there(place: str) -> None:
    module, _, path = place.partition(":")
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        assert hasattr(found, name), f"FastStream {NOW} has no {name} in {place}"
        found = getattr(found, name)
    parameters = list(inspect.signature(found).parameters)
    missing = [name for name in CONTRACT[place] if name not in parameters]
    assert not missing, f"FastStream {NOW}: {place} takes {parameters}, and no {missing}"


# Where commands and publishers have more than this, dekaf's own would lose it.
WHOLE = {
    "message": "faststream.kafka.response:KafkaPublishCommand",
    "answer": "faststream.kafka.response:KafkaResponse",
    "publish": "faststream.kafka.broker.broker:KafkaBroker.publish",
    "publish_batch": "faststream.kafka.broker.broker:KafkaBroker.publish_batch",
    "publisher": "faststream.kafka.publisher.usecase:DefaultPublisher.publish",
    "publisher of batches": "faststream.kafka.publisher.usecase:BatchPublisher.publish",
}


@pytest.mark.parametrize("place", WHOLE.values(), ids=WHOLE.keys())
def test_messages_have_no_parts_that_dekaf_would_lose(place: str) -> None:
    module, _, path = place.partition(":")
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    added = set(inspect.signature(found).parameters) - set(CONTRACT[place]) - {"self"}
    assert not added, f"FastStream {NOW}: {place} takes {added}, too, and dekaf knows nothing of it"


def test_brokers_have_no_keywords_that_dekaf_would_lose() -> None:
    from dekaf.faststream._settings import BrokerSettings  # noqa: PLC0415 - it is no one's but ours

    theirs = set(inspect.signature(faststream.kafka.KafkaBroker.__init__).parameters)
    theirs -= {"self", "bootstrap_servers"}
    ours = set(BrokerSettings.__annotations__)
    assert theirs <= ours, f"FastStream {NOW} has {theirs - ours}; tell type checkers of it"


def test_a_broker_is_made_of_what_dekaf_replaces() -> None:
    """Attributes that no signature shows."""
    broker = faststream.kafka.KafkaBroker("nowhere:1", client_id="c")
    config = broker.config.broker_config
    for name in ("producer", "consumer_only", "broker_codec", "fd_config"):
        assert hasattr(config, name), f"FastStream {NOW}: a broker's config has no {name}"
    assert hasattr(config.fd_config, "_serializer"), f"FastStream {NOW}: no fd_config._serializer"
    assert callable(broker.config.id_generator)
    publisher = broker.publisher("out", batch=True, key=b"k", headers={"h": "1"}, partition=1)
    for name, value in {
        "topic": "out",
        "key": b"k",
        "headers": {"h": "1"},
        "partition": 1,
        "reply_to": "",
    }.items():
        assert getattr(publisher, name) == value, f"FastStream {NOW}: publisher.{name}"
    assert publisher._outer_config.producer is config.producer
    command = faststream.kafka.KafkaPublishCommand(
        faststream.kafka.KafkaPublishMessage("a", key=b"k"),
        "b",
        topic="t",
        _publish_type=PublishType.PUBLISH,
    )
    assert command._per_message_keys == (b"k", None)
    assert command.batch_bodies == ("a", "b")
    assert (command.destination, command.body, command.extra_bodies) == ("t", "a", ("b",))
