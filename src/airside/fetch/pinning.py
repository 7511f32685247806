"""Which keys a transport takes, and how it learns of newer ones: what its two forms share. Without IO.

The rules are those of RFC 7469 §2.6, for the leaf's key alone: Python tells of the verified chain from 3.13 on.
"""

import logging
import ssl
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

import httpcore2
import httpx2

from airside.core.clock import Clock
from airside.core.errors import InvalidInput, Misconfigured
from airside.fetch.trust import tls_context
from airside.protocols.pins import PATH, Pins, pin_of, read_pins

LEARN_EVERY: Final = 3600.0  # seconds between two questions for newer pins, answered or not
LEARN_TIMEOUT: Final = 5.0  # seconds for each step of one
LEEWAY: Final = timedelta(minutes=5)
"""How far a document's moment may lie in the future. One of next year would be the last that is ever taken."""
MAX_CONNECTIONS: Final = 32
KEEPALIVE: Final = 15.0  # seconds
_LOG: Final = logging.getLogger("airside.pins")
_OUTWARD: Final[dict[type[Exception], type[httpx2.TransportError]]] = {
    httpcore2.ConnectTimeout: httpx2.ConnectTimeout,
    httpcore2.ReadTimeout: httpx2.ReadTimeout,
    httpcore2.WriteTimeout: httpx2.WriteTimeout,
    httpcore2.PoolTimeout: httpx2.PoolTimeout,
    httpcore2.ConnectError: httpx2.ConnectError,
    httpcore2.ReadError: httpx2.ReadError,
    httpcore2.WriteError: httpx2.WriteError,
    httpcore2.ProxyError: httpx2.ProxyError,
    httpcore2.UnsupportedProtocol: httpx2.UnsupportedProtocol,
    httpcore2.LocalProtocolError: httpx2.LocalProtocolError,
    httpcore2.RemoteProtocolError: httpx2.RemoteProtocolError,
}
Learned = Callable[[Pins], object]
"""Who is handed newer pins, to keep them, in whichever thread. Not to be able to is an `OSError`."""


class PinRefused(httpx2.ConnectError):
    """The address has no pins that are in force, or the server's key is none of them. Nothing of the request was sent,
    and trying again won't help."""


class HeldPins:
    """The pins of each host, for any number of threads."""

    def __init__(self, pins: Sequence[Pins], *, clock: Clock, learned: Learned | None) -> None:
        self._pins = {each.host: each for each in pins}
        if not pins or len(self._pins) != len(pins):
            raise Misconfigured("pins", "are of one host or more, and of each once")
        self._clock = clock
        self._learned = learned
        self._asked: dict[tuple[str, int | None], float] = {}
        self._lock = Lock()

    def demand_address(self, request: httpx2.Request) -> None:
        """Return if the request may be begun at all.

        Raises:
            PinRefused: no TLS, no pins in force, or a handshake that asks for somebody else's certificate.
        """
        host = name_of(request.url)
        if request.extensions.get("sni_hostname") not in (None, host):
            raise PinRefused(f"the certificate of another host than {host} is asked for")
        self.demand_host(request.url.scheme, host)

    def demand_host(self, scheme: str, host: str) -> None:
        """As `demand_address`, for a request that asks for its host's certificate anyway."""
        if scheme != "https":
            raise PinRefused("only https is pinned")
        self._in_force(host)

    def demand(self, host: str, pin: str) -> None:
        """Return if `host` has the key of `pin`. Raises: PinRefused."""
        if pin not in self._in_force(host).pins:
            raise PinRefused(f"the key of {host} is none of its pins")

    def due(self, host: str, port: int | None) -> bool:
        """Whether newer pins are asked for now; True to one caller, and to nobody for an hour after."""
        place, now = (host, port), self._clock.monotonic()
        with self._lock:
            if now - self._asked.get(place, float("-inf")) < LEARN_EVERY:
                return False
            self._asked[place] = now
        return True

    def learn(self, host: str, status: int, document: bytes, pin: str) -> None:
        """Take what the server of `host` said over a connection with the key of `pin`, if it counts."""
        try:
            newer = self._newer(host, status, document, pin)
        except InvalidInput as refusal:
            _LOG.info("the pins of %s stay as they are: %s", host, refusal.reason)
            return
        if self._learned is not None:
            try:
                self._learned(newer)
            except OSError as error:
                _LOG.warning("the newer pins of %s could not be kept: %s", host, error.strerror)

    def _newer(self, host: str, status: int, document: bytes, pin: str) -> Pins:
        if status != 200:
            raise InvalidInput(f"status {status}")
        found, now = read_pins(document), self._clock.now()
        if found.host != host or pin not in found.pins:
            raise InvalidInput("a document of another host or key")
        if not now < found.ends_at or found.issued_at > now + LEEWAY:
            raise InvalidInput("a document of another time")
        with self._lock:
            if found.issued_at <= self._pins[host].issued_at:
                raise InvalidInput("not newer")
            self._pins[host] = found
        return found

    def _in_force(self, host: str) -> Pins:
        pins = self._pins.get(host)
        if pins is None:
            raise PinRefused(f"{host} has no pins")
        if not self._clock.now() < pins.ends_at:
            raise PinRefused(f"the pins of {host} have expired")
        return pins


def name_of(url: httpx2.URL) -> str:
    """The host as certificates and documents have it: an international name in its ASCII form."""
    return url.raw_host.decode("ascii").lower()


def key_of(stream: Any) -> str:
    """The pin of the key that the far side of a TLS stream has proven. Raises: PinRefused."""
    secured: Any = stream.get_extra_info("ssl_object")
    certificate: object = None if secured is None else secured.getpeercert(True)
    if not isinstance(certificate, bytes):
        raise PinRefused("no certificate")
    try:
        return pin_of(certificate)
    except InvalidInput:
        raise PinRefused("a certificate that can't be read") from None


def question(url: httpx2.URL) -> httpx2.Request:
    """What asks the server of `url` for its pins."""
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), LEARN_TIMEOUT)
    asked = url.copy_with(raw_path=PATH.encode(), fragment=None, username=None, password=None)
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    return httpx2.Request("GET", asked, headers=headers, extensions={"timeout": timeout})


def verifying(trust: ssl.SSLContext | Path | None) -> ssl.SSLContext:
    """As `tls_context`; pins come beside the check of certificates, never instead of it.

    Raises:
        Misconfigured: a context that takes any certificate, or anybody's.
    """
    context = tls_context(trust)
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise Misconfigured("trust", "must check certificates and host names")
    return context


def proxy_of(named: str | httpx2.Proxy | None) -> httpcore2.Proxy | None:
    """A proxy that makes tunnels. Raises: Misconfigured: not an http or https address."""
    if named is None:
        return None
    try:
        proxy = named if isinstance(named, httpx2.Proxy) else httpx2.Proxy(named)
    except (ValueError, httpx2.InvalidURL):
        raise Misconfigured("proxy", "is no address of a proxy") from None
    url = proxy.url
    if url.scheme not in ("http", "https"):
        raise Misconfigured("proxy", "is an http:// or https:// address")
    target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return httpcore2.Proxy(target, auth=proxy.raw_auth, headers=proxy.headers.raw, ssl_context=proxy.ssl_context)


def inward(request: httpx2.Request, content: Any) -> httpcore2.Request:
    """The request as httpcore2 takes it."""
    url = request.url
    return httpcore2.Request(
        request.method,
        httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=content,
        extensions=request.extensions,
    )


@contextmanager
def outward() -> Generator[None]:
    """Failures of httpcore2 as httpx2 names them."""
    try:
        yield
    except tuple(_OUTWARD) as error:
        raise _OUTWARD[type(error)](str(error)) from error
