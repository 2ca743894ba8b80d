"""Logins by tokens under the names of other clients, from mappings, files and the environment."""

import functools
import pickle
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from dekaf import ConfigError, ProducerConfig, Security
from dekaf._tokens.provider import read
from dekaf._tokens.token import Token
from dekaf.tokens import Google, MskIam, Oidc
from tests.canaries import Seen
from tests.unit.cloud_services import Reply, Service, leave_clouds, serve
from tests.unit.environments import assert_read_anew

URL = "https://login.example.com/token"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."  # noqa: S105 - of a made-up user
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
OAUTH = "org.apache.kafka.common.security.oauthbearer"
MODULE = f"{OAUTH}.OAuthBearerLoginModule required"
HANDLER = f"{OAUTH}.OAuthBearerLoginCallbackHandler"
IAM = "software.amazon.msk.auth.iam"
IAM_MODULE = f"{IAM}.IAMLoginModule required"
ROLE = "arn:aws:iam::123456789012:role/producer"
MSK = "b-1.orders.abc123.c8.kafka.eu-west-1.amazonaws.com:9098"

BASE = {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"}
ENDPOINT = {**BASE, "sasl.oauthbearer.token.endpoint.url": URL}
OIDC = {
    **ENDPOINT,
    "sasl.oauthbearer.client.id": "id",
    "sasl.oauthbearer.client.secret": "secret",
}
AWS = {"security.protocol": "SASL_SSL", "sasl.mechanism": "AWS_MSK_IAM", "bootstrap.servers": MSK}

bearer = Security.sasl_oauthbearer


def a_token() -> str:
    return TOKEN


def callback(config: str) -> tuple[str, float, str, dict[str, str]]:
    """Return what an oauth_cb of confluent-kafka does."""
    return TOKEN, 4e9, "alice", {"config": config or "none"}


class Tokens:
    """A provider as aiokafka and kafka-python take it."""

    def token(self) -> str:
        return TOKEN


TOKENS = Tokens()


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    with serve() as service:
        leave_clouds(monkeypatch, tmp_path, service)
        yield service


def given(properties: dict[str, Any]) -> Security:
    config = ProducerConfig.from_properties({"bootstrap.servers": "a:1", **properties})
    assert config.security is not None
    return config.security


def asked(security: Security) -> Token:
    """Ask the provider of a login for a token."""
    token: Token = read(security._core()["sasl"]["provider"])
    return token


POOL = {"logicalCluster": "lkc-1", "identityPoolId": "pool-1,pool-2"}

READ: list[tuple[dict[str, Any], Security]] = [
    # librdkafka's, as Confluent Cloud shows them.
    (
        {
            **OIDC,
            "sasl.oauthbearer.method": "OIDC",
            "sasl.oauthbearer.scope": "kafka",
            "sasl.oauthbearer.extensions": "logicalCluster=lkc-1,identityPoolId=pool-1\\,pool-2",
            "https.ca.location": "https.pem",
            "ssl.ca.location": "ca.pem",
        },
        bearer(
            Oidc(URL, "id", "secret", scope="kafka", ca="https.pem"), extensions=POOL, ca="ca.pem"
        ),
    ),
    (
        {**OIDC, "sasl.oauthbearer.grant.type": "client_credentials"},
        bearer(Oidc(URL, "id", "secret")),
    ),
    (
        {**OIDC, "sasl.oauthbearer.extensions": POOL},
        bearer(Oidc(URL, "id", "secret"), extensions=POOL),
    ),
    ({**OIDC, "https.ca.location": "probe"}, bearer(Oidc(URL, "id", "secret"))),
    ({**OIDC, "https.ca.pem": CERTIFICATE}, bearer(Oidc(URL, "id", "secret", ca=CERTIFICATE))),
    ({**OIDC, "sasl.oauthbearer.client.secret": Path("/s")}, bearer(Oidc(URL, "id", Path("/s")))),
    (
        {
            **ENDPOINT,
            "sasl.oauthbearer.grant.type": JWT_BEARER,
            "sasl.oauthbearer.assertion.file": "/run/jwt",
            "sasl.oauthbearer.assertion.algorithm": "RS256",
        },
        bearer(Oidc(URL, assertion=Path("/run/jwt"))),
    ),
    # The Java client's.
    (
        {
            **ENDPOINT,
            "sasl.oauthbearer.client.credentials.client.id": "id",
            "sasl.oauthbearer.client.credentials.client.secret": "secret",
            "sasl.oauthbearer.header.urlencode": "true",
            "sasl.oauthbearer.jwt.retriever.class": f"{OAUTH}.ClientCredentialsJwtRetriever",
            "sasl.login.callback.handler.class": HANDLER,
            "sasl.login.refresh.window.factor": "0.8",
            "sasl.jaas.config": f"{MODULE};",
        },
        bearer(Oidc(URL, "id", "secret", header_urlencode=True)),
    ),
    (
        {
            **ENDPOINT,
            "sasl.login.callback.handler.class": f"{OAUTH}.secured.OAuthBearerLoginCallbackHandler",
            "sasl.jaas.config": (
                f'{MODULE} clientId="id" clientSecret="secret" scope="kafka" '
                'extension_logicalCluster="lkc-1" extension_identityPoolId="pool-1,pool-2";'
            ),
        },
        bearer(Oidc(URL, "id", "secret", scope="kafka"), extensions=POOL),
    ),
    (
        {
            **OIDC,
            "sasl.login.callback.handler.class": f"kafkashaded.{HANDLER}",
            "sasl.jaas.config": f"{MODULE} clientId='id';",
        },
        bearer(Oidc(URL, "id", "secret")),
    ),
    (
        {**ENDPOINT, "sasl.oauthbearer.assertion.file": "jwt", "sasl.oauthbearer.client.id": "id"},
        bearer(Oidc(URL, "id", client_assertion=Path("jwt"))),
    ),
    (
        {
            **ENDPOINT,
            "sasl.oauthbearer.assertion.file": "jwt",
            # Java prefers the file to an assertion of its own.
            "sasl.oauthbearer.assertion.claim.iss": "me",
            "sasl.oauthbearer.jwt.retriever.class": f"{OAUTH}.JwtBearerJwtRetriever",
        },
        bearer(Oidc(URL, assertion=Path("jwt"))),
    ),
    (
        {
            **BASE,
            "sasl.oauthbearer.token.endpoint.url": "file:///run/token",
            "sasl.oauthbearer.jwt.retriever.class": f"{OAUTH}.FileJwtRetriever",
        },
        bearer(Oidc(Path("/run/token"))),
    ),
    # aiokafka's and kafka-python's.
    (
        {**BASE, "security.protocol": "SASL_PLAINTEXT", "sasl_oauth_token_provider": TOKENS},
        bearer(TOKENS, tls=False),
    ),
    ({**BASE, "sasl_oauth_token_provider": a_token}, bearer(a_token)),
    # Amazon's and Google's, for Java.
    (AWS, bearer(MskIam("eu-west-1"))),
    (
        {
            **AWS,
            "sasl.jaas.config": f"shadedmskiam.{IAM_MODULE};",
            "sasl.client.callback.handler.class": f"{IAM}.IAMClientCallbackHandler",
        },
        bearer(MskIam("eu-west-1")),
    ),
    (
        {**AWS, "sasl.jaas.config": f'{IAM_MODULE} awsProfileName="p" awsDebugCreds="true";'},
        bearer(MskIam("eu-west-1", profile="p")),
    ),
    (
        {
            **AWS,
            "sasl.jaas.config": (
                f'{IAM_MODULE} awsRoleArn="{ROLE}" awsRoleSessionName="s" awsRoleExternalId="e" '
                'awsRoleAccessKeyId="AK" awsRoleSecretAccessKey="secret" '
                'awsRoleSessionToken="session" awsStsRegion="eu-central-1" awsMaxRetries="3";'
            ),
        },
        bearer(
            MskIam(
                "eu-west-1",
                role_arn=ROLE,
                role_session_name="s",
                role_external_id="e",
                access_key_id="AK",
                secret_access_key="secret",
                session_token="session",
            )
        ),
    ),
    (
        {
            **BASE,
            "bootstrap.servers": "boot-x.c1.kafka-serverless.us-gov-west-1.amazonaws.com:9098",
            "sasl.login.callback.handler.class": f"{IAM}.IAMOAuthBearerLoginCallbackHandler",
            "sasl.client.callback.handler.class": f"{IAM}.IAMOAuthBearerLoginCallbackHandler",
            "sasl.jaas.config": f'{MODULE} awsStsRegion="us-east-1";',
        },
        bearer(MskIam("us-gov-west-1")),
    ),
    # The region of the process, where no name has one.
    ({**AWS, "bootstrap.servers": "kafka.example.com:9098"}, bearer(MskIam("eu-central-1"))),
    (
        {
            **BASE,
            "sasl.login.callback.handler.class": (
                "com.google.cloud.hosted.kafka.auth.GcpLoginCallbackHandler"
            ),
            "sasl.jaas.config": f"{MODULE};",
        },
        bearer(Google()),
    ),
    # Values that say no more than their absence.
    (
        {
            **BASE,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "u",
            "sasl.password": "p",
            "sasl.oauthbearer.method": "default",
            "sasl.oauthbearer.grant.type": "client_credentials",
            "sasl.oauthbearer.metadata.authentication.type": "none",
            "enable.sasl.oauthbearer.unsecure.jwt": False,
            "sasl.oauthbearer.sub.claim.name": "sub",
        },
        Security.sasl_plain("u", "p"),
    ),
]


@pytest.mark.parametrize(("properties", "security"), READ)
def test_read(properties: dict[str, Any], security: Security) -> None:
    found = given(properties)
    assert found == security
    assert repr(found) == repr(security)


REFUSED: list[tuple[dict[str, Any], str]] = [
    # What is missing.
    (
        BASE,
        r"^sasl.mechanism=OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url; or .* give sec",
    ),
    ({**BASE, "sasl.jaas.config": f"{MODULE};"}, "^sasl.mechanism=OAUTHBEARER needs sasl.oauthbe"),
    (
        {**BASE, "sasl.oauthbearer.client.id": "id"},
        "^sasl.oauthbearer.client.id is given without sasl.oauthbearer.token.endpoint.url; give it",
    ),
    (
        {**BASE, "sasl.oauthbearer.method": "oidc"},
        "^sasl.oauthbearer.method is given without sasl.oauthbearer.token.endpoint.url",
    ),
    (
        {**BASE, "sasl.jaas.config": f"{MODULE} clientId='id' clientSecret='canary';"},
        r"^sasl.jaas.config \(clientId\) is given without sasl.oauthbearer.token.endpoint.url",
    ),
    (
        {**ENDPOINT, "sasl.oauthbearer.client.id": "id"},
        "^sasl.oauthbearer.client.id is given without sasl.oauthbearer.client.secret; give it, or",
    ),
    (
        ENDPOINT,
        "^sasl.oauthbearer.token.endpoint.url is given without sasl.oauthbearer.client.secr",
    ),
    (
        {**OIDC, "sasl.oauthbearer.client.id": None},
        "^sasl.oauthbearer.client.secret is given without sasl.oauthbearer.client.id; give both",
    ),
    (
        {**OIDC, "sasl.oauthbearer.grant.type": JWT_BEARER},
        "^sasl.oauthbearer.grant.type needs sasl.oauthbearer.assertion.file: a file with a signed",
    ),
    (
        {**OIDC, "sasl.oauthbearer.jwt.retriever.class": f"{OAUTH}.JwtBearerJwtRetriever"},
        "^sasl.oauthbearer.jwt.retriever.class needs sasl.oauthbearer.assertion.file",
    ),
    # Contradictions.
    (
        {**OIDC, "sasl.mechanism": "PLAIN"},
        "^sasl.oauthbearer.token.endpoint.url contradicts sasl.mechanism=PLAIN, which logs in by ",
    ),
    (
        {**OIDC, "sasl.mechanism": "SCRAM-SHA-256", "sasl.oauthbearer.token.endpoint.url": None},
        "^sasl.oauthbearer.client.id contradicts sasl.mechanism=SCRAM-SHA-256",
    ),
    (
        {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "oauth_cb": callback},
        "^oauth_cb contradicts sasl.mechanism=PLAIN, .* or give sasl.mechanism=OAUTHBEARER",
    ),
    (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.login.callback.handler.class": "com.example.Handler",
        },
        "^sasl.login.callback.handler.class has no counterpart .* Security.sasl_plain",
    ),
    (
        {**OIDC, "security.protocol": "SSL"},
        "^sasl.mechanism contradicts security.protocol=SSL, which has no SASL",
    ),
    (
        {"security.protocol": "SSL", "oauth_cb": callback},
        "^oauth_cb contradicts security.protocol=SSL, which has no SASL",
    ),
    (
        {"sasl.oauthbearer.client.id": "id"},
        "^sasl.oauthbearer.client.id is given without security.protocol, .*=SASL_SSL$",
    ),
    (
        {**OIDC, "sasl.username": "u"},
        "^sasl.username contradicts sasl.mechanism=OAUTHBEARER, which logs in by tokens; leave one",
    ),
    ({**AWS, "sasl.password": "canary"}, "^sasl.password contradicts sasl.mechanism=AWS_MSK_IAM"),
    (
        {**OIDC, "sasl.oauthbearer.client.credentials.client.secret": "canary"},
        "^sasl.oauthbearer.client.secret and sasl.oauthbearer.client.credentials.client.secret say",
    ),
    (
        {**OIDC, "sasl.jaas.config": f"{MODULE} clientSecret='canary';"},
        r"^sasl.oauthbearer.client.secret and sasl.jaas.config \(clientSecret\) say the same and ",
    ),
    (
        {**OIDC, "sasl.jaas.config": f'{MODULE} username="u" password="canary";'},
        r"^sasl.jaas.config \(username\) contradicts sasl.mechanism=OAUTHBEARER",
    ),
    (
        {**OIDC, "sasl.oauthbearer.assertion.file": "jwt"},
        "^sasl.oauthbearer.client.secret contradicts sasl.oauthbearer.assertion.file, which auth",
    ),
    (
        {**OIDC, "sasl.oauthbearer.token.endpoint.url": "file:///run/token"},
        "^sasl.oauthbearer.client.id: client_id is for a server, and token_endpoint is a file",
    ),
    (
        {**OIDC, "oauth_cb": callback},
        "^sasl.oauthbearer.token.endpoint.url contradicts oauth_cb, which provides the tokens",
    ),
    (
        {**BASE, "oauth_cb": callback, "sasl.oauthbearer.client.id": "id"},
        "^sasl.oauthbearer.client.id contradicts oauth_cb, which provides the tokens",
    ),
    (
        {**BASE, "oauth_cb": callback, "sasl_oauth_token_provider": TOKENS},
        "^sasl_oauth_token_provider contradicts oauth_cb, which provides the tokens",
    ),
    (
        {**BASE, "sasl_oauth_token_provider": TOKENS, "sasl.oauthbearer.config": "canary"},
        "^sasl.oauthbearer.config contradicts sasl_oauth_token_provider",
    ),
    (
        {**OIDC, "sasl.oauthbearer.config": "canary"},
        "^sasl.oauthbearer.config contradicts sasl.oauthbearer.token.endpoint.url, which asks a t",
    ),
    (
        {**OIDC, "sasl.jaas.config": f"{MODULE} awsProfileName='p';"},
        r"^sasl.jaas.config \(awsProfileName\) contradicts sasl.oauthbearer.token.endpoint.url",
    ),
    (
        {**AWS, "sasl.oauthbearer.scope": "s"},
        "^sasl.oauthbearer.scope contradicts sasl.mechanism=AWS_MSK_IAM, which logs in with AWS",
    ),
    (
        {**AWS, "sasl.login.callback.handler.class": HANDLER},
        "^sasl.login.callback.handler.class contradicts sasl.mechanism=AWS_MSK_IAM",
    ),
    (
        {
            **OIDC,
            "sasl.login.callback.handler.class": (
                "com.google.cloud.hosted.kafka.auth.GcpLoginCallbackHandler"
            ),
        },
        "contradicts sasl.login.callback.handler.class, which logs in with Google credentials",
    ),
    # Values.
    (
        {**OIDC, "sasl.oauthbearer.grant.type": "password"},
        "^sasl.oauthbearer.grant.type='password' is not allowed: use client_credentials or urn:ie",
    ),
    (
        {**OIDC, "sasl.oauthbearer.method": "saml"},
        "^sasl.oauthbearer.method='saml' is not allowed: use default or oidc",
    ),
    (
        {**OIDC, "sasl.oauthbearer.token.endpoint.url": "ldap://canary"},
        "^sasl.oauthbearer.token.endpoint.url: token_endpoint must begin with https://",
    ),
    (
        {**OIDC, "sasl.oauthbearer.client.id": "a:b"},
        "^sasl.oauthbearer.client.id: client_id has a colon",
    ),
    ({**OIDC, "sasl.oauthbearer.client.id": 5}, "^sasl.oauthbearer.client.id must be str, not int"),
    (
        {**OIDC, "sasl.oauthbearer.header.urlencode": "maybe"},
        """^sasl.oauthbearer.header.urlencode='maybe' is neither "true" nor "false"$""",
    ),
    (
        {**OIDC, "sasl.oauthbearer.extensions": "logicalCluster=lkc-1,pool-1"},
        "^sasl.oauthbearer.extensions: entry 2 has no value; write name=value,name=value",
    ),
    (
        {**OIDC, "sasl.oauthbearer.extensions": "auth=x"},
        "^sasl.oauthbearer.extensions: extensions have the name 'auth', which brokers refuse",
    ),
    (
        {**OIDC, "sasl.jaas.config": f"{MODULE} extension_pool_id='x';"},
        r"^sasl.jaas.config \(extension_…\): extensions have the name 'pool_id'",
    ),
    ({**BASE, "oauth_cb": "canary"}, "^oauth_cb must be a function of one argument, .* not str$"),
    (
        {**BASE, "oauth_cb": a_token},
        "^oauth_cb must be a function of one argument, .* of other arg",
    ),
    (
        {**BASE, "sasl_oauth_token_provider": "canary"},
        r"^sasl_oauth_token_provider must be an object with a method token\(\), not str",
    ),
    ({**BASE, "sasl_oauth_token_provider": 5}, "^sasl_oauth_token_provider must be str, a pathlib"),
    # What dekaf does not do.
    (
        {**BASE, "sasl.oauthbearer.config": "principal=canary"},
        r"^sasl.oauthbearer.config is for unsecured tokens, .*Security.sasl_oauthbearer\(function",
    ),
    (
        {**BASE, "enable.sasl.oauthbearer.unsecure.jwt": "true"},
        "^enable.sasl.oauthbearer.unsecure.jwt is for unsecured tokens",
    ),
    (
        {**BASE, "sasl.jaas.config": f'{MODULE} unsecuredLoginStringClaim_sub="canary";'},
        r"^sasl.jaas.config has an option \(unsecuredLoginStringClaim_sub\) .* unsecured tokens a",
    ),
    (
        {
            **ENDPOINT,
            "sasl.login.callback.handler.class": (
                f"{OAUTH}.internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler"
            ),
        },
        "^sasl.login.callback.handler.class is for unsecured tokens",
    ),
    (
        {**ENDPOINT, "sasl.oauthbearer.metadata.authentication.type": "azure_imds"},
        "^sasl.oauthbearer.metadata.authentication.type has no counterpart .*ManagedIdentityCreden",
    ),
    (
        {
            **BASE,
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.metadata.authentication.type": "aws_iam",
            "sasl.oauthbearer.config": "region=us-east-1,audience=canary",
        },
        r"^sasl.oauthbearer.metadata.authentication.type .* it is Security.msk_iam\(region\)$",
    ),
    (
        {**OIDC, "sasl.login.callback.handler.class": "com.example.Handler"},
        "^sasl.login.callback.handler.class is a class of Java that dekaf has no counterpart for",
    ),
    # IBM's has the name of Amazon's.
    (
        {
            **OIDC,
            "sasl.login.callback.handler.class": (
                "com.ibm.eventstreams.oauth.client.IAMOAuthBearerLoginCallbackHandler"
            ),
        },
        "^sasl.login.callback.handler.class is a class of Java that dekaf has no counterpart for",
    ),
    (
        {**OIDC, "sasl.oauthbearer.jwt.retriever.class": "com.example.Retriever"},
        "^sasl.oauthbearer.jwt.retriever.class is a class of Java that dekaf has no counterpart f",
    ),
    (
        {**OIDC, "sasl.oauthbearer.assertion.private.key.file": "key.pem"},
        "^sasl.oauthbearer.assertion.private.key.file has no counterpart .* signs no assertions: ",
    ),
    (
        {**ENDPOINT, "sasl.jaas.config": f'{MODULE} ssl.truststore.location="/x";'},
        r"^sasl.jaas.config has an option \(ssl.truststore.location\) .* give https.ca.location",
    ),
    (
        {**ENDPOINT, "sasl.jaas.config": f'{MODULE} canary="x";'},
        "^sasl.jaas.config has an option that dekaf does not read; it may have clientId, clientSec",
    ),
    (
        {**AWS, "sasl.jaas.config": f'{IAM_MODULE} awsNewOption="canary";'},
        r"^sasl.jaas.config has an option \(awsNewOption\) that dekaf does not read; .*MskIam",
    ),
    (
        {**AWS, "sasl.jaas.config": f"{MODULE};"},
        r"^sasl.jaas.config has a login module \(OAuthBearerLoginModule\) .* needs IAMLoginModule",
    ),
    (
        {**AWS, "sasl.jaas.config": f'{IAM_MODULE} awsProfileName="p" awsRoleArn="{ROLE}";'},
        r"^sasl.jaas.config \(awsProfileName\) contradicts sasl.jaas.config \(awsRoleArn\)",
    ),
    (
        {**AWS, "sasl.jaas.config": f'{IAM_MODULE} awsRoleArn="role/producer";'},
        r"^sasl.jaas.config \(awsRoleArn\): role_arn is no ARN of a role",
    ),
    (
        {**AWS, "sasl.jaas.config": f'{IAM_MODULE} awsRoleSessionName="s";'},
        r"^sasl.jaas.config \(awsRoleSessionName\): role_session_name is given without role_arn",
    ),
    (
        {
            **AWS,
            "sasl.jaas.config": (
                f'{IAM_MODULE} awsRoleAccessKeyId="AK" awsRoleSecretAccessKey="canary";'
            ),
        },
        r"^sasl.jaas.config \(awsRoleAccessKeyId\) is given without awsRoleArn",
    ),
    (
        {**AWS, "sasl.jaas.config": f'{IAM_MODULE} awsRoleArn="{ROLE}" awsStsRegion="us-east-1";'},
        r"^sasl.jaas.config \(awsStsRegion\) is not eu-central-1, where dekaf asks AWS STS",
    ),
    # Names that are misspelt.
    (
        {**OIDC, "sasl.oauthbearer.client.secert": "canary"},
        "^'sasl.oauthbearer.client.secert' is not a setting; did you mean 'sasl.oauthbearer.client",
    ),
]


@pytest.mark.parametrize(("properties", "match"), REFUSED)
def test_refused(properties: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        given(properties)
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without("canary")


def test_a_region_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    properties = {**AWS, "bootstrap.servers": "kafka.example.com:9098"}
    with pytest.raises(
        ConfigError, match=r"^sasl.mechanism=AWS_MSK_IAM needs the region of .* in "
    ):
        given(properties)
    # An iterator of servers is read once.
    config = ProducerConfig.from_properties(properties, bootstrap_servers=iter([MSK, "b:1"]))
    assert config.security == bearer(MskIam("eu-west-1"))
    assert config.bootstrap_servers == f"{MSK},b:1"


def test_a_token_server_is_asked_as_the_settings_say(cloud: Service) -> None:
    cloud.replies["POST /token"] = Reply(f'{{"access_token": "{TOKEN}", "expires_in": 60}}')
    endpoint = {"sasl.oauthbearer.token.endpoint.url": f"{cloud.url}/token"}
    assert asked(given({**OIDC, **endpoint, "sasl.oauthbearer.scope": "kafka"})).value == TOKEN
    [request] = cloud.requests
    assert request.headers["authorization"] == f"Basic {b64encode(b'id:secret').decode()}"
    assert parse_qs(request.body) == {"grant_type": ["client_credentials"], "scope": ["kafka"]}


@pytest.mark.parametrize("grant", [None, JWT_BEARER])
def test_an_assertion_is_sent_as_the_grant_says(
    cloud: Service, tmp_path: Path, grant: str | None
) -> None:
    cloud.replies["POST /token"] = Reply(f'{{"access_token": "{TOKEN}"}}')
    (tmp_path / "jwt").write_text("a.b.c\n")
    security = given(
        {
            **BASE,
            "sasl.oauthbearer.token.endpoint.url": f"{cloud.url}/token",
            "sasl.oauthbearer.assertion.file": str(tmp_path / "jwt"),
            "sasl.oauthbearer.grant.type": grant,
        }
    )
    assert asked(security).value == TOKEN
    form = parse_qs(cloud.requests[-1].body)
    assert form["grant_type"] == [grant or "client_credentials"]
    assert form["assertion" if grant else "client_assertion"] == ["a.b.c"]


def test_a_file_in_place_of_a_token_server(tmp_path: Path) -> None:
    file = tmp_path / "a token"
    file.write_text(f"{TOKEN}\n")
    url = file.as_uri()
    assert "%20" in url
    assert asked(given({**BASE, "sasl.oauthbearer.token.endpoint.url": url})).value == TOKEN


@pytest.mark.parametrize("config", [None, "", "client_id=alice"])
def test_an_oauth_cb_gets_its_text(config: str | None) -> None:
    security = given(
        {
            **BASE,
            "oauth_cb": callback,
            "sasl.oauthbearer.config": config,
            "sasl.oauthbearer.extensions": "logicalCluster=lkc-1",
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
        }
    )
    assert asked(security) == Token(TOKEN, 4e9, (("config", config or "none"),))
    assert security._core()["sasl"]["extensions"] == [("logicalCluster", "lkc-1")]
    assert "alice" not in repr(security)


def test_an_oauth_cb_may_be_a_coroutine_function() -> None:
    async def coroutine(config: str) -> tuple[str, float]:
        return TOKEN, 4e9 + len(config)

    security = given({**BASE, "oauth_cb": coroutine, "sasl.oauthbearer.config": "1234"})
    assert security._core()["sasl"]["is_async"]
    assert asked(security) == Token(TOKEN, 4e9 + 4)


def test_tokens_of_functions_are_no_part_of_a_pickle() -> None:
    config = ProducerConfig.from_properties(
        {**BASE, "oauth_cb": callback, "sasl.oauthbearer.config": "canary"},
        bootstrap_servers="a:1",
    )
    with pytest.raises(TypeError, match=r"token comes from an object, which may hold a secret"):
        pickle.dumps(config)


FILE = f"""\
bootstrap.servers=pkc-1.us-east-1.aws.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.mechanism=OAUTHBEARER
sasl.login.callback.handler.class={HANDLER}
sasl.oauthbearer.token.endpoint.url={URL}
sasl.oauthbearer.jwks.endpoint.url=https://login.example.com/keys
sasl.jaas.config={MODULE} \\
  clientId='id' \\
  clientSecret='s3cr3t' \\
  extension_logicalCluster='lkc-1';
"""


def test_a_file_is_read_again_for_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text(FILE)
    config = ProducerConfig.from_file(path)
    expected = functools.partial(bearer, extensions={"logicalCluster": "lkc-1"})
    assert config.security == expected(Oidc(URL, "id", "s3cr3t"))
    assert config.ignored == ("sasl.oauthbearer.jwks.endpoint.url",)
    pickled = pickle.dumps(config)
    assert b"s3cr3t" not in pickled
    path.write_text(FILE.replace("s3cr3t", "n3w"))
    renewed = pickle.loads(pickled)  # noqa: S301 - just made
    assert renewed.security == expected(Oidc(URL, "id", "n3w"))


def test_a_comma_of_a_file_is_escaped_twice(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    text = "\n".join(f"{name}={value}" for name, value in OIDC.items())
    path.write_text(f"{text}\nsasl.oauthbearer.extensions=pools=a\\\\,b\nbootstrap.servers=a:1\n")
    security = ProducerConfig.from_file(path).security
    assert security == bearer(Oidc(URL, "id", "secret"), extensions={"pools": "a,b"})


ENVIRONMENT = {
    "DEKAF_BOOTSTRAP_SERVERS": "a:1",
    "DEKAF_SECURITY_PROTOCOL": "SASL_SSL",
    "DEKAF_SASL_MECHANISM": "OAUTHBEARER",
    "DEKAF_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": f" {URL} ",
    "DEKAF_SASL_OAUTHBEARER_CLIENT_ID": "id",
    "DEKAF_SASL_OAUTHBEARER_CLIENT_SECRET": "s3cr3t",
    "DEKAF_SASL_OAUTHBEARER_SCOPE": "kafka",
    "DEKAF_SASL_OAUTHBEARER_EXTENSIONS": "logicalCluster=lkc-1,identityPoolId=pool-1\\,pool-2",
    "DEKAF_HTTPS_CA_LOCATION": "https.pem",
}


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = bearer(Oidc(URL, "id", "s3cr3t", scope="kafka", ca="https.pem"), extensions=POOL)
    assert ProducerConfig.from_env(environ=ENVIRONMENT).security == expected
    with pytest.raises(TypeError, match="cannot be pickled: client_secret was given as text"):
        pickle.dumps(ProducerConfig.from_env(environ=ENVIRONMENT))
    assert_read_anew(monkeypatch, ENVIRONMENT, expected, "DEKAF_SASL_OAUTHBEARER_CLIENT_SECRET")


def test_amazon_from_the_environment() -> None:
    environ = {
        "DEKAF_BOOTSTRAP_SERVERS": MSK,
        "DEKAF_SECURITY_PROTOCOL": "SASL_SSL",
        "DEKAF_SASL_MECHANISM": "AWS_MSK_IAM",
    }
    assert ProducerConfig.from_env(environ=environ).security == bearer(MskIam("eu-west-1"))
    other = ProducerConfig.from_env(
        environ=environ, bootstrap_servers=MSK.replace("eu-west-1", "us-west-2")
    )
    assert other.security == bearer(MskIam("us-west-2"))
    own = Security.tls()
    assert ProducerConfig.from_env(environ=environ, security=own).security is own


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"DEKAF_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": ""},
            "^DEKAF_SASL_OAUTHBEARER_CLIENT_ID is given without DEKAF_SASL_OAUTHBEARER_TOKEN_ENDP",
        ),
        (
            {"DEKAF_SASL_OAUTHBEARER_CLIENT_SECRET": " "},
            "_CLIENT_ID is given without DEKAF_SASL_OAUTHBEARER_CLIENT_SECRET; give it, or DEKAF_",
        ),
        (
            {"DEKAF_OAUTH_CB": "s3cr3t"},
            "^DEKAF_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL contradicts DEKA",
        ),
        (
            {"DEKAF_SASL_OAUTHBEARER_CLIENT_SECERT": "s3cr3t"},
            "^'DEKAF_SASL_OAUTHBEARER_CLIENT_SECERT' is not a setting; did you mean 'DEKAF_SASL_O",
        ),
    ],
)
def test_errors_name_variables(changes: dict[str, str], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        ProducerConfig.from_env(environ={**ENVIRONMENT, **changes})
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["oauth_cb", "sasl_oauth_token_provider", "sasl_oauthbearer_scope"]
)
def test_keywords_of_other_clients_are_answered(name: str) -> None:
    keywords: dict[str, Any] = {name: a_token}
    match = rf"^'{name}' is not a setting; .* security=Security.sasl_oauthbearer\(token\)$"
    with pytest.raises(ConfigError, match=match):
        ProducerConfig("a:1", **keywords)
