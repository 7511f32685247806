"""Managers: users of a tenant who act with what they hold and no more."""

from base64 import b32decode
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from airside.core.ids import TENANT, USER, format_id
from airside.core.principal import Principal
from airside.core.secret import Secret
from airside.identity import User
from airside.permissions import Question
from airside.protocols import otp
from airside.store import RequestContext
from airside.tenancy import PERMISSIONS, CustomRole, RoleDraft
from tests.running import Place

EVERY = frozenset(PERMISSIONS)


@dataclass(frozen=True)
class Manager:
    """A user, signed in to an application with these scopes."""

    place: Place
    user: User
    scopes: frozenset[str] = EVERY

    @property
    def subject(self) -> str:
        return f"user:{format_id(USER, self.user.id)}"

    @property
    def principal(self) -> Principal:
        """Themself, as strongly proven as managing takes, just now."""
        now = self.place.server.services.clock.now()
        return Principal("user", self.subject, self.scopes, "aal2", now)

    def acting(self) -> AbstractAsyncContextManager[RequestContext]:
        """A request of theirs."""
        return self.place.server.services.engine.begin(self.place.tenant_id, principal=self.principal)


def draft(name: str, *permissions: str) -> RoleDraft:
    """A role of these permissions."""
    return RoleDraft(name, f"The role {name}", frozenset(permissions))


async def make_role(place: Place, name: str, *permissions: str) -> CustomRole:
    """A role, made by the operator."""
    async with place.operator() as ctx:
        return await place.server.services.role_admin.create(ctx, draft(name, *permissions))


async def make_manager(place: Place, *permissions: str, scopes: Iterable[str] = EVERY) -> Manager:
    """Somebody with a role of exactly these permissions."""
    services = place.server.services
    user = await place.user()
    role = await make_role(place, f"of-{user.id.hex[-16:]}", *permissions)
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, role.role_id)
    return Manager(place, user, frozenset(scopes))


async def generator_of(place: Place, user: User) -> tuple[UUID, bytes]:
    """A generator of codes that is a factor of the user, and its secret. The code before the present one is spent."""
    services = place.server.services
    async with place.operator() as ctx:
        begun = await services.totp.begin(ctx, user.id, user.email, "Acme")
        secret = b32decode(begun.secret.reveal())
        await services.totp.confirm(
            ctx, user.id, begun.factor_id, Secret(otp.code_at(secret, otp.step_at(ctx.now) - 1))
        )
    return begun.factor_id, secret


async def permissions_of(place: Place, user: User) -> set[str]:
    """What our own engine says that somebody may."""
    services = place.server.services
    subject, tenant = f"user:{format_id(USER, user.id)}", f"tenant:{format_id(TENANT, place.tenant_id)}"
    async with place.operator() as ctx:
        store_id = (await services.tenants.current(ctx)).system_store_id
        found: set[str] = set()
        for each in PERMISSIONS.values():
            question = Question(store_id, subject, each.relation, tenant, at_least="head")
            if (await services.permissions.engine.check(ctx, question)).allowed:
                found.add(each.name)
        return found
