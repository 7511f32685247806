"""Speaking to one Airside: where it is, and what its answers are held to."""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from airside.core.clock import Clock, SystemClock
from airside.core.errors import InvalidInput, Misconfigured, TooLarge, Unavailable
from airside.core.strict_json import Json, loads_object
from airside.fetch import Fetched, Fetcher, HeldPins, Learned
from airside.protocols.pins import Pins

MAX_ANSWER: Final = 256 * 1024  # bytes
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_DEFAULT_PORT: Final = {"https": 443, "http": 80}


def issuer_address(issuer: str) -> SplitResult:
    """The parts of an issuer's URL.

    Raises:
        Misconfigured: not https (http only on the loopback of this machine), or with a query, a fragment, user
            information or a slash at its end (OpenID Connect Discovery 1.0 §3; RFC 8414 §2).
    """
    try:
        parts = urlsplit(issuer)
        port = parts.port
    except ValueError:
        raise Misconfigured("issuer", "is not a URL") from None
    near = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not near:
        raise Misconfigured("issuer", "must be an https:// URL")
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc or issuer.endswith("/") or port == 0:
        raise Misconfigured("issuer", "must be a plain URL without query, fragment or a slash at its end")
    return parts


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port (RFC 6454 §5)."""
    try:
        return _origin(urlsplit(one)) == _origin(urlsplit(other))
    except ValueError:
        return False


def host_of(issuer: str) -> str:
    """`https://HOST`, where the permission API of the issuer's server stands."""
    parts = issuer_address(issuer)
    return f"{parts.scheme}://{parts.netloc}"


def is_on_this_machine(issuer: str) -> bool:
    """Whether the issuer's server is one of development: on the loopback of this machine."""
    return issuer_address(issuer).hostname in _LOOPBACK


def connect(
    issuer: str,
    *,
    ca_file: Path | None = None,
    pins: Pins | None = None,
    learned: Learned | None = None,
    clock: Clock | None = None,
) -> Fetcher:
    """A client that may reach this issuer even on a private address: its operator named it, and TLS proves it.

    `ca_file` is a PEM file of the only authorities to trust, for a private CA. With `pins` the issuer's server is
    reached over a key that is among them and no other; `learned` is handed newer ones, to be kept for the next start.

    Raises:
        Misconfigured: no address of an issuer, or pins of another host than its own, or without TLS.
    """
    parts = issuer_address(issuer)
    if pins is not None and (parts.scheme, parts.hostname) != ("https", pins.host):
        raise Misconfigured("pins", f"are of {pins.host}, which isn't the host of an https:// issuer")
    held = pins and HeldPins((pins,), clock=clock or SystemClock(), learned=learned)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    place = f"{host}:{parts.port or _DEFAULT_PORT[parts.scheme]}"
    return Fetcher(allow=frozenset({place}), trust=ca_file, pins=held)


def read(part: str, answer: Fetched) -> dict[str, Json]:
    """The JSON object of a 200.

    Raises:
        Unavailable: another status, or a body that is no strict JSON object. `part` names who answered.
    """
    if answer.status != 200:
        raise Unavailable(part)
    try:
        return loads_object(answer.body, max_bytes=MAX_ANSWER)
    except (InvalidInput, TooLarge):
        raise Unavailable(part) from None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORT.get(parts.scheme)
