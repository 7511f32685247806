"""A person's own key: what is sealed under it stays shut for good once the key is gone, in the database, in every
copy of it and in the audit log, whose leaves cover the ciphertext."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.store.context import RequestContext
from airside.vault import envelope, fields, records_persons
from airside.vault.envelope import OVERHEAD
from airside.vault.keyset import Keyset
from airside.vault.model import KEY_BYTES, Place, Unopenable
from airside.vault.records_persons import WrappedKey

KEY_LIFETIME: Final = 300.0
"""Seconds a person's key stays in memory."""
MAX_KEYS: Final = 50_000
"""Persons' keys held at once; the one held longest goes first."""
FORGOTTEN: Final = "airside_forgotten"
"""Where processes hear whose keys are destroyed: `tenant` or `tenant/person`, as UUIDs."""

Column: TypeAlias = tuple[str, str]
"""A table's name and its column's."""

_PERSONAL: Final = bytes([envelope.PERSONAL])
_HEADER: Final = 17
_BODY: Final = _HEADER + envelope.NONCE_BYTES
_MOST: Final = OVERHEAD + envelope.MAX_PLAINTEXT


class PersonKey:
    """One person's key, loaded. What it seals, no other opens."""

    __slots__ = ("_binding", "_cipher", "_entropy", "_fields", "_tenant_id", "decrypt", "header", "own", "user_id")

    def __init__(self, *, tenant_id: UUID, user_id: UUID, key: Secret[bytes], entropy: Entropy) -> None:
        self.user_id = user_id
        self.own: dict[Column, bytes] = {}
        self._tenant_id = tenant_id
        self._cipher = AESGCM(key.reveal())
        self.decrypt = self._cipher.decrypt
        self._entropy = entropy
        self.header = envelope.header(user_id, envelope.PERSONAL)
        self._binding = envelope.binding(self.header)
        self._fields = fields.field_bindings(tenant_id)

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """`plaintext` sealed for `place`, in version 2 of the format of `envelope.py`.

        Raises:
            TooLarge: more than `envelope.MAX_PLAINTEXT` bytes.
        """
        return envelope.seal(
            self._cipher,
            self.user_id,
            nonce=self._entropy.bytes(envelope.NONCE_BYTES),
            plaintext=plaintext,
            context=fields.field_context(self._tenant_id, place),
            version=envelope.PERSONAL,
        )

    def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for `place`. Raises: Unopenable."""
        if sealed[:_HEADER] != self.header or not OVERHEAD <= len(sealed) <= _MOST:
            raise Unopenable
        table, column, row_id = place
        try:
            return self.decrypt(
                sealed[_HEADER:_BODY], sealed[_BODY:], self._binding + self._fields[table, column] + row_id.bytes
            )
        except InvalidTag:
            raise Unopenable from None

    def bind_own(self, column: Column) -> bytes:
        """What a table's column is bound to in the row that the person's own id names; remembered in `own`."""
        bound = self.own[column] = self._binding + self._fields[column] + self.user_id.bytes
        return bound


class Drawn(NamedTuple):
    """A new key, and the row that keeps it."""

    key: PersonKey
    row: WrappedKey


def open_own(column: Column, keys: Sequence[PersonKey | None], sealed: Sequence[bytes]) -> list[bytes]:
    """What was sealed in a table's column, in the rows that persons' own ids name, each with that person's key. A page
    of people in one pass: a call for each would cost half as much as the opening.

    Raises:
        Unopenable: one doesn't open, or its person's key is gone.
    """
    opened: list[bytes] = []
    try:
        for key, each in zip(keys, sealed, strict=True):
            if key is None or each[:_HEADER] != key.header or not OVERHEAD <= len(each) <= _MOST:
                raise Unopenable
            opened.append(key.decrypt(each[_HEADER:_BODY], each[_BODY:], key.own.get(column) or key.bind_own(column)))
    except InvalidTag:
        raise Unopenable from None
    return opened


def person_of(sealed: bytes) -> UUID | None:
    """Whose own key `sealed` says it was sealed with; None where it was a key of the tenant. Not yet proven.

    Raises:
        Unopenable: in neither format.
    """
    if sealed[:1] != bytes([envelope.PERSONAL]):
        envelope.key_of(sealed)
        return None
    return envelope.key_of(sealed, envelope.PERSONAL)


def open_personal(keyset: Keyset, person: PersonKey | None, place: Place, sealed: bytes) -> bytes:
    """What was sealed for `place`, with the person's key or, before they had one, with the tenant's.

    Raises:
        Unopenable: it doesn't open, or its person's key is gone.
    """
    if sealed[:1] != _PERSONAL:
        return keyset.open(place, sealed)
    if person is None:
        raise Unopenable
    return person.open(place, sealed)


class Seals:
    """What seals and opens the columns of one person's rows: their own key, and beside it the tenant's for what was
    sealed before they had one, and for those who have none yet."""

    __slots__ = ("_keyset", "_person")

    def __init__(self, keyset: Keyset, person: PersonKey | None) -> None:
        self._keyset = keyset
        self._person = person

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """As `PersonKey.seal`."""
        return (self._person or self._keyset).seal(place, plaintext)

    def open(self, place: Place, sealed: bytes) -> bytes:
        """As `open_personal`."""
        return open_personal(self._keyset, self._person, place, sealed)


class PersonKeys:
    """Persons' keys, unwrapped and held for a bounded time."""

    def __init__(
        self, *, keyset: Callable[[RequestContext], Awaitable[Keyset]], entropy: Entropy, clock: Clock
    ) -> None:
        self._keyset = keyset
        self._entropy = entropy
        self._clock = clock
        self._held: dict[tuple[int, int], tuple[float, PersonKey]] = {}
        """By the numbers of tenant and person, in the order they came: a UUID is hashed and compared slowly."""
        self._forgotten = 0

    async def draw(self, ctx: RequestContext, user_id: UUID) -> Drawn:
        """A new key for that person, kept by nobody yet."""
        key = Secret(self._entropy.bytes(KEY_BYTES))
        wrapped = (await self._keyset(ctx)).seal(_place(user_id), key.reveal())
        person = PersonKey(tenant_id=ctx.tenant_id, user_id=user_id, key=key, entropy=self._entropy)
        return Drawn(person, WrappedKey(user_id, wrapped))

    def keep(self, ctx: RequestContext, drawn: Drawn) -> None:
        """Store the key of a person whom this transaction makes. Held at once: if the transaction fails, nobody ever
        has this id again, and nothing asks for the key."""
        records_persons.put(ctx, drawn.row)
        self._hold(ctx.tenant_id, drawn.key)

    async def of(self, ctx: RequestContext, user_id: UUID) -> PersonKey | None:
        """That person's key; None where they have none, any more or yet. One query where it isn't in memory."""
        return (await self.each(ctx, (user_id,)))[0]

    async def seals(self, ctx: RequestContext, user_id: UUID) -> Seals:
        """What seals that person's rows; as `of`."""
        return Seals(await self._keyset(ctx), await self.of(ctx, user_id))

    async def several(self, ctx: RequestContext, user_ids: Iterable[UUID]) -> dict[UUID, PersonKey]:
        """The keys that are there, of those persons: at most one query, however many they are."""
        wanted = list(user_ids)
        keys = await self.each(ctx, wanted)
        return {user_id: key for user_id, key in zip(wanted, keys, strict=True) if key is not None}

    async def each(self, ctx: RequestContext, user_ids: Sequence[UUID]) -> list[PersonKey | None]:
        """As `several`, one for each of those persons in their order; None where they have none."""
        keys = self._known(ctx.tenant_id, user_ids)
        if None not in keys:
            return keys
        missing = [user_id for user_id, key in zip(user_ids, keys, strict=True) if key is None]
        keyset, before = await self._keyset(ctx), self._forgotten
        found: dict[UUID, PersonKey] = {}
        for row in await records_persons.several(ctx, missing):
            key = found[row.user_id] = self._unwrap(ctx.tenant_id, keyset, row.user_id, row.wrapped)
            if before == self._forgotten:  # a key destroyed while it was being read isn't held
                self._hold(ctx.tenant_id, key)
        return [found.get(user_id) if key is None else key for user_id, key in zip(user_ids, keys, strict=True)]

    def read(self, ctx: RequestContext, keyset: Keyset, user_id: UUID, wrapped: bytes | None) -> Seals:
        """What seals that person's rows, as `unwrapped` has their key."""
        return Seals(keyset, self.unwrapped(ctx, keyset, user_id, wrapped))

    def unwrapped(self, ctx: RequestContext, keyset: Keyset, user_id: UUID, wrapped: bytes | None) -> PersonKey | None:
        """That person's key as it stood in a row that came with theirs, and so without a query; held."""
        if wrapped is None:
            return None
        held = self._known(ctx.tenant_id, (user_id,))[0]
        if held is None:
            held = self._unwrap(ctx.tenant_id, keyset, user_id, wrapped)
            self._hold(ctx.tenant_id, held)
        return held

    async def destroy(self, ctx: RequestContext, user_id: UUID) -> bool:
        """The person's key is gone when this transaction commits, from every process's memory too; False where there
        is none."""
        destroyed = await records_persons.delete(ctx, user_id)
        await ctx.tx.notify(FORGOTTEN, f"{ctx.tenant_id}/{user_id}")
        ctx.tx.after_commit(lambda: self.forget(ctx.tenant_id, user_id))
        return destroyed

    def forget(self, tenant_id: UUID, user_id: UUID | None = None) -> None:
        """Hold that person's key no more; without one, nobody's of the tenant."""
        self._forgotten += 1
        if user_id is not None:
            self._held.pop((tenant_id.int, user_id.int), None)
            return
        for spot in [spot for spot in self._held if spot[0] == tenant_id.int]:
            del self._held[spot]

    def wipe(self) -> None:
        """Let go of every key that has been held for its time."""
        now = self._clock.monotonic()
        for spot in [spot for spot, held in self._held.items() if now - held[0] >= KEY_LIFETIME]:
            del self._held[spot]

    def forget_all(self) -> None:
        """Hold nobody's key: news may have been missed."""
        self._forgotten += 1
        self._held.clear()

    def _known(self, tenant_id: UUID, user_ids: Sequence[UUID]) -> list[PersonKey | None]:
        tenant, since = tenant_id.int, self._clock.monotonic() - KEY_LIFETIME
        held = [self._held.get((tenant, user_id.int)) for user_id in user_ids]
        return [each[1] if each is not None and each[0] > since else None for each in held]

    def _hold(self, tenant_id: UUID, key: PersonKey) -> None:
        spot = (tenant_id.int, key.user_id.int)
        self._held.pop(spot, None)
        self._held[spot] = (self._clock.monotonic(), key)
        while len(self._held) > MAX_KEYS:
            del self._held[next(iter(self._held))]

    def _unwrap(self, tenant_id: UUID, keyset: Keyset, user_id: UUID, wrapped: bytes) -> PersonKey:
        key = Secret(keyset.open(_place(user_id), wrapped))
        return PersonKey(tenant_id=tenant_id, user_id=user_id, key=key, entropy=self._entropy)


def _place(user_id: UUID) -> Place:
    return Place("person_key", "wrapped", user_id)
