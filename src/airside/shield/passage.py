"""What shield leaves in the scope for everything behind it: `scope["airside"]`."""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

from airside.shield.csp import Csp

Scope = MutableMapping[str, Any]
KEY = "airside"
REQUEST_ID: Final[ContextVar[str]] = ContextVar("airside_request_id", default="")
"""The request that this task works for, so that each of its log lines can say so; empty outside of one."""


class Passage:
    """One request, as shield saw it. `headers` by lower-case name, each read once; `csp` is what a page may set: the
    policy of its own answer."""

    __slots__ = ("client", "csp", "headers", "request_id")

    def __init__(self, request_id: str, client: str, headers: MutableMapping[bytes, bytes]) -> None:
        self.request_id = request_id
        self.client = client
        self.headers = headers
        self.csp: Csp | None = None

    def header(self, name: bytes) -> str | None:
        """The value of the header `name`, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


def passage(scope: Scope) -> Passage:
    """The passage of a request behind Shield.

    Raises:
        KeyError: there is no Shield in front.
    """
    found: Passage = scope[KEY]
    return found
