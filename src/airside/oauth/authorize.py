"""The authorization endpoint: from a client's request to a code (RFC 6749 §4.1.1, OAuth 2.1).

1. Find the client, prove its redirect URI: until then refusals stay on a page, from then on they go to the client.
2. Read the request.
3. Find the browser's session. If it is there, fresh and strong enough, a code is issued at once.
4. If not, the request is stored, bound to the browser that brought it, and a login begins that comes back here;
   it asks a session that is only too weak for no more than what it lacks.
5. Back with a session, the stored request is spent by one statement and the code issued.

Every client is first-party for now, so no consent is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from airside.core.entropy import Entropy, token
from airside.core.secret import Secret
from airside.identity import Devices, Session, Sessions
from airside.oauth import records
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.codes import Codes
from airside.oauth.errors import AuthorizationRefused, InvalidScope, LoginRequired, UnsafeRequest
from airside.oauth.model import AuthorizationRequest, Client
from airside.oauth.requests import proven_redirect, read
from airside.oauth.responses import success_location
from airside.signin import Flows, StartedFlow
from airside.store import RequestContext

RESUME: Final = "resume"
"""The parameter by which a stored request comes back; no standard uses the name."""

TOKEN_CHARACTERS: Final = 43
"""256 bits in base64url."""


@dataclass(frozen=True, slots=True)
class Browser:
    """What the cookies of this endpoint said: the sign-on session's secret, the browser's own binding, and its
    device."""

    sso: Secret[str] | None = None
    binding: Secret[str] | None = None
    device: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """On to `location`: the client's."""

    location: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """On to the login `flow`; the browser keeps `binding`, without which the request can't come back, and `device`, if
    it had none."""

    flow: StartedFlow
    binding: Secret[str]
    device: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class ComeBack:
    """On to `path` of this endpoint, now with the cookies that a foreign post doesn't bring."""

    path: str
    binding: Secret[str]


Outcome: TypeAlias = Redirect | SignIn


class Authorization:
    """The verbs of the authorization endpoint. `issuer` is the tenant's."""

    def __init__(
        self,
        *,
        lookup: ClientLookup,
        sessions: Sessions,
        devices: Devices,
        flows: Flows,
        codes: Codes,
        entropy: Entropy,
    ) -> None:
        self._lookup = lookup
        self._sessions = sessions
        self._devices = devices
        self._flows = flows
        self._codes = codes
        self._entropy = entropy

    async def begin(self, ctx: RequestContext, issuer: str, parameters: Mapping[str, str], browser: Browser) -> Outcome:
        """A request as the client sent it, in the browser of its user.

        Raises:
            UnsafeRequest: client or redirect URI unproven: a page, never a redirect.
            AuthorizationRefused: anything else wrong: told to the client.
        """
        client, request = await self._read(ctx, parameters)
        session = await self._session(ctx, browser)
        recent = session is not None and is_fresh(request, session, None, ctx.now)
        if session is not None and recent and await self._suffices(ctx, request, session):
            return await self._answer(ctx, issuer, client, request, session)
        if request.prompt == "none":
            raise AuthorizationRefused(LoginRequired(), request.redirect_uri, request.state)
        word, binding = await self._store(ctx, request, browser.binding)
        flow, device = await self._sign_in(ctx, request, session if recent else None, _back(issuer, word), browser)
        return SignIn(flow, binding, device)

    async def begin_foreign(self, ctx: RequestContext, issuer: str, parameters: Mapping[str, str]) -> ComeBack:
        """A request posted from the client's page (OpenID Connect Core §3.1.2.1). Such a post brings no cookie of
        ours: it is only stored, and comes back by a GET that does.

        Raises:
            UnsafeRequest, AuthorizationRefused: as `begin`.
        """
        _client, request = await self._read(ctx, parameters)
        word, binding = await self._store(ctx, request, None)
        return ComeBack(_back(issuer, word), binding)

    async def resume(self, ctx: RequestContext, issuer: str, word: str, browser: Browser) -> Outcome:
        """The stored request `word`, brought back by its own browser.

        Raises:
            UnsafeRequest: unknown, expired, spent, or another browser's; or the client was disabled meanwhile.
            AuthorizationRefused: as `begin`.
        """
        if browser.binding is None:
            raise UnsafeRequest("no binding cookie")
        request_hash, browser_hash = _hash(word), _hash(browser.binding.reveal())
        stored = await records.find_request(ctx, request_hash, browser_hash)
        if stored is None:
            raise UnsafeRequest("no such request of this browser")
        request = stored.request
        client, _ = proven_redirect(await records.find_client(ctx, request.client_id), request.redirect_uri)
        session = await self._session(ctx, browser)
        recent = session is not None and is_fresh(request, session, stored.created_at, ctx.now)
        if session is None or not recent or not await self._suffices(ctx, request, session):
            if request.prompt == "none":
                raise AuthorizationRefused(LoginRequired(), request.redirect_uri, request.state)
            flow, device = await self._sign_in(ctx, request, session if recent else None, _back(issuer, word), browser)
            return SignIn(flow, browser.binding, device)
        if not request.scopes <= client.scopes:
            raise AuthorizationRefused(InvalidScope("narrowed meanwhile"), request.redirect_uri, request.state)
        if not await records.spend_request(ctx, request_hash, browser_hash):
            raise UnsafeRequest("request spent meanwhile")
        return await self._answer(ctx, issuer, client, request, session)

    async def _read(self, ctx: RequestContext, parameters: Mapping[str, str]) -> tuple[Client, AuthorizationRequest]:
        found = await self._lookup.find(ctx, parameters.get("client_id", ""))
        client, redirect_uri = proven_redirect(found, parameters.get("redirect_uri"))
        return client, read(client, redirect_uri, parameters)

    async def _suffices(self, ctx: RequestContext, request: AuthorizationRequest, session: Session) -> bool:
        return await self._flows.suffices(ctx, session, minimum=request.acr or "aal1")

    async def _sign_in(
        self,
        ctx: RequestContext,
        request: AuthorizationRequest,
        session: Session | None,
        back: str,
        browser: Browser,
    ) -> tuple[StartedFlow, Secret[str] | None]:
        minimum = request.acr or "aal1"
        device_id, minted = await self._devices.recognise(ctx, browser.device), None
        if device_id is None:
            device_id, minted = await self._devices.mint(ctx)
        if session is None:
            flow = await self._flows.start(ctx, back, minimum=minimum, device_id=device_id)
        else:
            flow = await self._flows.step_up(ctx, session, back, minimum=minimum, device_id=device_id)
        return flow, minted

    async def _session(self, ctx: RequestContext, browser: Browser) -> Session | None:
        return None if browser.sso is None else await self._sessions.find(ctx, browser.sso, "sso")

    async def _store(
        self, ctx: RequestContext, request: AuthorizationRequest, binding: Secret[str] | None
    ) -> tuple[str, Secret[str]]:
        # One binding serves all requests of a browser, so that two tabs don't disturb each other.
        known = binding is not None and len(binding.reveal()) == TOKEN_CHARACTERS
        kept = binding if binding is not None and known else Secret(token(self._entropy))
        word = token(self._entropy)
        await records.insert_request(ctx, _hash(word), _hash(kept.reveal()), request)
        return word, kept

    async def _answer(
        self, ctx: RequestContext, issuer: str, client: Client, request: AuthorizationRequest, session: Session
    ) -> Redirect:
        code = await self._codes.issue(ctx, client, request, session)
        return Redirect(success_location(request.redirect_uri, code=code, state=request.state, issuer=issuer))


def is_fresh(request: AuthorizationRequest, session: Session, since: datetime | None, now: datetime) -> bool:
    """Whether the session's sign-in is recent enough for the request.

    One that happened after the request was stored (`since`) always is; otherwise `prompt=login` demands another,
    and so does an age over `max_age` seconds (OpenID Connect Core §3.1.2.1).
    """
    if since is not None and session.auth_time >= since:
        return True
    if request.prompt == "login":
        return False
    return request.max_age is None or now - session.auth_time <= timedelta(seconds=request.max_age)


def _back(issuer: str, word: str) -> str:
    return f"{urlsplit(issuer).path}/oauth2/authorize?{RESUME}={word}"


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "replace")).digest()
