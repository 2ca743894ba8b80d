"""Tokens for OAUTHBEARER: those that brokers accept by default, without a signature, and signed."""

import json
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


def unsecured_token(
    subject: str = "alice", *, lasts: float = 3600.0, issued: float | None = None
) -> str:
    """Return a JWT without a signature, which ends `lasts` seconds after it was issued."""
    issued = time.time() if issued is None else issued
    claims = {"sub": subject, "iat": issued, "exp": issued + lasts}
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


class SigningKey:
    """A private RSA key that signs tokens (RS256), and its public half for those that verify."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, claims: Mapping[str, object], *, key_id: str | None = None) -> str:
        """Return a JWT. `key_id` names another key than the one that signs it."""
        header = {"alg": "RS256", "typ": "JWT", "kid": key_id or self.id}
        signed = f"{_part(header)}.{_part(claims)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"

    def has_signed(self, token: str) -> bool:
        signed, _, signature = token.rpartition(".")
        try:
            self._key.public_key().verify(
                urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JSON Web Key (RFC 7517)."""
        public = self._key.public_key().public_numbers()
        n, e = (
            _base64(number.to_bytes((number.bit_length() + 7) // 8))
            for number in (public.n, public.e)
        )
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": n, "e": e}


def _part(content: Mapping[str, object]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
