"""What the database may answer instead of rows. Told by SQLSTATE, never by a constraint's name."""

from typing import Final

import psycopg

from airside.core.errors import Conflict, Inconsistent, InvalidInput, Refusal, Unavailable

_UNSPELLABLE: Final = (None, "22021")
"""A text that no text column holds (U+0000): the driver refuses it itself, without a SQLSTATE, or the server does."""


class UniqueViolation(Conflict):
    """SQLSTATE 23505: it exists already."""


class ForeignKeyViolation(Conflict):
    """SQLSTATE 23503: what it refers to isn't there, or something still refers to it."""


class Away(Unavailable):
    """Nothing answers at a connection string, or it turns the role down. Its words are for operators alone."""

    def __init__(self, error: psycopg.OperationalError) -> None:
        super().__init__("database")
        self.said = " ".join((str(error).splitlines() or [""])[0].split())

    def __str__(self) -> str:
        return f"the database is away: {self.said}"


def refusal(error: psycopg.Error) -> Refusal:
    """The typed refusal for a driver's error; its text stays in the cause, for the log."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return UniqueViolation()
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        return ForeignKeyViolation()
    if isinstance(error, psycopg.DataError) and error.sqlstate in _UNSPELLABLE:
        return InvalidInput("a character that can't be kept here")
    away = psycopg.OperationalError | psycopg.InterfaceError
    if isinstance(error, away):
        return Unavailable("database")
    return Inconsistent("statement refused by the database", sqlstate=error.sqlstate)
