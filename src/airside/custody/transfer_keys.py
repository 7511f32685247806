"""A tenant's keys on the way from one key encryption key to another: never in plain but for the moment between."""

import hashlib
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from airside.custody.backup_model import Begin, Damaged, End, Event
from airside.vault.aead import Aead
from airside.vault.fields import tenant_key_context
from airside.vault.model import PURPOSES, Purpose, Unopenable

TABLE: Final = "tenant_key"
_PURPOSES: Final[dict[bytes, Purpose]] = {purpose.encode(): purpose for purpose in PURPOSES}
_WRAPPED: Final = b"\\\\x"
"""As COPY writes the beginning of a `bytea` in its text format."""


async def rewrapped(events: AsyncIterator[Event], old: Aead, new: Aead) -> AsyncIterator[Event]:
    """The sections, with the rows of `tenant_key` wrapped by `new` instead of `old`. Persons' keys are wrapped by their
    tenant's, and stay as they are.

    Raises:
        Damaged: not rows of that table, or a key that `old` doesn't open.
        Unavailable: a key encryption key can't be reached.
    """
    begun: Begin | None = None
    digest, held = hashlib.sha256(), hashlib.sha256()
    async for event in events:
        match event:
            case Begin():
                begun = event if event.table == TABLE else None
                digest, held = hashlib.sha256(), hashlib.sha256()
                yield event
            case bytes() if begun is not None:
                digest.update(event)
                lines = [await _line(begun, line, old, new) for line in event.splitlines()]
                moved = b"".join(lines)
                held.update(moved)
                yield moved
            case End() if begun is not None:
                if event.sha256 != digest.hexdigest():
                    raise Damaged("a section that was changed")
                yield End(event.rows, held.hexdigest())
            case _:
                yield event


async def _line(section: Begin, line: bytes, old: Aead, new: Aead) -> bytes:
    try:
        fields = dict(zip(section.columns, line.split(b"\t"), strict=True))
        if section.tenant is None or not fields["wrapped"].startswith(_WRAPPED):
            raise Damaged("a key that belongs nowhere")
        purpose = _PURPOSES[fields["purpose"]]
        context = tenant_key_context(section.tenant, UUID(fields["key_id"].decode("ascii")), purpose)
        wrapped = bytes.fromhex(fields["wrapped"].removeprefix(_WRAPPED).decode("ascii"))
    except (KeyError, ValueError):
        raise Damaged("not a row of keys") from None
    try:
        again = await new.seal(await old.open(wrapped, context), context)
    except Unopenable:
        raise Damaged("a key of the tenant's doesn't open") from None
    fields["wrapped"], fields["kek_id"] = _WRAPPED + again.hex().encode(), new.key_id.encode()
    return b"\t".join(fields.values()) + b"\n"
