"""Bases of models: a field that nobody declared is refused, by its name (mass assignment)."""

from typing import Any, Final

import msgspec
from pydantic import BaseModel, ConfigDict

from airside.shield.inputs.password import Password
from airside.shield.inputs.words import Word

MAX_TEXT: Final = 10_000  # characters of a string field that says nothing else


class Form(BaseModel):
    """A pydantic model of input: unknown fields refused, frozen, strings capped at `MAX_TEXT`, and what was typed in no
    error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=MAX_TEXT, hide_input_in_errors=True)


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A msgspec struct of input: unknown fields refused, frozen. Decode with `dec_hook=msgspec_hook`; plain strings are
    capped by the body alone."""


def msgspec_hook(kind: type[Any], value: object) -> Any:
    """msgspec's `dec_hook` for the types of this package.

    Raises:
        ValueError: their rule says no.
        NotImplementedError: another type.
    """
    if not issubclass(kind, Word | Password):
        raise NotImplementedError
    if not isinstance(value, str):
        raise ValueError("a string is expected")
    return kind.taken(value)
