"""How long an answer may be kept, as HTTP says it (RFC 9111 §5.2.2), within the bounds of whoever keeps it. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airside.fetch.model import Fetched

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,9})\"?(?:$|[\s,])", re.IGNORECASE)
_UNCACHED: Final = re.compile(r"(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,=])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long an answer is kept: at least, where HTTP says nothing, and at most."""

    shortest: timedelta
    usual: timedelta
    longest: timedelta

    def of(self, answer: Fetched) -> timedelta:
        """How long `answer` may be kept."""
        said = answer.headers.get("cache-control", "")
        found = _MAX_AGE.search(said)
        if _UNCACHED.search(said):
            return self.shortest
        return min(max(timedelta(seconds=int(found[1])), self.shortest), self.longest) if found else self.usual
