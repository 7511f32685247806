"""What the listeners remember of the requests they answered: how many of each kind, how long they took, and, where the
settings say so, a line in the log for each.

A request is told by its route's template and never by its path: a path holds tenants, ids and links that are secrets.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from airside.core.clock import Clock
from airside.core.measures import Durations
from airside.shield.passage import KEY, Passage

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "OTHER"
"""Any other method: what a stranger sends makes no series of its own."""
NO_ROUTE: Final = "-"
"""The route of a request that was refused or redirected before one was found for it."""

_log = structlog.get_logger("airside.access")


class Requests:
    """Counts answers. Add to it from one loop only."""

    def __init__(self, *, clock: Clock, log: bool = False) -> None:
        """`log`: a line at `info` for each answer."""
        self.moment = clock.monotonic
        self.answered: dict[tuple[str, str, int], Durations] = {}
        """By route, method and status."""
        self.unread = 0
        """Heads that were refused before they were a request."""
        self._log = log

    def ended(self, scope: Mapping[str, Any], status: int, began: float, route: str = "") -> None:
        """The request of `scope` has been answered whole; `route` where it never went to a router."""
        if not route:
            found = scope.get("route")
            route = NO_ROUTE if found is None else getattr(found, "path", NO_ROUTE)
        seconds = self.moment() - began
        durations = self.answered.get((route, scope["method"], status))
        if durations is None:
            method = scope["method"] if scope["method"] in METHODS else OTHER
            durations = self.answered.setdefault((route, method, status), Durations())
        durations.add(seconds)
        if self._log:
            _tell(scope, route, status, seconds)


def _tell(scope: Mapping[str, Any], route: str, status: int, seconds: float) -> None:
    seen = scope.get(KEY)
    known = isinstance(seen, Passage)
    peer = scope.get("client")
    _log.info(
        "request",
        request_id=seen.request_id if known else "",
        client=seen.client if known else (peer[0] if peer else ""),
        method=scope["method"],
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 2),
    )
