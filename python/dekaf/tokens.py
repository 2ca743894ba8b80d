"""Providers of tokens, for `Security.sasl_oauthbearer`.

    from dekaf import Producer, Security
    from dekaf.tokens import Oidc

    oidc = Oidc("https://login.example.com/token", "client-id", "client-secret", scope="kafka")
    producer = Producer("broker:9093", security=Security.sasl_oauthbearer(oidc))

Any function that returns a token is a provider, too.
"""

from __future__ import annotations

from dekaf._tokens.google import Google
from dekaf._tokens.msk_iam import MskIam
from dekaf._tokens.oidc import Oidc
from dekaf._tokens.token import Token

__all__ = ["Google", "MskIam", "Oidc", "Token"]
