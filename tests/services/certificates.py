"""A certificate authority of our own, and certificates for the tests' servers and applications."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self, password: str = "") -> bytes:
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            encryption = serialization.BestAvailableEncryption(password.encode())
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )

    def pem(self, password: str = "") -> bytes:
        return self.key_pem(password) + self.certificate_pem()

    def pkcs12(self, password: str) -> bytes:
        encryption = serialization.BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(
            b"test", self.key, self.certificate, None, encryption
        )


class Authority:
    """Signs certificates; trusted by whoever is given `path`."""

    def __init__(self, folder: Path) -> None:
        self.identity = self._make("Test CA", None, None)
        self.path = folder / "test-ca.pem"
        self.path.write_bytes(self.identity.certificate_pem())

    def server(self, *hosts: str) -> Identity:
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        return self._make(hosts[0], self.identity, x509.SubjectAlternativeName(names))

    def application(self, common_name: str) -> Identity:
        return self._make(common_name, self.identity, None)

    @staticmethod
    def _make(
        common_name: str, issuer: Identity | None, names: x509.SubjectAlternativeName | None
    ) -> Identity:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(issuer.certificate.subject if issuer else _name(common_name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
        )
        if names is not None:
            builder = builder.add_extension(names, False)
        return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
