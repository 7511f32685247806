"""What shield leaves in an ASGI scope or a WSGI environ for everything behind it, under `airside`."""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

from msgspec import Struct

from airside.core.entropy import Entropy, SystemEntropy, token
from airside.shield.csp import STRICT, Csp, nonce_source

Scope = MutableMapping[str, Any]
KEY = "airside"
_NONCE_BITS: Final = 128  # CSP Level 3 §7.1
REQUEST_ID: Final[ContextVar[str]] = ContextVar("airside_request_id", default="")
"""The request that this task works for, so that each of its log lines can say so; empty outside of one."""


class Passage(Struct, eq=False):
    """One request, as shield saw it. `headers` by lower-case name, each read once; `csp` is what a page may set: the
    policy of its own answer, in the place of the `usual` one. A Struct, for one is made for every request; what is
    shown of it, by an error page of a framework's, names no header."""

    request_id: str
    client: str
    headers: MutableMapping[bytes, bytes]
    usual: Csp = STRICT
    csp: Csp | None = None
    _nonce: str = ""

    def __repr__(self) -> str:
        return f"<Passage {self.request_id}>"

    def header(self, name: bytes) -> str | None:
        """The value of the header `name`, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def nonce(self, entropy: Entropy | None = None) -> str:
        """The nonce of this answer (CSP Level 3 §6.7.3): its inline scripts and styles run that carry it as their
        `nonce`. Fresh for each answer, so such a page must not be kept; asked before the answer begins."""
        if not self._nonce:
            self._nonce = token(entropy or SystemEntropy(), _NONCE_BITS)
            source = nonce_source(self._nonce)
            self.csp = (self.csp or self.usual).adding("script-src", source).adding("style-src", source)
        return self._nonce


def passage(scope: Scope) -> Passage:
    """The passage of a request behind Shield, by its ASGI scope or its WSGI environ (Django's `request.META`).

    Raises:
        KeyError: there is no Shield in front.
    """
    found: Passage = scope[KEY]
    return found
