"""A tenant with a row in every indexed column, whose index key is rotated."""

from dataclasses import dataclass, field
from uuid import UUID

from airside.audit import Journal
from airside.core.errors import Conflict
from airside.core.ids import uuid7
from airside.federation import records_identities, records_sessions
from airside.federation.model import ExternalIdentity, FederatedSession
from airside.federation.records_identities import subject_value
from airside.federation.scim import records_groups, records_users
from airside.federation.scim.groups import blind, name_value
from airside.federation.scim.model import Account, Stored
from airside.federation.scim.profile import profile_of
from airside.identity import Users, records_emails, records_recovery
from airside.identity.addresses import email_index, email_key
from airside.identity.indexes import released
from airside.protocols.scim import GROUP, USER, comparable
from airside.store import RequestContext
from airside.tenancy import records_invitations
from airside.tenancy.model import Invitation
from airside.vault import Keyset, Place, Vault
from airside.vault.index_rotation import IndexKeys
from airside.vault.indexes import INDEXES, Column
from airside.vault.rotation import Resealed, Turned
from airside.wiring.indexes import VALUES
from tests.vault.rotation_world import ENTROPY, Site

CODE = b"ABCDEFGHJK"
_CONNECTION = """
insert into airside.connection (tenant_id, connection_id, kind, name, state, settings, creates_users, shown, created_at,
    active_since)
values (%s, %s, 'oidc', 'Acme', 'disabled', '{}', false, false, %s, %s)
"""
_PASSKEY = """
insert into airside.passkey (
    tenant_id, passkey_id, user_id, credential_index, credential_sealed, key_sealed, name_sealed, sign_count, aaguid,
    transports, attested, backup_eligible, backed_up, created_at)
values (%s, %s, %s, %s, %s, %s, %s, 0, %s, '{}', false, false, false, %s)
"""


@dataclass(frozen=True)
class _Index:
    found_by: bytes


@dataclass
class Directory(Site):
    """As `Site`; of its rows it knows what they are found by."""

    values: dict[Column, set[bytes]] = field(default_factory=dict[Column, set[bytes]])

    def keys(self, vault: Vault | None = None) -> IndexKeys:
        return IndexKeys(vault=vault or self.vault(), values=VALUES)

    async def come(self) -> UUID:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await self.keys().rotate(ctx)

    async def back(self) -> UUID:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await self.keys().roll_back(ctx)

    async def due(self) -> Turned:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await self.keys().turn(ctx)

    async def reindex(self) -> Resealed:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await self.keys().reindex(ctx)

    async def counts(self) -> UUID:
        """Another index key that counts."""
        key_id = await self.come()
        self.later()
        assert (await self.due()).active == key_id
        return key_id

    async def key(self) -> UUID:
        """Which index key counts."""
        async with self.engine.begin(self.tenant_id) as ctx:
            found = (await self.vault().keyset(ctx)).index_id
        assert found is not None
        return found

    def users(self, vault: Vault | None = None) -> Users:
        keeper = vault or self.vault()
        return Users(vault=keeper, entropy=ENTROPY, journal=Journal(vault=keeper, entropy=ENTROPY))

    async def warm(self) -> Vault:
        """A node that has just read the tenant's keys."""
        vault = self.vault()
        async with self.engine.begin(self.tenant_id) as ctx:
            await vault.keyset(ctx)
        return vault

    async def who(self, email: str, vault: Vault | None = None) -> UUID | None:
        async with self.engine.begin(self.tenant_id) as ctx:
            return await self.users(vault).known(ctx, email)

    async def add(self, email: str, vault: Vault | None = None) -> UUID | None:
        """None where the address is somebody's."""
        try:
            async with self.engine.begin(self.tenant_id) as ctx:
                return (await self.users(vault).create(ctx, email, "")).id
        except Conflict:
            return None

    async def fill(self) -> None:
        """A row in every indexed column."""
        async with self.engine.begin(self.tenant_id) as ctx:
            vault = self.vault()
            keyset, users = await vault.keyset(ctx), self.users(vault)
            ada = await users.create(ctx, "Ada@Bücher.example", "Ada")
            gone = await users.create(ctx, "gone@bücher.example", "")
            await records_emails.release(ctx, gone.id, email_index(keyset, released(gone.id)[1:].decode()))
            await self._invite(ctx, keyset)
            await self._federate(ctx, vault, ada.id)
            await self._provision(ctx, vault, ada.id)
        self.values |= {
            ("user_account", "email_index"): {email_key("ada@bücher.example"), released(gone.id)},
            ("user_account", "email_domain_index"): {b"xn--bcher-kva.example"},
        }
        assert self.values.keys() == INDEXES.keys()

    async def codes(self, user_id: UUID) -> None:
        """A sheet of recovery codes, which nobody can compute anew."""
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            hashed = (await self.vault().keyset(ctx)).blind_index("recovery_code", "code_hash", user_id.bytes + CODE)
            await records_recovery.replace(ctx, user_id, [hashed])

    async def spent(self, user_id: UUID) -> bool:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            keyset = await self.vault().keyset(ctx)
            hashes = keyset.blind_indexes("recovery_code", "code_hash", user_id.bytes + CODE)
            return await records_recovery.spend(ctx, user_id, hashes)

    async def strays(self) -> dict[Column, set[bytes]]:
        """Indexes that are there and shouldn't be, or should and aren't, as a process sees it that has just started."""
        found: dict[Column, set[bytes]] = {}
        async with self.engine.begin(self.tenant_id) as ctx:
            keyset = await self.vault().keyset(ctx)
            for (table, column), values in self.values.items():
                sql = f"select {column} as found_by from airside.{table} where tenant_id = %s and length({column}) > 0"
                there = {row.found_by for row in await ctx.tx.all(_Index, sql, (self.tenant_id,))}
                if wrong := there ^ {keyset.blind_index(table, column, value) for value in values}:
                    found[table, column] = wrong
        return found

    async def _invite(self, ctx: RequestContext, keyset: Keyset) -> None:
        ids, email = (uuid7(ctx.now, ENTROPY), uuid7(ctx.now, ENTROPY)), "eve@example.com"
        invitation = Invitation(*ids, email, "", (), "user:usr_0", "open", None, ctx.now, ctx.now)
        index = keyset.blind_index("invitation", "email_index", email_key(email))
        await records_invitations.insert(ctx, keyset, invitation, index)
        self.values["invitation", "email_index"] = {email_key(email)}

    async def _federate(self, ctx: RequestContext, vault: Vault, user_id: UUID) -> None:
        keyset, seals = await vault.keyset(ctx), await vault.persons.seals(ctx, user_id)
        row_id = uuid7(ctx.now, ENTROPY)
        await ctx.tx.run(_CONNECTION, (ctx.tenant_id, row_id, ctx.now, ctx.now))
        identity = ExternalIdentity(row_id, row_id, user_id, "subject", ctx.now, ctx.now)
        assert await records_identities.insert(ctx, keyset, seals, identity)
        await records_sessions.insert(ctx, vault, FederatedSession(row_id, row_id, row_id, "sid"), user_id)
        sealed = [
            seals.seal(Place("passkey", name, row_id), b"credential")
            for name in ("credential_sealed", "key_sealed", "name_sealed")
        ]
        index = keyset.blind_index("passkey", "credential_index", b"credential")
        await ctx.tx.run(_PASSKEY, (ctx.tenant_id, row_id, user_id, index, *sealed, UUID(int=0), ctx.now))
        self.values |= {
            ("external_identity", "subject_index"): {subject_value(row_id, b"subject")},
            ("federated_session", "foreign_index"): {b"sid"},
            ("passkey", "credential_index"): {b"credential"},
        }

    async def _provision(self, ctx: RequestContext, vault: Vault, user_id: UUID) -> None:
        keyset, seals = await vault.keyset(ctx), await vault.persons.seals(ctx, user_id)
        connection_id, addresses = uuid7(ctx.now, ENTROPY), ("ada@example.com", "Ada@example.org")
        emails = [{"value": address} for address in addresses]
        profile = profile_of({"userName": "Ada", "externalId": "E1", "emails": emails})
        account = Account(
            Stored(USER, user_id, 1, ctx.now, ctx.now, profile.said), "active", False, False, profile.said
        )
        assert await records_users.insert(ctx, seals, connection_id, account, profile.found(keyset))
        said = {"displayName": "Admins", "externalId": "G1"}
        group = Stored(GROUP, uuid7(ctx.now, ENTROPY), 1, ctx.now, ctx.now, said)
        external_id = comparable(GROUP, "externalId", "G1")
        names = blind(keyset, "displayName", name_value(said))[0], blind(keyset, "externalId", external_id)[0]
        await records_groups.insert(ctx, keyset, connection_id, group, records_groups.Found(*names))
        self.values |= {
            ("scim_user", "user_name_index"): {comparable(USER, "userName", "Ada")},
            ("scim_user", "external_id_index"): {comparable(USER, "externalId", "E1")},
            ("scim_email", "email_index"): {comparable(USER, "emails.value", each) for each in addresses},
            ("scim_group", "name_index"): {name_value(said)},
            ("scim_group", "external_id_index"): {external_id},
        }
