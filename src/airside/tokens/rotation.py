"""The life of signing keys, for each algorithm: published, active, retired, gone.

| a key is | from | it signs | it is in the JWK set |
|---|---|---|---|
| published | its making | only if it is the first of its algorithm | yes |
| active | `SETTLING` later, when every process and most verifiers know it | yes | yes |
| retired | `retires_at`, when its successor is active | no; its private half is destroyed `SETTLING` later | yes |
| gone | `KEPT` after that, when the last token that it signed has ended | no | no |

What is gone verifies nothing but old ID tokens that come back as hints, for `REMEMBERED`; what was withdrawn, not even
these.

Whether it is published, active or retired is a matter of time alone, so that processes agree without a word.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from airside.audit import Event, Journal
from airside.core.errors import Conflict, NotFound
from airside.protocols.jose.keys import PrivateKey, generate
from airside.revocation import Revocations
from airside.store import RequestContext
from airside.tokens import records_keys
from airside.tokens.keys import FIRST_ALGORITHMS, KEPT, SETTLING, SigningKeys, signing_row
from airside.tokens.model import REFRESH_ABSOLUTE
from airside.tokens.records_keys import StoredKey

ROTATE_EVERY: Final = timedelta(days=90)
REVOKED_FOR: Final = timedelta(days=2)
"""How long a withdrawn key is told of: longer than any verifier goes on by keys that it once fetched."""
REMEMBERED: Final = KEPT + REFRESH_ABSOLUTE
"""How long after it retired a key's row is deleted: a hint isn't older than that (`identity.py`)."""
MAX_OF_ALGORITHM: Final = 6
"""Keys of one algorithm at once; whoever rotates oftener waits until old ones are gone."""

KeyState = Literal["published", "active", "retired"]


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A signing key, and where in its life it is."""

    kid: str
    alg: str
    state: KeyState
    created_at: datetime
    retires_at: datetime | None


class KeyRotation:
    """The verbs that change which keys a tenant signs with."""

    def __init__(
        self, *, keys: SigningKeys, revocations: Revocations, journal: Journal, every: timedelta = ROTATE_EVERY
    ) -> None:
        self._keys = keys
        self._revocations = revocations
        self._journal = journal
        self._every = every

    async def list(self, ctx: RequestContext) -> list[KeyStatus]:
        """The tenant's keys, newest first."""
        rows = await self._keys.rows(ctx)
        return [_status(row, rows, ctx.now) for row in rows]

    async def ensure(self, ctx: RequestContext, algorithms: frozenset[str]) -> None:
        """Make a key of each of `algorithms` that the tenant has none of, beside those that every tenant has."""
        algorithms = algorithms - frozenset(FIRST_ALGORITHMS)
        if not algorithms:
            return
        rows = await self._keys.rows(ctx)
        missing = algorithms - {row.verification.alg for row in rows if row.retires_at is None}
        if missing:
            await self._keys.create(ctx, sorted(missing))

    async def rotate(self, ctx: RequestContext, alg: str) -> str:
        """A new key of `alg`, which signs when it has settled; the ones in use sign until then. The first of its
        algorithm signs at once. Its name.

        Raises:
            KeyRefused: no keys are made for this algorithm.
            Conflict: too many keys of it are still published, or another rotation is under way.
        """
        rows = await self._of(ctx, alg)
        if len(rows) >= MAX_OF_ALGORITHM:
            raise Conflict("too many keys of this algorithm are still published: try again in twenty minutes")
        made = await self._replace(ctx, alg, ctx.now, expected=any(row.retires_at is None for row in rows))
        if made is None:
            raise Conflict("another rotation is under way")
        return made

    async def roll_back(self, ctx: RequestContext, alg: str) -> str:
        """Let the key before the newest sign again, and the newest nothing more. Its name.

        Raises:
            NotFound: there is no key before it, or its private half has been destroyed.
            Conflict: another rotation is under way.
        """
        rows = await self._of(ctx, alg)
        newest = next((row for row in rows if row.retires_at is None), None)
        before = next((row for row in rows if row.retires_at is not None and row.private_sealed is not None), None)
        if newest is None or before is None:
            raise NotFound("no signing key to go back to", alg=alg)
        retired = await records_keys.retire_one(ctx, newest.key_id, ctx.now)
        if not (retired and await records_keys.bring_back(ctx, before.key_id)):
            raise Conflict("another rotation is under way")
        await self._changed(ctx, Event.SIGNING_KEY_RETIRED, newest.verification.kid, alg)
        return before.verification.kid

    async def replace_at_once(self, ctx: RequestContext, alg: str) -> str:
        """For a key that may be known to others: a new one signs from this moment; all others of its algorithm are gone
        from the JWK set, and revoked with whatever they signed. The new one's name.

        Raises:
            KeyRefused: no keys are made for this algorithm.
        """
        private = await asyncio.to_thread(generate, alg)
        for kid in await records_keys.withdraw(ctx, alg):
            await self._revocations.revoke(ctx, "key", kid, expires_at=ctx.now + REVOKED_FOR)
            await self._changed(ctx, Event.SIGNING_KEY_WITHDRAWN, kid, alg)
        return await self._keys.add(ctx, alg, private)

    async def rotate_all(self, ctx: RequestContext, *, withdraw: bool = False) -> tuple[str, ...]:
        """A new key of every algorithm that the tenant signs with: as `rotate`, or with `withdraw` as
        `replace_at_once`. Their names.

        Raises:
            Conflict: as `rotate`.
        """
        rows = await self._keys.rows(ctx)
        algorithms = sorted({row.verification.alg for row in rows if row.retires_at is None})
        step = self.replace_at_once if withdraw else self.rotate
        return tuple([await step(ctx, alg) for alg in algorithms])

    async def turn(self, ctx: RequestContext) -> int:
        """What is due, for a timer: private halves destroyed, old keys forgotten, keys rotated that have signed long
        enough. How many keys it touched. Several processes may try: one row decides who rotates."""
        destroyed, forgotten = await records_keys.age(ctx, ctx.now - SETTLING, ctx.now - REMEMBERED)
        rotated = 0
        rows = await self._keys.rows(ctx)
        for alg in sorted({row.verification.alg for row in rows}):
            newest = next((row for row in rows if row.verification.alg == alg and row.retires_at is None), None)
            if newest is not None and newest.created_at <= ctx.now - self._every:
                rotated += await self._replace(ctx, alg, newest.created_at, expected=True) is not None
        if destroyed or forgotten:
            await self._keys.changed(ctx)
        return destroyed + forgotten + rotated

    async def _replace(self, ctx: RequestContext, alg: str, made_before: datetime, *, expected: bool) -> str | None:
        """Retire the keys made until `made_before` and add one; None where `expected` ones were retired meanwhile."""
        private: PrivateKey = await asyncio.to_thread(generate, alg)
        retired = await records_keys.retire(ctx, alg, made_before, ctx.now + SETTLING)
        if expected and not retired:
            return None
        return await self._keys.add(ctx, alg, private)

    async def _of(self, ctx: RequestContext, alg: str) -> Sequence[StoredKey]:
        return [row for row in await self._keys.rows(ctx) if row.verification.alg == alg]

    async def _changed(self, ctx: RequestContext, event: Event, kid: str, alg: str) -> None:
        await self._journal.record(ctx, event, subject=kid, details={"alg": alg})
        await self._keys.changed(ctx)


def _status(row: StoredKey, rows: Sequence[StoredKey], now: datetime) -> KeyStatus:
    alg = row.verification.alg
    state: KeyState = "published" if row.signs(alg, now) else "retired"
    if row is signing_row(rows, alg, now):
        state = "active"
    return KeyStatus(row.verification.kid, alg, state, row.created_at, row.retires_at)
