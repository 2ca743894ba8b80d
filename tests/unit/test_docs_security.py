"""What docs/security.md shows is run, on the broker in the box."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import trustme

import dekaf
import dekaf.faststream
from dekaf import Producer, ProducerConfig, Security
from dekaf._security_names import part_of
from dekaf.testing import Broker
from dekaf.tokens import Oidc
from tests.store_files import STORE, make_stores

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
BLOCKS: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SECRET = "/run/secrets/kafka"  # noqa: S105 - the file of the page


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the files that the page names into the current directory."""
    authority = trustme.CA()
    client = authority.issue_cert("client")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    (tmp_path / "kafka").write_text("secret\n")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[ProducerConfig]:
    """Return the configurations of the producers that a block makes."""
    made: list[ProducerConfig] = []

    class Recorder(Producer):
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            made.append(self.config)

        @classmethod
        def from_config(cls, config: ProducerConfig) -> Any:
            made.append(config)
            return Producer.from_config(config)

    monkeypatch.setattr(dekaf, "Producer", Recorder)
    return made


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    code = block.replace(SECRET, "kafka").replace("changeit", STORE)
    exec(compile(code, "docs/security.md", "exec"), names)  # noqa: S102 - it is ours
    return names


async def produce(config: ProducerConfig) -> None:
    """Produce with a configuration, to a broker that asks for what it has."""
    security = config.security
    assert security is not None
    tls = security._core()["tls"]
    asks = tls is not None and tls["certificate"] is not None
    with Broker(security=security, client_certificates=asks) as broker:
        own = config.replace(bootstrap_servers=broker.bootstrap_servers, security=broker.security)
        await produce_with(own)
        broker.assert_published("orders", times=1)


async def produce_with(config: ProducerConfig) -> None:
    async with Producer.from_config(config) as producer:
        await producer.produce("orders", b"v")


def test_every_block_is_run_here() -> None:
    assert len(BLOCKS) == 6
    assert SECRET in PAGE


def test_the_ways_to_connect(configs: list[ProducerConfig]) -> None:
    run(BLOCKS[0])
    assert len(configs) == BLOCKS[0].count('Producer("')
    for config in configs:
        asyncio.run(produce(config))


def test_key_stores(configs: list[ProducerConfig], tmp_path: Path) -> None:
    """The names of the page are files of the box, in the forms that they are called by."""
    with Broker(security=Security.tls(), client_certificates=True) as broker:
        make_stores(tmp_path, broker)
        (tmp_path / "client.jks").rename(tmp_path / "keystore.jks")
        (tmp_path / "trust.p12").rename(tmp_path / "truststore.p12")
        run(BLOCKS[1])
        [config] = configs
        own = config.replace(bootstrap_servers=broker.bootstrap_servers)
        asyncio.run(produce_with(own))
        broker.assert_published("orders", times=1)


def test_tokens(configs: list[ProducerConfig]) -> None:
    run(BLOCKS[2])
    assert len(configs) == BLOCKS[2].count('Producer("')
    for config in configs:
        assert config.security is not None
        assert config.security._core()["sasl"]["mechanism"] == "OAUTHBEARER"


def test_tokens_of_other_clients(configs: list[ProducerConfig]) -> None:
    run(BLOCKS[3])
    [config] = configs
    oidc = Oidc("https://login.example.com/token", "client-id", "client-secret", scope="kafka")
    pool = {"logicalCluster": "lkc-1", "identityPoolId": "pool-1"}
    assert config.security == Security.sasl_oauthbearer(oidc, extensions=pool)


def test_a_cloud(configs: list[ProducerConfig]) -> None:
    run(BLOCKS[4])
    [config] = configs
    assert config.connections_max_idle_ms == 180_000
    assert config.max_request_size == 1_000_000
    asyncio.run(produce(config))


def test_faststream() -> None:
    broker = run(BLOCKS[5])["broker"]
    assert isinstance(broker, dekaf.faststream.KafkaBroker)


def cells(heading: str) -> list[list[str]]:
    """Return the rows of the table with this heading."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table[1].splitlines()]


WAYS = [re.findall("`([^`]+)`", say)[:1] for _, say in cells("you want")]


@pytest.mark.parametrize("way", [code for [code] in filter(None, WAYS)])
def test_what_to_say(way: str) -> None:
    call = way if way.startswith("Security.") else f'Security.sasl_plain("alice", "secret", {way})'
    names = {"Security": Security, "token_id": "id", "hmac": "aGFzaA==", "token": "a.b.c"}
    made = eval(call, names)  # noqa: S307 - ours
    assert isinstance(made, Security)


HEADINGS = ("Java, librdkafka, aiokafka, kafka-python", "token settings of other clients")


def test_settings_of_other_clients_are_known() -> None:
    names = [
        name.partition("=")[0]
        for heading in HEADINGS
        for theirs, *_ in cells(heading)
        for name in re.findall("`([^`]+)`", theirs)
        if re.match(r"(sasl|ssl|https|oauth|security|enable)[._]", name)
    ]
    assert len(names) > 35
    for name in names:
        spelt = name.replace("_", ".").replace("(s)", "")
        assert part_of(spelt) not in {None, "advice", "ignored"}, name


@pytest.mark.parametrize("name", [row[0].strip("`") for row in cells("error")])
def test_errors_that_are_named_exist(name: str) -> None:
    assert issubclass(getattr(dekaf, name), dekaf.DekafError)
