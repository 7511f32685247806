"""The Content-Security-Policy as a value (CSP Level 3): it can be added to, never made to allow everything."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airside.core.errors import Misconfigured

NONE: Final = "'none'"
SELF: Final = "'self'"
_SOURCED: Final = (
    "default",
    "script",
    "style",
    "img",
    "font",
    "connect",
    "media",
    "object",
    "frame",
    "worker",
    "manifest",
)
_DIRECTIVES: Final = frozenset(f"{kind}-src" for kind in _SOURCED) | frozenset(
    ["form-action", "base-uri", "frame-ancestors", "require-trusted-types-for", "trusted-types"]
)
_FALLBACKS: Final = {"worker-src": ("script-src", "default-src")}
_REFUSED: Final = frozenset(["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "'wasm-unsafe-eval'"])
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PINNED: Final = re.compile(r"'(nonce|sha256|sha384|sha512)-[A-Za-z0-9+/_-]+={0,2}'", re.IGNORECASE)
_DATA_FOR: Final = frozenset(["img-src", "font-src", "media-src"])


@dataclass(frozen=True, slots=True)
class Csp:
    """Directives in order, each with its sources. Made by `csp`, or from another by `adding`."""

    directives: tuple[tuple[str, tuple[str, ...]], ...]

    def __post_init__(self) -> None:
        if not self.directives:
            raise Misconfigured("csp", "an empty policy allows everything")
        if not {directive for directive, _ in self.directives} & {"default-src", "script-src"}:
            raise Misconfigured("csp", "a policy without default-src and script-src allows every script")
        for directive, sources in self.directives:
            if directive not in _DIRECTIVES:
                raise Misconfigured("csp", f"{directive!r} isn't a directive this shield knows")
            for source in sources:
                _refuse_weak(directive, source)

    def adding(self, directive: str, *sources: str) -> "Csp":
        """This policy with `sources` also allowed for `directive`; they take the place of `'none'`.

        One that isn't there begins as what it falls back to (CSP Level 3 §6.8.3), which counts for it no more; one that
        falls back to nothing allows `sources` alone.

        Raises:
            Misconfigured: an unknown directive, or a source that allows too much.
        """
        table = dict(self.directives)
        sought = (directive, *_FALLBACKS.get(directive, ("default-src",) if directive.endswith("-src") else ()))
        begun = next((table[name] for name in sought if name in table), ())
        held = tuple(source for source in begun if source != NONE)
        table[directive] = tuple(dict.fromkeys(held + sources))
        return Csp(tuple(table.items()))

    @property
    def frames_others(self) -> bool:
        """Whether pages of other origins may stand in frames of this one's."""
        return not set(dict(self.directives).get("frame-src", ())) <= {NONE, SELF}

    def render(self) -> str:
        """The value of the header."""
        return "; ".join(" ".join((directive, *sources)) for directive, sources in self.directives)


def csp(directives: Mapping[str, tuple[str, ...]]) -> Csp:
    """A policy of `directives`.

    Raises:
        Misconfigured: an unknown directive, or a source that allows too much.
    """
    return Csp(tuple(directives.items()))


def nonce_source(nonce: str) -> str:
    """The source that allows one element of one response by its nonce: fresh for each, at least 128 bits."""
    return f"'nonce-{nonce}'"


def hash_source(content: bytes) -> str:
    """The source that allows one inline element by the SHA-256 of its content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


def integrity(content: bytes) -> str:
    """What goes into `integrity` beside the address of a script or a stylesheet (W3C Subresource Integrity). The
    browser takes nothing but `content`, whoever serves it, keeps a copy of it or changes it on its way."""
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def _refuse_weak(directive: str, source: str) -> None:
    lawful = source.isascii() and source.isprintable() and not set(source) & set(";, *")
    if not source or not lawful or source.lower() in _REFUSED:
        raise Misconfigured("csp", f"{source!r} isn't allowed in {directive}")
    if _SCHEME.fullmatch(source) and (source.lower() != "data:" or directive not in _DATA_FOR):
        raise Misconfigured("csp", f"{source} isn't allowed in {directive}: anybody can have such an address")
    if source.lower().startswith(("'nonce-", "'sha")) and _PINNED.fullmatch(source) is None:
        raise Misconfigured("csp", f"{source!r} is no nonce and no hash")


STRICT: Final = csp(
    {
        "default-src": (NONE,),
        "script-src": (SELF,),
        "style-src": (SELF,),
        "img-src": (SELF, "data:"),
        "font-src": (SELF,),
        "connect-src": (SELF,),
        "form-action": (SELF,),
        "base-uri": (NONE,),
        "frame-ancestors": (NONE,),
        "require-trusted-types-for": ("'script'",),
    }
)
