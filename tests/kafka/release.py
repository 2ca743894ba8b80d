"""What differs between Kafka's releases, as far as starting and questioning a broker goes."""

import os
from dataclasses import dataclass
from typing import Literal

DEFAULT_VERSION = os.environ.get("DEKAF_KAFKA_VERSION", "4.3.1")

Mode = Literal["kraft", "zookeeper"]


@dataclass(frozen=True, slots=True)
class Release:
    version: str

    @property
    def number(self) -> tuple[int, ...]:
        """Enough of the version to compare by: (4, 3), (0, 11)."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    @property
    def pom(self) -> str:
        if self.number < (2, 3):
            return "pom-broker-before-2.3.xml"
        if self.number < (3, 1):
            return "pom-broker-before-3.1.xml"
        return "pom-broker.xml"

    @property
    def default_mode(self) -> Mode:
        # KRaft boots from 2.8 on, but has neither idempotence nor transactions before 3.0.
        return "kraft" if self.number >= (3, 0) else "zookeeper"

    @property
    def brings_logging(self) -> bool:
        """Whether log4j 1, which wants a configuration file, is among the broker's jars."""
        return self.number < (4, 0)

    @property
    def reads_bootstrap_checkpoint(self) -> bool:
        return self.number >= (3, 3)

    @property
    def creates_scram_users_at_format(self) -> bool:
        return self.number >= (3, 5)

    @property
    def reads_pem(self) -> bool:
        """Whether keystores may be PEM files whose private key is not encrypted."""
        return self.number >= (3, 0)

    @property
    def knows_tokens(self) -> bool:
        """Whether it has the mechanism OAUTHBEARER."""
        return self.number >= (2, 0)

    @property
    def verifies_tokens(self) -> bool:
        """Whether it can verify signed tokens by the keys that a server publishes (KIP-768)."""
        return self.number >= (3, 1)

    @property
    def authorizer(self) -> str:
        if self.default_mode == "kraft":
            return "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        if self.number >= (2, 4):
            return "kafka.security.authorizer.AclAuthorizer"
        return "kafka.security.auth.SimpleAclAuthorizer"

    @property
    def names_directories(self) -> bool:
        """Whether meta.properties has a directory.id."""
        return self.number >= (3, 7)

    @property
    def knows_zstd(self) -> bool:
        return self.number >= (2, 1)

    @property
    def dump_log_segments(self) -> str:
        package = "org.apache.kafka.tools" if self.number >= (4, 3) else "kafka.tools"
        return f"{package}.DumpLogSegments"

    @property
    def delegation_token_command(self) -> str:
        package = "org.apache.kafka.tools" if self.number >= (3, 8) else "kafka.admin"
        return f"{package}.DelegationTokenCommand"

    @property
    def dumps_batches(self) -> bool:
        """Whether DumpLogSegments prints batches in the form that the oracle reads."""
        return self.number >= (2, 8)

    @property
    def dumps_records(self) -> bool:
        """Whether DumpLogSegments prints records in the form that the oracle reads."""
        return self.number >= (3, 4)
