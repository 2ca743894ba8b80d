"""What a configuration reads from the environment of its process, and what a pickle keeps of it."""

import pickle
from collections.abc import Mapping

import pytest

from dekaf import ConfigError, ProducerConfig, Security


def assert_read_anew(
    monkeypatch: pytest.MonkeyPatch,
    environment: Mapping[str, str],
    security: Security,
    variable: str,
) -> None:
    """See that a pickle holds no secret, but the name of the `variable` that it is read from."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = ProducerConfig.from_env()
    assert config.security == security
    pickled = pickle.dumps(config)
    assert environment[variable].encode() not in pickled
    assert pickle.loads(pickled) == config  # noqa: S301 - just made
    monkeypatch.delenv(variable)
    with pytest.raises(ConfigError, match=f"{variable} is not set in the environment of"):
        pickle.loads(pickled)  # noqa: S301 - likewise
