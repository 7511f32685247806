"""Whoever has the whole database and the key encryption key, and reads what can be read: not through our own code,
which asks for the right place, but by the bare cipher."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row

from airside.store.catalogue import TABLES
from airside.vault import Aead
from airside.vault.fields import tenant_key_context
from airside.vault.model import Unopenable

HEADER = 17
NONCE = 12
TAG = 16
KEYS = ("tenant_key", "person_key")


@dataclass
class Copy:
    """Every row of every table, as a superuser reads them."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def with_keys_of(self, other: "Copy") -> "Copy":
        """An older copy with the keys that there are today: data archives hold none, and the key archive is one."""
        return Copy({**self.tables, **{name: other.tables[name] for name in KEYS}})

    def without_persons(self) -> "Copy":
        """The same, with no person's own key."""
        return Copy({**self.tables, "person_key": []})

    def values(self) -> Iterator[tuple[str, Any]]:
        for table, rows in self.tables.items():
            for row in rows:
                for column, value in row.items():
                    yield f"{table}.{column}", value


async def copied(dsn: str, tenants: Collection[UUID] | None = None) -> Copy:
    """The whole database, now; of the tenants' tables only what is of those `tenants`, where they are named."""
    copy = Copy()
    async with await AsyncConnection[DictRow].connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        for name, table in TABLES.items():
            statement = sql.SQL("select * from {}").format(sql.Identifier("airside", name))
            if tenants is not None and table.scope == "tenant":
                statement += sql.SQL(" where tenant_id = any({})").format(sql.Literal(list(tenants)))
            copy.tables[name] = await (await connection.execute(statement)).fetchall()
    return copy


async def readable(copy: Copy, kek: Aead) -> dict[str, bytes]:
    """What stands in the copy in clear, and what its keys open, by where it stands."""
    keys: dict[bytes, bytes] = {}
    for row in copy.tables["tenant_key"]:
        context = tenant_key_context(row["tenant_id"], row["key_id"], row["purpose"])
        try:
            keys[b"\x01" + row["key_id"].bytes] = await kek.open(row["wrapped"], context)
        except Unopenable:
            continue
    for row in copy.tables["person_key"]:
        found = _bare(keys, row["wrapped"])
        if found is not None:
            keys[b"\x02" + _uuid(row["user_id"]).bytes] = found
    texts: dict[str, list[bytes]] = defaultdict(list)
    for where, value in copy.values():
        texts[where].append(str(value).encode() if not isinstance(value, bytes) else value)
        for sealed in _sealed(value):
            opened = _bare(keys, sealed)
            if opened is not None:
                texts[where].append(opened)
    return {where: b"\n".join(pieces) for where, pieces in texts.items()}


def _sealed(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str) and value.startswith("~"):
        try:
            yield base64.urlsafe_b64decode(value[1:] + "=" * (-len(value[1:]) % 4))
        except binascii.Error:
            return


def _bare(keys: dict[bytes, bytes], sealed: bytes) -> bytes | None:
    """GCM without its proof is CTR from two on (NIST SP 800-38D): no place is needed, the key alone."""
    key = keys.get(sealed[:HEADER])
    if key is None or len(sealed) < HEADER + NONCE + TAG:
        return None
    nonce = sealed[HEADER : HEADER + NONCE]
    decryptor = Cipher(AES(key), CTR(nonce + b"\x00\x00\x00\x02")).decryptor()
    return decryptor.update(sealed[HEADER + NONCE : -TAG]) + decryptor.finalize()


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
