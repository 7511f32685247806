"""Stores of backups for one contract: a folder, and a bucket of a server that speaks S3."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from moto.moto_server.werkzeug_app import (  # pyright: ignore[reportMissingTypeStubs]
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import make_server

from airside.core.clock import Clock
from airside.custody import BackupStore, open_store, read_target
from airside.custody.backup_store import is_part_of_one

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

REGION = "eu-central-1"
_numbers = count(1)


class Kept(Protocol):
    """Where backups lie, seen from outside."""

    @property
    def target(self) -> str:
        """What AIRSIDE_BACKUP_TARGET says."""
        ...

    def read(self, file: str) -> bytes: ...

    def write(self, file: str, content: bytes) -> None: ...

    def files(self) -> list[str]: ...

    def unfinished(self) -> list[str]:
        """What was begun and not ended."""
        ...


def store_of(kept: Kept, clock: Clock) -> BackupStore:
    """The store there, as the settings open it."""
    return open_store(read_target(kept.target), clock=clock)


@dataclass(frozen=True)
class Folder:
    """A folder."""

    path: Path

    @property
    def target(self) -> str:
        return str(self.path)

    def read(self, file: str) -> bytes:
        return (self.path / file).read_bytes()

    def write(self, file: str, content: bytes) -> None:
        self.path.mkdir(mode=0o700, exist_ok=True)
        (self.path / file).write_bytes(content)

    def files(self) -> list[str]:
        return sorted(entry.name for entry in self.path.iterdir())

    def unfinished(self) -> list[str]:
        return [name for name in self.files() if is_part_of_one(name.removesuffix(".part")) and name.endswith(".part")]


@dataclass(frozen=True)
class S3:
    """A server that speaks S3."""

    endpoint: str

    def client(self) -> "S3Client":
        library: Any = boto3
        client: S3Client = library.client("s3", region_name=REGION, endpoint_url=self.endpoint)
        return client

    def bucket(self) -> "BucketOf":
        """A new one."""
        name = f"backups-{next(_numbers)}"
        self.client().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return BucketOf(self, name, "eu/")


@dataclass(frozen=True)
class BucketOf:
    """A bucket, and a prefix there."""

    server: S3
    name: str
    prefix: str

    @property
    def target(self) -> str:
        return f"s3://{self.name}/{self.prefix}?endpoint={self.server.endpoint}&region={REGION}"

    def read(self, file: str) -> bytes:
        return self.server.client().get_object(Bucket=self.name, Key=self.prefix + file)["Body"].read()

    def write(self, file: str, content: bytes) -> None:
        self.server.client().put_object(Bucket=self.name, Key=self.prefix + file, Body=content)

    def files(self) -> list[str]:
        found = self.server.client().list_objects_v2(Bucket=self.name, Prefix=self.prefix).get("Contents", [])
        return sorted(item.get("Key", "").removeprefix(self.prefix) for item in found)

    def unfinished(self) -> list[str]:
        found = self.server.client().list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [item.get("Key", "").removeprefix(self.prefix) for item in found]


@contextmanager
def s3() -> Generator[S3]:
    """One that answers one request after the other, so that its conditions hold as a real store's do."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application: Any = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=False)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3(f"http://127.0.0.1:{server.port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
