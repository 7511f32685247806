"""How much one request may carry: OpenFGA's limits and defaults. Lists have none: they are never cut."""

from dataclasses import dataclass
from typing import Final

MAX_DEPTH: Final = 25
"""Steps from one object or userset to the next that a question may take: OpenFGA's own bound."""
MAX_VISITS: Final = 50_000
"""Usersets and objects that one question may visit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Chosen when the process starts.

    Attributes:
        write: tuples in one write, deletes included.
        batch: questions in one batch-check, evaluations in one of AuthZEN's.
        types: type definitions of a model.
        model_bytes: bytes of a model as JSON.
    """

    write: int = 100
    batch: int = 50
    types: int = 100
    model_bytes: int = 256 * 1024


DEFAULT: Final = Limits()
