"""JSON Web Tokens, made and looked at with nothing but `cryptography`."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def make_jwt(header: dict[str, Any], claims: dict[str, Any], key: rsa.RSAPrivateKey) -> str:
    """A JSON Web Token, signed by RS256."""
    parts = [encoded(json.dumps(part).encode()) for part in ({"alg": "RS256"} | header, claims)]
    signature = key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, encoded(signature)])


def is_named_by(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Is it this certificate whose thumbprint the header has, in one of its two forms?"""
    sha1 = encoded(certificate.fingerprint(hashes.SHA1()))
    sha256 = encoded(certificate.fingerprint(hashes.SHA256()))
    named = [header[name].rstrip("=") for name in ("x5t", "x5t#S256") if name in header]
    return bool(named) and all(each in {sha1, sha256} for each in named)


def check_signature(key: rsa.RSAPublicKey, algorithm: Any, signed: bytes, seal: bytes) -> None:
    """Raises InvalidSignature, or ValueError for an algorithm that is not allowed."""
    if algorithm == "RS256":
        key.verify(seal, signed, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "PS256":
        salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        key.verify(seal, signed, salted, hashes.SHA256())
    else:
        raise ValueError(f"The algorithm '{algorithm}' is not supported.")


def sha256_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
