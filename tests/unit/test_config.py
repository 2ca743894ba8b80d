"""Settings: what cannot work raises at construction, by the setting's name."""

import ast
import copy
import dataclasses
import inspect
import itertools
import pickle
import textwrap
from typing import Any

import pytest

from dekaf import (
    Acks,
    ConfigError,
    DekafError,
    Producer,
    ProducerBuilder,
    ProducerConfig,
    SyncProducer,
)
from dekaf._settings import SETTINGS, ConfigSettings, ProducerSettings

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (None, {}, "bootstrap_servers must be str"),
    (9092, {}, "bootstrap_servers must be str"),
    (b"localhost:9092", {}, "bootstrap_servers must be str"),
    ([b"localhost:9092"], {}, "bootstrap_servers must name servers as str, not bytes"),
    ("", {}, "bootstrap_servers is empty"),
    ([], {}, "bootstrap_servers is empty"),
    ("localhost", {}, '"localhost" has no port; write "host:port"'),
    ({"bootstrap.servers": "a:1"}, {}, r"not a mapping: .* from_config\(.*from_properties"),
    (["a:1", "b"], {}, '"b" has no port'),
    ("kafka://a:1", {}, "is a URL"),
    ("a:1", {"client_id": 5}, "client_id must be str, not int"),
    ("a:1", {"client_id": "c" * 40_000}, "client_id is longer than"),
    ("a:1", {"linger_ms": "5"}, "linger_ms must be milliseconds as int, not str"),
    ("a:1", {"linger_ms": True}, "linger_ms must be milliseconds as int, not bool"),
    ("a:1", {"linger_ms": None}, "linger_ms must be milliseconds as int, not NoneType"),
    ("a:1", {"linger_ms": -1}, "linger_ms=-1 is out of range"),
    ("a:1", {"batch_size": 0}, "batch_size=0 is out of range"),
    ("a:1", {"batch_size": 10**12}, "batch_size=1000000000000 is out of range"),
    ("a:1", {"buffer_memory": 0}, "buffer_memory=0 is out of range"),
    ("a:1", {"buffer_memory": 2**63}, "buffer_memory=9223372036854775808 is out of range"),
    ("a:1", {"max_in_flight": 0}, "max_in_flight=0 is out of range"),
    ("a:1", {"max_waiting": -1}, "max_waiting=-1 is out of range"),
    ("a:1", {"max_waiting": "many"}, "max_waiting must be messages as int or None, not str"),
    ("a:1", {"max_block_ms": -1}, "max_block_ms=-1 is out of range"),
    ("a:1", {"send_block_ms": 0.25}, "send_block_ms must be milliseconds as int, not float"),
    ("a:1", {"compression": None}, "compression must be str, not NoneType"),
    ("a:1", {"compression": "brotli"}, 'compression: "brotli" is not a codec; use "none", "gzip"'),
    ("a:1", {"compression_level": 5}, "compression_level: 5 is not allowed; it needs a comp"),
    ("a:1", {"compression": "lz4", "compression_level": 5}, "lz4 has one level"),
    ("a:1", {"compression": "snappy", "compression_level": 5}, "snappy has no levels"),
    ("a:1", {"compression": "gzip", "compression_level": 10}, r"gzip takes 1 \(fastest\) to 9"),
    ("a:1", {"compression_level": "best"}, "compression_level must be a level as int or None"),
    ("a:1", {"partitioner": "murmur"}, 'partitioner: "murmur" is not a partitioner; use "murmur2"'),
    ("a:1", {"partitioner": 1}, "partitioner must be str or a function .*, not int"),
    ("a:1", {"idempotence": "no"}, "idempotence must be True or False, not str"),
    ("a:1", {"gapless": 1}, "gapless must be True or False, not int"),
    ("a:1", {"on_full": "drop"}, 'on_full=\'drop\' is not allowed: use "wait" or "raise"'),
    ("a:1", {"on_full": []}, r"on_full=\[\] is not allowed"),
    ("a:1", {"on_full": "raise", "max_waiting": 5}, 'max_waiting=5 contradicts on_full="raise"'),
    ("a:1", {"on_error": "print"}, "on_error must be a function that takes an error or None"),
    ("a:1", {"key_serializer": 5}, 'key_serializer must be "bytes", "str", .*, not int'),
    ("a:1", {"value_serializer": "jsn"}, "value_serializer: 'jsn' is no .*; did you mean 'json'"),
    ("a:1", {"value_serializer": "avro!"}, "value_serializer: 'avro!' is no serializer; use"),
    ("a:1", {"request_timeout_ms": 0}, "request_timeout_ms=0 is out of range"),
    # Contradictions.
    ("a:1", {"delivery_timeout_ms": 100}, "delivery_timeout_ms=100 is less than"),
    ("a:1", {"retry_backoff_ms": 2000}, "retry_backoff_max_ms=1000 is less than"),
    ("a:1", {"acks": "leader", "idempotence": True}, 'acks="leader" contradicts idempotence=True'),
    ("a:1", {"acks": 0, "idempotence": True}, 'acks="none" contradicts idempotence=True'),
    ("a:1", {"max_in_flight": 6}, "max_in_flight=6 contradicts idempotence: .* lower it"),
    ("a:1", {"acks": "none", "gapless": True}, 'acks="none" contradicts gapless=True'),
    (
        "a:1",
        {"idempotence": False, "max_in_flight": 2, "gapless": True},
        "max_in_flight=2 without idempotence contradicts gapless=True",
    ),
    (
        "a:1",
        {"buffer_memory": 1_000, "batch_size": 1_001},
        "batch_size=1001 is more than buffer_memory=1000",
    ),
    (
        "a:1",
        {"buffer_memory": 1_000, "max_request_size": 1_001},
        "max_request_size=1001 is more than buffer_memory=1000",
    ),
    # Names.
    ("a:1", {"lingr_ms": 5}, "'lingr_ms' is not a setting; did you mean 'linger_ms'"),
    ("a:1", {"linger": 5}, "did you mean 'linger_ms'"),
    ("a:1", {"linger.ms": 5}, "'linger.ms' is not a setting; did you mean 'linger_ms'"),
    ("a:1", {"compression_type": "lz4"}, "did you mean 'compression'"),
    ("a:1", {"enable_idempotence": True}, "did you mean 'idempotence'"),
    ("a:1", {"allow_reordering": True}, "'allow_reordering' is not a setting"),
    ("a:1", {"flavour": "sour"}, r"'flavour' is not a setting; help\(dekaf.ProducerConfig\)"),
    ("a:1", {"security": "SASL_SSL"}, r"security must be made by Security\.tls\(\), .*, not str"),
    ("a:1", {"security": {}}, "security must be made by .* or None, not dict"),
    (
        "a:1",
        {"ssl_cafile": "ca.pem"},
        r'give security=, as in security=Security.tls\(ca="ca.pem"\)',
    ),
    ("a:1", {"sasl_plain_password": "p"}, r"'sasl_plain_password' is not .*Security.sasl_scram\("),
    ("a:1", {"security_protocol": "SSL"}, "'security_protocol' is not a setting; give security="),
    ("alice:secret@a:1", {}, r'bootstrap_servers has a login in it \("@"\)'),
    ("a:1", {"connections_max_idle_ms": 0}, "connections_max_idle_ms=0 is out of range: 1000 to"),
    ("a:1", {"transactional_id": "t"}, "transactional_id: this version .* not support it yet"),
    ("a:1", {"transaction_timeout_ms": 5}, "transaction_timeout_ms: this version .* not supp"),
]


@pytest.mark.parametrize("door", [Producer, ProducerConfig])
@pytest.mark.parametrize(("servers", "settings", "match"), REFUSED)
def test_refused(door: Any, servers: Any, settings: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        door(servers, **settings)
    assert isinstance(caught.value, DekafError)
    assert isinstance(caught.value, ValueError)


SERVERS: list[tuple[Any, str]] = [
    ("a:1", "a:1"),
    ("a:1,b:2", "a:1,b:2"),
    (" a:1 , b:2,", "a:1,b:2"),
    (["a:1", "b:2"], "a:1,b:2"),
    (("[::1]:9092",), "[::1]:9092"),
    (iter(["a:1", "b:2,c:3"]), "a:1,b:2,c:3"),
]


@pytest.mark.parametrize(("servers", "resolved"), SERVERS)
def test_servers(servers: Any, resolved: str) -> None:
    assert ProducerConfig(servers).bootstrap_servers == resolved


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        (Acks.ALL, Acks.ALL),
        ("all", Acks.ALL),
        (-1, Acks.ALL),
        (Acks.LEADER, Acks.LEADER),
        ("leader", Acks.LEADER),
        (1, Acks.LEADER),
        (Acks.NONE, Acks.NONE),
        ("none", Acks.NONE),
        (0, Acks.NONE),
    ],
)
def test_acks(given: Any, resolved: Acks) -> None:
    config = ProducerConfig("a:1", acks=given)
    assert config.acks is resolved
    assert config.idempotence is (resolved is Acks.ALL)


@pytest.mark.parametrize("given", [True, False, 2, 1.0, "1", "-1", "ALL", "quorum", None, []])
def test_no_acks(given: Any) -> None:
    with pytest.raises(ConfigError, match=r"acks=.* is not allowed: use Acks\.ALL"):
        ProducerConfig("a:1", acks=given)


# (given, idempotence, whether order was given up)
GUARANTEES: list[tuple[dict[str, Any], bool, bool]] = [
    ({}, True, False),
    ({"idempotence": True}, True, False),
    ({"max_in_flight": 3}, True, False),
    ({"idempotence": False}, False, False),
    ({"acks": "leader"}, False, False),
    ({"acks": "leader", "idempotence": False}, False, False),
    ({"acks": "leader", "max_in_flight": 5}, False, True),
    ({"idempotence": False, "max_in_flight": 100}, False, True),
]


@pytest.mark.parametrize(("given", "idempotence", "reordering"), GUARANTEES)
def test_guarantees(given: dict[str, Any], idempotence: bool, reordering: bool) -> None:
    config = ProducerConfig("a:1", **given)
    assert config.idempotence is idempotence
    assert config.allow_reordering is reordering


def test_the_defaults_are_those_of_the_documentation() -> None:
    config = dataclasses.asdict(ProducerConfig("a:1"))
    assert config == {
        "bootstrap_servers": "a:1",
        "security": None,
        "client_id": "dekaf",
        "acks": Acks.ALL,
        "idempotence": True,
        "linger_ms": 5,
        "batch_size": 65_536,
        "compression": "none",
        "compression_level": None,
        "max_in_flight": 5,
        "buffer_memory": 64 * 1024 * 1024,
        "max_request_size": 1024 * 1024,
        "partitioner": "murmur2",
        "delivery_timeout_ms": 120_000,
        "request_timeout_ms": 30_000,
        "metadata_timeout_ms": 10_000,
        "retry_backoff_ms": 100,
        "retry_backoff_max_ms": 1_000,
        "max_block_ms": 60_000,
        "send_block_ms": 250,
        "on_full": "wait",
        "max_waiting": None,
        "exit_timeout_ms": 10_000,
        "metadata_max_age_ms": 300_000,
        "metadata_max_idle_ms": 3_600_000,
        "connections_max_idle_ms": 180_000,
        "gapless": False,
        "key_serializer": None,
        "value_serializer": None,
        "on_error": None,
        "allow_reordering": False,
    }


def test_one_list_of_settings() -> None:
    """What editors complete, what a configuration holds and what a builder sets are the same."""
    fields = {each.name for each in dataclasses.fields(ProducerConfig) if each.init}
    assert set(SETTINGS) == fields
    assert set(ConfigSettings.__annotations__) == fields - {"bootstrap_servers"}
    apart = {"bootstrap_servers", "key_serializer", "value_serializer"}
    assert set(ProducerSettings.__annotations__) == fields - apart
    methods = {name for name in vars(ProducerBuilder) if not name.startswith("_")}
    others = {"build", "config", "gzip", "snappy", "lz4", "zstd"}
    presets = {name for name in vars(ProducerConfig) if name.startswith("for_")}
    assert methods == set(ConfigSettings.__annotations__) | others | presets


def test_every_setting_is_documented() -> None:
    """Editors show the text below a field."""
    (class_,) = ast.parse(textwrap.dedent(inspect.getsource(ProducerConfig))).body
    assert isinstance(class_, ast.ClassDef)
    documented = {
        field.target.id
        for field, text in itertools.pairwise(class_.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
    assert documented == {each.name for each in dataclasses.fields(ProducerConfig)}


def test_little_memory_needs_no_other_setting() -> None:
    config = ProducerConfig("a:1", buffer_memory=10_000)
    assert config.batch_size == 65_536


def test_it_is_frozen() -> None:
    config = ProducerConfig("a:1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.linger_ms = 1  # type: ignore[misc]


def test_only_servers_go_by_position() -> None:
    door: Any = ProducerConfig
    with pytest.raises(TypeError, match="positional"):
        door("a:1", "client")


def test_a_copy_resolves_anew_what_was_not_given() -> None:
    config = ProducerConfig("a:1", linger_ms=7)
    leader = config.replace(acks="leader")
    assert (leader.acks, leader.idempotence, leader.linger_ms) == (Acks.LEADER, False, 7)
    assert leader.replace(acks="all") == config
    assert config.acks is Acks.ALL
    with pytest.raises(ConfigError, match="contradicts idempotence=True"):
        ProducerConfig("a:1", idempotence=True).replace(acks="leader")
    with pytest.raises(ConfigError, match="did you mean 'linger_ms'"):
        config.replace(lingerms=3)  # type: ignore[call-arg]
    assert config.replace(bootstrap_servers=["b:2"]).bootstrap_servers == "b:2"
    assert config.replace() == config


def test_equality() -> None:
    one, same = (ProducerConfig("a:1", value_serializer="json") for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != one.replace(linger_ms=6)
    assert one.replace(linger_ms=5) == one
    # The same number, but not the same promise.
    assert ProducerConfig("a:1", acks=1) != ProducerConfig("a:1", acks=1, max_in_flight=5)


SHOWN: list[tuple[dict[str, Any], str]] = [
    ({}, "ProducerConfig('a:1,b:2')"),
    ({"linger_ms": 5}, "ProducerConfig('a:1,b:2')"),
    ({"linger_ms": 6, "gapless": True}, "ProducerConfig('a:1,b:2', linger_ms=6, gapless=True)"),
    ({"acks": 1}, "ProducerConfig('a:1,b:2', acks=Acks.LEADER, idempotence=False)"),
    (
        {"idempotence": False, "max_in_flight": 5},
        "ProducerConfig('a:1,b:2', idempotence=False, max_in_flight=5)",
    ),
]


@pytest.mark.parametrize(("given", "shown"), SHOWN)
def test_repr(given: dict[str, Any], shown: str) -> None:
    config = ProducerConfig(["a:1", "b:2"], **given)
    assert repr(config) == shown
    assert eval(shown, {"ProducerConfig": ProducerConfig, "Acks": Acks}) == config  # noqa: S307 - written above


def notice(error: Exception) -> None:
    """Do nothing; it pickles by its name."""


def test_it_pickles() -> None:
    config = ProducerConfig(
        "a:1", acks="leader", max_in_flight=2, on_error=notice, key_serializer=str.encode
    )
    for other in (pickle.loads(pickle.dumps(config)), copy.copy(config), copy.deepcopy(config)):  # noqa: S301 - just made
        assert other == config
        assert other.allow_reordering
        # What was given is remembered, and nothing else.
        assert other.replace(acks="all").idempotence


PRESETS: list[tuple[Any, dict[str, Any]]] = [
    (
        ProducerConfig.for_high_throughput,
        {
            "acks": Acks.LEADER,
            "idempotence": False,
            "linger_ms": 20,
            "batch_size": 256 * 1024,
            "compression": "lz4",
            "buffer_memory": 256 * 1024 * 1024,
        },
    ),
    (ProducerConfig.for_low_latency, {"linger_ms": 0, "retry_backoff_ms": 20}),
    (
        ProducerConfig.for_reliability,
        {"delivery_timeout_ms": 600_000, "metadata_timeout_ms": 60_000, "exit_timeout_ms": 60_000},
    ),
    (
        ProducerConfig.for_event_hubs,
        {
            "max_request_size": 1_000_000,
            "metadata_max_age_ms": 180_000,
            "request_timeout_ms": 60_000,
        },
    ),
]


@pytest.mark.parametrize(("preset", "changes"), PRESETS)
def test_presets(preset: Any, changes: dict[str, Any]) -> None:
    config = dataclasses.asdict(preset("a:1"))
    default = dataclasses.asdict(ProducerConfig("a:1"))
    assert {name: value for name, value in config.items() if value != default[name]} == changes
    assert not config["allow_reordering"], "no preset gives up the order"


def test_overrides_win_over_a_preset() -> None:
    config = ProducerConfig.for_high_throughput("a:1", acks="all", linger_ms=3)
    assert (config.acks, config.idempotence, config.linger_ms) == (Acks.ALL, True, 3)
    assert config.compression == "lz4"
    with pytest.raises(ConfigError, match="did you mean 'linger_ms'"):
        ProducerConfig.for_low_latency("a:1", lingerms=3)  # type: ignore[call-arg]


def test_a_producer_shows_its_configuration() -> None:
    config = ProducerConfig("a:1", acks="leader")
    assert Producer.from_config(config).config is config
    producer = Producer("a:1", acks="leader", value_serializer="json")
    assert producer.config == config.replace(value_serializer="json")

    class Mine(Producer):
        pass

    assert type(Mine.from_config(config)) is Mine


@pytest.mark.parametrize("door", [Producer.from_config, SyncProducer.from_config])
def test_only_a_configuration_is_one(door: Any) -> None:
    with pytest.raises(TypeError, match="config must be a ProducerConfig, not dict"):
        door({"bootstrap_servers": "a:1"})
