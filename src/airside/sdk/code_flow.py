"""The way to the server's sign-in page and back: authorization code with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect
Core §3.1). Pure.

The browser keeps one random secret in a cookie; state, nonce and verifier are derived from it, each for itself, so that
what an address shows tells nothing of the others, and nothing has to be stored here.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from airside.core.entropy import Entropy, equal, token
from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.secret import Secret
from airside.protocols.jose import TokenRefused, b64url_decode, b64url_encode
from airside.protocols.oauth import S256, ProviderRefused, authorization_address, challenge_of, read_code
from airside.shield import HostCookie, safe_local_path
from airside.shield.cookies import expired

COOKIE: Final = "__Host-airside_login_"
"""Each flow has a cookie of its own, named by its state, so that two tabs can sign in at once."""
LIFETIME: Final = 600  # seconds from one end to the other
MAX_RETURN: Final = 512
"""Characters of the way back, which is kept in the cookie."""
KEPT: Final = 4
"""Flows of one browser at once. Any page may lead a browser to the sign-in, again and again: what that leaves has to
stay far below what a request's cookies may be."""
MOST_EXPIRED: Final = 16
"""Cookies that one answer takes back: proxies bound its head."""
_NAMED: Final = 12  # characters of the state in the cookie's name
_NAMES: Final = re.compile(rf"(?:^|;)[ \t]*({COOKIE}[A-Za-z0-9_-]{{{_NAMED}}})=")


class LoginRefused(Unauthenticated):
    """Nobody was signed in. Why stands in the log."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way: the browser's secret, and where it goes afterwards."""

    secret: Secret[str]
    return_to: str

    @property
    def state(self) -> str:
        """Binds the answer to this browser (RFC 6749 §10.12)."""
        return self._derived("state")

    @property
    def nonce(self) -> Secret[str]:
        """Binds the ID token to this request."""
        return Secret(self._derived("nonce"))

    @property
    def verifier(self) -> Secret[str]:
        """Binds the code to this application (RFC 7636)."""
        return Secret(self._derived("verifier"))

    @property
    def cookie(self) -> HostCookie:
        """What the browser keeps."""
        value = f"{self.secret.reveal()}.{b64url_encode(self.return_to.encode())}"
        return HostCookie(COOKIE + self.state[:_NAMED], value, "Lax", LIFETIME)

    def _derived(self, purpose: str) -> str:
        return b64url_encode(hmac.new(self.secret.reveal().encode(), purpose.encode(), sha256).digest())


def way_back(target: str) -> str:
    """`target` itself. Raises: InvalidInput: not a path on this origin (N10), or over `MAX_RETURN`."""
    if len(target) > MAX_RETURN:
        raise InvalidInput("a way back over its cap", max_characters=MAX_RETURN)
    return safe_local_path(target)


def new_flow(return_to: str, entropy: Entropy) -> Flow:
    """Raises:
    InvalidInput: as `way_back`.
    """
    return Flow(Secret(token(entropy)), way_back(return_to))


def outdated(header: str) -> tuple[HostCookie, ...]:
    """What takes back the oldest flows of a browser that begins one more. Its Cookie header is read however long it is,
    for this is what shortens it; browsers name the oldest first (RFC 6265 §5.4)."""
    names = list(dict.fromkeys(_NAMES.findall(header)))
    return tuple(expired(name, "Lax") for name in names[: 1 - KEPT][:MOST_EXPIRED])


def address(flow: Flow, issuer: str, *, client_id: str, redirect_uri: str, scope: str, acr: str | None = None) -> str:
    """Where the browser is led."""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": flow.state,
        "nonce": flow.nonce.reveal(),
        "code_challenge": challenge_of(flow.verifier.reveal()),
        "code_challenge_method": S256,
    }
    return authorization_address(f"{issuer}/oauth2/authorize", asked | ({"acr_values": acr} if acr else {}))


def answered(query: Mapping[str, str], cookies: Mapping[str, str], issuer: str) -> tuple[Flow, Secret[str]]:
    """The flow that the answer is of, and its code.

    Raises:
        LoginRefused: this browser began no such flow (N11), another issuer answers (RFC 9207), or there is no code.
    """
    state = query.get("state", "")
    secret, dot, where = cookies.get(COOKIE + state[:_NAMED], "").partition(".")
    if not state or not dot:
        raise LoginRefused("no such flow in this browser")
    try:
        flow = Flow(Secret(secret), safe_local_path(b64url_decode(where).decode()))
    except (TokenRefused, UnicodeDecodeError, InvalidInput):
        raise LoginRefused("a flow that nobody here began") from None
    if not equal(flow.state.encode(), state.encode("utf-8", "replace")):
        raise LoginRefused("another flow's state")
    try:
        return flow, read_code(query, issuer, names_itself=True)
    except ProviderRefused as refusal:
        raise LoginRefused(refusal.reason) from None
