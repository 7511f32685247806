"""A person with something in every column that is sealed under their own key, each thing a canary."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from airside.admin import OPERATOR
from airside.core.ids import USER, format_id, uuid7
from airside.core.principal import Origin, Principal
from airside.core.secret import Secret
from airside.federation.model import FederatedSession
from airside.federation.records_sessions import seal_hint
from airside.identity import User
from airside.store.context import RequestContext
from airside.vault import Place, open_personal, person_of
from airside.vault.columns import SEALED, Sealed
from tests.authenticator import Authenticator
from tests.gauntlet.canaries import Aviary
from tests.running import Place as Tenant

OWNED = tuple(each for each in SEALED if each.owner)
ONCE_THE_TENANTS = tuple(column for column in OWNED if column.column != "profile_sealed")
"""Those that builds before sealed under the tenant's key; there was a person's own when the profile came."""
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"


@dataclass
class Kept:
    """Somebody, and what was planted of them."""

    user: User
    birds: Aviary = field(default_factory=Aviary)

    def read_in(self, texts: dict[str, bytes]) -> set[str]:
        """Each canary that is seen, and where."""
        return {f"{name} in {where}" for where, text in texts.items() for name in self.birds.in_text(text)}


@dataclass(frozen=True)
class _Value:
    sealed: bytes
    owner: UUID
    first: UUID
    second: UUID | None = None


async def settled(place: Tenant, connection_id: UUID) -> Kept:
    """Somebody whom a directory made, who has signed in there and here, and asked for their address to be verified."""
    services, birds = place.server.services, Aviary()
    entropy = services.entropy

    def word(name: str) -> str:
        return birds.keep(name, entropy.bytes(12).hex())

    email = birds.keep("address", f"{word('mailbox')}@example.org")
    said = {
        "schemas": [SCHEMA],
        "userName": email,
        "externalId": word("subject"),
        "displayName": f"Ada {word('name')}",
        "name": {"givenName": word("given name"), "familyName": word("family name")},
        "emails": [{"value": email, "primary": True}, {"value": f"{word('other address')}@example.net"}],
        "title": word("title"),
    }
    async with place.operator() as ctx:
        stored = await services.scim_users.create(ctx, connection_id, said)
        user = await services.users.get(ctx, stored.id)
    kept = Kept(user, birds)
    await _signed_in(place, kept, email)
    await _elsewhere(place, kept, connection_id)
    async with place.operator() as ctx:
        begun = await services.totp.begin(ctx, user.id, email, "Acme")
        birds.keep("generator", begun.secret.reveal())
        payload = birds.keep("link", f"{word('link')}@example.com").encode()
        await services.links.create(ctx, "verify_email", user_id=user.id, payload=payload, lifetime=timedelta(days=1))
    await _passkey(place, kept)
    return kept


async def _signed_in(place: Tenant, kept: Kept, email: str) -> None:
    services, birds, user = place.server.services, kept.birds, kept.user
    host = b"\x20\x01\x0d\xb8" + bytes(each | 0x11 for each in services.entropy.bytes(12))
    address = birds.keep("address of the sender", str(ipaddress.IPv6Address(host)))
    origin = Origin(address, birds.keep("agent", f"agent/{services.entropy.bytes(12).hex()}"))
    password = Secret(services.entropy.bytes(16).hex())
    who = Principal("user", f"user:{format_id(USER, user.id)}")
    async with services.engine.begin(place.tenant_id, principal=OPERATOR, origin=origin) as ctx:
        await services.passwords.set(ctx, user.id, password)
        proof = await services.passwords.prove(ctx, email, password)
        await services.sessions.start(ctx, [proof])
        await services.devices.remember(ctx, user.id, (await services.devices.mint(ctx))[0])
    async with services.engine.begin(place.tenant_id, principal=who, origin=origin) as ctx:
        await services.users.verify_email(ctx, user.id)


async def _elsewhere(place: Tenant, kept: Kept, connection_id: UUID) -> None:
    services, birds, user_id = place.server.services, kept.birds, kept.user.id
    async with place.operator() as ctx:
        (identity,) = await services.identities.list(ctx, user_id)
        token = birds.keep("ID token", services.entropy.bytes(24).hex())
        hint = seal_hint(await services.vault.persons.seals(ctx, user_id), identity.id, token)
        foreign = birds.keep("foreign session", services.entropy.bytes(12).hex())
        began = FederatedSession(uuid7(ctx.now, services.entropy), identity.id, connection_id, foreign, hint)
        await services.federated_sessions.began(ctx, began, user_id)


async def _passkey(place: Tenant, kept: Kept) -> None:
    services, birds, user = place.server.services, kept.birds, kept.user
    device, attempt_id = Authenticator(origin=place.server.url), uuid7(services.clock.now(), services.entropy)
    async with place.operator() as ctx:
        options = await services.passkeys.begin_registration(ctx, user, attempt_id)
    birds.keep("credential", device.credential_id)
    async with place.operator() as ctx:
        name = birds.keep("passkey", f"Laptop {services.entropy.bytes(12).hex()}")
        await services.passkeys.register(ctx, user.id, attempt_id, device.create(options), name)


async def as_before(place: Tenant, people: list[Kept]) -> dict[str, int]:
    """What stands of them under their own keys, sealed under the tenant's, as builds wrote it that knew no other; how
    many values of each column."""
    done: dict[str, int] = {}
    async with place.operator() as ctx:
        for column in ONCE_THE_TENANTS:
            done[f"{column.table}.{column.column}"] = await _under_the_tenants(place, ctx, column, people)
    return done


async def _under_the_tenants(place: Tenant, ctx: RequestContext, column: Sealed, people: list[Kept]) -> int:
    vault, count = place.server.services.vault, 0
    keyset = await vault.keyset(ctx)
    named = ", ".join(f"{name} as {word}" for name, word in zip(column.key, ("first", "second"), strict=False))
    same = " and ".join(f"{name} = %s" for name in column.key)
    reading = f"""select {column.column} as sealed, {column.owner} as owner, {named} from airside.{column.table}
                  where tenant_id = %s and {column.owner} = any(%s) and {column.column} is not null"""
    writing = f"update airside.{column.table} set {column.column} = %s where tenant_id = %s and {same}"
    for row in await ctx.tx.all(_Value, reading, (ctx.tenant_id, [each.user.id for each in people])):
        assert person_of(row.sealed) == row.owner, column
        key = (row.first,) if row.second is None else (row.first, row.second)
        where = Place(column.table, column.column, column.row(*key))
        plain = open_personal(keyset, await vault.persons.of(ctx, row.owner), where, row.sealed)
        count += await ctx.tx.run(writing, (keyset.seal(where, plain), ctx.tenant_id, *key))
    return count
