"""A broker that asks for client certificates, and key stores for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dekaf import Security
from dekaf.testing import Broker
from tests.store_files import make_stores


@pytest.fixture(scope="module")
def mtls_box() -> Iterator[Broker]:
    with Broker(security=Security.tls(), client_certificates=True) as broker:
        yield broker


@pytest.fixture(scope="module")
def stores(mtls_box: Broker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the stores of the box's client and of its authority."""
    path = tmp_path_factory.mktemp("stores")
    make_stores(path, mtls_box)
    return path
