"""A container of Azurite for one test."""

from __future__ import annotations

import datetime
from pathlib import Path

import azurite
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    generate_container_sas,
)
from commands import Program
from make_trees import write
from workbench import Workbench


class Container:
    """A container of its own for one test, and the official SDK to look into it."""

    def __init__(self, server: azurite.Azurite, bench: Workbench, name: str) -> None:
        self.server = server
        self.bench = bench
        self.name = name
        service = BlobServiceClient(
            server.endpoint, azurite.KEY, api_version="2026-06-06", retry_total=0
        )
        self.client: ContainerClient = service.get_container_client(name)

    @property
    def url(self) -> str:
        return f"{self.server.endpoint}/{self.name}/some/prefix"

    def sapdr(self, location: str | None = None, **environment: str) -> Program:
        """The command on this container, with the account's key unless variables are given."""
        known = {"SAPDR_PASSWORD_FILE": str(self.bench.password_file)}
        proof = environment or {"AZURE_STORAGE_KEY": azurite.KEY}
        repository = {"SAPDR_REPOSITORY": location or self.url}
        return Program(
            self.bench.command,
            self.bench.folder,
            self.bench.password_file,
            environment=known | proof | repository,
        )

    def init(self) -> Program:
        sapdr = self.sapdr()
        sapdr("init", "--scrypt-n", "1024")
        return sapdr

    def sas(self, permissions: str, *, hours: float = 1) -> str:
        return str(
            generate_container_sas(
                azurite.ACCOUNT,
                self.name,
                account_key=azurite.KEY,
                permission=ContainerSasPermissions.from_string(permissions),
                expiry=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours),
                protocol="https,http",
            )
        )

    def names(self, below: str = "") -> list[str]:
        prefix = f"some/prefix/{below}"
        return [blob.name.removeprefix("some/prefix/") for blob in self.client.list_blobs(prefix)]

    def download(self, folder: Path) -> Path:
        for name in self.names():
            blob = self.client.download_blob(f"some/prefix/{name}")
            write(folder / name, blob.readall())
        return folder

    def upload(self, folder: Path) -> None:
        self.client.create_container()
        for path in folder.rglob("*"):
            if path.is_file():
                name = f"some/prefix/{path.relative_to(folder)}"
                self.client.upload_blob(name, path.read_bytes())
