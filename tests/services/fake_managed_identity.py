"""A FAKE of what gives managed identities their tokens: IMDS, and App Service beside it.

See fake_entra.py for what it proves, and what not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from fake_http import Answer, Request

IMDS_PATH = "/metadata/identity/oauth2/token"
APP_SERVICE_PATH = "/msi/token"


@dataclass
class ManagedIdentity:
    client_id: str
    object_id: str
    resource_id: str
    is_system_assigned: bool = False


class FakeMachine:
    """`new_token` makes one for a resource and a client id."""

    def __init__(self, new_token: Callable[[str, str], str]) -> None:
        self.identities: list[ManagedIdentity] = []
        self.identity_header = "the header of App Service"
        self.lifetime = 3599
        self._new_token = new_token

    @staticmethod
    def refusal(request: Request) -> Answer | None:
        """For what is no request for a token."""
        if request.path == APP_SERVICE_PATH:
            return None
        if request.path != IMDS_PATH:
            return Answer(404, "<html>not found</html>")
        if request.headers.get("metadata") != "true":
            return _imds_error("Required metadata header not specified")
        return None

    def token(self, request: Request) -> Answer:
        if request.path == IMDS_PATH:
            return self._imds_token(request)
        return self._app_service_token(request)

    def _imds_token(self, request: Request) -> Answer:
        query = request.query
        if "x-forwarded-for" in request.headers:
            return _imds_error("Requests through a proxy are refused")
        if query.get("api-version") not in {"2018-02-01", "2019-08-01"} or "resource" not in query:
            return _imds_error("Required query variable is missing or not supported")
        chosen = self._chosen(query, "msi_res_id")
        if len(chosen) > 1:
            return _imds_error(
                "Multiple user assigned identities exist, please specify the clientId / resourceId "
                "of the identity in the token request"
            )
        if not chosen:
            return _imds_error("Identity not found")
        now = int(time.time())
        # Numbers are texts here.
        body = {
            "access_token": self._new_token(query["resource"], chosen[0].client_id),
            "client_id": chosen[0].client_id,
            "expires_in": str(self.lifetime),
            "expires_on": str(now + self.lifetime),
            "ext_expires_in": str(self.lifetime),
            "not_before": str(now - 300),
            "resource": query["resource"],
            "token_type": "Bearer",
        }
        return Answer(200, body)

    def _app_service_token(self, request: Request) -> Answer:
        query = request.query
        if request.headers.get("x-identity-header") != self.identity_header:
            return Answer(401, {"statusCode": 401, "message": "Unauthorized"})
        chosen = self._chosen(query, "mi_res_id")
        if query.get("api-version") != "2019-08-01" or len(chosen) != 1 or "resource" not in query:
            text = "No User Assigned or Delegated Managed Identity found for specified ClientId."
            return Answer(400, {"statusCode": 400, "message": text})
        body = {
            "access_token": self._new_token(query["resource"], chosen[0].client_id),
            "client_id": chosen[0].client_id,
            "expires_on": str(int(time.time()) + self.lifetime),
            "resource": query["resource"],
            "token_type": "Bearer",
        }
        return Answer(200, body)

    def _chosen(self, query: dict[str, str], resource_parameter: str) -> list[ManagedIdentity]:
        for parameter, attribute in (
            ("client_id", "client_id"),
            ("object_id", "object_id"),
            (resource_parameter, "resource_id"),
        ):
            if parameter in query:
                wanted = query[parameter]
                return [each for each in self.identities if getattr(each, attribute) == wanted]
        own = [each for each in self.identities if each.is_system_assigned]
        return own or self.identities


def _imds_error(description: str) -> Answer:
    return Answer(400, {"error": "invalid_request", "error_description": description})
