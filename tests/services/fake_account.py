"""A fake of a storage account, as far as somebody asks it about itself: its blob service, which
says what a credential may do, and Azure Resource Manager, which says what rules there are.

Nothing can be stored in it. It stands for what Azurite does not have: redundancy, rights of roles,
and all of the management plane.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self

from fake_http import Answer, Request, make_server

ACCOUNT = "fakeaccount"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
ACCOUNT_ID = (
    f"{SUBSCRIPTION}/resourceGroups/backups/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
)
ALL_RIGHTS = {"read", "list", "create", "create-locks", "overwrite", "erase", "erase-locks"}
# As the template of deploy/azure gives them to whoever makes backups.
BACKUP_RIGHTS = {"read", "list", "create", "create-locks", "erase-locks"}


@dataclass
class FakeAccount:
    """Serves from `with` to its end. Tests change the attributes, and look at `requests`."""

    sku: str = "Standard_RAGRS"
    rights: set[str] = field(default_factory=lambda: set(BACKUP_RIGHTS))
    container: dict[str, str] = field(default_factory=dict)  # headers of its properties
    soft_delete: str = "<Enabled>true</Enabled><Days>90</Days>"
    lag: float = 60  # seconds that the second copy is behind
    clock: float = 0  # seconds that the service is ahead
    blob_service: dict[str, Any] = field(
        default_factory=lambda: {
            "isVersioningEnabled": True,
            "deleteRetentionPolicy": {"enabled": True, "days": 90},
            "containerDeleteRetentionPolicy": {"enabled": True, "days": 90},
        }
    )
    policy: dict[str, Any] | None = None  # None: no rules were ever made
    manager_refuses: bool = False
    # Bodies in the place of the right ones: "properties", "stats", or the end of a path of the
    # manager.
    scripted: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = make_server(self._answer)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def location(self) -> str:
        return f"{self.url}/{ACCOUNT}/models/repo"

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.path.startswith("/subscriptions"):
            return self._manager(request)
        answer = self._service(request)
        answer.headers["x-ms-version"] = "2023-11-03"
        answer.headers["Date"] = formatdate(time.time() + self.clock, usegmt=True)
        return answer

    # -- The blob service --------------------------------------------------------------------------

    def _service(self, request: Request) -> Answer:
        kind = (request.query.get("restype"), request.query.get("comp"))
        if kind == ("account", "properties"):
            return Answer(
                200, headers={"x-ms-sku-name": self.sku, "x-ms-account-kind": "StorageV2"}
            )
        if kind == ("service", "properties"):
            own = (
                "<StorageServiceProperties><DeleteRetentionPolicy>"
                f"{self.soft_delete}</DeleteRetentionPolicy></StorageServiceProperties>"
            )
            return Answer(200, self.scripted.get("properties", own))
        if kind == ("service", "stats"):
            synced = formatdate(time.time() - self.lag, usegmt=True)
            own = (
                "<StorageServiceStats><GeoReplication><Status>live</Status>"
                f"<LastSyncTime>{synced}</LastSyncTime></GeoReplication></StorageServiceStats>"
            )
            return Answer(200, self.scripted.get("stats", own))
        if kind == ("container", None):
            return Answer(200, headers=dict(self.container))
        return self._blob(request)

    def _blob(self, request: Request) -> Answer:
        missing = Answer(404, headers={"x-ms-error-code": "BlobNotFound"})
        of_locks = "-locks" if "/locks/" in request.path else ""
        if request.query.get("comp") == "list":
            page = "<EnumerationResults><Blobs/></EnumerationResults>"
            right, answer = "list", Answer(200, page)
        elif request.query.get("comp") == "metadata":
            right, answer = "overwrite", missing
        elif request.method == "PUT":
            assert request.headers["if-match"], "this would store a blob"
            code = {"x-ms-error-code": "ConditionNotMet"}
            right, answer = f"create{of_locks}", Answer(412, headers=code)
        elif request.method == "DELETE":
            right, answer = f"erase{of_locks}", missing
        else:
            right, answer = "read", missing
        if right in self.rights:
            return answer
        return Answer(403, headers={"x-ms-error-code": "AuthorizationPermissionMismatch"})

    # -- Azure Resource Manager --------------------------------------------------------------------

    def _manager(self, request: Request) -> Answer:
        if not request.headers.get("authorization", "").startswith("Bearer ey"):
            return Answer(401, {"error": {"code": "AuthenticationFailed", "message": "no token"}})
        if self.manager_refuses:
            return Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no role"}})
        for end, body in self.scripted.items():
            if request.path.endswith(end):
                return Answer(200, body)
        if request.path == "/subscriptions":
            return Answer(200, {"value": [{"id": SUBSCRIPTION}]})
        if request.path == f"{SUBSCRIPTION}/resources":
            assert f"name eq '{ACCOUNT}'" in request.query["$filter"]
            return Answer(200, {"value": [{"id": ACCOUNT_ID}]})
        if request.path == ACCOUNT_ID:
            return Answer(200, {"id": ACCOUNT_ID, "sku": {"name": self.sku}})
        if request.path == f"{ACCOUNT_ID}/blobServices/default":
            return Answer(200, {"properties": self.blob_service})
        if request.path == f"{ACCOUNT_ID}/managementPolicies/default" and self.policy:
            return Answer(200, {"properties": {"policy": self.policy}})
        return Answer(404, {"error": {"code": "ManagementPolicyNotFound", "message": "none"}})
