"""The management API's secrets. Paths stand in bodies and queries: they have slashes, and are nobody's business in a
log."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, SecretStr

from airside.admin import SecretAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.secret import Secret
from airside.secrets import LEASE, Lease, StoredSecret
from airside.store import RequestContext

Path = Annotated[str, Field(max_length=200)]
Number = Annotated[int, Field(ge=1, le=2_000_000_000)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Metadata = Annotated[dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=500)]], Field()]


class NewSecret(Body):
    """`expected_version`: the youngest that there is; 0 for none. Without it, whatever is there is followed."""

    path: Path
    value: SecretStr
    expected_version: Annotated[int, Field(ge=0, le=2_000_000_000)] | None = None
    metadata: Metadata | None = None


class SecretQuestion(Body):
    path: Path
    version: Number | None = None
    lease_seconds: Seconds | None = None


class SecretPath(Body):
    path: Path


class SecretNumber(Body):
    path: Path
    version: Number


class Rotation(Body):
    """`days` null: never again."""

    path: Path
    days: Annotated[int, Field(ge=1, le=366)] | None


class LeaseName(Body):
    path: Path
    lease: Annotated[str, Field(max_length=64)]


class LeaseRenewal(Body):
    path: Path
    lease: Annotated[str, Field(max_length=64)]
    lease_seconds: Seconds


class LeaseAnswer(Answer):
    lease: str
    version: int
    expires_at: datetime
    current: bool


class WrittenAnswer(Answer):
    path: str
    version: int


class ValueAnswer(Answer):
    path: str
    version: int
    value: str
    created_at: datetime
    lease: LeaseAnswer | None = None


class SecretAnswer(Answer):
    path: str
    version: int
    metadata: dict[str, str]
    rotate_days: int | None
    rotate_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SecretPage(Answer):
    secrets: list[SecretAnswer]
    next_cursor: str | None = None


class SecretVersionAnswer(Answer):
    version: int
    state: Literal["active", "deleted", "destroyed"]
    created_at: datetime


class VersionPage(Answer):
    secret: SecretAnswer
    versions: list[SecretVersionAnswer]


def add(routes: APIRouter, caller: Any, verbs: SecretAdmin, cursors: Cursors) -> None:
    """The routes of secrets."""

    @routes.put("/vault/secrets", tags=["secrets"])
    async def put_secret(body: NewSecret, ctx: RequestContext = caller) -> WrittenAnswer:
        value = Secret(body.value.get_secret_value())
        version = await verbs.put(ctx, body.path, value, expected=body.expected_version, metadata=body.metadata)
        return WrittenAnswer(path=body.path, version=version)

    @routes.get("/vault/secrets", tags=["secrets"])
    async def list_secrets(
        prefix: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        cursor: str | None = None,
        ctx: RequestContext = caller,
    ) -> SecretPage:
        listing = f"secrets {prefix}"
        after = "" if cursor is None else (await cursors.verify(ctx, listing, cursor)).decode()
        found = await verbs.list(ctx, prefix, after=after, limit=limit)
        last = await cursors.sign(ctx, listing, found[-1].path.encode()) if len(found) == limit else None
        return SecretPage(secrets=[_secret(each) for each in found], next_cursor=last)

    @routes.post("/vault/secrets/read", tags=["secrets"])
    async def read_secret(body: SecretQuestion, ctx: RequestContext = caller) -> ValueAnswer:
        lease = None if body.lease_seconds is None else timedelta(seconds=body.lease_seconds)
        found = await verbs.read(ctx, body.path, version=body.version, lease=lease)
        return ValueAnswer(
            path=body.path,
            version=found.version,
            value=found.value.reveal(),
            created_at=found.created_at,
            lease=None if found.lease is None else _lease(found.lease),
        )

    @routes.get("/vault/secrets/versions", tags=["secrets"])
    async def list_secret_versions(
        path: Annotated[str, Query(max_length=200)], ctx: RequestContext = caller
    ) -> VersionPage:
        secret, found = await verbs.versions(ctx, path)
        versions = [SecretVersionAnswer(version=v.version, state=v.state, created_at=v.created_at) for v in found]
        return VersionPage(secret=_secret(secret), versions=versions)

    @routes.post("/vault/secrets/delete", status_code=204, tags=["secrets"])
    async def delete_secret(body: SecretNumber, ctx: RequestContext = caller) -> None:
        await verbs.delete(ctx, body.path, body.version)

    @routes.post("/vault/secrets/restore", status_code=204, tags=["secrets"])
    async def restore_secret(body: SecretNumber, ctx: RequestContext = caller) -> None:
        await verbs.restore(ctx, body.path, body.version)

    @routes.post("/vault/secrets/destroy", status_code=204, tags=["secrets"])
    async def destroy_secret(body: SecretNumber, ctx: RequestContext = caller) -> None:
        await verbs.destroy(ctx, body.path, body.version)

    @routes.post("/vault/secrets/rotate", tags=["secrets"])
    async def rotate_secret(body: SecretPath, ctx: RequestContext = caller) -> WrittenAnswer:
        return WrittenAnswer(path=body.path, version=await verbs.rotate(ctx, body.path))

    @routes.put("/vault/secrets/rotation", tags=["secrets"])
    async def schedule_secret(body: Rotation, ctx: RequestContext = caller) -> SecretAnswer:
        return _secret(await verbs.schedule(ctx, body.path, body.days))

    @routes.post("/vault/leases/renew", tags=["secrets"])
    async def renew_lease(body: LeaseRenewal, ctx: RequestContext = caller) -> LeaseAnswer:
        lease_id, lease = path_id(LEASE, body.lease), timedelta(seconds=body.lease_seconds)
        return _lease(await verbs.renew(ctx, body.path, lease_id, lease))

    @routes.post("/vault/leases/revoke", status_code=204, tags=["secrets"])
    async def revoke_lease(body: LeaseName, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, body.path, path_id(LEASE, body.lease))


def _secret(secret: StoredSecret) -> SecretAnswer:
    return SecretAnswer(
        path=secret.path,
        version=secret.version,
        metadata=dict(secret.metadata),
        rotate_days=secret.rotate_days,
        rotate_at=secret.rotate_at,
        created_at=secret.created_at,
        updated_at=secret.updated_at,
    )


def _lease(lease: Lease) -> LeaseAnswer:
    return LeaseAnswer(lease=lease.word, version=lease.version, expires_at=lease.expires_at, current=lease.current)
