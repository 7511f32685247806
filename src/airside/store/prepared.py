"""The statements that one connection has prepared."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

import msgspec
from psycopg.abc import Buffer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

PREPARE_AT: Final = 5
"""The use of a statement at which it is prepared: what is rare isn't worth the server's memory."""
MAX_PREPARED: Final = 100
MAX_COUNTED: Final = 400
"""Statements whose uses are counted; the one used longest ago is forgotten."""

_Key: TypeAlias = tuple[bytes, tuple[int, ...]]


class Bound(msgspec.Struct, frozen=True):
    """A statement and its values, ready to be sent. A struct: one is made for each statement."""

    text: bytes
    types: tuple[int, ...]
    values: Sequence[Buffer | None]
    formats: Sequence[int]


@dataclass(frozen=True, slots=True)
class Awaited:
    """An answer to come. `prepares`: to the preparing of this; `own`: to a statement itself."""

    own: bool
    prepares: _Key | None = None
    name: bytes = b""


class Prepared:
    """Sends statements by name once they are prepared. What is prepared is noted only when the server has said so,
    under a name never used before: neither a refused flush nor a cancelled one can make it wrong."""

    def __init__(self) -> None:
        self._uses: OrderedDict[_Key, int] = OrderedDict()
        self._names: OrderedDict[_Key, bytes] = OrderedDict()
        self._numbers = count()
        self._leaving: list[bytes] = []

    def send(self, pgconn: PGconn, statements: Sequence[Bound]) -> list[Awaited]:
        """Send them, in pipeline mode; the answers to come."""
        leaving, self._leaving = self._leaving, []
        for name in leaving:
            pgconn.send_close_prepared(name)
        awaited = [Awaited(own=False) for _ in leaving]
        new: dict[_Key, bytes] = {}
        for each in statements:
            key = (each.text, each.types)
            name = self._known(key) or new.get(key)
            if name is None and self._is_due(key):
                name = new[key] = b"airside_%d" % next(self._numbers)
                pgconn.send_prepare(name, each.text, each.types)
                awaited.append(Awaited(own=False, prepares=key, name=name))
            if name is None:
                pgconn.send_query_params(each.text, each.values, each.types, each.formats, Format.BINARY)
            else:
                pgconn.send_query_prepared(name, each.values, each.formats, Format.BINARY)
            awaited.append(_OWN)
        return awaited

    def note(self, awaited: Sequence[Awaited], answers: Sequence[PGresult]) -> list[PGresult]:
        """Note what is prepared now; the statements' own answers. One that couldn't be prepared has that refusal."""
        own: list[PGresult] = []
        refused: PGresult | None = None
        for each, answer in zip(awaited, answers, strict=True):
            if each.own:
                own.append(refused or answer)
                refused = None
            elif answer.status == ExecStatus.FATAL_ERROR:
                refused = answer
            elif each.prepares is not None and answer.status == ExecStatus.COMMAND_OK:
                self._keep(each.prepares, each.name)
        return own

    def _known(self, key: _Key) -> bytes | None:
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
        return name

    def _is_due(self, key: _Key) -> bool:
        uses = self._uses[key] = self._uses.pop(key, 0) + 1
        if len(self._uses) > MAX_COUNTED:
            self._uses.popitem(last=False)
        return uses >= PREPARE_AT

    def _keep(self, key: _Key, name: bytes) -> None:
        self._uses.pop(key, None)
        self._names[key] = name
        if len(self._names) > MAX_PREPARED:
            self._leaving.append(self._names.popitem(last=False)[1])


_OWN: Final = Awaited(own=True)
