"""Key stores and DER without the extra: the commands of the error make what dekaf reads."""

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from dekaf import ConfigError, ProducerConfig, Security
from dekaf.testing import Broker
from tests.store_files import (
    STORE,
    produce,
    to_jks,
    to_pkcs12,
    trust_in_der,
    trust_in_jks,
    trust_in_pkcs12,
)

KEY = "of-the-key"  # a password
Making = Callable[[Path, bytes, bytes], None]


def remedy(given: dict[str, Any]) -> tuple[str, str]:
    """Return the command of the error, and what to give then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cryptography", None)
        with pytest.raises(ConfigError) as caught:
            Security.tls(**given)
    assert str(caught.value).endswith('pip install "dekaf[keystores]"')
    wanted = r"Convert it: (.*?)(?: \(with -legacy.*?\))?; then give (.*)"
    found = re.search(wanted, str(caught.value))
    assert found, caught.value
    return found[1], found[2]


def convert(command: str) -> None:
    """Run a command of a shell, and answer its questions."""
    for tool in ("openssl", "keytool"):
        if tool in command and shutil.which(tool) is None:
            pytest.skip(f"there is no {tool}, which the command uses")
    # OpenSSL asks on the terminal.
    answered = re.sub(
        r"openssl (pkcs12|pkcs8)", rf"openssl \1 -passin pass:{STORE} -passout pass:{KEY}", command
    )
    if "-nokeys" in answered:
        answered = answered.replace(f"-passout pass:{KEY}", "")
    done = subprocess.run(  # noqa: S602 - it is a line for a shell
        answered, shell=True, input=f"{STORE}\n" * 4, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{answered}\n{done.stdout}{done.stderr}"


IDENTITIES: dict[str, tuple[str, Making]] = {
    "PKCS#12": ("client.p12", to_pkcs12),
    "JKS": ("client.jks", to_jks),
    "names with spaces and quotes": ("it's a store.p12", to_pkcs12),
    "JKS by another name": ("client.p12", to_jks),
    "PKCS#12 by PEM's name": ("client.pem", to_pkcs12),
}


@pytest.mark.parametrize(("name", "make"), IDENTITIES.values(), ids=IDENTITIES)
def test_a_client_of_a_key_store(tmp_path: Path, name: str, make: Making) -> None:
    store = tmp_path / name
    with Broker(security=Security.tls(), client_certificates=True) as broker:
        assert broker.client_certificate
        certificate, key = (each.encode() for each in broker.client_certificate)
        make(store, certificate, key)
        before = store.read_bytes()
        command, then = remedy({"certificate": store})
        convert(command)
        assert store.read_bytes() == before
        assert "key_password=" in then
        made = made_of(then, "certificate")
        security = Security.tls(ca=broker.ca, certificate=made, key_password=KEY)
        asyncio.run(produce(broker, security))


def made_of(then: str, argument: str) -> str:
    """Return the file that is to be given."""
    found = re.match(rf"{argument}=('[^']*'|\"[^\"]*\")", then)
    assert found, then
    return shlex.split(found[1])[0]


TRUST: dict[str, tuple[str, Callable[[Path, bytes], None]]] = {
    "JKS": ("trust.jks", trust_in_jks),
    "JKS by PEM's name": ("ca.pem", trust_in_jks),
    "PKCS#12": ("trust.p12", trust_in_pkcs12),
    "DER": ("ca.der", trust_in_der),
    "DER by PEM's name": ("ca.pem", trust_in_der),
}


@pytest.mark.parametrize(("name", "make"), TRUST.values(), ids=TRUST)
def test_authorities_of_a_key_store(
    tmp_path: Path, name: str, make: Callable[[Path, bytes], None]
) -> None:
    store = tmp_path / name
    with Broker(security=Security.tls()) as broker:
        assert broker.ca
        make(store, broker.ca.encode())
        before = store.read_bytes()
        command, then = remedy({"ca": store})
        convert(command)
        assert store.read_bytes() == before
        asyncio.run(produce(broker, Security.tls(ca=made_of(then, "ca"))))


FORMS = serialization.PrivateFormat
NONE = serialization.NoEncryption()
SEALED = serialization.BestAvailableEncryption(STORE.encode())
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
KEYS: dict[str, tuple[str, serialization.Encoding, serialization.PrivateFormat, Any]] = {
    "PKCS#8": ("client.key", DER, FORMS.PKCS8, NONE),
    "PKCS#8 by PEM's name": ("key.pem", DER, FORMS.PKCS8, NONE),
    "PKCS#8, encrypted": ("client.der", DER, FORMS.PKCS8, SEALED),
    "SEC 1": ("client.der", DER, FORMS.TraditionalOpenSSL, NONE),
    "an outdated encryption": ("client.key", PEM, FORMS.TraditionalOpenSSL, SEALED),
}


@pytest.mark.parametrize(("name", "encoding", "form", "encryption"), KEYS.values(), ids=KEYS)
def test_a_key(
    tmp_path: Path,
    name: str,
    encoding: serialization.Encoding,
    form: serialization.PrivateFormat,
    encryption: Any,
) -> None:
    file = tmp_path / name
    with Broker(security=Security.tls(), client_certificates=True) as broker:
        assert broker.client_certificate
        certificate, key = broker.client_certificate
        loaded = serialization.load_pem_private_key(key.encode(), None)
        file.write_bytes(loaded.private_bytes(encoding, form, encryption))
        before = file.read_bytes()
        command, then = remedy({"certificate": "c.pem", "key": file})
        convert(command)
        assert file.read_bytes() == before
        assert ("key_password=" in then) == (encryption is SEALED)
        given: dict[str, Any] = {"key_password": KEY} if encryption is SEALED else {}
        made = made_of(then, "key")
        security = Security.tls(ca=broker.ca, certificate=certificate, key=made, **given)
        asyncio.run(produce(broker, security))


def test_a_form_that_no_command_reads() -> None:
    properties = {
        "bootstrap.servers": "a:1",
        "security.protocol": "SSL",
        "ssl.truststore.location": "trust.bcfks",
        "ssl.truststore.type": "BCFKS",
    }
    with pytest.raises(ConfigError, match=r"is BCFKS.*Export PEM with the tool that made it"):
        ProducerConfig.from_properties(properties)
