"""Which key encryption keys wrap how many tenants' keys, and whether each still opens what it wrapped."""

from dataclasses import dataclass, field
from uuid import UUID

from airside.core.errors import TooLarge, Unavailable
from airside.store.context import RequestContext
from airside.vault import records
from airside.vault.aead import Kek
from airside.vault.fields import tenant_key_context
from airside.vault.kms.several import Keks
from airside.vault.model import TenantKey, Unopenable

_PROBE = b"airside/probe"


@dataclass(frozen=True, slots=True)
class Standing:
    """One key encryption key: whether it is the one that seals, how much it wraps, and what it said just now."""

    key_id: str
    current: bool
    tenants: int
    keys: int
    answer: str
    """`answers`, or why it doesn't."""


@dataclass
class _Seen:
    tenants: set[UUID] = field(default_factory=set[UUID])
    keys: int = 0
    sample: tuple[UUID, TenantKey] | None = None


class Survey:
    """Looks at one tenant after the other, and then asks each key."""

    def __init__(self, keks: Keks) -> None:
        self._keks = keks
        self._seen: dict[str, _Seen] = {kek.key_id: _Seen() for kek in keks.all}

    async def add(self, ctx: RequestContext) -> None:
        """Look at the context's tenant. Raises: Inconsistent: it has no keys."""
        for key in await records.load(ctx):
            seen = self._seen.setdefault(key.kek_id, _Seen())
            seen.tenants.add(ctx.tenant_id)
            seen.keys += 1
            seen.sample = seen.sample or (ctx.tenant_id, key)

    async def standings(self) -> list[Standing]:
        """Every key that is named in the settings or in the database, the current one first."""
        found: list[Standing] = []
        for key_id, seen in self._seen.items():
            kek = self._keks.named(key_id)
            answer = "isn't in the settings" if kek is None else await _asked(kek, seen.sample)
            current = key_id == self._keks.key_id
            found.append(Standing(key_id, current, len(seen.tenants), seen.keys, answer))
        return found


async def _asked(kek: Kek, sample: tuple[UUID, TenantKey] | None) -> str:
    """The key is asked for something that it wrapped; where there is nothing, it seals something."""
    try:
        if sample is None:
            await kek.open(await kek.seal(_PROBE, _PROBE), _PROBE)
        else:
            tenant_id, key = sample
            await kek.open(key.wrapped, tenant_key_context(tenant_id, key.key_id, key.purpose))
    except Unavailable as away:
        return f"away: {away.data.get('cause') or away.reason}"
    except (Unopenable, TooLarge):
        return "doesn't open what it wrapped"
    return "answers"
