"""Sign-in for applications that render their own pages: the code flow, a session, its renewal and its end."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final, TypeVar
from urllib.parse import urlencode

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy, token
from airside.core.errors import Forbidden, InvalidInput, Misconfigured, Refusal, Unauthenticated, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.fetch import Fetcher
from airside.protocols.jose import KeySet, TokenRefused, UnknownKey
from airside.protocols.oauth import ExpectedIdToken, VerifiedIdToken, verify_id_token, verify_logout_token
from airside.sdk.code_flow import Flow, LoginRefused, address, answered, new_flow
from airside.sdk.keys import RemoteKeys
from airside.sdk.renewal import Renewal, TokenEndpoint
from airside.sdk.sessions import SessionStore, Stored, Tokens, derived, key_of, seal
from airside.sdk.token import VerifiedToken
from airside.sdk.verifier import Verifier
from airside.shield import HostCookie
from airside.shield.cookies import expired
from airside.shield.csrf import check as check_csrf
from airside.shield.csrf import issue as issue_csrf

SESSION: Final = "__Host-airside_session"
LIFETIME: Final = 7 * 86_400.0
"""Seconds for which a session lives at most: no longer than a refresh token that nobody uses."""
MAX_LOGOUT_TOKEN: Final = 16 * 1024
REMEMBERED: Final = 900.0
"""Seconds for which an answer, and the id of a logout token after its end, is remembered."""
_BINDING: Final = "session"
_log = logging.getLogger("airside.sdk")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """How the application is registered. `redirect_uri` and `after_logout` are exactly what the client has;
    `client_secret` is empty for a public client."""

    client_id: str
    client_secret: Secret[str]
    redirect_uri: str
    after_logout: str = ""
    scope: str = "openid"
    lifetime: float = LIFETIME

    def __post_init__(self) -> None:
        if not self.client_id or not self.redirect_uri:
            raise Misconfigured("client_id, redirect_uri", "must both be set")
        if "openid" not in self.scope.split():
            raise Misconfigured("scope", "needs openid: without an ID token nobody is signed in")


@dataclass(frozen=True, slots=True)
class WebSession:
    """Who is signed in. `token` is verified anew at each request; `csrf` goes into every form; `access_token` is for
    the APIs that the application calls for this person."""

    token: VerifiedToken
    access_token: Secret[str]
    csrf: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the browser gets: a redirect, or a page."""

    status: int
    cookies: tuple[HostCookie, ...] = ()
    location: str = ""
    body: str = ""


class Login:
    """One application's sign-in. `verifier` verifies its access tokens, so that whatever is revoked ends here too."""

    def __init__(
        self,
        issuer: str,
        settings: LoginSettings,
        *,
        verifier: Verifier,
        store: SessionStore,
        fetcher: Fetcher,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self._issuer = issuer
        self._settings = settings
        self._verifier = verifier
        self._store = store
        self._clock = clock or SystemClock()
        self._entropy = entropy or SystemEntropy()
        self._keys = RemoteKeys(issuer, fetcher=fetcher, clock=self._clock)
        self._endpoint = TokenEndpoint(issuer, settings.client_id, settings.client_secret, fetcher=fetcher)
        self._renewal = Renewal(self._endpoint, store, clock=self._clock, entropy=self._entropy)

    async def begin(self, return_to: str = "/", *, acr: str | None = None) -> Reply:
        """Lead the browser to the sign-in page, and back to `return_to`.

        Raises:
            InvalidInput: not a path on this origin (N10), or over 512 characters.
        """
        flow = new_flow(return_to, self._entropy)
        settings = self._settings
        where = address(
            flow,
            self._issuer,
            client_id=settings.client_id,
            redirect_uri=settings.redirect_uri,
            scope=settings.scope,
            acr=acr,
        )
        return Reply(303, (flow.cookie,), where)

    async def finish(self, query: Mapping[str, str], cookies: Mapping[str, str]) -> Reply:
        """The browser is back: a session of its own, under a new secret (N11).

        Raises:
            LoginRefused: nobody is signed in.
            Unavailable: nobody can tell.
        """
        flow, code = answered(query, cookies, self._issuer)
        grant = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": self._settings.redirect_uri,
            "code_verifier": flow.verifier.reveal(),
        }
        now = self._now()
        # A browser that asks twice must not redeem the code twice: the server would take back what it gave (RFC 6749
        # §4.1.2).
        if not await self._store.spend(f"login {flow.state}", now + REMEMBERED, now):
            raise LoginRefused("answered before")
        tokens = await self._endpoint.ask(grant, now)
        try:
            person = await self._verified(flow, tokens)
            access = await self._verifier.verify(tokens.access_token)
        except Unavailable:
            raise
        except Refusal as refusal:
            _log.warning("sign-in refused: %s", refusal.reason)
            raise LoginRefused(refusal.reason) from None
        if access.subject != person.subject:
            raise LoginRefused("tokens of two people")
        await self._forget(cookies)
        secret = Secret(token(self._entropy))
        tokens = Tokens(
            tokens.access_token,
            tokens.refresh_token,
            tokens.id_token,
            tokens.expires_at,
            _word(person.claims.get("name")),
            _word(person.claims.get("email")),
        )
        stored = Stored(
            seal(secret, tokens, self._entropy),
            person.subject,
            _word(person.claims.get("sid")),
            0,
            now + self._settings.lifetime,
        )
        await self._store.put(key_of(secret), stored, now)
        session = HostCookie(SESSION, secret.reveal(), "Lax", int(self._settings.lifetime))
        return Reply(303, (session, expired(flow.cookie.name, "Lax")), flow.return_to)

    async def current(self, cookies: Mapping[str, str]) -> WebSession | None:
        """Whose browser this is, if somebody is signed in. Access tokens are renewed on the way.

        Raises:
            Unavailable: nobody can tell.
        """
        secret = Secret(cookies.get(SESSION, ""))
        if not secret:
            return None
        tokens = await self._renewal.tokens(secret)
        if tokens is None:
            return None
        try:
            access = await self._verifier.verify(tokens.access_token)
        except Unauthenticated:
            # Whoever lost a role has their tokens taken back, and is given others; whoever was signed out is not.
            tokens = await self._renewal.tokens(secret, instead_of=tokens.access_token)
            if tokens is None:
                return None
            try:
                access = await self._verifier.verify(tokens.access_token)
            except Unauthenticated:
                await self._store.end(key_of(secret))
                return None
        csrf = issue_csrf(derived(secret, "csrf"), _BINDING)
        return WebSession(access, Secret(tokens.access_token), csrf, tokens.name, tokens.email)

    def check_form(self, cookies: Mapping[str, str], csrf: str) -> None:
        """Return if `csrf` is from a form of this session.

        Raises:
            Forbidden: it isn't.
        """
        secret = Secret(cookies.get(SESSION, ""))
        if not secret:
            raise Forbidden("no session that a form could be of")
        check_csrf(derived(secret, "csrf"), _BINDING, csrf)

    async def leave(self, cookies: Mapping[str, str], csrf: str) -> Reply:
        """Sign out here, and at the server (OpenID Connect RP-Initiated Logout 1.0). The answer is a page: browsers
        hold a form's redirect to `form-action`.

        Raises:
            Forbidden: not from a form of this session.
        """
        self.check_form(cookies, csrf)
        tokens = await self._forget(cookies)
        asked = {"client_id": self._settings.client_id}
        if tokens is not None:
            asked["id_token_hint"] = tokens.id_token
        if self._settings.after_logout:
            asked["post_logout_redirect_uri"] = self._settings.after_logout
        where = escape(f"{self._issuer}/oauth2/logout?{urlencode(asked)}")
        body = (
            f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={where}">'
            f'<title>Signing out</title><p><a href="{where}">Go on</a></p>'
        )
        return Reply(200, (expired(SESSION, "Lax"),), body=body)

    async def told(self, logout_token: str) -> int:
        """The server says that sessions are over (Back-Channel Logout 1.0 §2.6); how many were.

        Raises:
            InvalidInput: it isn't the server's word to us, now, or was taken already.
            Unavailable: its keys can't be had: it may say so again.
        """
        now = self._now()
        client_id = self._settings.client_id
        if len(logout_token) > MAX_LOGOUT_TOKEN:
            raise InvalidInput("logout token refused")
        try:
            told = await self._with_keys(
                lambda keys: verify_logout_token(logout_token, keys, issuer=self._issuer, client_id=client_id, now=now)
            )
        except TokenRefused as refusal:
            _log.warning("logout token refused: %s", refusal.reason)
            raise InvalidInput("logout token refused") from None
        if not await self._store.spend(told.token_id, told.expires_at + REMEMBERED, now):
            raise InvalidInput("logout token refused")
        return await self._store.end_of(told.subject, told.session)

    async def stop(self) -> None:
        """End what runs in the background."""
        await self._keys.stop()

    async def _verified(self, flow: Flow, tokens: Tokens) -> VerifiedIdToken:
        expected = ExpectedIdToken(self._issuer, self._settings.client_id, flow.nonce, Secret(tokens.access_token))
        now = self._now()
        return await self._with_keys(lambda keys: verify_id_token(Secret(tokens.id_token), keys, expected, now))

    async def _with_keys(self, verify: Callable[[KeySet], T]) -> T:
        keys = self._keys.held() or await self._keys.newest()
        try:
            return verify(keys)
        except UnknownKey:
            return verify(await self._keys.newest())

    async def _forget(self, cookies: Mapping[str, str]) -> Tokens | None:
        """End the session that the browser has, and tell what it held."""
        secret = Secret(cookies.get(SESSION, ""))
        tokens = await self._renewal.held(secret) if secret else None
        if tokens is not None:
            await self._store.end(key_of(secret))
        return tokens

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _word(value: Json) -> str:
    return value if isinstance(value, str) else ""
