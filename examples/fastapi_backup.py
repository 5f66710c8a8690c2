#!/usr/bin/env python3
"""Backups over HTTP: started, watched and cancelled, inside the process of the API server.

    export SAPDR_REPOSITORY=/srv/repo SAPDR_PASSWORD_FILE=/etc/sapdr.password
    BACKUP_ROOT=/srv/models python fastapi_backup.py

    curl localhost:8000/backups --json '{"path": "llama", "tags": ["nightly"]}'
    curl localhost:8000/backups/ID              # how far it is, or how it ended
    curl -N localhost:8000/backups/ID/events    # the same each time that it changes
    curl -X DELETE localhost:8000/backups/ID    # cancel it
    curl localhost:8000/snapshots

It needs fastapi and uvicorn, and a repository that exists. Clients may name folders in BACKUP_ROOT,
and nothing else. Whoever reaches the port may do all of it: add the authentication of your server.
"""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypedDict

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel

import sapdr

KEPT = 100  # backups that clients may still ask for, and skipped items of each

# What is not here is the server's own trouble (a wrong password, a damaged repository): 500.
HTTP_STATUS: dict[type[sapdr.Error], int] = {
    sapdr.InvalidArgumentError: 422,
    sapdr.NotFoundError: 404,
    sapdr.AmbiguousError: 409,
    sapdr.LockedError: 423,
    sapdr.NetworkError: 502,
    sapdr.TimedOutError: 504,
    sapdr.NoSpaceError: 507,
}


class Order(BaseModel):
    """What a client asks for."""

    path: str  # in BACKUP_ROOT
    tags: list[str] = []


class Failure(BaseModel):
    """An error of the library, as clients see it."""

    status: str  # "E_NO_SPACE"
    message: str
    retryable: bool  # the same may succeed later without anything being changed

    @classmethod
    def of(cls, error: sapdr.Error) -> Failure:
        return cls(status=error.status, message=error.message, retryable=error.retryable > 0)


class Backup(BaseModel):
    """How far a backup is, or how it ended."""

    id: str
    path: Path
    state: Literal["running", "verified", "written", "incomplete", "failed", "cancelled"]
    progress: sapdr.Progress | None = None
    result: sapdr.BackupResult | None = None
    skipped: list[str] = []  # what could not be read, and why
    error: Failure | None = None


class SnapshotView(BaseModel):
    """The fields of a `sapdr.Snapshot` that clients see."""

    id: str
    time: datetime
    verified: datetime | None
    host: str
    paths: list[str]
    tags: list[str]
    files: int
    bytes: int


class Cancelled(Exception):
    """Raised by the callback for progress, it stops the backup."""


class Job:
    """One backup. All of it belongs to the event loop, but for the callbacks in `run`."""

    def __init__(self, path: Path) -> None:
        self.view = Backup(id=uuid.uuid4().hex, path=path, state="running")
        self.changed = asyncio.Event()  # set, and replaced, when there is another view
        self.cancel = threading.Event()

    async def run(self, repository: sapdr.Repository, tags: list[str]) -> None:
        loop = asyncio.get_running_loop()

        def on_progress(now: sapdr.Progress) -> None:  # on a thread of the library
            if self.cancel.is_set() and not now.is_final:
                raise Cancelled
            loop.call_soon_threadsafe(partial(self._update, progress=now))

        def on_item(item: sapdr.Item) -> None:  # on a thread of the library
            if item.status != 0:
                loop.call_soon_threadsafe(self._skipped, f"{item.path}: {item.message}")

        backup = partial(repository.backup, self.view.path, tags=tags, verify=True)
        try:
            result = await asyncio.to_thread(backup, progress=on_progress, on_item=on_item)
            self._update(state=result.state, result=result)
        except Cancelled:
            self._update(state="cancelled")
        except sapdr.Error as error:
            state = "incomplete" if isinstance(error, sapdr.IncompleteError) else "failed"
            self._update(state=state, result=error.result, error=Failure.of(error))
        except BaseException:
            self._update(state="failed")
            raise

    def _update(self, **fields: object) -> None:
        self.view = self.view.model_copy(update=fields)
        self.changed.set()
        self.changed = asyncio.Event()

    def _skipped(self, line: str) -> None:
        if len(self.view.skipped) < KEPT:
            self._update(skipped=[*self.view.skipped, line])


class Service:
    """The backups of this process, one at a time."""

    def __init__(self, writer: sapdr.Repository, reader: sapdr.Repository, root: Path) -> None:
        self.writer = writer
        self.reader = reader  # what uses one handle waits for the backup that uses it
        self.root = root
        self.jobs: dict[str, Job] = {}
        self.running: tuple[Job, asyncio.Task[None]] | None = None

    def folder(self, path: str) -> Path:
        """Touches the disk. Links that lead out of the root are outside."""
        try:
            folder = (self.root / path).resolve(strict=True)
        except (OSError, ValueError) as error:
            raise HTTPException(404, f"there is no {path!r} in the root") from error
        if not folder.is_relative_to(self.root):
            raise HTTPException(403, f"{path!r} is outside of the root")
        return folder

    def start(self, folder: Path, tags: list[str]) -> Job:
        if self.running and not self.running[1].done():
            raise HTTPException(409, f"backup {self.running[0].view.id} is running")
        job = Job(folder)
        self.running = (job, asyncio.create_task(job.run(self.writer, tags)))
        self.jobs[job.view.id] = job
        if len(self.jobs) > KEPT:
            del self.jobs[next(iter(self.jobs))]
        return job

    async def shut_down(self) -> None:
        if self.running:
            job, task = self.running
            job.cancel.set()
            await asyncio.wait([task])


class State(TypedDict):
    service: Service


def open_repository() -> sapdr.Repository:
    return sapdr.open(
        os.environ["SAPDR_REPOSITORY"],
        password=os.environ.get("SAPDR_PASSWORD"),
        password_file=os.environ.get("SAPDR_PASSWORD_FILE"),
    )


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    root = Path(os.environ["BACKUP_ROOT"]).resolve(strict=True)
    with open_repository() as writer, open_repository() as reader:
        service = Service(writer, reader, root)
        try:
            yield {"service": service}
        finally:
            await service.shut_down()


async def get_service(request: Request) -> Service:
    service: Service = request.state.service
    return service


ServiceOf: TypeAlias = Annotated[Service, Depends(get_service)]


async def get_job(id: str, service: ServiceOf) -> Job:
    if id not in service.jobs:
        raise HTTPException(404, f"there is no backup {id}")
    return service.jobs[id]


JobOf: TypeAlias = Annotated[Job, Depends(get_job)]

app = FastAPI(title="Backups", version=sapdr.__version__, lifespan=lifespan)


@app.exception_handler(sapdr.Error)
async def tell(_: Request, error: sapdr.Error) -> JSONResponse:
    code = HTTP_STATUS.get(type(error), 500)
    return JSONResponse({"detail": Failure.of(error).model_dump()}, code)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/backups", status_code=202)
async def start(order: Order, service: ServiceOf, response: Response) -> Backup:
    folder = await asyncio.to_thread(service.folder, order.path)
    job = service.start(folder, order.tags)
    response.headers["Location"] = f"/backups/{job.view.id}"
    return job.view


@app.get("/backups/{id}")
async def show(job: JobOf) -> Backup:
    return job.view


@app.get("/backups/{id}/events", response_class=EventSourceResponse)
async def events(job: JobOf) -> AsyncIterator[Backup]:
    while True:
        changed, view = job.changed, job.view
        yield view
        if view.state != "running":
            return
        await changed.wait()


@app.delete("/backups/{id}", status_code=202)
async def cancel(job: JobOf) -> Backup:
    """It ends within moments; what it stored is found again by the next backup."""
    if job.view.state != "running":
        raise HTTPException(409, f"the backup is {job.view.state}")
    job.cancel.set()
    return job.view


@app.get("/snapshots", response_model=list[SnapshotView])
async def snapshots(service: ServiceOf) -> list[sapdr.Snapshot]:
    return await asyncio.to_thread(service.reader.snapshots)


@app.get("/snapshots/{name}", response_model=SnapshotView)
async def snapshot(name: str, service: ServiceOf) -> sapdr.Snapshot:
    return await asyncio.to_thread(service.reader.snapshot, name)


def main() -> None:
    # Streams of events do not end by themselves: after this time the server closes them, and then
    # ends the backup.
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
