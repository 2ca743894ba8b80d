"""FastStream's broker with dekaf beneath, before the broker in the box and before Apache Kafka."""

import pytest

pytest.register_assert_rewrite("tests.producer.conftest")

from tests.producer.conftest import Target, target  # noqa: E402 - behind what rewrites it

__all__ = ["Target", "target"]
