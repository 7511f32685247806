"""A tenant's signing keys: made, sealed, published, and held in memory for a bounded time."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.ids import uuid7
from airside.core.strict_json import Json
from airside.protocols.jose import KeySet, SigningKey, public_jwk, thumbprint
from airside.protocols.jose.keys import PrivateKey, generate, private_from_pkcs8
from airside.store import Listener, RequestContext
from airside.tokens import records_keys
from airside.tokens.model import ACCESS_TOKEN_LIFETIME
from airside.tokens.records_keys import StoredKey
from airside.vault import Place, Vault

FIRST_ALGORITHMS: Final = ("ES256", "RS256")  # RS256 because OpenID Connect's clients default to it
KEYS_LIFETIME: Final = timedelta(seconds=60)  # how long a key taken away may live on in a process
SETTLING: Final = 2 * KEYS_LIFETIME  # a new key signs only when every process must know it, unless it is the first
KEPT: Final = ACCESS_TOKEN_LIFETIME + SETTLING  # how long a retired key verifies: the last token that it signed
CHANNEL: Final = "airside_signing_keys"
MAX_TENANTS: Final = 10_000  # tenants whose keys are held; the longest unused go first


@dataclass(frozen=True, slots=True)
class _Held:
    loaded_at: datetime
    rows: Sequence[StoredKey]
    keyset: KeySet
    signers: dict[str, SigningKey] = field(default_factory=dict[str, SigningKey])


class SigningKeys:
    """Signing keys, per tenant: a token of one tenant can't verify at another. How they come and go: `rotation.py`.

    With a `listener` the processes tell each other of a change within a second; without one, or where the news is
    lost, what a process holds is never older than `KEYS_LIFETIME`.
    """

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal, listener: Listener | None = None) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._made: dict[UUID, datetime] = {}
        self._news = 0
        if listener is not None:
            listener.subscribe(CHANNEL, self._hear, self._forget)

    async def create(self, ctx: RequestContext, algorithms: Sequence[str] = FIRST_ALGORITHMS) -> None:
        """Make a new key for each algorithm, off the loop (RSA takes long), and add it."""
        privates = await asyncio.gather(*(asyncio.to_thread(generate, alg) for alg in algorithms))
        for alg, private in zip(algorithms, privates, strict=True):
            await self.add(ctx, alg, private)

    async def add(self, ctx: RequestContext, alg: str, private: PrivateKey) -> str:
        """A key, and its name. It is published at once, and signs at once only where it is the first of its algorithm;
        else when it has settled."""
        key_id = uuid7(ctx.now, self._entropy)
        key = SigningKey(thumbprint(private.public_key()), alg, private)
        sealed = (await self._vault.keyset(ctx)).seal(_place(key_id), key.pkcs8())
        await records_keys.insert(ctx, StoredKey(key_id, key.verification(), sealed, ctx.now))
        await self._journal.record(ctx, Event.SIGNING_KEY_CREATED, subject=key.kid, details={"alg": alg})
        await self.changed(ctx)
        return key.kid

    async def rows(self, ctx: RequestContext) -> list[StoredKey]:
        """The tenant's keys as they are stored now, newest first."""
        return await records_keys.load(ctx, ctx.now - KEPT)

    async def changed(self, ctx: RequestContext) -> None:
        """This transaction changes the tenant's keys: nobody goes on by those that they hold."""
        self._note_made(ctx)
        await ctx.tx.notify(CHANNEL, ctx.tenant_id.hex)

    async def jwks(self, ctx: RequestContext) -> dict[str, Json]:
        """The tenant's public keys as a JWK set (RFC 7517 §5)."""
        return {"keys": [public_jwk(key) for key in await self.keyset(ctx)]}

    async def keyset(self, ctx: RequestContext) -> KeySet:
        """The tenant's verification keys. Touches the database at most once a minute."""
        return (await self._current(ctx)).keyset

    async def past(self, ctx: RequestContext, kid: str) -> KeySet:
        """The key of that name where it has retired, else nothing: for hints, which may be older than their key."""
        row = await records_keys.find_retired(ctx, kid)
        return KeySet(() if row is None else (row.verification,))

    def known(self, ctx: RequestContext) -> KeySet | None:
        """As `keyset`, if it is in memory."""
        held = self._known(ctx)
        return None if held is None else held.keyset

    async def oldest(self, ctx: RequestContext) -> datetime | None:
        """When the tenant's oldest key was made that signs; None where it has none."""
        return await records_keys.oldest(ctx)

    async def signer(self, ctx: RequestContext, alg: str = "ES256") -> SigningKey:
        """The key that signs `alg` now.

        Raises:
            Inconsistent: the tenant has none.
        """
        held = await self._current(ctx)
        row = signing_row(held.rows, alg, ctx.now)
        if row is None:
            raise Inconsistent("tenant without a signing key", alg=alg)
        return held.signers.get(row.verification.kid) or await self._open(ctx, held, row)

    async def _open(self, ctx: RequestContext, held: _Held, row: StoredKey) -> SigningKey:
        keyset = await self._vault.keyset(ctx)
        private = private_from_pkcs8(keyset.open(_place(row.key_id), row.private_sealed or b""))
        key = SigningKey(row.verification.kid, row.verification.alg, private)
        if key.verification() != row.verification:
            raise Inconsistent("signing key whose halves differ", kid=row.verification.kid)
        held.signers[key.kid] = key
        return key

    async def _current(self, ctx: RequestContext) -> _Held:
        return self._known(ctx) or await self._load(ctx, self._held.get(ctx.tenant_id.int))

    def _known(self, ctx: RequestContext) -> _Held | None:
        held = self._held.get(ctx.tenant_id.int)
        if held is None or abs(ctx.now - held.loaded_at) >= KEYS_LIFETIME:
            return None
        self._held.move_to_end(ctx.tenant_id.int)
        return held

    async def _load(self, ctx: RequestContext, before: _Held | None) -> _Held:
        news = self._news
        rows = await self.rows(ctx)
        signing = {row.verification.kid for row in rows if row.private_sealed is not None}
        opened = before.signers if before is not None else {}
        kept = {kid: key for kid, key in opened.items() if kid in signing}
        fresh = _Held(ctx.now, rows, KeySet(row.verification for row in rows), kept)
        made = self._made.get(ctx.tenant_id)
        if news == self._news and (made is None or ctx.now - made > KEYS_LIFETIME):
            self._hold(ctx.tenant_id, fresh)
        return fresh

    def _hold(self, tenant_id: UUID, fresh: _Held) -> None:
        self._held[tenant_id.int] = fresh
        self._held.move_to_end(tenant_id.int)
        if len(self._held) > MAX_TENANTS:
            self._held.popitem(last=False)

    def _note_made(self, ctx: RequestContext) -> None:
        """Keys made in a transaction that rolls back must not be remembered: hold none of the tenant's until it
        commits, or until no such transaction can be open any more."""
        tenant_id, now = ctx.tenant_id, ctx.now
        self._made = {other: at for other, at in self._made.items() if now - at <= KEYS_LIFETIME}
        self._made[tenant_id] = now
        self._held.pop(tenant_id.int, None)
        ctx.tx.after_commit(lambda: self._settle(tenant_id))

    def _settle(self, tenant_id: UUID) -> None:
        self._made.pop(tenant_id, None)
        self._held.pop(tenant_id.int, None)

    def _hear(self, payload: str) -> None:
        self._news += 1
        try:
            self._held.pop(UUID(hex=payload).int, None)
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._news += 1
        self._held.clear()


def signing_row(rows: Sequence[StoredKey], alg: str, now: datetime) -> StoredKey | None:
    """Of `rows`, newest first, the one that signs `alg` at `now`: the newest that has settled, else the oldest."""
    able = [row for row in rows if row.signs(alg, now)]
    settled = [row for row in able if row.created_at + SETTLING <= now]
    return next(iter(settled or reversed(able)), None)


def _place(key_id: UUID) -> Place:
    return Place("signing_key", "private_sealed", key_id)
