"""A connection that sends many statements and waits once.

Stands on the driver's lower floor (libpq's pipeline, the adaptation of values, the waiting): with a cursor for each
statement, the driver costs more than the statements.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg import AsyncConnection, abc, adapt
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait

from airside.core.spans import Span
from airside.store.context import Statement
from airside.store.places import NOBODY
from airside.store.prepared import Bound, Prepared

Row = TypeVar("Row")

_REFUSED: Final = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class Connection(AsyncConnection[TupleRow]):
    """One of the pool's connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known = Prepared()
        self._transformer: abc.Transformer | None = None
        self.lent_at = 0.0  # when its pool last gave it away, by a clock that only runs forward
        self.holder = NOBODY  # whom it is lent to
        self.span: Span | None = None  # of the loan under way, where somebody listens

    async def exchange(self, statements: Sequence[Statement]) -> list[PGresult]:
        """Send `statements` in one flush and wait for all; one answer each. Those after a refused one aren't run.

        Raises:
            psycopg.Error: a value that can't be sent, and then nothing was sent; or the connection is lost.
        """
        bound = [self._bind(sql, params) for sql, params in statements]
        async with self.lock:
            self.pgconn.enter_pipeline_mode()
            try:
                awaited = self._known.send(self.pgconn, bound)
                self.pgconn.pipeline_sync()
                answers = await self.wait(_answers(self.pgconn))
            finally:
                _leave_pipeline(self.pgconn)
        return self._known.note(awaited, answers)

    def rows(self, answer: PGresult, row: type[Row]) -> list[Row]:
        """An answer's rows, as dataclasses whose fields carry the names of the columns.

        Raises:
            psycopg.DataError: a value that Python can't hold.
        """
        if not answer.ntuples:
            return []
        adapting = self._adapting()
        adapting.set_pgresult(answer)
        names = [cast("bytes", answer.fname(place)).decode() for place in range(answer.nfields)]
        return adapting.load_rows(0, answer.ntuples, lambda values: row(**dict(zip(names, values, strict=True))))

    def _bind(self, sql: str, params: Sequence[Any]) -> Bound:
        text, formats = _native(sql)
        if len(params) != len(formats):
            raise psycopg.ProgrammingError("a statement needs as many values as it has placeholders")
        if not formats:
            return Bound(text, (), (), ())
        adapting = self._adapting()
        values = adapting.dump_sequence(params, formats)
        return Bound(text, adapting.types or (), values, adapting.formats or ())

    def _adapting(self) -> abc.Transformer:
        if self._transformer is None:
            self._transformer = adapt.Transformer(self)
        return self._transformer


def first_refused(answers: Sequence[PGresult]) -> tuple[int, psycopg.Error] | None:
    """The place of the statement that the server refused, and its error; None if it refused none."""
    for place, answer in enumerate(answers):
        if answer.status in _REFUSED:
            return place, error_from_result(answer)
    return None


@lru_cache(maxsize=1024)
def _native(sql: str) -> tuple[bytes, list[PyFormat]]:
    """A statement with numbered placeholders, and the format of each: the driver's choice."""
    numbers = count(1)
    text = re.sub("%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql)
    return text.encode(), [PyFormat.AUTO] * (next(numbers) - 1)


def _answers(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Flush what has been sent and read up to the end of the pipeline, in the driver's protocol of waiting."""
    while pgconn.flush():
        # What the server already answers is read meanwhile, else both sides could wait for each other.
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    answers: list[PGresult] = []
    ended = False
    while True:
        while pgconn.is_busy():
            if (yield Wait.R):
                pgconn.consume_input()
        answer = pgconn.get_result()
        if answer is not None and answer.status == ExecStatus.PIPELINE_SYNC:
            return answers
        if answer is not None:
            answers.append(answer)
        elif ended:
            raise psycopg.OperationalError("the connection was lost")
        # Each statement's answer is followed by one None; two mean that nothing comes any more.
        ended = answer is None


def _leave_pipeline(pgconn: PGconn) -> None:
    """Back to where the pool expects a connection; one whose answers were never read is of no use to anybody."""
    if pgconn.status == ConnStatus.OK:
        try:
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError:
            pgconn.finish()
