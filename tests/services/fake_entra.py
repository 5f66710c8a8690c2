"""A FAKE of Microsoft Entra ID and of the services that give managed identities their tokens.

It is no implementation of theirs and proves nothing of the real ones beyond this: it checks what
they are documented to check, and the official SDK (azure-identity) is content with it, which
tests/identity/test_fake_entra.py shows. Entra ID speaks https, with a certificate of a test's own
CA; IMDS and App Service speak http on a second port.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from certificates import Authority, Identity
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_http import Answer, Request, make_server
from fake_managed_identity import APP_SERVICE_PATH, FakeMachine
from web_tokens import check_signature, decoded, is_named_by, make_jwt

TENANT = "11111111-2222-3333-4444-555555555555"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
CLOCK_SKEW = 300


@dataclass
class Application:
    client_id: str
    secrets: list[str] = field(default_factory=list)
    certificates: list[x509.Certificate] = field(default_factory=list)
    # "Subject name and issuer": any certificate of this subject that this CA has signed.
    trusted: tuple[str, x509.Certificate] | None = None
    # Whose tokens stand for it: issuer and subject.
    federated: list[tuple[str, str]] = field(default_factory=list)


class Refused(Exception):
    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.code, self.text = status, error, code, text

    def answer(self) -> Answer:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
        description = (
            f"AADSTS{self.code}: {self.text} Trace ID: {trace}\r\n"
            f"Correlation ID: {correlation}\r\nTimestamp: {stamp}"
        )
        body = {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
        return Answer(self.status, body)


class FakeEntra:
    """Servers from `with` to its end. Tests change the attributes, and look at `requests`."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.applications: dict[str, Application] = {}
        self.issuers: dict[str, rsa.RSAPublicKey] = {}  # of federated tokens
        self.lifetime = 3599
        self.refresh_in: int | None = None
        self.delay = 0.0  # before each token
        self.scripted: list[Answer] = []  # given first, one a token request
        self.requests: list[Request] = []  # for tokens
        self.tokens: list[str] = []
        self.machine = FakeMachine(self._new_token)
        self._lock = threading.Lock()
        self._signer = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._entra = make_server(self._entra_answer)
        self._machine = make_server(self._machine_answer)
        server = authority.server("127.0.0.1", "localhost")
        self._entra.socket = _tls(server, folder).wrap_socket(
            self._entra.socket, server_side=True, do_handshake_on_connect=False
        )
        self.authority_host = f"https://127.0.0.1:{self._entra.server_address[1]}"
        self.machine_url = f"http://127.0.0.1:{self._machine.server_address[1]}"
        self.app_service_url = f"{self.machine_url}{APP_SERVICE_PATH}"
        self.token_endpoint = f"{self.authority_host}/{TENANT}/oauth2/v2.0/token"

    def __enter__(self) -> Self:
        for server in (self._entra, self._machine):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._entra, self._machine):
            server.shutdown()
            server.server_close()

    # -- Entra ID ----------------------------------------------------------------------------------

    def _entra_answer(self, request: Request) -> Answer:
        parts = request.path.strip("/").split("/", 1)
        tenant, rest = parts[0], parts[1] if len(parts) == 2 else ""
        if rest == "v2.0/.well-known/openid-configuration" and request.method == "GET":
            base = f"{self.authority_host}/{tenant}"
            return Answer(
                200,
                {
                    "issuer": f"{base}/v2.0",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                },
            )
        if rest != "oauth2/v2.0/token" or request.method != "POST":
            return Answer(404, "not found")
        if scripted := self._noted(request):
            return scripted
        try:
            return self._entra_token(tenant, request)
        except Refused as refused:
            return refused.answer()

    def _entra_token(self, tenant: str, request: Request) -> Answer:
        form = request.form
        kind = request.headers.get("content-type", "")
        if not kind.startswith("application/x-www-form-urlencoded"):
            raise Refused(400, "invalid_request", 900144, "The request body is no form.")
        if tenant != TENANT:
            raise Refused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            raise Refused(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        application = self.applications.get(form.get("client_id", ""))
        if application is None:
            text = f"Application with identifier '{form.get('client_id')}' was not found."
            raise Refused(400, "unauthorized_client", 700016, text)
        scope = form.get("scope", "")
        if not scope.endswith("/.default") or " " in scope:
            text = f"The provided value for scope {scope} is not valid."
            raise Refused(400, "invalid_scope", 1002012, text)
        if "client_secret" in form:
            if form["client_secret"] not in application.secrets:
                text = "Invalid client secret provided. Ensure the secret being sent is the value."
                raise Refused(401, "invalid_client", 7000215, text)
        elif form.get("client_assertion_type") == ASSERTION_TYPE:
            self._check_assertion(application, form.get("client_assertion", ""))
        else:
            text = "The request body must contain: 'client_assertion' or 'client_secret'."
            raise Refused(401, "invalid_client", 7000218, text)
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "ext_expires_in": self.lifetime,
            "access_token": self._new_token(scope.removesuffix("/.default"), application.client_id),
        }
        if self.refresh_in is not None:
            body["refresh_in"] = self.refresh_in
        return Answer(200, body, delay=self.delay)

    def _check_assertion(self, application: Application, assertion: str) -> None:
        try:
            head, body, signature = assertion.split(".")
            header, claims = json.loads(decoded(head)), json.loads(decoded(body))
            signed, seal = f"{head}.{body}".encode(), decoded(signature)
        except ValueError as error:
            raise _bad_assertion(50027, "JWT token is invalid or malformed.") from error
        if claims.get("iss") == application.client_id:
            key = self._certificate_key(application, header)
            audiences = {self.token_endpoint, f"{self.authority_host}/{TENANT}/v2.0"}
            subject_is_right = claims.get("sub") == application.client_id and claims.get("jti")
        else:
            key = self._federated_key(application, claims)
            audiences = {EXCHANGE_AUDIENCE}
            subject_is_right = True
        if not subject_is_right:
            raise _bad_assertion(700021, "The client assertion's subject or id is not right.")
        if claims.get("aud") not in audiences:
            raise _bad_assertion(700023, "Client assertion audience claim does not match.")
        try:
            check_signature(key, header.get("alg"), signed, seal)
        except InvalidSignature as error:
            text = "Client assertion contains an invalid signature."
            raise _bad_assertion(700027, text) from error
        except ValueError as error:
            raise _bad_assertion(5002738, str(error)) from error
        now = time.time()
        if claims.get("exp", 0) + CLOCK_SKEW < now or claims.get("nbf", 0) - CLOCK_SKEW > now:
            text = "Client assertion is not within its valid time range."
            raise _bad_assertion(700024, text)

    @staticmethod
    def _certificate_key(application: Application, header: dict[str, Any]) -> rsa.RSAPublicKey:
        known = [each for each in application.certificates if is_named_by(header, each)]
        if not known and application.trusted and header.get("x5c"):
            subject, issuer = application.trusted
            # MSAL sends it as a text if there is one, others as a list.
            chain = header["x5c"] if isinstance(header["x5c"], list) else [header["x5c"]]
            leaf = x509.load_der_x509_certificate(base64.b64decode(chain[0]))
            leaf.verify_directly_issued_by(issuer)
            if leaf.subject.rfc4514_string() == f"CN={subject}" and is_named_by(header, leaf):
                known = [leaf]
        if not known:
            text = "The certificate with identifier used to sign the client assertion is not known."
            raise _bad_assertion(700027, text)
        key = known[0].public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    def _federated_key(self, application: Application, claims: dict[str, Any]) -> rsa.RSAPublicKey:
        pair = (claims.get("iss", ""), claims.get("sub", ""))
        if pair not in application.federated or pair[0] not in self.issuers:
            text = f"No matching federated identity record found for presented subject '{pair[1]}'."
            raise _bad_assertion(700213, text)
        return self.issuers[pair[0]]

    def _new_token(self, resource: str, client_id: str) -> str:
        now = int(time.time())
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": now,
            "nbf": now - 300,
            "exp": now + self.lifetime,
            "appid": client_id,
            "tid": TENANT,
            "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, client_id)),
            "uti": str(uuid.uuid4()),
            "ver": "1.0",
        }
        token = make_jwt({"typ": "JWT"}, claims, self._signer)
        with self._lock:
            self.tokens.append(token)
        return token

    # -- IMDS and App Service ----------------------------------------------------------------------

    def _machine_answer(self, request: Request) -> Answer:
        if refusal := self.machine.refusal(request):
            return refusal
        if scripted := self._noted(request):
            return scripted
        self.machine.lifetime = self.lifetime
        return self.machine.token(request)

    def _noted(self, request: Request) -> Answer | None:
        with self._lock:
            self.requests.append(request)
            return self.scripted.pop(0) if self.scripted else None


def _bad_assertion(code: int, text: str) -> Refused:
    return Refused(401, "invalid_client", code, text)


def _tls(server: Identity, folder: Path) -> ssl.SSLContext:
    path = folder / "fake-entra.pem"
    path.write_bytes(server.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
