"""A cluster's issuer of tokens for service accounts, as Kubernetes projects them into pods."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric import rsa
from fake_entra import EXCHANGE_AUDIENCE, FakeEntra
from web_tokens import make_jwt


class ServiceAccounts:
    def __init__(self, entra: FakeEntra) -> None:
        self.issuer = "https://oidc.example.com/cluster/"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        entra.issuers[self.issuer] = self._key.public_key()

    def token(
        self, subject: str, *, lifetime: int = 3600, audience: str = EXCHANGE_AUDIENCE
    ) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "nbf": now + min(lifetime, 0) - 3600,
            "exp": now + lifetime,
        }
        return make_jwt({"kid": "1"}, claims, self._key)
