"""The plan of one broker that has it all: every secured listener, access rules, tokens."""

from tests.kafka.certificates import Certificates
from tests.kafka.listeners import LISTENERS
from tests.kafka.plan import Plan
from tests.kafka.release import Release

PROXIED = ("SASL_PLAINTEXT_PROXIED", "SASL_SSL_PROXIED")


def secure_plan(version: str, certificates: Certificates) -> Plan:
    """Plan one broker; what no access rule forbids is allowed.

    Its listeners that are PROXIED can be reached through a `FaultProxy` or `LoginLimit` only.
    """
    return Plan(
        version=version,
        listeners=[name for name in LISTENERS if name != "PROXIED"],
        proxied=PROXIED,
        certificates=certificates,
        settings={
            "num.network.threads": 1,  # of each listener
            "authorizer.class.name": Release(version).authorizer,
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "true",
            **_tokens(Release(version)),
        },
    )


def _tokens(release: Release) -> dict[str, object]:
    key = (
        "delegation.token.secret.key" if release.number >= (2, 8) else "delegation.token.master.key"
    )
    return {key: "token-key"} if release.number >= (1, 1) else {}
