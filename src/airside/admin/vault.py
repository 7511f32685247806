"""The applications' vault: managing its keys and who may use them, and using them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from airside.access.authorise import Authorise, Right
from airside.access.rights import DECRYPT_VAULT, ENCRYPT_VAULT
from airside.admin.vault_rights import NamedVerbs, requires_named
from airside.admin.verb import Verbs, requires
from airside.audit import Journal
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.identity.charging import spend
from airside.limits import VAULT_REQUESTS, VAULT_VALUES, Limiter
from airside.protocols.envelope import Unreadable, context_bytes
from airside.secrets import MAX_BATCH, MAX_FIELD, AppKey, AppKeys, Purpose
from airside.store import RequestContext
from airside.tenancy import NamedGrant, NamedGrants

MANAGE: Final = Right("vault:admin", "can_manage_vault")
Value = TypeVar("Value")
Taken = TypeVar("Taken")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Bound(Generic[Value]):
    """A value, and the context that it is, or is to be, bound to."""

    value: Value
    context: Mapping[str, str]


class VaultAdmin(Verbs):
    """Make, rotate and destroy named keys; say who may use which, and which secrets."""

    def __init__(self, *, authorise: Authorise, keys: AppKeys, grants: NamedGrants) -> None:
        super().__init__(authorise)
        self._keys = keys
        self._grants = grants

    @requires(MANAGE)
    async def create(self, ctx: RequestContext, name: str, purpose: Purpose) -> AppKey:
        """A new key. Raises: InvalidInput, Conflict: as `AppKeys.create`."""
        return await self._keys.create(ctx, name, purpose)

    @requires(MANAGE)
    async def grants(self, ctx: RequestContext) -> list[NamedGrant]:
        """Everything that is given by name."""
        return await self._grants.list(ctx)

    @requires(MANAGE)
    async def list(self, ctx: RequestContext) -> list[AppKey]:
        """Every key, by name."""
        return await self._keys.list(ctx)

    @requires(MANAGE)
    async def get(self, ctx: RequestContext, name: str) -> AppKey:
        """Raises: NotFound."""
        return await self._keys.get(ctx, name)

    @requires(MANAGE)
    async def rotate(self, ctx: RequestContext, name: str) -> AppKey:
        """A new version seals. Raises: NotFound, Conflict."""
        return await self._keys.rotate(ctx, name)

    @requires(MANAGE)
    async def destroy_version(self, ctx: RequestContext, name: str, version: int) -> AppKey:
        """What it sealed never opens again. Raises: NotFound; Conflict: it is the active one."""
        return await self._keys.destroy_version(ctx, name, version)

    @requires(MANAGE)
    async def destroy(self, ctx: RequestContext, name: str) -> None:
        """What any version sealed never opens again. Raises: NotFound."""
        await self._keys.destroy(ctx, name)

    @requires(MANAGE)
    async def give(self, ctx: RequestContext, grant: NamedGrant) -> None:
        """They may use what is named, if their credential may use the vault. Raises: InvalidInput."""
        await self._grants.give(ctx, grant)

    @requires(MANAGE)
    async def take(self, ctx: RequestContext, grant: NamedGrant) -> None:
        """They may not any more. Raises: InvalidInput."""
        await self._grants.take(ctx, grant)


class VaultUse(NamedVerbs):
    """Seal, open and tokenise with a named key. Every verb takes the key's name first; those of several values do all
    or nothing, and say which doesn't open. Each also raises LimitExceeded."""

    limit = VAULT_REQUESTS

    def __init__(
        self, *, authorise: Authorise, grants: NamedGrants, pace: Limiter, journal: Journal, keys: AppKeys
    ) -> None:
        super().__init__(authorise=authorise, grants=grants, pace=pace, journal=journal)
        self._keys = keys

    @requires_named(ENCRYPT_VAULT, "encrypter")
    async def encrypt(self, ctx: RequestContext, name: str, values: Sequence[Bound[bytes]]) -> list[str]:
        """Raises: NotFound: no such key for this; InvalidInput; TooLarge."""
        ring = await self._keys.ring(ctx, name)
        return await self._each(ctx, values, lambda each: ring.seal(each.value, context_bytes(each.context)))

    @requires_named(DECRYPT_VAULT, "decrypter")
    async def decrypt(self, ctx: RequestContext, name: str, values: Sequence[Bound[str]]) -> list[bytes]:
        """Raises: NotFound: no such key; InvalidInput: one doesn't open."""
        ring = await self._keys.ring(ctx, name)
        return await self._each(ctx, values, lambda each: ring.open(each.value, context_bytes(each.context)))

    @requires_named(ENCRYPT_VAULT, "encrypter")
    async def rewrap(self, ctx: RequestContext, name: str, values: Sequence[Bound[str]]) -> list[str]:
        """The same under the active version; nobody sees what it is. Raises: NotFound; InvalidInput."""
        ring = await self._keys.ring(ctx, name)
        return await self._each(ctx, values, lambda each: ring.rewrap(each.value, context_bytes(each.context)))

    @requires_named(ENCRYPT_VAULT, "encrypter")
    async def data_key(self, ctx: RequestContext, name: str, context: Mapping[str, str]) -> tuple[Secret[bytes], str]:
        """A new data key, to seal with where the plaintext is, and the same one wrapped. Raises: NotFound;
        InvalidInput."""
        await self._charge(ctx, 1)
        return (await self._keys.ring(ctx, name)).data_key(context_bytes(context))

    @requires_named(DECRYPT_VAULT, "decrypter")
    async def unwrap(self, ctx: RequestContext, name: str, wrapped: Bound[str]) -> Secret[bytes]:
        """The data key again. Raises: NotFound; InvalidInput: it doesn't open."""
        await self._charge(ctx, 1)
        return (await self._keys.ring(ctx, name)).unwrap(wrapped.value, context_bytes(wrapped.context))

    @requires_named(ENCRYPT_VAULT, "encrypter")
    async def tokenise(self, ctx: RequestContext, name: str, field: str, values: Sequence[bytes]) -> list[str]:
        """Equal values of one field have equal tokens. Raises: NotFound; InvalidInput; TooLarge."""
        ring, column = await self._keys.ring(ctx, name), _field(field)
        return await self._each(ctx, values, lambda each: ring.tokenise(each, column))

    @requires_named(DECRYPT_VAULT, "decrypter")
    async def detokenise(self, ctx: RequestContext, name: str, field: str, tokens: Sequence[str]) -> list[bytes]:
        """What the tokens stand for. Raises: NotFound; InvalidInput: one isn't of this key and field."""
        ring, column = await self._keys.ring(ctx, name), _field(field)
        return await self._each(ctx, tokens, lambda each: ring.detokenise(each, column))

    @requires_named(ENCRYPT_VAULT, "encrypter")
    async def retokenise(self, ctx: RequestContext, name: str, field: str, tokens: Sequence[str]) -> list[str]:
        """The same values' tokens after a rotation. Raises: NotFound; InvalidInput."""
        ring, column = await self._keys.ring(ctx, name), _field(field)
        return await self._each(ctx, tokens, lambda each: ring.retokenise(each, column))

    async def _each(self, ctx: RequestContext, values: Sequence[Taken], work: Callable[[Taken], Given]) -> list[Given]:
        if not 0 < len(values) <= MAX_BATCH:
            raise InvalidInput(f"1 to {MAX_BATCH} values are expected", pointer="items")
        await self._charge(ctx, len(values))
        made: list[Given] = []
        for number, value in enumerate(values):
            try:
                made.append(work(value))
            except Unreadable as refused:
                raise InvalidInput(refused.reason, pointer=f"items.{number}") from None
        return made

    async def _charge(self, ctx: RequestContext, values: int) -> None:
        await spend(ctx, self.pace, self.journal, [(VAULT_VALUES, "all")], cost=values)


def _field(field: str) -> bytes:
    name = field.encode(errors="replace")
    if not 0 < len(name) <= MAX_FIELD:
        raise InvalidInput(f"the name of a field, of 1 to {MAX_FIELD} bytes, is expected", pointer="field")
    return name
