"""Secrets that are looked for where they mustn't be, in every spelling that a leak could have."""

from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx2
from psycopg import AsyncConnection, sql

TAIL = 20
"""Characters at the end that are searched for: a log line that cuts a secret short is still a leak, and the head of a
JWT is no secret."""

TABLES = "select table_schema, table_name from information_schema.tables where table_schema !~ '^(pg_|information_)'"


@dataclass(frozen=True)
class Canary:
    """One secret. `due`: pairs of a part of an address and where in its answer the secret
    belongs."""

    name: str
    value: bytes
    due: frozenset[tuple[str, str]] = frozenset()

    def spellings(self) -> Iterator[bytes]:
        tail = self.value[-TAIL:]
        yield tail
        yield quote(tail, safe="").encode()
        yield tail.hex().encode()
        for encode in (b64encode, urlsafe_b64encode):
            for skipped in range(3):  # where the groups of three begin depends on what stands before the secret
                whole = len(tail[skipped:]) // 3 * 3
                yield encode(tail[skipped : skipped + whole])

    def is_in(self, text: bytes) -> bool:
        return any(spelt in text for spelt in set(self.spellings()))


@dataclass
class Aviary:
    """Every canary that was let out, and everything that was seen of the server."""

    canaries: list[Canary] = field(default_factory=list[Canary])
    answers: list[httpx2.Response] = field(default_factory=list[httpx2.Response])

    def keep(self, name: str, value: str | bytes, *due: tuple[str, str]) -> str:
        """Watch for `value`; returned, so that it can be used at once."""
        raw = value.encode() if isinstance(value, str) else value
        assert len(raw) >= 8, name
        self.canaries.append(Canary(name, raw, frozenset(due)))
        return value if isinstance(value, str) else ""

    def in_text(self, text: bytes) -> list[str]:
        return [canary.name for canary in self.canaries if canary.is_in(text)]

    def in_answers(self) -> list[str]:
        """Each canary in an answer that it isn't due in."""
        found = list[str]()
        for answer in self.answers:
            path = answer.request.url.path
            for part, text in _parts(answer):
                found += [
                    f"{canary.name} in {part} of {answer.request.method} {path}"
                    for canary in self.canaries
                    if canary.is_in(text) and not any(piece in path and part == where for piece, where in canary.due)
                ]
        return found

    def statuses(self) -> Counter[int]:
        return Counter(answer.status_code for answer in self.answers)


def _parts(answer: httpx2.Response) -> Iterator[tuple[str, bytes]]:
    yield "body", answer.content
    for name, value in answer.headers.raw:
        yield name.decode().lower(), value


async def dump(dsn: str) -> dict[str, bytes]:
    """Every row of every table as a superuser reads it, binary columns in hex."""
    rows: dict[str, bytes] = {}
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        tables = await (await connection.execute(TABLES)).fetchall()
        for schema, name in tables:
            whole = sql.SQL("select string_agg(t::text, chr(10)) from {} t").format(sql.Identifier(schema, name))
            row = await (await connection.execute(whole)).fetchone()
            assert row is not None
            rows[f"{schema}.{name}"] = (row[0] or "").encode()
    return rows
