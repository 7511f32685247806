"""How much one request may carry: OpenFGA's limits and defaults. Lists have none: they are never cut."""

from dataclasses import dataclass
from typing import Final

MAX_DEPTH: Final = 25
"""Steps from one object or userset to the next that a question may take: OpenFGA's own bound."""
MAX_VISITS: Final = 50_000
"""Usersets and objects that one question may visit."""

LEAST_KEPT: Final = 50_000
"""Memberships of subjects, and crowds of a plan, that are kept at least."""
WORDS_EACH: Final = 16
"""Words of a store for each more that is kept: what is kept stays small beside the store itself."""


def most_kept(words: int) -> int:
    """How many memberships, or crowds of a plan, a store of `words` keeps; when they are full, all are forgotten."""
    return max(LEAST_KEPT, words // WORDS_EACH)


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
